//! Every metric: what it is called, measured in, and for.

use genlab_results::{
    Catalogue,
    Direction::{Higher, Lower},
    Entry, Metric, NotFinite, Rank, Section, Style,
};
use std::sync::LazyLock;

/// Every entry, in the order of reports.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(&METRICS));

/// A metric by the name of its entry.
///
/// # Errors
/// When `value` is not finite.
///
/// # Panics
/// When the catalogue has no such entry.
pub fn metric(name: &str, split: &str, value: f64, n: usize) -> Result<Metric, NotFinite> {
    let entry = CATALOGUE.get(name).expect("the catalogue knows every metric");
    Metric::new(entry, split, value, n)
}

static METRICS: [Entry; 57] = [
    Entry {
        name: "reconstruction/mse",
        title: "Reconstruction MSE",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        section: Section::Reconstruction,
        rank: Rank::Leading,
        meaning: "Mean squared difference between an image and its reconstruction.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/psnr",
        title: "Reconstruction PSNR",
        unit: "dB",
        better: Some(Higher),
        section: Section::Reconstruction,
        meaning: "Peak signal-to-noise ratio per image, then averaged; the same as MSE on a log scale.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/ssim",
        title: "Reconstruction SSIM",
        unit: "index, at most 1",
        better: Some(Higher),
        section: Section::Reconstruction,
        rank: Rank::Headline,
        meaning: "Structural similarity in Gaussian windows (scikit-image's definition).",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/lpips",
        title: "Reconstruction LPIPS",
        unit: "distance, 0 for equal images",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Learned perceptual distance in AlexNet's features (Zhang et al. 2018, version 0.1).",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/mse_noise_0.1",
        title: "MSE from noise 0.1",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Error against the clean image of a reconstruction from it with Gaussian noise of sd 0.1.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/mse_noise_0.3",
        title: "MSE from noise 0.3",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Error against the clean image of a reconstruction from it with Gaussian noise of sd 0.3.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/mse_noise_0.5",
        title: "MSE from noise 0.5",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Error against the clean image of a reconstruction from it with Gaussian noise of sd 0.5.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/mse_masked_0.25",
        title: "MSE from a quarter masked",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Error against the clean image of a reconstruction from it with a quarter of its pixels black.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/mse_masked_0.5",
        title: "MSE from half masked",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Error against the clean image of a reconstruction from it with half of its pixels black.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/mse_inverted",
        title: "MSE by search",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Error of the image that comes of the noise found for it; the unit names the method.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/psnr_inverted",
        title: "PSNR by search",
        unit: "dB",
        better: Some(Higher),
        section: Section::Reconstruction,
        meaning: "Peak signal-to-noise ratio of the same image.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/ssim_inverted",
        title: "SSIM by search",
        unit: "index, at most 1",
        better: Some(Higher),
        section: Section::Reconstruction,
        meaning: "Structural similarity of the same image.",
        ..Entry::BASE
    },
    Entry {
        name: "reconstruction/nll",
        title: "Reconstruction NLL",
        unit: "nats per image",
        better: Some(Lower),
        section: Section::Reconstruction,
        meaning: "Expected -log p(x|z) under the posterior; one of the terms of the negative ELBO.",
        ..Entry::BASE
    },
    Entry {
        name: "negative_elbo",
        title: "Negative ELBO",
        unit: "nats per image",
        better: Some(Lower),
        section: Section::Likelihood,
        rank: Rank::Leading,
        meaning: "Upper bound on -log p(x); for Bernoulli pixels on test images binarised once.",
        ..Entry::BASE
    },
    Entry {
        name: "elbo",
        title: "ELBO",
        unit: "nats per image",
        better: Some(Higher),
        section: Section::Likelihood,
        meaning: "Lower bound on log p(x): the negative of `negative_elbo`.",
        ..Entry::BASE
    },
    Entry {
        name: "negative_elbo_grey",
        title: "Negative ELBO, grey pixels",
        unit: "nats per image (cross-entropy, no likelihood)",
        better: Some(Lower),
        section: Section::Likelihood,
        meaning: "The training objective on grey images: comparable between runs, but not a likelihood.",
        ..Entry::BASE
    },
    Entry {
        name: "nll/binarised",
        title: "Importance-sampled NLL",
        unit: "nats per image",
        better: Some(Lower),
        section: Section::Likelihood,
        meaning: "-log p(x) of binarised images by importance sampling with k draws; an upper bound that tightens with k.",
        ..Entry::BASE
    },
    Entry {
        name: "nll/bits_per_dim_binarised",
        title: "Bits per dimension, binarised",
        unit: "bits per dimension",
        better: Some(Lower),
        section: Section::Likelihood,
        meaning: "The same over ln 2 and the number of pixels; a fair coin per pixel takes 1.",
        ..Entry::BASE
    },
    Entry {
        name: "nll/density",
        title: "Importance-sampled NLL of the density",
        unit: "nats per image",
        better: Some(Lower),
        section: Section::Likelihood,
        meaning: "-log p(x) of a density of grey pixels in [0, 1], by importance sampling with k draws; may be negative.",
        ..Entry::BASE
    },
    Entry {
        name: "nll/bits_per_dim_density",
        title: "Bits per dimension of the density",
        unit: "bits per dimension",
        better: Some(Lower),
        section: Section::Likelihood,
        meaning: "The same over ln 2 and the number of pixel values; add 8 for levels of 0 to 255.",
        ..Entry::BASE
    },
    Entry {
        name: "kl/total",
        title: "KL to the prior",
        unit: "nats per image",
        section: Section::Likelihood,
        rank: Rank::Headline,
        meaning: "Information that the code carries about the image.",
        ..Entry::BASE
    },
    Entry {
        name: "kl/mutual_information",
        title: "Mutual information",
        unit: "nats per image",
        section: Section::Likelihood,
        meaning: "What a code tells about which image it came from: at most ln n, and at most the KL.",
        ..Entry::BASE
    },
    Entry {
        name: "kl/aggregated",
        title: "KL of all codes to the prior",
        unit: "nats per image",
        section: Section::Likelihood,
        meaning: "KL of the mixture of all posteriors to the prior: what the KL holds beside the information.",
        ..Entry::BASE
    },
    Entry {
        name: "kl/active_units",
        title: "Active units",
        unit: "latent dimensions",
        section: Section::Likelihood,
        style: Style::Count,
        meaning: "Dimensions whose posterior mean varies over images by more than 0.01 (Burda et al. 2016).",
        ..Entry::BASE
    },
    Entry {
        name: "kl/moment_matched",
        title: "Moment-matched KL",
        unit: "nats",
        section: Section::Likelihood,
        meaning: "KL to N(0, I) of one Gaussian with the codes' mean and covariance.",
        ..Entry::BASE
    },
    Entry {
        name: "latent/probe_accuracy",
        title: "Probe accuracy",
        unit: "fraction of images",
        better: Some(Higher),
        section: Section::Latent,
        rank: Rank::Leading,
        meaning: "A linear classifier fitted on training codes, on those of the split.",
        ..Entry::BASE
    },
    Entry {
        name: "latent/probe_accuracy_pca",
        title: "Probe accuracy, PCA",
        unit: "fraction of images",
        section: Section::Latent,
        meaning: "The same on as many principal components as the code has dimensions: no network.",
        ..Entry::BASE
    },
    Entry {
        name: "latent/probe_accuracy_pixels",
        title: "Probe accuracy, pixels",
        unit: "fraction of images",
        section: Section::Latent,
        meaning: "The same on the pixels themselves: no code at all.",
        ..Entry::BASE
    },
    Entry {
        name: "latent/knn_accuracy",
        title: "5-NN accuracy",
        unit: "fraction of images",
        better: Some(Higher),
        section: Section::Latent,
        meaning: "The commonest class among the five nearest training codes.",
        ..Entry::BASE
    },
    Entry {
        name: "latent/knn_accuracy_pca",
        title: "5-NN accuracy, PCA",
        unit: "fraction of images",
        section: Section::Latent,
        meaning: "The same on as many principal components as the code has dimensions: no network.",
        ..Entry::BASE
    },
    Entry {
        name: "latent/knn_accuracy_pixels",
        title: "5-NN accuracy, pixels",
        unit: "fraction of images",
        section: Section::Latent,
        meaning: "The same on the pixels themselves: no code at all.",
        ..Entry::BASE
    },
    Entry {
        name: "sparsity/l0",
        title: "Active fraction",
        unit: "fraction of units",
        section: Section::Sparsity,
        meaning: "Share of code units that are on, averaged over images.",
        ..Entry::BASE
    },
    Entry {
        name: "sparsity/hoyer",
        title: "Hoyer sparseness",
        unit: "0 to 1",
        section: Section::Sparsity,
        meaning: "0 where all units are equally large, 1 where one is on; averaged over codes that are not zero.",
        ..Entry::BASE
    },
    Entry {
        name: "sparsity/dead",
        title: "Dead units",
        unit: "units",
        better: Some(Lower),
        section: Section::Sparsity,
        style: Style::Count,
        meaning: "Code units that are off for every test image.",
        ..Entry::BASE
    },
    Entry {
        name: "sparsity/always_on",
        title: "Always-on units",
        unit: "units",
        section: Section::Sparsity,
        style: Style::Count,
        meaning: "Code units that are on for every test image.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/frechet",
        title: "Fréchet distance",
        proper_name: true,
        unit: "judge features",
        better: Some(Lower),
        range: [0.0, f64::INFINITY],
        section: Section::Samples,
        rank: Rank::Leading,
        meaning: "Distance of Gaussians fitted to the judge's features of samples and of test images; no FID.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/fid",
        title: "FID",
        unit: "pool3 features of inception-2015-12-05",
        better: Some(Lower),
        range: [0.0, f64::INFINITY],
        section: Section::Samples,
        rank: Rank::Leading,
        meaning: "Fréchet inception distance to the test images, in pytorch-fid's features; mind n.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/frechet_infinity",
        title: "Fréchet distance, n to infinity",
        proper_name: true,
        unit: "judge features",
        better: Some(Lower),
        section: Section::Samples,
        meaning: "The Fréchet distance extrapolated to infinitely many images, which takes off its bias.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/coverage",
        title: "Coverage",
        unit: "fraction of test images",
        better: Some(Higher),
        range: [0.0, 1.0],
        section: Section::Samples,
        rank: Rank::Leading,
        meaning: "Test images with at least one sample in their neighbourhood.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/kernel_distance",
        title: "Kernel distance",
        unit: "judge features",
        better: Some(Lower),
        section: Section::Samples,
        meaning: "Unbiased squared MMD with a cubic polynomial kernel on the judge's features.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/recall",
        title: "Recall",
        unit: "fraction of test images",
        better: Some(Higher),
        range: [0.0, 1.0],
        section: Section::Samples,
        meaning: "Test images that lie in the neighbourhood of some sample.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/density",
        title: "Density",
        unit: "ratio, about 1 for real images",
        better: Some(Higher),
        range: [0.0, f64::INFINITY],
        section: Section::Samples,
        meaning: "How many test neighbourhoods a sample lies in, over k.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/precision",
        title: "Precision",
        unit: "fraction of samples",
        better: Some(Higher),
        range: [0.0, 1.0],
        section: Section::Samples,
        meaning: "Samples that lie in the neighbourhood of some test image.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/memorised",
        title: "Memorised",
        unit: "fraction of samples, 0.05 for fresh real images",
        section: Section::Samples,
        meaning: "Samples as close to one single training image as one test image in twenty is.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/roughness",
        title: "Roughness",
        unit: "ratio, 1 for real images",
        section: Section::Samples,
        meaning: "Mean difference of neighbouring pixels over the test images': noise lies above 1, blur below.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/modes",
        title: "Modes covered",
        unit: "classes",
        better: Some(Higher),
        section: Section::Samples,
        style: Style::Count,
        meaning: "Classes of the test images that hold at least one sample, as the judge reads them.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/class_kl",
        title: "Class KL",
        unit: "nats",
        better: Some(Lower),
        range: [0.0, f64::INFINITY],
        section: Section::Samples,
        meaning: "KL of the samples' class histogram from the test images' (both as the judge reads them).",
        ..Entry::BASE
    },
    Entry {
        name: "samples/class_kl_forward",
        title: "Class KL, forward",
        unit: "nats",
        better: Some(Lower),
        range: [0.0, f64::INFINITY],
        section: Section::Samples,
        meaning: "KL of the test images' class histogram from the samples', half a sample added to each class.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/classifier_score",
        title: "Classifier score",
        unit: "1 to the number of classes",
        better: Some(Higher),
        range: [1.0, f64::INFINITY],
        section: Section::Samples,
        meaning: "Inception score with the judge as classifier: sure of each sample, even over classes.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/sliced_wasserstein",
        title: "Sliced Wasserstein",
        unit: "pixels, [0,1]",
        better: Some(Lower),
        section: Section::Samples,
        meaning: "1-Wasserstein distance of the pixels along random directions; needs no judge.",
        ..Entry::BASE
    },
    Entry {
        name: "samples/pixel_mmd",
        title: "Pixel MMD",
        unit: "squared MMD, 0 to 2",
        better: Some(Lower),
        section: Section::Samples,
        meaning: "Unbiased squared MMD of the pixels with a Gaussian kernel; needs no judge.",
        ..Entry::BASE
    },
    Entry {
        name: "cost/params",
        title: "Parameters",
        unit: "numbers",
        better: Some(Lower),
        section: Section::Cost,
        style: Style::Count,
        rank: Rank::Headline,
        meaning: "Trained parameters, all networks together.",
        ..Entry::BASE
    },
    Entry {
        name: "cost/train_seconds",
        title: "Training time",
        unit: "seconds",
        better: Some(Lower),
        section: Section::Cost,
        style: Style::Seconds,
        rank: Rank::Headline,
        meaning: "Wall-clock time of the training loop.",
        ..Entry::BASE
    },
    Entry {
        name: "cost/images_per_second",
        title: "Training speed",
        unit: "images per second",
        better: Some(Higher),
        section: Section::Cost,
        meaning: "Training images per wall-clock second.",
        ..Entry::BASE
    },
    Entry {
        name: "cost/peak_memory_bytes",
        title: "Peak memory",
        unit: "bytes",
        better: Some(Lower),
        section: Section::Cost,
        style: Style::Bytes,
        meaning: "Largest resident size of the process.",
        ..Entry::BASE
    },
    Entry {
        name: "cost/network_calls_per_sample",
        title: "Network calls per sample",
        unit: "calls",
        better: Some(Lower),
        section: Section::Cost,
        style: Style::Count,
        meaning: "Network evaluations that one sample takes.",
        ..Entry::BASE
    },
    Entry {
        name: "cost/seconds_per_sample",
        title: "Sampling time",
        unit: "seconds per sample",
        better: Some(Lower),
        section: Section::Cost,
        style: Style::Seconds,
        meaning: "Wall-clock time of sampling in batches, per sample.",
        ..Entry::BASE
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_is_named_once_and_says_what_it_means() {
        for (i, kind) in METRICS.iter().enumerate() {
            assert!(METRICS[..i].iter().all(|other| other.name != kind.name), "{}", kind.name);
            assert!(!kind.title.is_empty() && !kind.unit.is_empty() && !kind.meaning.is_empty());
        }
    }
}
