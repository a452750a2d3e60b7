//! Finished runs whose encoder of captions others begin with.

use super::{
    Build, IMAGES, context,
    finished::opened,
    progress,
    trained::{self, every_weight_has_moved},
};
use crate::{
    batch::{Batch, Progress},
    checkpoint::NamedTensor,
    condition::{Captions, Condition},
    context::{InitContext, Start},
    ema::EmaConfig,
    model::{Generative, Train},
    nn::{CaptionEmbedding, TextConfig, init_module},
    noise::{Noise, Seed},
    opened::{OpenError, OpenRuns, OpenedRun},
    optim::{Optimized, OptimizerConfig},
    params::named_params,
    scalars::Scalars,
    state::{CheckpointError, StateReader, StateWriter},
};
use burn::{module::Module, tensor::Device};
use serde_json::json;
use std::{collections::BTreeMap, path::Path, sync::Arc};

/// Opens a run of a model that reads such captions and does nothing else, whatever its path.
#[derive(Clone, Copy, Debug)]
pub struct Reader(pub Captions);

/// What it is called in networks that begin with it.
const ENCODER: &str = "caption.encoder.";

impl Reader {
    /// The parameters of its encoder by name, averaged as others take them over.
    pub fn encoder(self) -> BTreeMap<String, Vec<f32>> {
        of_encoder(&self.trained().net.frozen())
    }

    /// The same as they stand, without an average.
    pub fn raw_encoder(self) -> BTreeMap<String, Vec<f32>> {
        of_encoder(&self.trained().net.raw())
    }

    fn trained(self) -> Reading {
        let net = init_module(Seed(77), "reader", &Device::flex(), |device| Net {
            text: CaptionEmbedding::new(self.0, 4, 1.0, device),
        });
        let mut reading =
            Reading { net: Optimized::new(net, OptimizerConfig::default(), EmaConfig::of(0.5)) };
        for step in 0..3 {
            drop(reading.step(&super::batch(IMAGES, 2, 0), progress(step)));
        }
        reading
    }
}

impl OpenRuns for Reader {
    fn open(&self, _path: &Path) -> Result<OpenedRun, OpenError> {
        let settings = json!({ "text": self.0.text });
        Ok(opened("clip", settings, &self.trained(), &context(IMAGES)))
    }
}

/// Its network.
#[derive(Module, Debug)]
struct Net {
    text: CaptionEmbedding,
}

fn of_encoder(net: &Net) -> BTreeMap<String, Vec<f32>> {
    let params = named_params(net).into_iter().filter_map(|param| {
        let name = param.name.strip_prefix("text.encoder.")?.to_owned();
        Some((name, super::host(param.value)))
    });
    params.collect()
}

/// A model that only reads, in training.
struct Reading {
    net: Optimized<Net>,
}

impl Train for Reading {
    /// Towards nothing read in captions without words, however long those of the batch are.
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let read = self.net.net().text.forward(&Condition::default(), batch.len());
        self.net.descend(read.square().mean(), at);
        Scalars::new()
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(Frozen(self.net.frozen()))
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct Frozen(Net);

impl Generative for Frozen {
    fn num_params(&self) -> usize {
        self.0.num_params()
    }

    fn objective(&self, _batch: &Batch, _noise: Noise) -> Scalars {
        Scalars::new()
    }
}

/// That a model of so many networks, told captions by encoders of the default size that begin with a run, takes over that
/// of the run in each of them, trains it, and does not need the run once all weights are put back.
///
/// # Panics
/// When the model breaks any part of it.
pub fn encoders_begin_with_a_run(build: Build<'_>, networks: usize) {
    let alone = context(IMAGES);
    let words = alone.words.expect("images have captions");
    let reader = Reader(Captions { words, text: TextConfig::default() });
    let mut model =
        build(&InitContext { runs: Arc::new(reader), ..alone.clone() }).expect("it fits");
    let before = encoders(model.as_ref());
    let expected = reader.encoder();
    assert_eq!(before.len(), networks * expected.len(), "every network has an encoder");
    for (name, _, begun) in &before {
        let (_, name) = name.split_once(ENCODER).expect("an encoder");
        assert_eq!(*begun, expected[name], "{name}");
    }
    for step in 0..4 {
        drop(model.step(&super::batch(IMAGES, 8, step * 8), progress(step)));
    }
    every_weight_has_moved(&before, &encoders(model.as_ref()));

    assert!(build(&alone).is_err(), "there is no such run");
    let restored = InitContext { start: Start::Restored, ..alone };
    assert!(build(&restored).is_ok(), "the run is not needed any more");
}

/// The parameters of all encoders of captions that a model trains.
fn encoders(model: &dyn Train) -> Vec<NamedTensor> {
    let weights = trained::weights(model).into_iter();
    weights.filter(|(name, ..)| name.contains(ENCODER)).collect()
}
