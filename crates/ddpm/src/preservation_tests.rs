//! What the base draws is learned from beside the data, and comes back from a checkpoint.

use super::*;
use crate::{DdpmConfig, Guidance, NetworkConfig, SamplerConfig};
use genlab_core::{
    BaseConfig, CaptionConfig, ConditionConfig, Fault, ImageShape, OpenError, OpenRuns, Space,
    Train,
    nn::UNetConfig,
    testing::{self, batch, context, contract, progress},
};
use serde_json::json;
use std::{path::Path, sync::Arc};

const IMAGES: Space = Space::images(ImageShape::new(1, 12, 12));

/// A model that is told captions, in two steps.
fn told() -> DdpmConfig {
    let unet =
        UNetConfig { channels: vec![8, 16], time_embedding_dim: 16, ..UNetConfig::default() };
    let guidance = Guidance::ClassifierFree { scale: 2.0, interval: None };
    DdpmConfig {
        network: NetworkConfig::UNet(unet),
        condition: ConditionConfig::Caption(CaptionConfig::default()),
        sampler: SamplerConfig { guidance, steps: 2, ..SamplerConfig::default() },
        ..DdpmConfig::default()
    }
}

fn preserving(config: DdpmConfig, weight: f64) -> DdpmConfig {
    let base = Some(BaseConfig { run: "base".into(), ..BaseConfig::default() });
    let preservation = Some(PreservationConfig { weight, pictures: 5 });
    DdpmConfig { base, preservation, ..config }
}

/// Opens a run of [`told`], whatever its path.
#[derive(Debug)]
struct OneRun(InitContext);

impl OpenRuns for OneRun {
    fn open(&self, _path: &Path) -> Result<OpenedRun, OpenError> {
        let model = told().init(&self.0).expect("it fits");
        Ok(testing::opened("ddpm", json!(told()), model.as_ref(), &self.0))
    }
}

fn built(config: &DdpmConfig, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
    let runs = Arc::new(OneRun(context.clone()));
    config.init(&InitContext { runs, ..context.clone() })
}

fn drawn() -> Preserved {
    let context = context(IMAGES);
    let run = OneRun(context.clone()).open(Path::new("base")).expect("it opens");
    PreservationConfig { weight: 2.0, pictures: 5 }.draw(Some(&run), &context)
}

fn host(x: Tensor<4>) -> Vec<f32> {
    x.into_data().try_into_vec::<f32>().expect("f32")
}

#[test]
fn the_one_that_preserves_keeps_the_contract() {
    let config = preserving(told(), 1.0);
    contract(&|context| built(&config, context), None);
}

#[test]
fn as_many_pictures_as_the_batch_has_stand_behind_it_in_turn() {
    let (preserved, own) = (drawn(), batch(IMAGES, 4, 8));
    let joined = preserved.join(&own);
    assert_eq!((joined.len(), joined.rows()), (8, 16..24));
    let [all, known, data] = [joined.values, preserved.values, own.values].map(host);
    assert_eq!(all[..4 * 144], data);
    // Rows 8 to 11 of the stream, of five pictures.
    let expected: Vec<f32> =
        [3, 4, 0, 1].iter().flat_map(|row: &usize| known[row * 144..][..144].to_vec()).collect();
    assert_eq!(all[4 * 144..], expected);
}

#[test]
fn the_second_term_counts_as_much_as_its_weight_says() {
    let (preserved, device) = (drawn(), Device::flex());
    let rows = Tensor::<1>::from_floats([1.0, 3.0, 5.0, 9.0], &device);
    let one = |x: Tensor<1>| x.into_data().try_into_vec::<f32>().expect("f32");
    assert_eq!(one(Preserved::own(&rows)), [2.0]);
    assert_eq!(one(preserved.weighted(&rows)), [14.0]);
}

#[test]
fn the_weight_decides_what_is_learned() {
    let context = context(IMAGES);
    let weights = |config: DdpmConfig| {
        let mut model = built(&config, &context).expect("it fits");
        for step in 0..3 {
            drop(model.step(&batch(IMAGES, 4, step * 4), progress(step)));
        }
        let mut out = StateWriter::default();
        model.freeze().weights(&mut out);
        out.into_tensors()
    };
    assert_ne!(weights(preserving(told(), 1e-3)), weights(preserving(told(), 1.0)));
}

#[test]
fn what_cannot_be_preserved_is_refused_with_what_to_set() {
    let fault = |config: DdpmConfig| config.check().expect_err("refused").to_string();
    assert_eq!(
        fault(DdpmConfig { base: None, ..preserving(told(), 1.0) }),
        "preservation is of 5 pictures, but there is no base that could draw them; name a finished run in base.run, or leave \
         preservation out"
    );
    let sampler = SamplerConfig { guidance: Guidance::plain(), ..told().sampler };
    let untold = DdpmConfig { condition: ConditionConfig::None, sampler, ..told() };
    assert!(fault(preserving(untold, 1.0)).ends_with("set condition.kind to caption"));
    assert!(fault(preserving(told(), 0.0)).starts_with("preservation.weight is 0"));
}
