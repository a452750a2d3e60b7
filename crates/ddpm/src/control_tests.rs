//! A controlled model begins as its base, never moves it, and keeps the contract.

use crate::{ControlConfig, DdpmConfig, Guidance, NetworkConfig, SamplerConfig};
use burn::tensor::Tensor;
use genlab_core::{
    BaseConfig, CaptionConfig, Check, Condition, ConditionConfig, ControlKind, Fault, Generative,
    ImageShape, InitContext, OpenError, OpenRuns, OpenedRun, SampleRequest, Seed, Space,
    StateWriter, Train,
    nn::{TimeMlpConfig, UNetConfig},
    testing::{self, batch, contract, progress},
};
use serde_json::{Value, json};
use std::{path::Path, sync::Arc};

const IMAGES: Space = Space::images(ImageShape::new(1, 12, 12));

/// Groups of several channels, or normalisation would take away what biases add.
fn small() -> DdpmConfig {
    let unet = UNetConfig {
        channels: vec![8, 16],
        norm_groups: 2,
        time_embedding_dim: 16,
        ..UNetConfig::default()
    };
    DdpmConfig {
        network: NetworkConfig::UNet(unet),
        sampler: SamplerConfig { guidance: Guidance::plain(), ..SamplerConfig::default() },
        ..DdpmConfig::default()
    }
}

/// Told captions, and led by them twice as far.
fn captioned(config: DdpmConfig) -> DdpmConfig {
    let guidance = Guidance::ClassifierFree { scale: 2.0, interval: None };
    DdpmConfig {
        condition: ConditionConfig::Caption(CaptionConfig::default()),
        condition_dropout: 0.25,
        sampler: SamplerConfig { guidance, ..config.sampler },
        ..config
    }
}

fn controlled(config: DdpmConfig) -> DdpmConfig {
    DdpmConfig { control: ControlConfig::Mask { base: "base".into() }, ..config }
}

/// After a few steps, so that no layer is as it began.
fn trained(config: &DdpmConfig, context: &InitContext) -> Box<dyn Train> {
    let mut model = config.init(context).expect("it fits");
    step(model.as_mut(), context.space, 6);
    model
}

fn step(model: &mut dyn Train, space: Space, steps: u64) {
    for step in 0..steps {
        drop(model.step(&batch(space, 8, step * 8), progress(step)));
    }
}

/// Opens one finished run, whatever its path.
#[derive(Debug)]
struct OneRun {
    config: DdpmConfig,
    /// What it says of its settings.
    settings: Value,
    context: InitContext,
}

impl OpenRuns for OneRun {
    fn open(&self, _path: &Path) -> Result<OpenedRun, OpenError> {
        let model = trained(&self.config, &self.context);
        Ok(testing::opened("ddpm", self.settings.clone(), model.as_ref(), &self.context))
    }
}

/// A model of these settings upon a run of those of `base`, which says that they are `settings`.
fn built_on(
    (base, settings): (DdpmConfig, Value),
    config: &DdpmConfig,
    context: &InitContext,
) -> Result<Box<dyn Train>, Fault> {
    let runs = Arc::new(OneRun { config: base, settings, context: context.clone() });
    config.init(&InitContext { runs, ..context.clone() })
}

/// Upon a run of the same settings that is not controlled.
fn built(config: &DdpmConfig, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
    let base = DdpmConfig { control: ControlConfig::Off, ..config.clone() };
    let settings = json!(base);
    built_on((base, settings), config, context)
}

#[test]
fn the_controlled_one_keeps_the_contract_with_and_without_captions() {
    let config = controlled(small());
    contract(&|context| built(&config, context), None);
    let config = controlled(captioned(small()));
    contract(&|context| built(&config, context), None);
}

#[test]
fn the_one_that_is_controlled_by_edges_keeps_the_contract() {
    let control = ControlConfig::Edges { base: "base".into() };
    let config = DdpmConfig { control, ..small() };
    contract(&|context| built(&config, context), None);
}

#[test]
fn at_first_samples_are_those_of_the_base_to_the_last_bit() {
    let (context, config) = (testing::context(IMAGES), captioned(small()));
    let base = trained(&config, &context).freeze();
    let model = built(&controlled(config), &context).expect("it fits").freeze();
    let pictures = batch(IMAGES, 3, 0);
    let captions = pictures.captions.expect("pictures have captions");
    let drawn = |frozen: &dyn Generative, control: Option<Tensor<4>>| {
        let condition = Condition { control, ..Condition::of_captions(captions.clone()) };
        let request = SampleRequest { steps: Some(3), condition, ..SampleRequest::new(Seed(1), 3) };
        let samples = frozen.sampler().expect("it samples").sample(&request);
        samples.into_data().try_into_vec::<f32>().expect("f32")
    };
    let expected = drawn(base.as_ref(), None);
    assert_eq!(drawn(model.as_ref(), Some(ControlKind::Mask.of(pictures.values))), expected);
    assert_eq!(drawn(model.as_ref(), None), expected);
}

