//! The Fréchet distance between two sets of features, each read as one Gaussian. Needs a judge; the
//! judge says which of the two metrics a distance of its features is.

use super::{
    measure::{Draw, Resampled, SetMeasure, chosen},
    pair::Pair,
};
use crate::{
    features::judge::FeatureSpace,
    findings::Findings,
    numerics::matrix::{Moments, Rows, product, symmetric_eigen, trace},
};
use faer::{Mat, MatRef};
use genlab_results::{Direction::Lower, Entry, Rank, Section};
use rayon::prelude::*;

pub(super) const FRECHET: Entry = Entry {
    name: "samples/frechet",
    title: "Fréchet distance",
    proper_name: true,
    unit: "judge features",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Samples,
    rank: Rank::Leading,
    gloss: "how far samples are from real images; not an Inception FID",
    meaning: "Distance of Gaussians fitted to the judge's features of samples and of real images; \
              not an FID.",
    meaning_beyond_images: "Distance of Gaussians fitted to the coordinates of samples and of real ones.",
    ..Entry::BASE
};

const FID: Entry = Entry {
    name: "samples/fid",
    title: "FID",
    unit: "pool3 features of inception-2015-12-05",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Samples,
    rank: Rank::Leading,
    meaning: "Fréchet inception distance to the real images, in pytorch-fid's features; mind n.",
    ..Entry::BASE
};

/// What the distance is called: a set of samples has one of them.
pub static DISTANCES: [&Entry; 2] = [&FRECHET, &FID];

/// Features whose covariances are decomposed a hundred times without a wait.
const MOST_FEATURES: usize = 256;

/// The measure.
pub(crate) struct Frechet;

/// What a distance between features of a space is called: FID for Inception's alone.
fn entry(space: FeatureSpace) -> &'static Entry {
    match space {
        FeatureSpace::Classifier | FeatureSpace::Coordinates => &FRECHET,
        FeatureSpace::Inception => &FID,
    }
}

impl SetMeasure for Frechet {
    fn entries(&self) -> &'static [&'static Entry] {
        &DISTANCES
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some([samples, real]) = pair.readings() else { return };
        let entry = entry(samples.space);
        match frechet_distance(&samples.features, &real.features) {
            Ok(distance) => out.push(pair.metric(entry, distance)),
            Err(reason) => out.absent(entry.name, reason),
        }
    }

    fn resampled(&self, pair: &Pair<'_>, draws: &[Draw]) -> Vec<Resampled> {
        let Some([samples, real]) = pair.readings() else { return Vec::new() };
        if samples.features.dim > MOST_FEATURES {
            return Vec::new();
        }
        let distance = |draw: &Draw| {
            let left = chosen(&samples.features, &draw.samples);
            frechet_distance(&left, &chosen(&real.features, &draw.real)).ok()
        };
        let values: Option<Vec<f64>> = draws.par_iter().map(distance).collect();
        let found = values.map(|values| Resampled { entry: entry(samples.space), values });
        found.into_iter().collect()
    }
}

/// Why there is no distance.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrechetError {
    /// Too few vectors for a covariance.
    #[error(
        "a Fréchet distance in {dim} dimensions needs at least {} vectors on each side, and there \
         are {n}: evaluate more images", 2 * dim
    )]
    TooFew {
        /// Dimension of the features.
        dim: usize,
        /// Vectors on the smaller side.
        n: usize,
    },
    /// Too few vectors for a line through distances of subsets.
    #[error(
        "an extrapolated Fréchet distance in {dim} dimensions needs at least {} vectors on each \
         side, and there are {n}: evaluate more images", 4 * dim
    )]
    TooFewToExtrapolate {
        /// Dimension of the features.
        dim: usize,
        /// Vectors on the smaller side.
        n: usize,
    },
    /// The two sides are not in one space.
    #[error("features of dimension {left} and {right} cannot be compared")]
    Dimensions {
        /// Dimension of one side.
        left: usize,
        /// Dimension of the other.
        right: usize,
    },
    /// The features hold a NaN or an infinity.
    #[error("the features are not finite, so their covariance has no eigenvalues")]
    NotFinite,
}

