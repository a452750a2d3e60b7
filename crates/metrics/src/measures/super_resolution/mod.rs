//! How well a model that is told images at a lower resolution finds the rest: the mean of its samples beside the image
//! itself and beside interpolation, and whether samples have the low resolution that they were told.

pub mod bicubic;

use crate::{
    context::Context,
    features::host,
    findings::Findings,
    measures::pairs::{mse::mse, psnr::psnr},
    picture,
    requests::low,
};
use bicubic::bicubic;
use burn::tensor::{Device, Tensor};
use genlab_core::{
    Condition, ImageShape, Sample, SampleRequest,
    low_resolution::{downsampled, upsampled},
};
use genlab_results::{
    Direction::{Higher, Lower},
    Entry, Figure, Plot, Rank, Scope, Section,
};

/// Images that are super-resolved: an interval of half a dB.
const IMAGES: usize = 256;
/// Samples behind each mean. So many leave a sixteenth of the samples' own variance in its error.
const MEMBERS: usize = 16;
/// Rows of the picture, and samples in each.
const SHOWN: usize = 10;
const SHOWN_MEMBERS: usize = 4;

/// Of the mean of samples.
const MEAN: Entry = Entry {
    name: "super_resolution/psnr",
    title: "Super-resolution PSNR",
    unit: "dB",
    better: Some(Higher),
    section: Section::Reconstruction,
    rank: Rank::Headline,
    meaning: "Peak signal-to-noise ratio of the mean of 16 samples, each told the image at a lower resolution, per \
              image, then averaged.",
    ..Entry::BASE
};

/// Beside interpolation.
const GAIN: Entry = Entry {
    name: "super_resolution/gain",
    title: "Super-resolution above bicubic",
    rank: Rank::Detail,
    meaning: "The same less that of bicubic interpolation of the image at the lower resolution.",
    ..MEAN
};

/// Of one sample.
const ONE: Entry = Entry {
    name: "super_resolution/psnr_sample",
    title: "Super-resolution PSNR of one sample",
    rank: Rank::Detail,
    meaning: "Peak signal-to-noise ratio of a single sample. A perfect model has about 3 dB less than by the mean: \
              its sample is as far from the mean as the image is.",
    ..MEAN
};

/// Whether samples have what they were told.
const INCONSISTENCY: Entry = Entry {
    name: "super_resolution/inconsistency",
    title: "Inconsistency with the low resolution",
    unit: "grey levels, of 1",
    better: Some(Lower),
    rank: Rank::Detail,
    meaning: "Mean absolute difference of a sample at the lower resolution from what was told.",
    ..MEAN
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 4] = [&MEAN, &GAIN, &ONE, &INCONSISTENCY];

/// Measures a sampler that is told images `factor` times smaller.
pub fn measure(sampler: &dyn Sample, factor: usize, context: &Context<'_>, out: &mut Findings) {
    let truth = context.split().sample(IMAGES);
    let shape = truth.shape();
    let mut found = Found::default();
    let per_call = (context.settings.batch / MEMBERS).max(1);
    for begin in (0..truth.len()).step_by(per_call) {
        let rows: Vec<usize> = (begin..(begin + per_call).min(truth.len())).collect();
        let each: Vec<usize> =
            rows.iter().flat_map(|row| std::iter::repeat_n(*row, MEMBERS)).collect();
        let told = low(&truth, &each, factor, &context.device);
        let request = SampleRequest {
            // Behind the samples that are scored as a set, which have rows of their own.
            first: (context.sample_count() + begin * MEMBERS) as u64,
            condition: Condition::of_low_resolution(told.clone()),
            ..SampleRequest::new(context.seed, each.len())
        };
        let samples = sampler.sample(&request);
        let apart = (downsampled(samples.clone(), factor) - told.images).abs();
        found
            .apart
            .extend(means(&host::floats(apart), low_shape(shape, factor).pixels() * MEMBERS));
        found.samples.extend(host::floats(samples));
    }
    let originals = truth.to_f32();
    if found.samples.iter().any(|x| !x.is_finite()) {
        out.absent(MEAN.name, "the model draws samples that are not finite");
        return;
    }
    let enlarged = Enlarged::new(&originals, shape, factor, &context.device);
    let mean = found.means(shape.pixels());
    let first: Vec<f32> =
        found.samples.chunks(shape.pixels()).step_by(MEMBERS).flatten().copied().collect();
    let ratios = |other: &[f32]| ratios(&originals, other, shape);
    let [mean_ratio, one, cubic, nearest] =
        [&mean, &first, &enlarged.bicubic, &enlarged.nearest].map(|other| ratios(other));
    let gain: Vec<f64> = mean_ratio.iter().zip(&cubic).map(|(a, b)| a - b).collect();
    for (entry, values) in ENTRIES.into_iter().zip([&mean_ratio, &gain, &one, &found.apart]) {
        out.push(context.mean(entry, values));
    }
    out.figures.push(table(&[
        (&format!("mean of {MEMBERS} samples"), &mean_ratio),
        ("one sample", &one),
        ("bicubic interpolation", &cubic),
        ("repetition", &nearest),
    ]));
    let mut shown = Vec::new();
    for row in 0..SHOWN.min(truth.len()) {
        let image =
            |all: &[f32], index: usize| all[index * shape.pixels()..][..shape.pixels()].to_vec();
        shown.extend([image(&enlarged.nearest, row), image(&enlarged.bicubic, row)]);
        shown.extend((0..SHOWN_MEMBERS).map(|m| image(&found.samples, row * MEMBERS + m)));
        shown.extend([image(&mean, row), image(&originals, row)]);
    }
    let shown = host::kept(&shown.concat(), truth.space);
    out.figures.push(Figure {
        name: "super_resolution".into(),
        section: "Super-resolution".into(),
        title: String::new(),
        caption: format!(
            "Each row, from left to right: what was told, its bicubic interpolation, {SHOWN_MEMBERS} samples, the mean of \
             {MEMBERS}, and the image itself."
        ),
        scope: Scope::Run,
        plot: picture::plot(&shown, SHOWN_MEMBERS + 4, None),
    });
}

