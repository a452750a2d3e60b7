//! A catalogue of a few metrics, so that reports are tested without whoever measures.

use genlab_results::{
    Catalogue,
    Direction::{Higher, Lower},
    Entry, Rank, Section, Style,
};

static ENTRIES: [Entry; 18] = [
    Entry {
        name: "reconstruction/mse",
        title: "Reconstruction MSE",
        unit: "per pixel, [0,1]",
        better: Some(Lower),
        rank: Rank::Leading,
        meaning: "Mean squared difference between an image and its reconstruction.",
        ..RECONSTRUCTION
    },
    Entry {
        name: "reconstruction/ssim",
        title: "Reconstruction SSIM",
        unit: "index, at most 1",
        better: Some(Higher),
        range: [-1.0, 1.0],
        rank: Rank::Headline,
        meaning: "Structural similarity.",
        ..RECONSTRUCTION
    },
    Entry {
        name: "negative_elbo",
        title: "Negative ELBO",
        unit: "nats per image",
        better: Some(Lower),
        rank: Rank::Leading,
        meaning: "Upper bound on -log p(x).",
        ..LIKELIHOOD
    },
    Entry {
        name: "kl/total",
        title: "KL to the prior",
        unit: "nats per image",
        rank: Rank::Headline,
        meaning: "Information that the code carries about the image.",
        ..LIKELIHOOD
    },
    Entry {
        name: "kl/active_units",
        title: "Active units",
        unit: "latent dimensions",
        style: Style::Count,
        meaning: "Dimensions in use.",
        ..LIKELIHOOD
    },
    Entry {
        name: "latent/probe_accuracy",
        title: "Probe accuracy",
        unit: "fraction of images",
        better: Some(Higher),
        section: Section::Latent,
        rank: Rank::Leading,
        meaning: "A linear classifier fitted on training codes.",
        ..Entry::BASE
    },
    Entry {
        name: "captions/all",
        title: "Captions drawn in full",
        unit: "fraction of samples",
        better: Some(Higher),
        range: [0.0, 1.0],
        rank: Rank::Leading,
        meaning: "Samples that show all that their caption says.",
        ..SAMPLES
    },
    Entry {
        name: "captions/digit",
        title: "Digits as told",
        unit: "fraction of objects",
        better: Some(Higher),
        range: [0.0, 1.0],
        meaning: "Objects of the digit that the caption says.",
        ..SAMPLES
    },
    Entry {
        name: "samples/frechet",
        title: "Fréchet distance",
        proper_name: true,
        unit: "judge features",
        better: Some(Lower),
        range: [0.0, f64::INFINITY],
        rank: Rank::Leading,
        meaning: "Distance of Gaussians fitted to the judge's features.",
        ..SAMPLES
    },
    Entry {
        name: "samples/coverage",
        title: "Coverage",
        unit: "fraction of real images",
        better: Some(Higher),
        range: [0.0, 1.0],
        rank: Rank::Leading,
        meaning: "Real images with at least one sample in their neighbourhood.",
        ..SAMPLES
    },
    Entry {
        name: "samples/precision",
        title: "Precision",
        unit: "fraction of samples",
        better: Some(Higher),
        range: [0.0, 1.0],
        meaning: "Samples that lie in the neighbourhood of some real image.",
        ..SAMPLES
    },
    Entry {
        name: "samples/recall",
        title: "Recall",
        unit: "fraction of real images",
        better: Some(Higher),
        range: [0.0, 1.0],
        meaning: "Real images that lie in the neighbourhood of some sample.",
        ..SAMPLES
    },
    Entry {
        name: "cost/params",
        title: "Parameters",
        unit: "numbers",
        style: Style::Count,
        rank: Rank::Headline,
        ..COST
    },
    Entry {
        name: "cost/train_seconds",
        title: "Training time",
        unit: "seconds",
        style: Style::Seconds,
        rank: Rank::Headline,
        ..COST
    },
    Entry {
        name: "cost/images_per_second",
        title: "Training speed",
        unit: "images per second",
        better: Some(Higher),
        ..COST
    },
    Entry {
        name: "cost/peak_memory_bytes",
        title: "Peak memory",
        unit: "bytes",
        style: Style::Bytes,
        ..COST
    },
    Entry {
        name: "cost/network_calls_per_sample",
        title: "Network calls per sample",
        unit: "calls",
        style: Style::Count,
        ..COST
    },
    Entry {
        name: "cost/seconds_per_sample",
        title: "Sampling time",
        unit: "seconds per sample",
        style: Style::Seconds,
        ..COST
    },
];

const RECONSTRUCTION: Entry = Entry { section: Section::Reconstruction, ..Entry::BASE };
const LIKELIHOOD: Entry = Entry { section: Section::Likelihood, ..Entry::BASE };
const SAMPLES: Entry = Entry { section: Section::Samples, ..Entry::BASE };
const COST: Entry =
    Entry { better: Some(Lower), section: Section::Cost, meaning: "What it takes.", ..Entry::BASE };

pub(crate) fn catalogue() -> Catalogue {
    Catalogue::new(&ENTRIES)
}
