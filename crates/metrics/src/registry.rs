//! What every metric is called, measured in, and for: written once, read by metrics and reports.

use crate::result::Direction::{self, Higher, Lower};

/// One kind of metric.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricKind {
    /// The name in `results.json`.
    pub name: &'static str,
    /// A short title for tables.
    pub title: &'static str,
    /// The unit.
    pub unit: &'static str,
    /// Which way it improves; None where neither way is better.
    pub better: Option<Direction>,
    /// One line on what it says.
    pub meaning: &'static str,
}

/// The metric of that name.
pub fn describe(name: &str) -> Option<&'static MetricKind> {
    METRICS.iter().find(|kind| kind.name == name)
}

const fn kind(
    name: &'static str,
    title: &'static str,
    unit: &'static str,
    better: Option<Direction>,
    meaning: &'static str,
) -> MetricKind {
    MetricKind { name, title, unit, better, meaning }
}

/// Every metric, in the order of reports.
pub const METRICS: &[MetricKind] = &[
    kind(
        "reconstruction/mse",
        "Reconstruction MSE",
        "per pixel, [0,1]",
        Some(Lower),
        "Mean squared difference between an image and its reconstruction.",
    ),
    kind(
        "reconstruction/psnr",
        "Reconstruction PSNR",
        "dB",
        Some(Higher),
        "Peak signal-to-noise ratio per image, then averaged; the same as MSE on a log scale.",
    ),
    kind(
        "reconstruction/ssim",
        "Reconstruction SSIM",
        "index, at most 1",
        Some(Higher),
        "Structural similarity in Gaussian windows (scikit-image's definition).",
    ),
    kind(
        "reconstruction/lpips",
        "Reconstruction LPIPS",
        "distance, 0 for equal images",
        Some(Lower),
        "Learned perceptual distance in AlexNet's features (Zhang et al. 2018, version 0.1).",
    ),
    kind(
        "reconstruction/nll",
        "Reconstruction NLL",
        "nats per image",
        Some(Lower),
        "Expected -log p(x|z) under the posterior; one of the terms of the negative ELBO.",
    ),
    kind(
        "negative_elbo",
        "Negative ELBO",
        "nats per image",
        Some(Lower),
        "Upper bound on -log p(x); for Bernoulli pixels on test images binarised once.",
    ),
    kind(
        "elbo",
        "ELBO",
        "nats per image",
        Some(Higher),
        "Lower bound on log p(x): the negative of `negative_elbo`.",
    ),
    kind(
        "negative_elbo_grey",
        "Negative ELBO, grey pixels",
        "nats per image (cross-entropy, no likelihood)",
        Some(Lower),
        "The training objective on grey images: comparable between runs, but not a likelihood.",
    ),
    kind(
        "kl/total",
        "KL to the prior",
        "nats per image",
        None,
        "Information that the code carries about the image.",
    ),
    kind(
        "kl/active_units",
        "Active units",
        "latent dimensions",
        None,
        "Dimensions whose posterior mean varies over images by more than 0.01 (Burda et al. 2016).",
    ),
    kind(
        "kl/moment_matched",
        "Moment-matched KL",
        "nats",
        None,
        "KL to N(0, I) of one Gaussian with the codes' mean and covariance.",
    ),
    kind(
        "sparsity/l0",
        "Active fraction",
        "fraction of units",
        None,
        "Share of code units that are on, averaged over images.",
    ),
    kind(
        "sparsity/dead",
        "Dead units",
        "units",
        Some(Lower),
        "Code units that are off for every test image.",
    ),
    kind(
        "samples/frechet",
        "Frechet distance",
        "judge features",
        Some(Lower),
        "Distance of Gaussians fitted to the judge's features of samples and of test images; no FID.",
    ),
    kind(
        "samples/fid",
        "FID",
        "pool3 features of inception-2015-12-05",
        Some(Lower),
        "Frechet inception distance to the test images, in pytorch-fid's features; mind n.",
    ),
    kind(
        "samples/kernel_distance",
        "Kernel distance",
        "judge features",
        Some(Lower),
        "Unbiased squared MMD with a cubic polynomial kernel on the judge's features.",
    ),
    kind(
        "samples/precision",
        "Precision",
        "fraction of samples",
        Some(Higher),
        "Samples that lie in the neighbourhood of some test image.",
    ),
    kind(
        "samples/recall",
        "Recall",
        "fraction of test images",
        Some(Higher),
        "Test images that lie in the neighbourhood of some sample.",
    ),
    kind(
        "samples/density",
        "Density",
        "ratio, about 1 for real images",
        Some(Higher),
        "How many test neighbourhoods a sample lies in, over k.",
    ),
    kind(
        "samples/coverage",
        "Coverage",
        "fraction of test images",
        Some(Higher),
        "Test images with at least one sample in their neighbourhood.",
    ),
    kind(
        "samples/classifier_score",
        "Classifier score",
        "1 to the number of classes",
        Some(Higher),
        "Inception score with the judge as classifier: sure of each sample, even over classes.",
    ),
    kind(
        "samples/class_kl",
        "Class KL",
        "nats",
        Some(Lower),
        "KL of the samples' class histogram from the test images' (both as the judge reads them).",
    ),
    kind(
        "cost/params",
        "Parameters",
        "numbers",
        Some(Lower),
        "Trained parameters, all networks together.",
    ),
    kind(
        "cost/train_seconds",
        "Training time",
        "seconds",
        Some(Lower),
        "Wall-clock time of the training loop.",
    ),
    kind(
        "cost/images_per_second",
        "Training speed",
        "images per second",
        Some(Higher),
        "Training images per wall-clock second.",
    ),
    kind(
        "cost/peak_memory_bytes",
        "Peak memory",
        "bytes",
        Some(Lower),
        "Largest resident size of the process.",
    ),
    kind(
        "cost/network_calls_per_sample",
        "Network calls per sample",
        "calls",
        Some(Lower),
        "Network evaluations that one sample takes.",
    ),
    kind(
        "cost/seconds_per_sample",
        "Sampling time",
        "seconds per sample",
        Some(Lower),
        "Wall-clock time of sampling in batches, per sample.",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_named_once_and_says_what_it_means() {
        for (i, kind) in METRICS.iter().enumerate() {
            assert!(METRICS[..i].iter().all(|other| other.name != kind.name), "{}", kind.name);
            assert!(!kind.unit.is_empty() && kind.meaning.ends_with('.'), "{}", kind.name);
        }
    }
}
