//! The vision transformer beside its twin in PyTorch: from the same weights, on the same images, by the same optimizer,
//! it has the same losses and ends at the same weights. `tests/oracles/vit.py` has the twin.

use crate::{Augmentation, ClassifierConfig, NetworkConfig, VitNetwork, model::Classifier};
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_core::{
    Batch, EmaConfig, ImageShape, InitContext, OptimizerConfig, Space, Train,
    nn::VitConfig,
    params::named_params,
    testing::{context, progress},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fs, path::Path};

/// PyTorch steps in double precision, so what remains is rounding here.
const TOLERANCE: f64 = 1e-4;

#[derive(Deserialize)]
struct Fixture {
    shape: [usize; 3],
    transformer: VitConfig,
    features: usize,
    classes: usize,
    batches: Vec<Images>,
    losses: Vec<f64>,
    initial: BTreeMap<String, Vec<f32>>,
    #[serde(rename = "final")]
    last: BTreeMap<String, Vec<f32>>,
}

#[derive(Deserialize)]
struct Images {
    images: Vec<f32>,
    labels: Vec<i32>,
}

impl Fixture {
    fn read() -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/fixtures/vit.json");
        let text = fs::read_to_string(path).expect("tests/oracles/vit.py makes the fixture");
        serde_json::from_str(&text).expect("the fixture's form")
    }

    fn shape(&self) -> ImageShape {
        let [channels, height, width] = self.shape;
        ImageShape::new(channels, height, width)
    }

    /// A classifier with the twin's initial weights.
    fn model(&self) -> Classifier {
        let network = VitNetwork { transformer: self.transformer, features: self.features };
        let config = ClassifierConfig {
            network: NetworkConfig::Vit(network),
            label_smoothing: 0.0,
            augmentation: Augmentation::off(),
            optimizer: OptimizerConfig::default(),
            ema: EmaConfig::Off,
        };
        let context = context(Space::images(self.shape()));
        let context = InitContext { classes: Some(self.classes), ..context };
        let mut model = config.build(&context).expect("it fits its images");
        model.net.change(&mut |name, value| {
            let initial = &self.initial[name];
            assert_eq!(initial.len(), value.dims()[0], "{name}");
            Tensor::from_data(TensorData::from(initial.as_slice()), &Device::flex())
        });
        model
    }

    fn batch(&self, step: usize) -> Batch {
        let (device, Images { images, labels }) = (Device::flex(), &self.batches[step]);
        let count = labels.len();
        let images = TensorData::new(images.clone(), self.shape().batch(count));
        let labels = TensorData::new(labels.clone(), [count]);
        Batch {
            values: Tensor::from_data(images, &device),
            labels: Some(Tensor::<1, Int>::from_data(labels, &device)),
            past: None,
            captions: None,
            turned: None,
            reworded: None,
            objects: None,
            first: (step * count) as u64,
        }
    }
}

#[test]
fn it_trains_as_its_twin_in_pytorch() {
    let fixture = Fixture::read();
    let mut model = fixture.model();
    assert_eq!(fixture.batches.len(), fixture.losses.len());
    for (step, expected) in fixture.losses.iter().enumerate() {
        let scalars = model.step(&fixture.batch(step), progress(step as u64)).read();
        let loss = scalars.iter().find(|(name, _)| *name == "loss").expect("a loss").1;
        assert!((loss - expected).abs() < TOLERANCE, "step {step}: {loss}, not {expected}");
    }
    let params = named_params(model.net.net());
    assert_eq!(params.len(), fixture.last.len());
    for param in params {
        if param.name.ends_with("attention.k.bias") {
            // It adds the same number to all scores of a query, which softmax takes away: its gradient is zero up to
            // rounding, and Adam makes steps of any sign of that.
            continue;
        }
        let expected = &fixture.last[&param.name];
        let made = param.value.into_data().try_into_vec::<f32>().expect("f32");
        assert_eq!(made.len(), expected.len(), "{}", param.name);
        for (made, expected) in made.iter().zip(expected) {
            let apart = f64::from((made - expected).abs());
            assert!(apart < TOLERANCE, "{}: {made}, not {expected}", param.name);
        }
    }
}