/// Samples, [`MEMBERS`] an image, and how far those of each are from what was told.
#[derive(Default)]
struct Found {
    samples: Vec<f32>,
    apart: Vec<f64>,
}

impl Found {
    /// The mean of the samples of each image.
    fn means(&self, size: usize) -> Vec<f32> {
        let of = |members: &[f32]| {
            let at = |pixel: usize| members.iter().skip(pixel).step_by(size).sum::<f32>();
            (0..size).map(|pixel| at(pixel) / MEMBERS as f32).collect::<Vec<f32>>()
        };
        self.samples.chunks(size * MEMBERS).flat_map(of).collect()
    }
}

/// What there is without a network: images at the lower resolution, enlarged.
struct Enlarged {
    nearest: Vec<f32>,
    bicubic: Vec<f32>,
}

impl Enlarged {
    fn new(originals: &[f32], shape: ImageShape, factor: usize, device: &Device) -> Self {
        let images: Tensor<4> = host::images(originals.to_vec(), shape, device);
        let told = downsampled(images, factor);
        let small = low_shape(shape, factor);
        let size = [small.height, small.width];
        let cubic = |channel: &[f32]| {
            let low: Vec<f64> = channel.iter().map(|v| f64::from(*v)).collect();
            let high = bicubic(&low, size, factor);
            let rows = high.chunks(small.width * factor).take(shape.height);
            rows.flat_map(|row| row[..shape.width].iter().map(|v| v.clamp(0.0, 1.0) as f32))
                .collect::<Vec<f32>>()
        };
        let bicubic =
            host::floats(told.clone()).chunks(small.height * small.width).flat_map(cubic).collect();
        let nearest = host::floats(upsampled(told, factor, [shape.height, shape.width]));
        Self { nearest, bicubic }
    }
}

fn low_shape(shape: ImageShape, factor: usize) -> ImageShape {
    let [height, width] = [shape.height, shape.width].map(|side| side.div_ceil(factor));
    ImageShape::new(shape.channels, height, width)
}

/// The mean of each stretch of `length`.
fn means(values: &[f32], length: usize) -> Vec<f64> {
    let mean = |part: &[f32]| part.iter().map(|v| f64::from(*v)).sum::<f64>() / length as f64;
    values.chunks(length).map(mean).collect()
}

/// The peak signal-to-noise ratio of each image.
fn ratios(originals: &[f32], others: &[f32], shape: ImageShape) -> Vec<f64> {
    mse(originals, others, shape).into_iter().map(psnr).collect()
}

fn table(rows: &[(&str, &[f64])]) -> Figure {
    let row = |(name, ratios): &(&str, &[f64])| {
        let mean = ratios.iter().sum::<f64>() / ratios.len() as f64;
        vec![(*name).to_owned(), format!("{mean:.2}")]
    };
    Figure {
        name: "super_resolution_psnr".into(),
        section: "Super-resolution".into(),
        title: "Beside interpolation".into(),
        caption: "Peak signal-to-noise ratio per image, averaged.".into(),
        scope: Scope::Run,
        plot: Plot::Table {
            columns: vec!["from the lower resolution by".into(), "PSNR, dB".into()],
            rows: rows.iter().map(row).collect(),
        },
    }
}
