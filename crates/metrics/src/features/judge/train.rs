//! How the judges were trained: a fixed, seeded recipe for the one trainer of classifiers.

use super::{Architecture, Judge, JudgeError};
use crate::numerics::matrix::{Rows, trace};
use burn::{module::Module, tensor::Device};
use genlab_classifier::{
    Augmentation, ClassifierConfig, ClassifierNet, ConvNetwork, Mirror, NetworkConfig,
};
use genlab_core::{
    EmaConfig, ImageShape, InitContext, NoRuns, OptimizerConfig, Progress, Seed, Start, Train,
    checkpoint::CheckpointState,
    params::{named_params, update_params},
    trainer::{self, Flow, Line, Observer, Plan, Precision},
};
use genlab_data::{BatchStream, Values};
use safetensors::tensor::{Dtype, TensorView};
use std::{convert::Infallible, sync::Arc};

/// Images whose features fix the scale of the feature space.
pub(super) const SCALE_IMAGES: usize = 5000;

/// Everything that decides a judge's weights beside the data and its network.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Passes over the data.
    pub epochs: usize,
    /// Images per step.
    pub batch: usize,
    /// Peak learning rate of Adam, and of Muon for scenes; it rises over a tenth of the steps and falls as a cosine.
    pub learning_rate: f64,
    /// How images are changed each time they are seen.
    pub augmentation: Augmentation,
    /// Probability mass that the target spreads over all classes.
    pub smoothing: f64,
    /// Decay of the weights' average.
    pub ema: f64,
    /// Seed of weights, order and shifts.
    pub seed: Seed,
}

/// The version of [`Recipe::for_labelled`]: a judge of another version is another judge.
pub const LABELLED_RECIPE: u32 = 3;
/// Images that a judge trained on first use sees, about.
const LABELLED_BUDGET: usize = 80_000;
/// Passes over the data, at least and at most: few over large data, not endless over small.
const LABELLED_EPOCHS: [usize; 2] = [2, 60];
/// Sides from which shapes survive a shift of two pixels.
const SHIFTED_BY_TWO: usize = 16;

impl Recipe {
    /// The recipe of judges trained on first use, on `count` images: about 80,000 images in 2 to 60
    /// epochs. Images move a little; whether they may be mirrored is not known, so they are not.
    pub fn for_labelled(count: usize, shape: ImageShape) -> Self {
        let [fewest, most] = LABELLED_EPOCHS;
        let small = shape.height.min(shape.width) < SHIFTED_BY_TWO;
        Self {
            epochs: LABELLED_BUDGET.div_ceil(count.max(1)).clamp(fewest, most),
            augmentation: shifted(if small { 1 } else { 2 }),
            batch: if count < 5000 { 32 } else { 64 },
            ..Self::of("")
        }
    }

    /// The recipe of the judge of that name.
    pub fn of(name: &str) -> Self {
        let base = Self {
            epochs: 5,
            batch: 64,
            learning_rate: 2e-3,
            augmentation: shifted(2),
            smoothing: 0.05,
            ema: 0.998,
            seed: Seed(0),
        };
        match name {
            "fashion-28" => {
                let augmentation = Augmentation { shift: 0, mirror: Mirror::Half };
                Self { epochs: 7, augmentation, ..base }
            }
            "scenes-32" => {
                Self { epochs: 3, learning_rate: 0.01, augmentation: Augmentation::off(), ..base }
            }
            "digits-8" => Self { epochs: 100, augmentation: shifted(1), batch: 32, ..base },
            _ => base,
        }
    }
}

fn shifted(shift: usize) -> Augmentation {
    Augmentation { shift, mirror: Mirror::Never }
}

impl Recipe {
    /// Images that a judge sees.
    fn total(&self, images: &Values) -> u64 {
        (self.epochs * images.len()) as u64
    }

