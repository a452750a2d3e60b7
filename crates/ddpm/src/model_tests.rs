//! Every kind of diffusion model keeps the contract of models, and what is refused says what to set.

use crate::{
    DdpmConfig, Guidance, NetworkConfig, Objective, SamplerConfig, Schedule, ScheduleConfig,
    Solver, Spacing, Target, Times, Variance, Weighting,
};
use genlab_core::{
    BaseConfig, CaptionConfig, Check, Condition, ConditionConfig, ImageShape, InitContext, Kind,
    OpenError, OpenRuns, OpenedRun, SampleRequest, Seed, Space,
    nn::{DitConfig, TimeMlpConfig, UNetConfig},
    testing::{
        batch, context, contract, contract_on_points, contract_on_series,
        encoders_begin_with_a_run, opened, progress,
    },
};
use serde_json::json;
use std::{path::Path, sync::Arc};

const IMAGES: Space = Space::images(ImageShape::new(1, 12, 12));

fn small() -> DdpmConfig {
    let unet =
        UNetConfig { channels: vec![8, 16], time_embedding_dim: 16, ..UNetConfig::default() };
    let schedule = ScheduleConfig::Cosine { steps: 50, zero_terminal_snr: false };
    DdpmConfig {
        schedule,
        network: NetworkConfig::UNet(unet),
        sampler: SamplerConfig { guidance: Guidance::plain(), ..SamplerConfig::default() },
        ..DdpmConfig::default()
    }
}

fn on_points() -> DdpmConfig {
    let mlp = TimeMlpConfig { width: 32, ..TimeMlpConfig::default() };
    DdpmConfig { network: NetworkConfig::Mlp(mlp), ..DdpmConfig::for_kind(Kind::Points) }
}

fn told(config: DdpmConfig) -> DdpmConfig {
    DdpmConfig { condition: ConditionConfig::Class, condition_dropout: 0.25, ..config }
}

/// Led by what it is told, twice as far.
fn guided(config: DdpmConfig) -> DdpmConfig {
    let guidance = Guidance::ClassifierFree { scale: 2.0, interval: None };
    DdpmConfig { sampler: SamplerConfig { guidance, ..config.sampler }, ..config }
}

fn sampled_by(solver: Solver, spacing: Spacing, config: DdpmConfig) -> DdpmConfig {
    DdpmConfig { sampler: SamplerConfig { solver, spacing, ..config.sampler }, ..config }
}

#[test]
fn the_default_kind_keeps_the_contract() {
    contract(&|context| small().init(context), Some(("loss", 80, 0.8)));
}

#[test]
fn the_class_conditional_one_keeps_the_contract() {
    contract(&|context| guided(told(small())).init(context), Some(("loss", 80, 0.8)));
    let fault = guided(small()).check().expect_err("refused").to_string();
    let expected =
        "sampler.guidance is classifier-free, but the network is told nothing to be led by";
    assert!(fault.starts_with(expected), "{fault}");
}

#[test]
fn the_one_that_is_told_captions_keeps_the_contract_and_only_a_u_net_reads_them() {
    let condition = ConditionConfig::Caption(CaptionConfig::default());
    let config = guided(DdpmConfig { condition, condition_dropout: 0.25, ..small() });
    contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
    let config = DdpmConfig { network: on_points().network, ..config };
    let space = genlab_core::Space::images(genlab_core::ImageShape::new(1, 8, 8));
    let refused =
        config.init(&genlab_core::testing::context(space)).err().expect("refused").to_string();
    assert!(
        refused.starts_with("condition is caption, but network mlp reads no words"),
        "{refused}"
    );
}

/// Told captions by an encoder that begins with that of a run.
fn begun_with(run: &str) -> DdpmConfig {
    let run = Some(run.into());
    let condition = ConditionConfig::Caption(CaptionConfig { run, ..CaptionConfig::default() });
    DdpmConfig { condition, ..small() }
}

#[test]
fn the_encoder_of_captions_begins_with_that_of_a_run_and_learns() {
    let config = begun_with("clip");
    encoders_begin_with_a_run(&|context| config.init(context), 1);
    let base = Some(BaseConfig { run: "other".into(), ..BaseConfig::default() });
    let fault = DdpmConfig { base, ..config }.check().expect_err("refused").to_string();
    assert!(fault.starts_with("condition.run is clip, but base.run gives all weights"), "{fault}");
}

