//! The Fréchet distance that infinitely many images would have. Needs a judge, and the setting
//! `frechet_infinity`.

use super::{
    frechet::{FrechetError, frechet_distance},
    measure::SetMeasure,
    pair::Pair,
};
use crate::{findings::Findings, numerics::matrix::Rows};
use genlab_core::{Phase, Seed};
use genlab_results::{Direction::Lower, Entry, Section};
use rayon::prelude::*;

const FRECHET_INFINITY: Entry = Entry {
    name: "samples/frechet_infinity",
    title: "Fréchet distance, n to infinity",
    proper_name: true,
    unit: "judge features",
    better: Some(Lower),
    section: Section::Samples,
    meaning: "The Fréchet distance extrapolated to infinitely many images, which takes off its bias.",
    meaning_beyond_images: "The Fréchet distance extrapolated to infinitely many, which takes off its bias.",
    ..Entry::BASE
};

/// Subset sizes that the line is fitted through.
const SIZES: usize = 10;
/// Subsets of each size.
const DRAWS: usize = 4;
/// The smallest subset is this part of all vectors, so that 1/n is spread without leaving the
/// range where the bias is a straight line.
const SMALLEST: usize = 4;

/// The measure.
pub(super) struct FrechetInfinity;

impl SetMeasure for FrechetInfinity {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&FRECHET_INFINITY]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some([samples, real]) = pair.readings().filter(|_| pair.settings.frechet_infinity)
        else {
            return;
        };
        match frechet_infinity(&samples.features, &real.features, pair.settings.seed) {
            Ok(distance) => out.push(pair.metric(&FRECHET_INFINITY, distance)),
            Err(reason) => out.absent(FRECHET_INFINITY.name, reason),
        }
    }
}

/// The Fréchet distance at 1/n = 0 of the line through its values at ten subset sizes: Chong and
/// Forsyth 2020 (arXiv:1911.07023), whose real side is so large that they shrink the samples alone.
/// Here both sides are shrunk together, so the bias of both is taken off. Unlike a distance it may
/// be slightly negative where the sides agree.
///
/// # Errors
/// When a side has fewer than four times as many vectors as dimensions (half of them must be enough
/// for a Fréchet distance), or something is not finite.
pub fn frechet_infinity(left: &Rows, right: &Rows, seed: Seed) -> Result<f64, FrechetError> {
    let n = left.len().min(right.len());
    if n < 4 * left.dim {
        return Err(FrechetError::TooFewToExtrapolate { dim: left.dim, n });
    }
    let smallest = (n / SMALLEST).max(2 * left.dim);
    let points: Vec<Point> = (0..SIZES * DRAWS)
        .into_par_iter()
        .map(|draw| {
            let size = subset_size(draw / DRAWS, smallest, n);
            let left = subset(left, size, seed, ("frechet-infinity/left", draw as u64));
            let right = subset(right, size, seed, ("frechet-infinity/right", draw as u64));
            Ok(Point { x: 1.0 / size as f64, y: frechet_distance(&left, &right)? })
        })
        .collect::<Result<_, FrechetError>>()?;
    Ok(intercept(&points))
}

struct Point {
    x: f64,
    y: f64,
}

/// Sizes from `smallest` to `n` whose inverses are evenly spaced.
fn subset_size(index: usize, smallest: usize, n: usize) -> usize {
    let along = index as f64 / (SIZES - 1) as f64;
    let inverse = (1.0 - along) / smallest as f64 + along / n as f64;
    ((1.0 / inverse).round() as usize).clamp(smallest, n)
}

fn subset(rows: &Rows, size: usize, seed: Seed, (name, draw): (&str, u64)) -> Rows {
    let order = seed.during(Phase::Evaluate).permutation(name, draw, rows.len());
    let chosen = order[..size].iter().flat_map(|&row| rows.row(row as usize).iter().copied());
    Rows::new(rows.dim, chosen.collect())
}

/// Where the least-squares line meets x = 0.
fn intercept(points: &[Point]) -> f64 {
    let n = points.len() as f64;
    let mean_x = points.iter().map(|p| p.x).sum::<f64>() / n;
    let mean_y = points.iter().map(|p| p.y).sum::<f64>() / n;
    let covariance: f64 = points.iter().map(|p| (p.x - mean_x) * (p.y - mean_y)).sum();
    let variance: f64 = points.iter().map(|p| (p.x - mean_x).powi(2)).sum();
    mean_y - covariance / variance * mean_x
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    /// Standard normals in 8 dimensions, times `scale`.
    fn normals(n: usize, scale: f64, step: u64) -> Rows {
        let mut rng = Seed(11).during(Phase::Evaluate).row("test", step, 0);
        let mut draw = || scale * rng.sample::<f64, _>(rand_distr::StandardNormal);
        Rows::new(8, (0..n * 8).map(|_| draw()).collect())
    }

    #[test]
    fn a_line_is_followed_to_its_intercept() {
        let points: Vec<Point> =
            [1.0, 2.0, 5.0].map(|x| Point { x, y: 3.0 - 0.5 * x }).into_iter().collect();
        assert!((intercept(&points) - 3.0).abs() < 1e-12);
    }

    #[test]
    fn sizes_run_from_the_smallest_to_all() {
        assert_eq!(subset_size(0, 500, 2000), 500);
        assert_eq!(subset_size(SIZES - 1, 500, 2000), 2000);
        assert!((1..SIZES).all(|i| subset_size(i, 500, 2000) > subset_size(i - 1, 500, 2000)));
    }

    #[test]
    fn the_bias_of_few_vectors_is_taken_off() {
        // Between N(0, I) and N(0, 1.21 I) in 8 dimensions: 8 (1.1 - 1)² = 0.08. Of 1600 vectors a side
        // one extrapolated distance spreads by 0.019, so the mean of 32 by 0.0033.
        let mut plain = 0.0;
        let mut extrapolated = 0.0;
        let repeats = 32;
        for step in 0..repeats {
            let (x, y) = (normals(1600, 1.0, 2 * step), normals(1600, 1.1, 2 * step + 1));
            plain += frechet_distance(&x, &y).unwrap() / repeats as f64;
            extrapolated += frechet_infinity(&x, &y, Seed(step)).unwrap() / repeats as f64;
        }
        assert!(plain > 0.105, "{plain}");
        assert!((extrapolated - 0.08).abs() < 0.012, "{extrapolated}");
    }

    #[test]
    fn too_few_vectors_are_refused_with_the_numbers() {
        let error = frechet_infinity(&normals(31, 1.0, 0), &normals(90, 1.0, 1), Seed(0));
        let text = error.unwrap_err().to_string();
        assert!(
            text.contains("8 dimensions needs at least 32 vectors on each side, and there are 31")
        );
    }
}
