//! How the judges were trained: a fixed, seeded recipe.

use super::{Architecture, Judge, JudgeError, Reading, net::JudgeNet};
use crate::numerics::matrix::Rows;
use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData, activation::log_softmax},
};
use genlab_core::{
    EmaConfig, ImageShape, LearningRateSchedule, Optimized, OptimizerConfig, Phase, Progress, Seed,
    nn::init_module,
    params::{named_params, update_params},
};
use genlab_data::Values;
use rand::RngExt;
use safetensors::tensor::{Dtype, TensorView};

/// Images whose features fix the scale of the feature space.
const SCALE_IMAGES: usize = 5000;

/// Everything that decides a judge's weights beside the data.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recipe {
    /// Passes over the data.
    pub epochs: usize,
    /// Images per step.
    pub batch: usize,
    /// Peak learning rate of Adam; it rises over a tenth of the steps and falls as a cosine.
    pub learning_rate: f64,
    /// Each image moves by up to this many pixels to each side, filled with black.
    pub shift: usize,
    /// Whether half of the images are mirrored.
    pub mirror: Mirror,
    /// Probability mass that the target spreads over all classes.
    pub smoothing: f64,
    /// Decay of the weights' average.
    pub ema: f64,
    /// Seed of weights, order and shifts.
    pub seed: Seed,
}

/// Whether left and right may change places.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mirror {
    /// Never: a mirrored digit is another sign.
    Never,
    /// For half of the images.
    Half,
}

/// The version of [`Recipe::for_labelled`]: a judge of another version is another judge.
pub const LABELLED_RECIPE: u32 = 2;
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
            shift: if small { 1 } else { 2 },
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
            shift: 2,
            mirror: Mirror::Never,
            smoothing: 0.05,
            ema: 0.998,
            seed: Seed(0),
        };
        match name {
            "fashion-28" => Self { epochs: 7, shift: 0, mirror: Mirror::Half, ..base },
            "digits-8" => Self { epochs: 100, shift: 1, batch: 32, ..base },
            _ => base,
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
    let steps_per_epoch = images.len().div_ceil(recipe.batch);
    let net = init_module(recipe.seed, "judge/net", device, |device| {
        JudgeNet::init(architecture, device)
    });
    let optimizer = OptimizerConfig {
        learning_rate: recipe.learning_rate,
        schedule: LearningRateSchedule::Cosine,
        warmup: 0.1,
        ..OptimizerConfig::default()
    };
    let mut net = Optimized::new(net, optimizer, EmaConfig::Exponential { decay: recipe.ema });
    let total_images = (recipe.epochs * images.len()) as u64;
    let mut seen = 0;
    for epoch in 0..recipe.epochs {
        let order =
            recipe.seed.during(Phase::Train).permutation("judge/order", epoch as u64, images.len());
        let mut losses = Tensor::<1>::zeros([1], device);
        for (step, rows) in order.chunks(recipe.batch).enumerate() {
            let batch = augmented(images, rows, recipe, epoch as u64, device);
            let targets =
                smoothed_targets(images, rows, architecture.classes, recipe.smoothing, device);
            let logits = net.net().forward(batch).logits;
            let loss = -(log_softmax(logits, 1) * targets).sum() / rows.len() as f64;
            losses = losses + loss.clone().inner();
            let at = Progress {
                step: (epoch * steps_per_epoch + step) as u64,
                images: seen,
                total_images,
                seed: recipe.seed,
            };
            net.descend(loss, at);
            seen += rows.len() as u64;
        }
        let mean = f64::from(crate::features::host::floats(losses)[0]) / steps_per_epoch as f64;
        progress(&format!("epoch {} of {}: loss {mean:.4}", epoch + 1, recipe.epochs));
    }
    let frozen = net.frozen();
    to_bytes(with_unit_features(frozen, images, device))
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
    let Reading { probabilities, .. } = judge.read(&images.tensor(0..images.len(), device));
    let probabilities = probabilities.expect("a judge in training is a classifier");
    let labels = images.labels.as_deref().unwrap_or_default();
    let right = probabilities.iter().zip(labels).filter(|(row, label)| {
        row.iter().enumerate().all(|(k, p)| k == **label as usize || p < &row[**label as usize])
    });
    Ok(right.count() as f64 / images.len() as f64)
}

/// Shifted (and mirrored) copies of the images at `rows`: `[B, C, H, W]` in [0, 1].
fn augmented(
    images: &Values,
    rows: &[u32],
    recipe: &Recipe,
    epoch: u64,
    device: &Device,
) -> Tensor<4> {
    let ImageShape { height, width, .. } = images.shape();
    let mut out = Vec::with_capacity(rows.len() * images.shape().pixels());
    let reach = recipe.shift as i64;
    for &row in rows {
        let mut rng = recipe.seed.during(Phase::Train).row("judge/shift", epoch, u64::from(row));
        let (dy, dx) = (rng.random_range(-reach..=reach), rng.random_range(-reach..=reach));
        let mirrored = recipe.mirror == Mirror::Half && rng.random::<f64>() < 0.5;
        for plane in images.image(row as usize).chunks(height * width) {
            let at = |y: i64, x: i64| {
                let inside = (0..height as i64).contains(&y) && (0..width as i64).contains(&x);
                if inside { f32::from(plane[y as usize * width + x as usize]) / 255.0 } else { 0.0 }
            };
            for y in 0..height as i64 {
                for x in 0..width as i64 {
                    let x = if mirrored { width as i64 - 1 - x } else { x };
                    out.push(at(y + dy, x + dx));
                }
            }
        }
    }
    Tensor::from_data(TensorData::new(out, images.shape().batch(rows.len())), device)
}

fn smoothed_targets(
    images: &Values,
    rows: &[u32],
    classes: usize,
    smoothing: f64,
    device: &Device,
) -> Tensor<2> {
    let labels = images.labels.as_ref().expect("a judge is trained on labelled images");
    let mut out = vec![(smoothing / classes as f64) as f32; rows.len() * classes];
    for (target, &row) in out.chunks_mut(classes).zip(rows) {
        target[labels[row as usize] as usize] += (1.0 - smoothing) as f32;
    }
    Tensor::from_data(TensorData::new(out, [rows.len(), classes]), device)
}

/// The same classifier with features of mean variance 1, so that distances mean about the same
/// under every judge. ReLU lets a positive factor pass: what the hidden layer loses the classifier
/// gains.
fn with_unit_features(net: JudgeNet, images: &Values, device: &Device) -> JudgeNet {
    let count = SCALE_IMAGES.min(images.len());
    let features: Vec<f32> = (0..count)
        .step_by(250)
        .flat_map(|first| {
            let batch = images.tensor(first..(first + 250).min(count), device);
            crate::features::host::floats(net.forward(batch).features)
        })
        .collect();
    let dim = features.len() / count;
    let covariance = Rows::from_f32(dim, &features).moments().covariance;
    let scale = (crate::numerics::matrix::trace(covariance.as_ref()) / dim as f64).sqrt();
    update_params(net, &mut |name, _, value| match name {
        "hidden.weight" | "hidden.bias" => value / scale,
        "classes.weight" => value * scale,
        _ => value,
    })
}

fn to_bytes(net: JudgeNet) -> Vec<u8> {
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
        let recipe = Recipe { epochs: 10, shift: 0, ema: 0.9, ..Recipe::of("digits-8") };
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