/// Opens a run that is told nothing, whatever its path.
#[derive(Debug)]
struct Untold(InitContext);

impl OpenRuns for Untold {
    fn open(&self, _path: &Path) -> Result<OpenedRun, OpenError> {
        let model = small().init(&self.0).expect("it fits");
        Ok(opened("ddpm", json!(small()), model.as_ref(), &self.0))
    }
}

#[test]
fn a_run_without_such_an_encoder_is_refused() {
    let alone = context(IMAGES);
    let beside = InitContext { runs: Arc::new(Untold(alone.clone())), ..alone };
    let refused = begun_with("plain").init(&beside).err().expect("refused").to_string();
    let expected = "condition.run is plain, a run of ddpm; give a finished run of clip";
    assert_eq!(refused, expected);
}

#[test]
fn where_words_are_looked_for_is_known_of_models_that_are_told_some() {
    let (context, pictures) = (context(IMAGES), batch(IMAGES, 3, 0));
    let captions = pictures.captions.clone().expect("images have captions");
    let [_, length] = captions.dims();
    let told = Condition::of_captions(captions);
    let looked = |config: DdpmConfig, rows: std::ops::Range<usize>| {
        let frozen = config.init(&context).expect("it fits").freeze();
        let values = pictures.values.clone().narrow(0, rows.start, rows.len());
        frozen.denoiser().expect("it denoises").attended(values, 0.5, &told.rows(rows))
    };
    assert!(looked(small(), 0..3).is_none());
    let condition = ConditionConfig::Caption(CaptionConfig::default());
    let config = DdpmConfig { condition, ..small() };
    let (whole, last) = (looked(config.clone(), 0..3), looked(config, 2..3));
    let (whole, last) = (whole.expect("it reads captions"), last.expect("it reads captions"));
    assert_eq!(whole.dims(), [3, length, 12, 12]);
    let [whole, last] = [whole.narrow(0, 2, 1), last]
        .map(|weights| weights.into_data().try_into_vec::<f32>().expect("f32"));
    for (a, b) in whole.iter().zip(&last) {
        assert!((a - b).abs() < 1e-4, "a weight depends on its batch: {a} and {b}");
    }
    assert!(whole.iter().all(|weight| (0.0..=1.0).contains(weight)), "{whole:?}");
}

#[test]
fn the_super_resolving_one_keeps_the_contract_and_only_a_u_net_reads_images() {
    let condition = ConditionConfig::LowResolution { factor: 2 };
    let config = guided(DdpmConfig { condition, condition_dropout: 0.25, ..small() });
    contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
    let config = DdpmConfig { network: on_points().network, ..config };
    let space = genlab_core::Space::images(genlab_core::ImageShape::new(1, 8, 8));
    let context = genlab_core::testing::context(space);
    let refusal = config.init(&context).err().expect("refused").to_string();
    assert!(refusal.starts_with("condition is low-resolution, but network mlp"), "{refusal}");
}

#[test]
fn the_one_that_leads_away_from_its_early_weights_keeps_the_contract() {
    let guidance = Guidance::Auto { scale: 2.0, share: 0.5, interval: None };
    let config = small();
    let config = DdpmConfig { sampler: SamplerConfig { guidance, ..config.sampler }, ..config };
    contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
    contract(&|context| told(config.clone()).init(context), None);
}

#[test]
fn the_one_that_is_led_by_a_classifier_keeps_the_contract_and_needs_classes() {
    let guidance = Guidance::Classifier { scale: 2.0, learning_rate: 1e-3, interval: None };
    let config = |config: DdpmConfig| DdpmConfig {
        sampler: SamplerConfig { guidance, ..config.sampler },
        ..config
    };
    contract(&|context| config(told(small())).init(context), Some(("loss", 80, 0.8)));
    contract_on_points(&|context| config(told(on_points())).init(context), None);
    let fault = config(small()).check().expect_err("refused").to_string();
    assert_eq!(
        fault,
        "sampler.guidance is classifier, which leads to classes, but condition is not class; set \
         condition.kind to class"
    );
}

