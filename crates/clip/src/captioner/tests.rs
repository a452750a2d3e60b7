//! That the captioner keeps the contract, with a filter and without, and what a filter does.

use super::{
    CaptionerConfig, FilterConfig, PictureConfig,
    filter::Filter,
    model::{Losses, Pairs},
    net::Captioner,
};
use burn::tensor::{Int, Tensor};
use genlab_classifier::{Augmentation, Mirror};
use genlab_core::{
    Batch, Check, ImageShape, InitContext, OpenError, OpenRuns, OpenedRun, Phase, Seed, Space,
    Start,
    checkpoint::{self, CheckpointState},
    condition::Captions,
    nn::{TextConfig, VitConfig, init_module},
    testing::{batch, context, contract, progress},
};
use std::{path::Path, sync::Arc};

const SPACE: Space = Space::images(ImageShape::new(3, 12, 12));

fn small() -> CaptionerConfig {
    let transformer = VitConfig { width: 16, heads: 2, ..PictureConfig::default().transformer };
    let convolutions = vec![[8, 2], [16, 2]];
    let image = PictureConfig { convolutions, transformer, ..PictureConfig::default() };
    let text = TextConfig { width: 16, heads: 2, ..TextConfig::default() };
    CaptionerConfig { image, text, embedding_dim: 8, ..CaptionerConfig::default() }
}

fn filter(threshold: f64) -> FilterConfig {
    FilterConfig { run: "shelf".into(), threshold }
}

/// Holds one run: a small captioner that has learned nothing.
#[derive(Debug)]
struct Shelf(InitContext);

impl OpenRuns for Shelf {
    fn open(&self, _path: &Path) -> Result<OpenedRun, OpenError> {
        let model = small().init(&self.0).expect("it fits");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let saved = checkpoint::save(folder.path(), model.as_ref(), CheckpointState::default());
        let read = checkpoint::read(&saved.expect("writable"), &self.0.device);
        Ok(OpenedRun {
            model: "captioner".into(),
            settings: serde_json::to_value(small()).expect("plain values"),
            space: self.0.space,
            classes: self.0.classes,
            captions: None,
            frozen: model.freeze(),
            state: read.expect("just written").1,
        })
    }
}

/// The same with that run to open.
fn with_shelf(context: &InitContext) -> InitContext {
    InitContext { runs: Arc::new(Shelf(context.clone())), ..context.clone() }
}

#[test]
fn it_keeps_the_contract_with_pictures_that_move() {
    let augmentation = Augmentation { shift: 2, mirror: Mirror::Never };
    let config = CaptionerConfig { augmentation, ..small() };
    contract(&|context| config.init(context), None);
    // What moves is learned otherwise.
    let loss = |config: &CaptionerConfig| {
        let mut model = config.init(&context(SPACE)).expect("images with captions");
        let scalars = model.step(&batch(SPACE, 8, 0), progress(0)).read();
        scalars.into_iter().find(|(name, _)| *name == "loss").expect("it is logged").1
    };
    assert_ne!(loss(&config).to_bits(), loss(&small()).to_bits());
}

#[test]
fn pictures_are_not_mirrored() {
    let augmentation = Augmentation { shift: 0, mirror: Mirror::Half };
    let fault =
        CaptionerConfig { augmentation, ..small() }.check().expect_err("left would be right");
    let said = fault.to_string();
    assert!(said.starts_with("augmentation.mirror is half, but in a mirrored"), "{said}");
}

#[test]
fn it_keeps_the_contract() {
    contract(&|context| CaptionerConfig::default().init(context), Some(("loss", 200, 0.8)));
}

#[test]
fn it_keeps_the_contract_with_a_filter() {
    // One that has learned nothing finds captions about as likely as not, and must not reject them all.
    let config = CaptionerConfig { filter: Some(filter(0.1)), ..small() };
    contract(&|context| config.init(&with_shelf(context)), None);
}

#[test]
fn a_filter_is_a_run_of_the_same_network_and_not_needed_once_training_has_begun() {
    let context = context(SPACE);
    let text = TextConfig { width: 32, ..small().text };
    let other = CaptionerConfig { filter: Some(filter(0.5)), text, ..small() };
    let fault = other.init(&with_shelf(&context)).err().expect("refused").to_string();
    let expected = "filter.run is shelf, whose captioner was trained with text.width = 16 and not 32; \
                    choose another run, or --set model.captioner.text.width=16";
    assert_eq!(fault, expected);
    let config = CaptionerConfig { filter: Some(filter(0.5)), ..small() };
    assert!(config.init(&context).is_err(), "there is no such run");
    assert!(config.init(&InitContext { start: Start::Restored, ..context }).is_ok());
}

#[test]
fn data_without_captions_are_refused() {
    let silent = InitContext { words: None, ..context(SPACE) };
    let fault = small().init(&silent).err().expect("refused").to_string();
    assert!(
        fault.starts_with("the model learns from captions, and the dataset has none"),
        "{fault}"
    );
}

