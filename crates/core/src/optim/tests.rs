use super::*;
use crate::{
    nn::{Linear, init_module},
    noise::Seed,
};
use burn::{
    module::Param,
    tensor::{Device, TensorData},
};
use serde::Deserialize;
use std::{fs, path::Path};

fn at(images: u64) -> Progress {
    Progress { step: 0, images, total_images: 1000, seed: Seed(0) }
}

fn values(net: &impl Module) -> Vec<f32> {
    named_params(net).into_iter().flat_map(|p| host(p.value)).collect()
}

fn host(x: Tensor<1>) -> Vec<f32> {
    x.into_data().try_into_vec().expect("f32")
}

fn linear() -> Linear {
    init_module(Seed(1), "test", &Device::flex(), |device| Linear::new(2, 1, device))
}

fn stepped(clip_norm: Option<f64>) -> (Vec<f32>, Vec<f32>, Option<f32>) {
    let config = OptimizerConfig { learning_rate: 0.1, clip_norm, ..OptimizerConfig::default() };
    let mut net = Optimized::new(linear(), config, EmaConfig::of(0.5));
    let before = values(&net.raw());
    let x = Tensor::<2>::from_floats([[3.0, 4.0]], &Device::flex());
    let loss = net.net().forward(x).sum();
    let norm = net.descend(loss, at(0));
    (before, values(&net.raw()), norm.map(|norm| host(norm)[0]))
}

#[test]
fn adams_first_step_is_the_learning_rate_against_the_gradients_sign() {
    // m̂ / √v̂ = g / |g| in step 1, whatever the gradient's size.
    let (before, after, norm) = stepped(None);
    assert_eq!(norm, None);
    for (before, after) in before.iter().zip(&after) {
        assert!((before - after - 0.1).abs() < 1e-5, "{before} to {after}");
    }
}

#[test]
fn the_global_norm_is_over_all_parameters() {
    // d(w·x + b) = (3, 4, 1).
    let (_, _, norm) = stepped(Some(1.0));
    assert!((norm.expect("clipping is on") - 26.0_f32.sqrt()).abs() < 1e-5);
}

#[test]
fn the_average_trails_the_weights() {
    let mut net = Optimized::new(linear(), OptimizerConfig::default(), EmaConfig::of(0.9));
    let start = values(&net.raw());
    let x = Tensor::<2>::ones([1, 2], &Device::flex());
    let loss = net.net().forward(x).sum();
    net.descend(loss, at(0));
    let (raw, average) = (values(&net.raw()), values(&net.frozen()));
    // Decay at step 1 is 2/11.
    for ((start, raw), average) in start.iter().zip(&raw).zip(&average) {
        let expected = start * (2.0 / 11.0) + raw * (9.0 / 11.0);
        assert!((average - expected).abs() < 1e-6);
    }
}

#[test]
fn any_of_several_averages_can_be_used_after_training() {
    let config = OptimizerConfig::default();
    let several = EmaConfig::Exponential { decay: 0.9, also: vec![0.0] };
    let mut net = Optimized::new(linear(), config, several);
    for _ in 0..3 {
        let x = Tensor::<2>::ones([1, 2], &Device::flex());
        let loss = net.net().forward(x).sum();
        net.descend(loss, at(0));
    }
    let (raw, average) = (values(&net.raw()), values(&net.frozen()));
    assert_ne!(raw, average);
    let mut out = StateWriter::default();
    net.state("net", &mut out);
    let tensors = out.tensors.into_iter();
    let kept = tensors.map(|(section, name, _, value)| ((section, name), host(value))).collect();
    let reader = StateReader::new(kept, out.counts, Device::flex());
    let frozen = |ema: EmaConfig| {
        let mut other = Optimized::new(linear(), config, ema);
        other.restore("net", &mut reader.clone()).expect("restored");
        values(&other.frozen())
    };
    assert_eq!(frozen(EmaConfig::of(0.9)), average);
    // An average without memory is what there is now.
    assert_eq!(frozen(EmaConfig::of(0.0)), raw);
    // A network that goes on from the run begins with the average that was chosen.
    let adopted = |chosen: Option<f64>| {
        let (mut other, mut reader) =
            (Optimized::new(linear(), config, EmaConfig::Off), reader.clone());
        if let Some(decay) = chosen {
            reader.use_average(decay);
        }
        other.adopt("net", &mut reader).expect("adopted");
        values(&other.raw())
    };
    assert_eq!(adopted(None), average);
    assert_eq!(adopted(Some(0.9)), average);
    assert_eq!(adopted(Some(0.0)), raw);
}