/// Of a classifier that learns beside it a denoiser knows nothing, so at a scale of 0, and beyond the interval, its
/// samples are to the last bit those of a model without classes.
#[test]
fn a_classifier_that_leads_nowhere_leaves_the_untold_denoiser_as_it_is() {
    let sampled = |config: &DdpmConfig, asks: &[(Condition, Option<f64>)]| {
        let mut model = config.init(&context(IMAGES)).expect("it fits");
        for step in 0..6 {
            drop(model.step(&batch(IMAGES, 8, step * 8), progress(step)));
        }
        let frozen = model.freeze();
        let sampler = frozen.sampler().expect("it samples");
        let sample = |(condition, guidance): &(Condition, Option<f64>)| {
            let condition = condition.clone();
            let request =
                SampleRequest { condition, guidance: *guidance, ..SampleRequest::new(Seed(1), 3) };
            let values = sampler.sample(&request).into_data().try_into_vec::<f32>();
            (values.expect("f32"), sampler.network_calls(&request))
        };
        asks.iter().map(sample).collect::<Vec<_>>()
    };
    let led = |interval| {
        let guidance = Guidance::Classifier { scale: 8.0, learning_rate: 1e-3, interval };
        let sampler = SamplerConfig { guidance, steps: 5, ..SamplerConfig::default() };
        DdpmConfig { sampler, ..told(small()) }
    };
    let sampler = SamplerConfig { guidance: Guidance::plain(), ..led(None).sampler };
    let untold = DdpmConfig { sampler, ..small() };
    let classes = Condition::of_classes(&[4, 0, 7], &burn::tensor::Device::flex());

    let expected = sampled(&untold, &[(Condition::default(), None)]).remove(0);
    assert_eq!(expected.1, 5);
    let asks = [(classes.clone(), Some(0.0)), (Condition::default(), None), (classes, None)];
    let found = sampled(&led(None), &asks);
    assert_eq!(found[..2], [expected.clone(), expected.clone()]);
    assert_ne!(found[2].0, expected.0, "8 leads elsewhere");
    assert_eq!(found[2].1, 10, "a call of the classifier is a call");
    let found = sampled(&led(Some([1e6, 1e7])), &asks[2..]);
    assert_eq!(found[..], [expected], "outside of the interval");
}

#[test]
fn more_steps_than_the_schedule_has_are_refused() {
    let config = small();
    let steps = |steps| {
        let sampler = SamplerConfig { steps, ..config.sampler };
        DdpmConfig { sampler, ..config.clone() }.check()
    };
    assert!(steps(50).is_ok());
    let fault = steps(51).expect_err("refused").to_string();
    assert_eq!(fault, "sampler.steps is 51, but the schedule has 50 steps; set it to at most 50");
}

#[test]
fn the_transformer_keeps_the_contract_with_and_without_classes() {
    let dit = DitConfig { width: 16, depth: 2, time_embedding_dim: 16, ..DitConfig::default() };
    let config = DdpmConfig { network: NetworkConfig::Dit(dit), ..small() };
    contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
    contract(&|context| told(config.clone()).init(context), Some(("loss", 80, 0.9)));
}

#[test]
fn the_u_net_with_attention_keeps_the_contract() {
    let NetworkConfig::UNet(unet) = small().network else { panic!("a U-Net") };
    let unet = UNetConfig { attention: vec![1], ..unet };
    let config = DdpmConfig { network: NetworkConfig::UNet(unet), ..small() };
    contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
}

#[test]
fn the_one_that_learns_its_variances_keeps_the_contract_with_every_network() {
    let objective = Objective::Hybrid { weight: 0.001 };
    let solver = Solver::Ancestral { variance: Variance::Learned };
    let config = sampled_by(solver, Spacing::Trailing, DdpmConfig { objective, ..small() });
    contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
    let dit = DitConfig { width: 16, depth: 2, time_embedding_dim: 16, ..DitConfig::default() };
    let dit = DdpmConfig { network: NetworkConfig::Dit(dit), ..config.clone() };
    contract(&|context| dit.init(context), None);
    let points = DdpmConfig { schedule: config.schedule, objective, ..on_points() };
    let points = sampled_by(solver, Spacing::Trailing, points);
    contract_on_points(&|context| points.init(context), None);
}