#[test]
fn training_moves_all_of_the_branch_and_nothing_of_the_base() {
    let context = testing::context(IMAGES);
    let mut model = built(&controlled(small()), &context).expect("it fits");
    let weights = |model: &dyn Train| {
        let mut out = StateWriter::default();
        model.freeze().weights(&mut out);
        out.into_tensors()
    };
    let is_branch = |name: &str| name.starts_with("net.control.");
    let before = weights(model.as_ref());
    // What joins the picture is reached in the third step, through two layers that begin at zero.
    step(model.as_mut(), IMAGES, 4);
    let after = weights(model.as_ref());
    assert_eq!(before.len(), after.len());
    for ((name, _, before), (_, _, after)) in before.iter().zip(&after) {
        assert_eq!(before != after, is_branch(name), "{name}");
    }

    // Neither the optimizer nor an average remembers anything of the base.
    let mut kept = StateWriter::default();
    model.state(&mut kept);
    let of_base = |names: Vec<String>| {
        names.into_iter().filter(|name| !name.contains("control.")).collect::<Vec<String>>()
    };
    let kept = of_base(kept.into_tensors().into_iter().map(|(name, ..)| name).collect());
    assert_eq!(kept, of_base(after.into_iter().map(|(name, ..)| name).collect()));
}

#[test]
fn settings_that_do_not_go_with_control_are_refused_with_what_to_set() {
    let fault = |config: DdpmConfig| config.check().expect_err("refused").to_string();
    let nameless = ControlConfig::Edges { base: "".into() };
    assert_eq!(
        fault(DdpmConfig { control: nameless, ..small() }),
        "control.base is empty; give the run directory of a finished run of ddpm"
    );
    let base = Some(BaseConfig { run: "other".into(), ..BaseConfig::default() });
    assert_eq!(
        fault(DdpmConfig { base, ..controlled(small()) }),
        "control is mask, which has the base that it controls, and base.run is another; leave base out"
    );
    let condition = ConditionConfig::Caption(CaptionConfig {
        run: Some("clip".into()),
        ..CaptionConfig::default()
    });
    assert_eq!(
        fault(DdpmConfig { condition, ..controlled(captioned(small())) }),
        "condition.run is clip, but control.base gives all weights, those of the encoder of captions among them; leave one of \
         the two out"
    );
    let guidance = Guidance::Classifier { scale: 1.0, learning_rate: 1e-3, interval: None };
    let sampler = SamplerConfig { guidance, ..SamplerConfig::default() };
    let led = DdpmConfig { condition: ConditionConfig::Class, sampler, ..controlled(small()) };
    assert!(fault(led).ends_with("set sampler.guidance.kind to classifier-free"));
    let auto = DdpmConfig { sampler: SamplerConfig::default(), ..controlled(small()) };
    let sentence = fault(auto);
    assert!(sentence.starts_with("control is mask, but sampler.guidance is auto"), "{sentence}");
    assert!(sentence.contains("set sampler.guidance.kind to classifier-free"), "{sentence}");
}

#[test]
fn a_base_that_cannot_be_controlled_is_refused() {
    let context = testing::context(IMAGES);
    let refusal = |base: DdpmConfig, settings: Value, config: &DdpmConfig| {
        let built = built_on((base, settings), config, &context);
        built.err().expect("refused").to_string()
    };
    let config = controlled(small());
    assert_eq!(
        refusal(small(), json!(config), &config),
        "control.base is base, whose ddpm is controlled itself; give the run that it controls, which its settings call base"
    );
    let unet = UNetConfig { channels: vec![8, 8], ..UNetConfig::default() };
    let other = DdpmConfig { network: NetworkConfig::UNet(unet), ..small() };
    let sentence = refusal(other.clone(), json!(other), &config);
    let expected = "control.base is base, whose ddpm was trained with network.channels = [8,8]";
    assert!(sentence.starts_with(expected), "{sentence}");
    let always_told = DdpmConfig { condition_dropout: 0.0, ..small() };
    let sentence = refusal(always_told.clone(), json!(always_told), &config);
    let expected = "control.base is base, whose ddpm was trained with condition_dropout = 0";
    assert!(sentence.starts_with(expected), "{sentence}");
    // Settings that are alike do not make weights alike.
    assert_eq!(
        refusal(other, json!(small()), &config),
        "control.base is base, whose ddpm keeps another network than these settings describe; choose \
         another run"
    );
    let mlp = NetworkConfig::Mlp(TimeMlpConfig::default());
    let sentence = refusal(small(), json!(small()), &DdpmConfig { network: mlp, ..config });
    let expected = "control.kind is mask, but only a u-net has a way down to copy";
    assert!(sentence.starts_with(expected), "{sentence}");
}

#[test]
fn control_is_named_by_its_kind_and_off_where_nothing_is_said() {
    let read = |json: Value| serde_json::from_value::<DdpmConfig>(json).expect("settings").control;
    assert_eq!(read(json!({})), ControlConfig::Off);
    let written = json!({ "control": { "kind": "edges", "base": "./runs/a/" } });
    assert_eq!(read(written), ControlConfig::Edges { base: "runs/a".into() });
}