/// Parameters of every kind: see `SHAPES` in `tests/oracles/optimizers.py`.
#[derive(Module, Debug)]
struct Net {
    wide: Param<Tensor<2>>,
    narrow: Param<Tensor<2>>,
    conv: Param<Tensor<4>>,
    tall: Param<Tensor<4>>,
    head: Param<Tensor<2>>,
    bias: Param<Tensor<1>>,
}

type Values = BTreeMap<String, Vec<f32>>;

/// What PyTorch makes of the same parameters, gradients and settings.
#[derive(Deserialize)]
struct Fixture {
    shapes: BTreeMap<String, Vec<usize>>,
    ends: Vec<String>,
    initial: Values,
    gradients: Vec<Values>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    settings: OptimizerConfig,
    /// Parameters after each step.
    after: Vec<Values>,
}

impl Fixture {
    fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/oracles/fixtures/optimizers.json");
        let text = fs::read_to_string(path).expect("tests/oracles/optimizers.py makes the fixture");
        serde_json::from_str(&text).expect("the fixture's form")
    }

    fn param<const D: usize>(&self, name: &str) -> Param<Tensor<D>> {
        let data = TensorData::new(self.initial[name].clone(), self.shapes[name].clone());
        Param::from_tensor(Tensor::from_data(data, &Device::flex().autodiff()))
    }

    fn optimized(&self, settings: OptimizerConfig) -> Optimized<Net> {
        let net = Net {
            wide: self.param("wide"),
            narrow: self.param("narrow"),
            conv: self.param("conv"),
            tall: self.param("tall"),
            head: self.param("head"),
            bias: self.param("bias"),
        };
        Optimized::new_with_ends(net, settings, EmaConfig::of(0.9), &self.ends)
    }

    /// A step down the gradients of that number: those of Σ g θ.
    fn descend(&self, trained: &mut Optimized<Net>, number: usize) {
        let gradients = &self.gradients[number % self.gradients.len()];
        let net = trained.net();
        let along = |name: &str, param: Tensor<1>| {
            let gradient = TensorData::from(gradients[name].as_slice());
            (param * Tensor::from_data(gradient, &Device::flex())).sum()
        };
        let loss = along("wide", net.wide.val().flatten(0, 1))
            + along("narrow", net.narrow.val().flatten(0, 1))
            + along("conv", net.conv.val().flatten(0, 3))
            + along("tall", net.tall.val().flatten(0, 3))
            + along("head", net.head.val().flatten(0, 1))
            + along("bias", net.bias.val());
        trained.descend(loss, at(0));
    }
}

#[test]
fn every_method_steps_as_pytorchs_does() {
    let fixture = Fixture::read();
    let kinds = ["adam", "adamw", "rmsprop", "nesterov", "muon"];
    assert!(kinds.iter().all(|kind| fixture.cases.iter().any(|case| case.name == *kind)));
    for case in &fixture.cases {
        let mut trained = fixture.optimized(case.settings);
        for (number, expected) in case.after.iter().enumerate() {
            fixture.descend(&mut trained, number);
            for param in named_params(trained.net()) {
                let expected = &expected[&param.name];
                let largest = expected.iter().fold(0.0_f32, |largest, v| largest.max(v.abs()));
                for (made, expected) in host(param.value).iter().zip(expected) {
                    let place = format!("{}, step {}: {}", case.name, number + 1, param.name);
                    let difference = (made - expected).abs() / largest;
                    assert!(difference < 1e-6, "{place}: {made}, not {expected}");
                }
            }
        }
    }
}