#[test]
fn variances_that_nobody_learns_are_refused() {
    let solver = Solver::Ancestral { variance: Variance::Learned };
    let fault = sampled_by(solver, Spacing::Trailing, small()).check().unwrap_err();
    assert!(fault.to_string().contains("set objective.kind to hybrid"), "{fault}");
    let objective = Objective::Hybrid { weight: 0.001 };
    let fault = DdpmConfig { objective, ..DdpmConfig::default() }.check().unwrap_err();
    assert!(fault.to_string().contains("has no steps"), "{fault}");
}

#[test]
fn the_ancestrally_sampled_one_keeps_the_contract() {
    let config =
        sampled_by(Solver::Ancestral { variance: Variance::FixedLarge }, Spacing::Leading, small());
    contract(&|context| config.init(context), None);
}

#[test]
fn the_straight_flow_keeps_the_contract() {
    let config = DdpmConfig {
        schedule: ScheduleConfig::FLOW,
        target: Target::Velocity,
        times: Times::LogitNormal { mean: 0.0, sd: 1.0 },
        ..sampled_by(Solver::Euler, Spacing::Quadratic, small())
    };
    contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
}

fn mean_flow(config: DdpmConfig) -> DdpmConfig {
    DdpmConfig {
        schedule: ScheduleConfig::Flow { time_scale: 10.0 },
        target: Target::Velocity,
        times: Times::LogitNormal { mean: -0.4, sd: 1.0 },
        objective: Objective::MeanFlow { instants: 0.5 },
        sampler: SamplerConfig {
            solver: Solver::MeanFlow,
            spacing: Spacing::Trailing,
            guidance: Guidance::plain(),
            ..config.sampler
        },
        ..config
    }
}

#[test]
fn the_mean_flow_keeps_the_contract_with_and_without_classes() {
    let config = mean_flow(small());
    contract(&|context| config.init(context), Some(("mean_flow_error", 80, 0.95)));
    contract(&|context| told(config.clone()).init(context), None);
    let config = mean_flow(on_points());
    contract_on_points(&|context| config.init(context), None);
}

#[test]
fn the_shortcut_model_keeps_the_contract_with_and_without_classes() {
    let objective = Objective::Shortcut { instants: 0.5, halvings: 4 };
    let config = DdpmConfig { objective, ..mean_flow(small()) };
    contract(&|context| config.init(context), Some(("shortcut_loss", 80, 0.95)));
    contract(&|context| told(config.clone()).init(context), None);
    let config = DdpmConfig { objective, ..mean_flow(on_points()) };
    contract_on_points(&|context| config.init(context), None);
    let fault = DdpmConfig { target: Target::V, ..config }.check().expect_err("refused");
    assert_eq!(
        fault.to_string(),
        "target is not velocity, which is what shortcut averages; set it to velocity"
    );
}

#[test]
fn settings_that_the_mean_flow_cannot_have_are_refused_with_what_to_set() {
    let fault = |config: DdpmConfig| config.check().expect_err("refused").to_string();
    let flow = || mean_flow(small());
    assert_eq!(
        fault(DdpmConfig { schedule: small().schedule, ..flow() }),
        "schedule.kind is not flow, but mean-flow learns the velocity of the straight line; set it to flow"
    );
    assert_eq!(
        fault(DdpmConfig { schedule: ScheduleConfig::FLOW, ..flow() }),
        "schedule.time_scale is 1000, at which the network's derivative by the time is too steep to learn \
         from; set it to 10, at most 100"
    );
    assert_eq!(
        fault(DdpmConfig { target: Target::V, ..flow() }),
        "target is not velocity, which is what mean-flow averages; set it to velocity"
    );
    assert_eq!(
        fault(DdpmConfig { weighting: Weighting::Edm, ..flow() }),
        "weighting.kind is not simple, but mean-flow weighs each row by its own error; set it to simple"
    );
    assert_eq!(
        fault(DdpmConfig { objective: Objective::Denoising, ..flow() }),
        "sampler.solver is mean-flow, but the network learns no average velocities; set objective.kind to \
         mean-flow or shortcut, or choose another solver"
    );
    assert_eq!(
        fault(told(guided(flow()))),
        "sampler.guidance is on, but solver mean-flow follows average velocities, of which no guided one is \
         known; set sampler.guidance.kind to classifier-free with a scale of 1"
    );
}

