//! Structural similarity.

use super::measure::{PairMeasure, Pairs, per_image};
use crate::context::Context;
use genlab_core::{ImageShape, Kind};
use genlab_results::{Direction::Higher, Entry, Rank, Section};

const SSIM: Entry = Entry {
    name: "reconstruction/ssim",
    title: "Reconstruction SSIM",
    unit: "index, at most 1",
    better: Some(Higher),
    section: Section::Reconstruction,
    rank: Rank::Headline,
    gloss: "likeness of structure",
    meaning: "Structural similarity in Gaussian windows (scikit-image's definition).",
    ..Entry::BASE
};

const SEARCHED: Entry = Entry {
    name: "reconstruction/ssim_inverted",
    title: "SSIM by search",
    rank: Rank::Detail,
    meaning: "Structural similarity of the same image.",
    ..SSIM
};

/// Standard deviation of SSIM's window.
const SIGMA: f64 = 1.5;
/// The window reaches this many pixels to each side: int(3.5 σ + 0.5).
const RADIUS: usize = 5;
/// The stabilising constants (0.01 R)² and (0.03 R)² for a data range R of 1.
const C1: f64 = 1e-4;
const C2: f64 = 9e-4;

/// The measure.
pub(super) struct Ssim;

impl PairMeasure for Ssim {
    fn plain(&self) -> &'static Entry {
        &SSIM
    }

    fn searched(&self) -> Option<&'static Entry> {
        Some(&SEARCHED)
    }

    fn values(&self, pairs: &Pairs, context: &Context<'_>) -> Option<Vec<f64>> {
        if context.dataset.space.kind != Kind::Images {
            return None;
        }
        let [images, others] = pairs.floats();
        ssim(images, others, context.dataset.space.shape)
    }

    fn note(&self, context: &Context<'_>) -> Option<String> {
        let (space, width) = (context.dataset.space, 2 * RADIUS + 1);
        let shape = space.shape;
        (space.kind == Kind::Images && !fits(shape)).then(|| {
            format!(
                "{} is absent: images of {shape} are smaller than its {width}x{width} window.",
                SSIM.name
            )
        })
    }
}

/// Whether the window fits into images of this shape.
fn fits(shape: ImageShape) -> bool {
    shape.height.min(shape.width) > 2 * RADIUS
}

/// Structural similarity of each image, averaged over channels, for a data range of 1. Equal to
/// scikit-image's `structural_similarity(gaussian_weights=True, sigma=1.5,
/// use_sample_covariance=False)` after Wang et al. 2004: an 11 x 11 window, and only windows that
/// lie wholly inside the image count, so no border rule enters. None for images smaller than the
/// window.
pub fn ssim(images: &[f32], others: &[f32], shape: ImageShape) -> Option<Vec<f64>> {
    if !fits(shape) {
        return None;
    }
    let window = gaussian_window();
    Some(per_image(images, others, shape, |a, b| {
        let plane = shape.height * shape.width;
        let channels = a.chunks(plane).zip(b.chunks(plane));
        channels.map(|(a, b)| ssim_plane(a, b, shape, &window)).sum::<f64>() / shape.channels as f64
    }))
}

fn gaussian_window() -> [f64; 2 * RADIUS + 1] {
    let window: [f64; 2 * RADIUS + 1] = std::array::from_fn(|i| {
        let x = i as f64 - RADIUS as f64;
        (-0.5 * x * x / (SIGMA * SIGMA)).exp()
    });
    let total: f64 = window.iter().sum();
    window.map(|w| w / total)
}

fn ssim_plane(a: &[f32], b: &[f32], shape: ImageShape, window: &[f64]) -> f64 {
    let smooth = |value: &dyn Fn(f64, f64) -> f64| {
        let plane: Vec<f64> =
            a.iter().zip(b).map(|(a, b)| value(f64::from(*a), f64::from(*b))).collect();
        blur(&plane, shape.height, shape.width, window)
    };
    let (mean_a, mean_b) = (smooth(&|a, _| a), smooth(&|_, b| b));
    let (aa, bb, ab) = (smooth(&|a, _| a * a), smooth(&|_, b| b * b), smooth(&|a, b| a * b));
    let total: f64 = (0..mean_a.len())
        .map(|i| {
            let (m, n) = (mean_a[i], mean_b[i]);
            let (var_a, var_b, cov) = (aa[i] - m * m, bb[i] - n * n, ab[i] - m * n);
            (2.0 * m * n + C1) * (2.0 * cov + C2) / ((m * m + n * n + C1) * (var_a + var_b + C2))
        })
        .sum();
    total / mean_a.len() as f64
}

/// Convolves rows, then columns, keeping only full windows.
fn blur(plane: &[f64], height: usize, width: usize, window: &[f64]) -> Vec<f64> {
    let (out_height, out_width) = (height + 1 - window.len(), width + 1 - window.len());
    let rows: Vec<f64> = plane
        .chunks(width)
        .flat_map(|row| row.windows(window.len()).map(|part| dot(part, window)))
        .collect();
    let mut out = vec![0.0; out_height * out_width];
    for (y, out) in out.chunks_mut(out_width).enumerate() {
        for (tap, row) in window.iter().zip(rows[y * out_width..].chunks(out_width)) {
            out.iter_mut().zip(row).for_each(|(sum, value)| *sum += tap * value);
        }
    }
    out
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: ImageShape = ImageShape::new(1, 12, 14);

    #[test]
    fn an_image_is_like_itself() {
        let wave = |i: usize| 0.5 + 0.5 * (i as f32 * 0.3).sin();
        let x: Vec<f32> = (0..2 * SHAPE.pixels()).map(wave).collect();
        assert!(ssim(&x, &x, SHAPE).unwrap().iter().all(|s| (s - 1.0).abs() < 1e-12));
    }

    #[test]
    fn ssim_of_two_flat_images_is_the_luminance_term() {
        let (a, b) = (vec![0.25; SHAPE.pixels()], vec![0.75; SHAPE.pixels()]);
        let expected = (2.0 * 0.25 * 0.75 + C1) / (0.25 * 0.25 + 0.75 * 0.75 + C1);
        assert!((ssim(&a, &b, SHAPE).unwrap()[0] - expected).abs() < 1e-12);
    }

    #[test]
    fn images_smaller_than_the_window_have_no_ssim() {
        assert!(ssim(&[0.0; 64], &[0.0; 64], ImageShape::new(1, 8, 8)).is_none());
    }
}
