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

/// Where reports put the metric of that name; after all others if it is unknown.
pub fn place(name: &str) -> usize {
    METRICS.iter().position(|kind| kind.name == name).unwrap_or(METRICS.len())
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
        "reconstruction/mse_noise_0.1",
        "MSE from noise 0.1",
        "per pixel, [0,1]",
        Some(Lower),
        "Error against the clean image of a reconstruction from it with Gaussian noise of sd 0.1.",
    ),
    kind(
        "reconstruction/mse_noise_0.3",
        "MSE from noise 0.3",
        "per pixel, [0,1]",
        Some(Lower),
        "Error against the clean image of a reconstruction from it with Gaussian noise of sd 0.3.",
    ),
    kind(
        "reconstruction/mse_noise_0.5",
        "MSE from noise 0.5",
        "per pixel, [0,1]",
        Some(Lower),
        "Error against the clean image of a reconstruction from it with Gaussian noise of sd 0.5.",
    ),
    kind(
        "reconstruction/mse_masked_0.25",
        "MSE from a quarter masked",
        "per pixel, [0,1]",
        Some(Lower),
        "Error against the clean image of a reconstruction from it with a quarter of its pixels black.",
    ),
    kind(
        "reconstruction/mse_masked_0.5",
        "MSE from half masked",
        "per pixel, [0,1]",
        Some(Lower),
        "Error against the clean image of a reconstruction from it with half of its pixels black.",
    ),
    kind(
        "reconstruction/mse_inverted",
        "MSE by search",
        "per pixel, [0,1]",
        Some(Lower),
        "Error of the image that comes of the noise found for it; the unit names the method.",
    ),
    kind(
        "reconstruction/psnr_inverted",
        "PSNR by search",
        "dB",
        Some(Higher),
        "Peak signal-to-noise ratio of the same image.",
    ),
    kind(
        "reconstruction/ssim_inverted",
        "SSIM by search",
        "index, at most 1",
        Some(Higher),
        "Structural similarity of the same image.",
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
        "nll/binarised",
        "Importance-sampled NLL",
        "nats per image",
        Some(Lower),
        "-log p(x) of binarised images by importance sampling with k draws; an upper bound that tightens with k.",
    ),
    kind(
        "nll/bits_per_dim_binarised",
        "Bits per dimension, binarised",
        "bits per dimension",
        Some(Lower),
        "The same over ln 2 and the number of pixels; a fair coin per pixel takes 1.",
    ),
    kind(
        "nll/density",
        "Importance-sampled NLL of the density",
        "nats per image",
        Some(Lower),
        "-log p(x) of a density of grey pixels in [0, 1], by importance sampling with k draws; may be negative.",
    ),
    kind(
        "nll/bits_per_dim_density",
        "Bits per dimension of the density",
        "bits per dimension",
        Some(Lower),
        "The same over ln 2 and the number of pixel values; add 8 for levels of 0 to 255.",
    ),
    kind(
        "kl/total",
        "KL to the prior",
        "nats per image",
        None,
        "Information that the code carries about the image.",
    ),
    kind(
        "kl/mutual_information",
        "Mutual information",
        "nats per image",
        None,
        "What a code tells about which image it came from: at most ln n, and at most the KL.",
    ),
    kind(
        "kl/aggregated",
        "KL of all codes to the prior",
        "nats per image",
        None,
        "KL of the mixture of all posteriors to the prior: what the KL holds beside the information.",
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
        "latent/probe_accuracy",
        "Probe accuracy",
        "fraction of images",
        Some(Higher),
        "A linear classifier fitted on training codes, on those of the split.",
    ),
    kind(
        "latent/probe_accuracy_pca",
        "Probe accuracy, PCA",
        "fraction of images",
        None,
        "The same on as many principal components as the code has dimensions: no network.",
    ),
    kind(
        "latent/probe_accuracy_pixels",
        "Probe accuracy, pixels",
        "fraction of images",
        None,
        "The same on the pixels themselves: no code at all.",
    ),
    kind(
        "latent/knn_accuracy",
        "5-NN accuracy",
        "fraction of images",
        Some(Higher),
        "The commonest class among the five nearest training codes.",
    ),
    kind(
        "latent/knn_accuracy_pca",
        "5-NN accuracy, PCA",
        "fraction of images",
        None,
        "The same on as many principal components as the code has dimensions: no network.",
    ),
    kind(
        "latent/knn_accuracy_pixels",
        "5-NN accuracy, pixels",
        "fraction of images",
        None,
        "The same on the pixels themselves: no code at all.",
    ),
    kind(
        "sparsity/l0",
        "Active fraction",
        "fraction of units",
        None,
        "Share of code units that are on, averaged over images.",
    ),
    kind(
        "sparsity/hoyer",
        "Hoyer sparseness",
        "0 to 1",
        None,
        "0 where all units are equally large, 1 where one is on; averaged over codes that are not zero.",
    ),
    kind(
        "sparsity/dead",
        "Dead units",
        "units",
        Some(Lower),
        "Code units that are off for every test image.",
    ),
    // Frechet distance and coverage lead: precision, density and the classifier's confidence can be
    // fooled by sets that nobody would accept.
    kind(
        "sparsity/always_on",
        "Always-on units",
        "units",
        None,
        "Code units that are on for every test image.",
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
        "samples/frechet_infinity",
        "Frechet distance, n to infinity",
        "judge features",
        Some(Lower),
        "The Frechet distance extrapolated to infinitely many images, which takes off its bias.",
    ),
    kind(
        "samples/coverage",
        "Coverage",
        "fraction of test images",
        Some(Higher),
        "Test images with at least one sample in their neighbourhood.",
    ),
    kind(
        "samples/kernel_distance",
        "Kernel distance",
        "judge features",
        Some(Lower),
        "Unbiased squared MMD with a cubic polynomial kernel on the judge's features.",
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
        "samples/precision",
        "Precision",
        "fraction of samples",
        Some(Higher),
        "Samples that lie in the neighbourhood of some test image.",
    ),
    kind(
        "samples/memorised",
        "Memorised",
        "fraction of samples, 0.05 for fresh real images",
        None,
        "Samples as close to one single training image as one test image in twenty is.",
    ),
    kind(
        "samples/roughness",
        "Roughness",
        "ratio, 1 for real images",
        None,
        "Mean difference of neighbouring pixels over the test images': noise lies above 1, blur below.",
    ),
    kind(
        "samples/modes",
        "Modes covered",
        "classes",
        Some(Higher),
        "Classes of the test images that hold at least one sample, as the judge reads them.",
    ),
    kind(
        "samples/class_kl",
        "Class KL",
        "nats",
        Some(Lower),
        "KL of the samples' class histogram from the test images' (both as the judge reads them).",
    ),
    kind(
        "samples/class_kl_forward",
        "Class KL, forward",
        "nats",
        Some(Lower),
        "KL of the test images' class histogram from the samples', half a sample added to each class.",
    ),
    kind(
        "samples/classifier_score",
        "Classifier score",
        "1 to the number of classes",
        Some(Higher),
        "Inception score with the judge as classifier: sure of each sample, even over classes.",
    ),
    kind(
        "samples/sliced_wasserstein",
        "Sliced Wasserstein",
        "pixels, [0,1]",
        Some(Lower),
        "1-Wasserstein distance of the pixels along random directions; needs no judge.",
    ),
    kind(
        "samples/pixel_mmd",
        "Pixel MMD",
        "squared MMD, 0 to 2",
        Some(Lower),
        "Unbiased squared MMD of the pixels with a Gaussian kernel; needs no judge.",
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