#[test]
fn the_design_of_edm_keeps_the_contract() {
    let config = DdpmConfig {
        schedule: ScheduleConfig::Edm { sigma_min: 0.004, sigma_max: 160.0 },
        target: Target::V,
        weighting: Weighting::Edm,
        times: Times::LogNormal { mean: -0.5, sd: 1.2 },
        ..sampled_by(
            Solver::Dpmpp2m { eta: 1.0 },
            Spacing::Karras { rho: 7.0, sigma_min: 0.015, sigma_max: 40.0 },
            small(),
        )
    };
    contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
}

#[test]
fn a_schedule_without_signal_at_its_end_keeps_the_contract_but_for_targets_that_need_some() {
    let schedule = ScheduleConfig::Linear { steps: 50, zero_terminal_snr: true };
    let solver = Solver::EulerAncestral { eta: 1.0 };
    let config = DdpmConfig { schedule, target: Target::Noise, ..small() };
    let config = sampled_by(solver, Spacing::Trailing, config);
    let fault = config.check().expect_err("the noise says nothing of x_0").to_string();
    assert!(fault.starts_with("target is noise, but"), "{fault}");
    let config = DdpmConfig { target: Target::V, ..config };
    contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
}

#[test]
fn the_mlp_keeps_the_contract_on_points_with_and_without_classes() {
    // Most of the error of v cannot be learned away: noisy points could be any.
    contract_on_points(&|context| on_points().init(context), Some(("loss", 80, 0.96)));
    let weighting = Weighting::MinSnr { gamma: 5.0 };
    let config = DdpmConfig { target: Target::Start, weighting, ..told(on_points()) };
    contract_on_points(&|context| config.init(context), Some(("loss", 80, 0.9)));
}

#[test]
fn the_mlp_keeps_the_contract_on_series_with_and_without_what_came_before() {
    contract_on_series(&|context| on_points().init(context), Some(("loss", 80, 0.9)));
    for condition_dropout in [0.0, 0.25] {
        let condition = ConditionConfig::Past;
        let config = DdpmConfig { condition, condition_dropout, ..on_points() };
        let guidance = Guidance::plain();
        let sampler = SamplerConfig { guidance, ..config.sampler };
        let config = DdpmConfig { sampler, ..config };
        contract_on_series(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }
}

#[test]
fn networks_of_images_are_refused_on_points() {
    let context = genlab_core::testing::context(genlab_core::Space::points(2, 0.0, 1.0));
    let dit = NetworkConfig::Dit(DitConfig::default());
    for (name, network) in [("u-net", small().network), ("dit", dit)] {
        let config = DdpmConfig { network, ..small() };
        let refusal = config.init(&context).err().expect("refused").to_string();
        let expected = format!("network is {name}, but the values are points");
        assert!(refusal.starts_with(&expected), "{refusal}");
    }
}

#[test]
fn guidance_of_one_asks_the_network_once_and_so_does_any_outside_of_its_interval() {
    let condition = Condition::of_classes(&[1], &burn::tensor::Device::flex());
    let at = Schedule::new(ScheduleConfig::FLOW).at(0.5);
    let calls =
        |scale, interval| Guidance::ClassifierFree { scale, interval }.calls(&condition, at);
    assert_eq!([0.0, 1.0, 2.0].map(|scale| calls(scale, None)), [1, 1, 2]);
    assert_eq!([calls(2.0, Some([0.5, 1.5])), calls(2.0, Some([2.0, 9.0]))], [2, 1]);
    let untold = |guidance: Guidance| guidance.calls(&Condition::default(), at);
    let free = Guidance::ClassifierFree { scale: 2.0, interval: None };
    assert_eq!([untold(free), untold(Guidance::default())], [1, 2]);
}
