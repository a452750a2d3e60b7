//! Every variant keeps the contract, resumed byte for byte, and does what it is for.

use super::SparseAe;
use crate::{
    AuxK, DecoderNorm, Gated, JumpRelu, Kl, L1, MostActive, Resample, Revival, SparseAeConfig,
    Sparsity,
};
use genlab_core::{
    Batch, Check, Condition, ImageShape, Kind, Space, Train,
    nn::BackboneConfig,
    testing::{batch, context, contract, contract_on_points, progress},
};

/// Small, and without revival.
fn with(sparsity: Sparsity) -> SparseAeConfig {
    let revival = Revival::Off;
    SparseAeConfig { latent_dim: 96, sparsity, revival, ..SparseAeConfig::default() }
}

fn most(k: usize) -> MostActive {
    MostActive { k, ..MostActive::default() }
}

fn keeps_the_contract(config: &SparseAeConfig, to: f64) {
    config.check().expect("settings that make sense");
    contract(&|context| config.init(context), Some(("loss", 60, to)));
}

#[test]
fn the_default_keeps_the_contract() {
    // Training starts at the mean of the data: less is left to fall.
    keeps_the_contract(&SparseAeConfig::default(), 0.7);
    let build = |context: &_| SparseAeConfig::for_kind(Kind::Points).init(context);
    contract_on_points(&build, Some(("loss", 150, 0.8)));
}

#[test]
fn l1_keeps_the_contract() {
    keeps_the_contract(&with(Sparsity::L1(L1 { warmup: 0.5, ..L1::default() })), 0.7);
}

#[test]
fn kl_keeps_the_contract() {
    keeps_the_contract(&with(Sparsity::Kl(Kl { beta: 0.1, ..Kl::default() })), 0.7);
}

#[test]
fn top_k_keeps_the_contract() {
    let annealed = MostActive { k: 8, first_k: 64, anneal: 0.001 };
    keeps_the_contract(&with(Sparsity::TopK(annealed)), 0.7);
}

#[test]
fn batch_top_k_keeps_the_contract() {
    keeps_the_contract(&with(Sparsity::BatchTopK(most(8))), 0.7);
}

#[test]
fn jump_relu_keeps_the_contract() {
    keeps_the_contract(&with(Sparsity::JumpRelu(JumpRelu::default())), 0.95);
}

#[test]
fn gated_keeps_the_contract() {
    keeps_the_contract(&with(Sparsity::Gated(Gated::default())), 0.9);
}

#[test]
fn matryoshka_keeps_the_contract() {
    let config = with(Sparsity::BatchTopK(most(8)));
    keeps_the_contract(&SparseAeConfig { prefixes: vec![8, 32], ..config }, 0.8);
}

#[test]
fn columns_of_length_one_keep_the_contract() {
    for decoder_norm in [DecoderNorm::Renormalise, DecoderNorm::Project] {
        keeps_the_contract(&SparseAeConfig { decoder_norm, ..with(Sparsity::TopK(most(8))) }, 0.8);
    }
}

/// Dead as soon as one batch of eight leaves a unit off, so that every step wakes some.
const AUX_K: Revival = Revival::AuxK(AuxK { after: 8, units: 16, weight: 1.0 / 32.0 });
const RESAMPLE: Revival =
    Revival::Resample(Resample { after: 8, every: 8, until: 0.9, scale: 0.2 });

#[test]
fn revival_keeps_the_contract() {
    for revival in [AUX_K, RESAMPLE] {
        keeps_the_contract(&SparseAeConfig { revival, ..with(Sparsity::TopK(most(2))) }, 0.9);
    }
}

#[test]
fn the_convolutional_one_keeps_the_contract() {
    let backbone = BackboneConfig::conv([8, 16]);
    let config = SparseAeConfig {
        backbone,
        revival: AUX_K,
        decoder_norm: DecoderNorm::Project,
        ..with(Sparsity::TopK(most(8)))
    };
    keeps_the_contract(&config, 0.95);
}

const SPACE: Space = Space::images(ImageShape::new(1, 8, 8));

fn trained(config: &SparseAeConfig, steps: u64) -> (SparseAe, Batch) {
    let mut model = config.build(&context(SPACE)).expect("it fits");
    let batch = |step| batch(SPACE, 8, step * 8);
    for step in 0..steps {
        model.step(&batch(step), progress(step));
    }
    (model, batch(0))
}