    /// The classifier that is trained, with a network of this architecture.
    fn classifier(&self, architecture: &Architecture) -> ClassifierConfig {
        let layers = architecture.convolutions.iter();
        let convolutions = layers.map(|(channels, stride)| [*channels, *stride]).collect();
        let base = ClassifierConfig::default();
        ClassifierConfig {
            network: NetworkConfig::Conv(ConvNetwork {
                convolutions: Some(convolutions),
                features: Some(architecture.features),
            }),
            label_smoothing: self.smoothing,
            augmentation: self.augmentation,
            optimizer: OptimizerConfig { learning_rate: self.learning_rate, ..base.optimizer },
            ema: EmaConfig::of(self.ema),
        }
    }
}

/// Trains a judge on labelled images and returns its weights as a safetensors file. `progress` is
/// told the mean loss of each epoch.
///
/// # Panics
/// When the images have no labels or another shape than the judge's.
pub fn train(
    architecture: &Architecture,
    images: &Values,
    recipe: &Recipe,
    device: &Device,
    progress: &dyn Fn(&str),
) -> Vec<u8> {
    assert_eq!(images.shape(), architecture.shape, "images of the judge's size");
    let total_images = recipe.total(images);
    let context = InitContext {
        space: images.space,
        classes: Some(architecture.classes),
        past: None,
        words: None,
        objects: None,
        total_images,
        device: device.clone(),
        seed: recipe.seed,
        runs: Arc::new(NoRuns),
        start: Start::Fresh,
    };
    let classifier = recipe.classifier(architecture).build(&context);
    let mut classifier = classifier.expect("a recipe fits labelled images of several classes");
    fit(&mut classifier, images, recipe, device, progress);
    to_bytes(with_unit_features(classifier.frozen().net, images, device))
}

/// Trains a model as the recipe says.
pub(super) fn fit(
    model: &mut dyn Train,
    images: &Values,
    recipe: &Recipe,
    device: &Device,
    progress: &dyn Fn(&str),
) {
    let plan = Plan {
        seed: recipe.seed,
        batch_size: recipe.batch,
        total_images: recipe.total(images),
        log_every: images.len().div_ceil(recipe.batch) as u64,
        precision: Precision::F32,
    };
    let stream = BatchStream::new(images, recipe.seed, recipe.batch, device);
    let batches = |step| stream.batch(step);
    let mut watch = Epochs { progress, count: recipe.epochs, seen: 0 };
    let Ok(_) = trainer::train(model, &batches, &plan, CheckpointState::default(), &mut watch);
}

/// Tells of each epoch. A judge is trained at one go, so nothing is saved on the way.
struct Epochs<'a> {
    progress: &'a dyn Fn(&str),
    count: usize,
    seen: usize,
}

impl Observer for Epochs<'_> {
    type Error = Infallible;

    fn stepped(&mut self, _at: Progress, _seconds: f64) -> Flow {
        Flow::Continue
    }

    fn logged(&mut self, line: &Line<'_>, _model: &dyn Train) -> Result<(), Infallible> {
        self.seen += 1;
        let loss = line.scalars.iter().find(|(name, _)| name == "loss");
        let loss = loss.map_or(f64::NAN, |(_, loss)| *loss);
        (self.progress)(&format!("epoch {} of {}: loss {loss:.4}", self.seen, self.count));
        Ok(())
    }

    fn save(&mut self, _state: CheckpointState, _model: &dyn Train) -> Result<(), Infallible> {
        Ok(())
    }
}

/// Share of images whose largest probability is their label.
///
/// # Errors
/// When the bytes are not the judge's weights.
pub fn accuracy(
    architecture: &Architecture,
    bytes: &[u8],
    images: &Values,
    device: &Device,
) -> Result<f64, JudgeError> {
    let judge = Judge::from_bytes("in training", architecture, bytes, device)?;
    let probabilities = judge.read(&images.tensor(0..images.len(), device)).probabilities;
    let probabilities = probabilities.expect("a judge in training is a classifier");
    Ok(share_right(&probabilities, images.labels.as_deref().unwrap_or_default()))
}