fn words(captions: Tensor<2, Int>) -> Vec<i32> {
    captions.into_data().try_into_vec().expect("i32")
}

fn floats(x: Tensor<1>) -> Vec<f32> {
    x.into_data().try_into_vec().expect("f32")
}

/// A small network.
fn net(context: &InitContext) -> Captioner {
    let config = small();
    let captions = Captions::of(config.text, "text", context).expect("words");
    init_module(Seed(77), "other", &context.device, |device| {
        Captioner::new(&config.image, captions, config.embedding_dim, 0.07, SPACE, device)
    })
}

/// The filter of that run.
fn opened(threshold: f64, context: &InitContext) -> Filter {
    filter(threshold).open(net(context), &small(), &with_shelf(context)).expect("on the shelf")
}

#[test]
fn a_filter_keeps_what_it_finds_probable_writes_anew_and_lets_go() {
    let context = context(SPACE);
    let Batch { values, captions, .. } = batch(SPACE, 8, 0);
    let captions = captions.expect("captions of images");
    let own = words(captions.clone());
    let frozen = Shelf(context.clone()).open(Path::new("shelf")).expect("on the shelf").frozen;
    let describer = frozen.describer().expect("a captioner");
    let written = describer.describe(values.clone());
    let probable = floats(describer.matching(values.clone(), captions.clone()));
    let anew = floats(describer.matching(values.clone(), written.clone()));
    let written = words(written);

    let mut sorted = probable.clone();
    sorted.sort_by(f32::total_cmp);
    // All, half and none of the captions.
    for threshold in [0.0, f32::midpoint(sorted[3], sorted[4]), 1.0 - 1e-6] {
        let filter = opened(f64::from(threshold), &context);
        let found = filter.filtered(values.clone(), captions.clone());
        let (said, weights) = (words(found.captions), floats(found.weights));
        let length = said.len() / weights.len();
        let mut kept = 0;
        for (row, (own_p, new_p)) in probable.iter().zip(&anew).enumerate() {
            let part = row * length..(row + 1) * length;
            let keeps = *own_p >= threshold;
            kept += usize::from(keeps);
            let expected = if keeps { &own } else { &written };
            assert_eq!(said[part.clone()], expected[part], "{threshold}, row {row}");
            let counts = keeps || *new_p >= threshold;
            assert_eq!(weights[row], f32::from(u8::from(counts)), "{threshold}, row {row}");
        }
        assert!((floats(found.kept)[0] - kept as f32 / weights.len() as f32).abs() < 1e-6);
    }
}

#[test]
fn a_row_that_does_not_count_changes_no_loss_of_the_others() {
    let context = context(SPACE);
    let net = net(&context);
    let Batch { values, captions, .. } = batch(SPACE, 4, 0);
    let captions = captions.expect("captions of images");
    let of = |rows: [i32; 2], weights: [f32; 2]| {
        let rows = Tensor::<1, Int>::from_ints(rows, &context.device);
        let pairs = Pairs {
            values: values.clone().select(0, rows.clone()),
            captions: captions.clone().select(0, rows),
            weights: Tensor::from_floats(weights, &context.device),
        };
        Losses::of(&net, pairs, Seed(5).during(Phase::Train), &(0..2)).scalars().read()
    };
    let first = of([0, 1], [1.0, 0.0]);
    for other in [2, 3] {
        for ((name, a), (_, b)) in first.iter().zip(of([0, other], [1.0, 0.0])) {
            assert!((a - b).abs() < 1e-4, "{name}: {a} and {b}");
        }
    }
    let contrastive = |scalars: &[(&'static str, f64)]| {
        scalars.iter().find(|(name, _)| *name == "contrastive").expect("a scalar").1
    };
    assert!(contrastive(&first).abs() < 1e-6, "it has no negatives: {first:?}");
    assert!(contrastive(&of([0, 1], [1.0; 2])) > 1e-3);
}

#[test]
fn the_language_loss_is_what_captions_cost_the_frozen_model() {
    let frozen = small().init(&context(SPACE)).expect("it fits").freeze();
    let batch = batch(SPACE, 8, 0);
    let scalars = frozen.objective(&batch, Seed(3).during(Phase::Validate)).read();
    let of = |name: &str| scalars.iter().find(|(known, _)| *known == name).expect("a scalar").1;
    let captions = batch.captions.clone().expect("captions of images");
    let describer = frozen.describer().expect("a captioner");
    let nats = floats(describer.log_likelihood(batch.values.clone(), captions));
    let mean = nats.iter().sum::<f32>() / nats.len() as f32;
    assert!((of("language") + f64::from(mean)).abs() < 1e-4, "{scalars:?}, {nats:?}");
    let sum = of("contrastive") + of("matching") + of("language");
    assert!((of("loss") - sum).abs() < 1e-4, "{scalars:?}");
    assert_eq!(scalars.len(), 5, "{scalars:?}");
}