/// How many units of the frozen model's codes are on, by value.
fn active(config: &SparseAeConfig) -> Vec<usize> {
    let (model, batch) = trained(config, 400);
    let codes =
        model.freeze().encoder().expect("it encodes").encode(batch.values, &Condition::default());
    let codes: Vec<f32> = codes.mean.into_data().try_into_vec().expect("f32");
    codes.chunks(config.latent_dim).map(|row| row.iter().filter(|v| **v > 0.0).count()).collect()
}

#[test]
fn top_k_has_k_units_on_and_batch_top_k_as_many_on_average() {
    assert!(active(&with(Sparsity::TopK(most(5)))).iter().all(|on| *on == 5));
    let counts = active(&with(Sparsity::BatchTopK(most(5))));
    let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
    assert!((mean - 5.0).abs() < 2.5 && counts.iter().any(|on| *on != 5), "{counts:?}");
}

#[test]
fn dead_units_come_back() {
    let dead = |revival| {
        let config = SparseAeConfig { revival, ..with(Sparsity::TopK(most(2))) };
        let (mut model, batch) = trained(&config, 200);
        let scalars = model.step(&batch, progress(200)).read();
        scalars.iter().find(|(name, _)| *name == "dead_fraction").expect("it is logged").1
    };
    let counted = Resample { after: 8, until: 0.0, ..Resample::default() };
    let (left, resampled) = (dead(Revival::Resample(counted)), dead(RESAMPLE));
    assert!(left > 0.5, "most of 96 units lie idle where two are on: {left}");
    assert!(resampled < left - 0.05, "{resampled} of them after rounds, {left} without");
}

#[test]
fn training_starts_at_the_mean_of_the_data() {
    let config = with(Sparsity::TopK(most(5)));
    let (mut model, batch) = trained(&config, 0);
    model.start_at_mean(&batch);
    let net = model.net.raw();
    let pre = net.pre_activations(batch.values.clone()).mean_dim(0);
    let pre: Vec<f32> = pre.into_data().try_into_vec().expect("f32");
    assert!(pre.iter().all(|v| v.abs() < 1e-4), "pre-activations lie around 0: {pre:?}");
    let nothing = net.values(burn::tensor::Tensor::zeros([1, 96], &batch.values.device()));
    let difference = (nothing - batch.values.clamp(0.01, 0.99).mean_dim(0)).abs().max();
    let difference: Vec<f32> = difference.into_data().try_into_vec().expect("f32");
    assert!(difference[0] < 0.011, "codes of 0 give the mean: {difference:?}");
}

#[test]
fn columns_have_length_one_after_every_step() {
    for decoder_norm in [DecoderNorm::Renormalise, DecoderNorm::Project] {
        let config = SparseAeConfig { decoder_norm, ..with(Sparsity::TopK(most(8))) };
        for steps in [0, 5] {
            let columns = trained(&config, steps).0.net.raw().decoder.first().weight.val();
            let numbers: Vec<f32> = columns.into_data().try_into_vec().expect("f32");
            for row in numbers.chunks(64) {
                let norm: f32 = row.iter().map(|v| v * v).sum::<f32>().sqrt();
                assert!((norm - 1.0).abs() < 1e-5, "{norm}");
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused_in_a_sentence() {
    let sentence = |config: SparseAeConfig| config.check().expect_err("refused").to_string();
    let kl = with(Sparsity::Kl(Kl::default()));
    assert_eq!(
        sentence(SparseAeConfig { revival: AUX_K, ..kl }),
        "revival is aux-k, but sigmoids of sparsity kl are never quite off; set it to off"
    );
    let hidden = SparseAeConfig {
        backbone: BackboneConfig::mlp([32]),
        revival: RESAMPLE,
        ..with(Sparsity::TopK(most(4)))
    };
    assert!(sentence(hidden).starts_with("revival is resample, which makes what a unit reads"));
    let wide = with(Sparsity::TopK(most(97)));
    assert_eq!(
        sentence(wide),
        "sparsity.k is 97, but the code has latent_dim = 96 units; set it to at most 96"
    );
    let aux = Revival::AuxK(AuxK { units: 97, ..AuxK::default() });
    let aux = SparseAeConfig { revival: aux, ..with(Sparsity::TopK(most(4))) };
    assert!(sentence(aux).starts_with("revival.units is 97, but"));
}