/// What a checkpoint would hold, bit by bit.
fn state(trained: &Optimized<Net>) -> (StateReader, Vec<(Section, String, Vec<u32>)>) {
    let mut out = StateWriter::default();
    trained.state("net", &mut out);
    let mut tensors = BTreeMap::new();
    let mut bits = Vec::new();
    for (section, name, _, value) in out.tensors {
        let values = host(value);
        bits.push((section, name.clone(), values.iter().map(|v| v.to_bits()).collect()));
        tensors.insert((section, name), values);
    }
    (StateReader::new(tensors, out.counts, Device::flex()), bits)
}

#[test]
fn six_steps_equal_three_a_checkpoint_and_three_more() {
    let fixture = Fixture::read();
    for case in &fixture.cases {
        let mut whole = fixture.optimized(case.settings);
        (0..3).for_each(|number| fixture.descend(&mut whole, number));
        let mut resumed = fixture.optimized(case.settings);
        resumed.restore("net", &mut state(&whole).0).expect("the same settings");
        assert_eq!(state(&whole).1, state(&resumed).1, "{} as it was restored", case.name);
        for number in 3..6 {
            fixture.descend(&mut whole, number);
            fixture.descend(&mut resumed, number);
        }
        assert_eq!(state(&whole).1, state(&resumed).1, "{} after three more steps", case.name);
    }
}

#[test]
fn muon_remembers_momentum_of_weights_and_moments_of_the_rest() {
    let method = Method::Muon(MuonConfig::default());
    let trained =
        Fixture::read().optimized(OptimizerConfig { method, ..OptimizerConfig::default() });
    let (_, kept) = state(&trained);
    let kept: Vec<&str> = kept
        .iter()
        .filter(|(section, ..)| *section == Section::Optimizer)
        .map(|(_, name, _)| name.as_str())
        .collect();
    let expected = [
        "net.first.bias",
        "net.second.bias",
        "net.momentum.conv",
        "net.first.head",
        "net.second.head",
        "net.momentum.narrow",
        "net.momentum.tall",
        "net.momentum.wide",
    ];
    assert_eq!(kept, expected);
}

#[test]
fn another_methods_checkpoint_is_refused_by_the_name_of_what_it_lacks() {
    let fixture = Fixture::read();
    let adam = fixture.optimized(OptimizerConfig::default());
    let method = Method::Sgd(SgdConfig::default());
    let mut sgd = fixture.optimized(OptimizerConfig { method, ..OptimizerConfig::default() });
    let error = sgd.restore("net", &mut state(&adam).0).expect_err("Adam has no velocity");
    assert!(error.to_string().contains("net.velocity.bias"), "{error}");
}

#[test]
fn a_parameter_that_no_gradient_reached_rests_and_moves_again() {
    let fixture = Fixture::read();
    let mut trained = fixture.optimized(OptimizerConfig::default());
    let bias = |trained: &Optimized<Net>| host(trained.raw().bias.val());
    let start = bias(&trained);
    let loss = trained.net().head.val().sum();
    trained.descend(loss, at(0));
    assert_eq!(start, bias(&trained));
    fixture.descend(&mut trained, 0);
    assert_ne!(start, bias(&trained));
}

#[test]
#[should_panic(expected = "nothing is called tail")]
fn an_end_that_does_not_exist_is_refused() {
    let (config, ema) = (OptimizerConfig::default(), EmaConfig::Off);
    drop(Optimized::new_with_ends(linear(), config, ema, &["weight", "tail"]));
}