/// `|m1 - m2|² + tr(S1 + S2 - 2 (S1^½ S2 S1^½)^½)` with unbiased covariances: Dowson and Landau
/// 1982, the formula of Heusel et al. 2017 (arXiv:1706.08500). The square roots come from symmetric
/// eigendecompositions in f64, so the argument of the outer root is symmetric by construction and
/// rounding can only make eigenvalues slightly negative, which count as 0.
///
/// # Errors
/// When a side has fewer than twice as many vectors as dimensions, or something is not finite.
pub fn frechet_distance(left: &Rows, right: &Rows) -> Result<f64, FrechetError> {
    if left.dim != right.dim {
        return Err(FrechetError::Dimensions { left: left.dim, right: right.dim });
    }
    let n = left.len().min(right.len());
    if n < 2 * left.dim {
        return Err(FrechetError::TooFew { dim: left.dim, n });
    }
    between_gaussians(&left.moments(), &right.moments())
}

/// The same between two Gaussians.
///
/// # Errors
/// When a covariance is not finite.
pub fn between_gaussians(left: &Moments, right: &Moments) -> Result<f64, FrechetError> {
    let root = square_root(left.covariance.as_ref())?;
    let inner = product(product(root.as_ref(), right.covariance.as_ref()).as_ref(), root.as_ref());
    let eigen = symmetric_eigen(inner.as_ref()).ok_or(FrechetError::NotFinite)?;
    let cross: f64 = eigen.values.iter().map(|v| v.max(0.0).sqrt()).sum();
    let means: f64 = left.mean.iter().zip(&right.mean).map(|(a, b)| (a - b).powi(2)).sum();
    let traces = trace(left.covariance.as_ref()) + trace(right.covariance.as_ref());
    // Two equal sets give a tiny number of either sign; a distance is not negative.
    Ok((means + traces - 2.0 * cross).max(0.0))
}

/// The symmetric square root of a symmetric positive semidefinite matrix.
fn square_root(matrix: MatRef<'_, f64>) -> Result<Mat<f64>, FrechetError> {
    let eigen = symmetric_eigen(matrix).ok_or(FrechetError::NotFinite)?;
    let mut scaled = eigen.vectors.clone();
    for (col, value) in scaled.col_iter_mut().zip(&eigen.values) {
        let root = value.max(0.0).sqrt();
        col.iter_mut().for_each(|v| *v *= root);
    }
    Ok(product(scaled.as_ref(), eigen.vectors.transpose()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors that fill all dimensions.
    fn wave(n: usize, dim: usize, frequency: f64) -> Rows {
        Rows::new(dim, (0..n * dim).map(|i| ((i * i) as f64 * frequency).sin()).collect())
    }

    #[test]
    fn the_distance_of_a_set_to_itself_is_zero() {
        let x = wave(50, 4, 0.731);
        assert!(frechet_distance(&x, &x).unwrap() < 1e-10);
    }

    #[test]
    fn a_shift_counts_by_its_squared_length() {
        let x = wave(50, 4, 0.731);
        let y = Rows::new(4, x.values.iter().map(|v| v + 3.0).collect());
        assert!((frechet_distance(&x, &y).unwrap() - 36.0).abs() < 1e-10);
    }

    #[test]
    fn diagonal_gaussians_differ_by_their_standard_deviations() {
        let gaussian = |sd: [f64; 2]| Moments {
            mean: vec![0.0, 0.0],
            covariance: faer::mat![[sd[0] * sd[0], 0.0], [0.0, sd[1] * sd[1]]],
        };
        let distance = between_gaussians(&gaussian([1.0, 5.0]), &gaussian([3.0, 0.0])).unwrap();
        assert!((distance - (4.0 + 25.0)).abs() < 1e-12, "{distance}");
    }

    #[test]
    fn too_few_vectors_are_refused_with_the_numbers() {
        let error = frechet_distance(&wave(7, 4, 0.3), &wave(50, 4, 0.3)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a Fréchet distance in 4 dimensions needs at least 8 vectors on each side, and there \
             are 7: evaluate more images"
        );
    }
}