/// Share of rows whose largest probability is their label's.
pub(super) fn share_right(probabilities: &Rows, labels: &[u32]) -> f64 {
    let right = probabilities.iter().zip(labels).filter(|(row, label)| {
        row.iter().enumerate().all(|(k, p)| k == **label as usize || p < &row[**label as usize])
    });
    right.count() as f64 / probabilities.len() as f64
}

/// The same classifier with features of mean variance 1, so that distances mean about the same
/// under every judge. ReLU lets a positive factor pass: what the hidden layer loses the classifier
/// gains.
pub(super) fn with_unit_features(
    net: ClassifierNet,
    images: &Values,
    device: &Device,
) -> ClassifierNet {
    let (images, count) = (images.sample(SCALE_IMAGES), SCALE_IMAGES.min(images.len()));
    let features: Vec<f32> = (0..count)
        .step_by(250)
        .flat_map(|first| {
            let batch = images.tensor(first..(first + 250).min(count), device);
            crate::features::host::floats(net.forward(batch).features)
        })
        .collect();
    let dim = features.len() / count;
    let scale = scale(&Rows::from_f32(dim, &features));
    update_params(net, &mut |name, _, value| match name {
        "hidden.weight" | "hidden.bias" => value / scale,
        "classes.weight" => value * scale,
        _ => value,
    })
}

/// What features must be divided by to have mean variance 1; 1 for features that are all alike.
pub(super) fn scale(features: &Rows) -> f64 {
    let covariance = features.moments().covariance;
    let scale = (trace(covariance.as_ref()) / features.dim as f64).sqrt();
    if scale > 0.0 { scale } else { 1.0 }
}

pub(super) fn to_bytes(net: ClassifierNet) -> Vec<u8> {
    let params = named_params(&net.no_grad());
    let parts: Vec<(String, Vec<usize>, Vec<u8>)> = params
        .into_iter()
        .map(|param| {
            let bytes =
                crate::features::host::floats(param.value).into_iter().flat_map(f32::to_le_bytes);
            (param.name, param.shape, bytes.collect())
        })
        .collect();
    let views = parts.iter().map(|(name, shape, bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes);
        (name, view.expect("four bytes per value"))
    });
    safetensors::serialize(views, None).expect("named f32 tensors serialise")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::features::judge::JUDGES;

    fn stripes(count: usize) -> Values {
        let shape = ImageShape::new(1, 8, 8);
        let pixels = (0..count * 64).map(|i| if (i % 8) == (i / 64) % 4 * 2 { 255 } else { 0 });
        let labels = (0..count).map(|i| (i % 4) as u32).collect();
        Values::images(shape, pixels.collect()).with_labels(Some(labels))
    }

    #[test]
    fn a_trained_judge_tells_stripes_apart_and_equal_seeds_give_equal_bytes() {
        let device = Device::flex();
        let digits = &JUDGES[2].architecture;
        let recipe = Recipe { epochs: 10, ema: 0.9, ..Recipe::of("digits-8") };
        let recipe = Recipe { augmentation: Augmentation::off(), ..recipe };
        let once = train(digits, &stripes(96), &recipe, &device, &|_| ());
        let again = train(digits, &stripes(96), &recipe, &device, &|_| ());
        assert_eq!(once, again);
        assert_eq!(accuracy(digits, &once, &stripes(20), &device).unwrap(), 1.0);
        let judge = Judge::from_bytes("digits-8", digits, &once, &device).unwrap();
        let features = judge.read(&stripes(96).tensor(0..96, &device)).features;
        let covariance = features.moments().covariance;
        assert!((crate::numerics::matrix::trace(covariance.as_ref()) / 32.0 - 1.0).abs() < 1e-3);
    }
}
