//! How many different things a set of samples shows.

use super::{
    measure::{Draw, Resampled, SetMeasure, chosen},
    pair::Pair,
};
use crate::{
    findings::Findings,
    numerics::matrix::{Rows, columns, gram, symmetric_eigen},
};
use genlab_results::{Entry, Section};
use rayon::prelude::*;

const VENDI: Entry = Entry {
    name: "samples/vendi",
    title: "Vendi score",
    unit: "effective number of different samples",
    range: [1.0, f64::INFINITY],
    section: Section::Samples,
    meaning: "Diversity of the samples alone, by the spread of their features' directions; hold it \
              against the real images'.",
    meaning_beyond_images: "Diversity of the samples alone, by the spread of their directions; hold it against \
                            that of real ones.",
    ..Entry::BASE
};

/// Features whose matrix is decomposed a hundred times without a wait.
const MOST_FEATURES: usize = 256;

/// The measure. Needs a judge, and no real images.
pub(super) struct Vendi;

impl SetMeasure for Vendi {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&VENDI]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some([samples, _]) = pair.readings() else { return };
        match vendi_score(&samples.features) {
            Some(score) => out.push(pair.metric(&VENDI, score)),
            None => out.absent(VENDI.name, "the features of the samples have no direction"),
        }
    }

    fn resampled(&self, pair: &Pair<'_>, draws: &[Draw]) -> Vec<Resampled> {
        let Some([samples, _]) = pair.readings() else { return Vec::new() };
        let features = &samples.features;
        if features.dim > MOST_FEATURES {
            return Vec::new();
        }
        let score = |draw: &Draw| vendi_score(&chosen(features, &draw.samples));
        let values: Option<Vec<f64>> = draws.par_iter().map(score).collect();
        values.map(|values| Resampled { entry: &VENDI, values }).into_iter().collect()
    }
}

/// exp(−Σ λᵢ ln λᵢ) over the eigenvalues of K/n, with kᵢⱼ the cosine of rows i and j: Eq. 1 of Friedman
/// and Dieng 2023 (arXiv:2210.02410). 1 where all rows point one way, n where all are orthogonal, so at
/// most the number of features. Rows of zeros have no direction and are left out; None if no row is
/// left, or some value is not finite.
pub fn vendi_score(rows: &Rows) -> Option<f64> {
    let mut units = Vec::with_capacity(rows.values.len());
    for row in rows.iter() {
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        // Not `length == 0.0`: a NaN must reach the eigenvalues, which refuse it.
        if length != 0.0 {
            units.extend(row.iter().map(|v| v / length));
        }
    }
    let n = units.len() / rows.dim;
    if n == 0 {
        return None;
    }
    // K/n and XᵀX/n share their eigenvalues above 0, and the second is small.
    let eigen = symmetric_eigen(gram(columns(&units, rows.dim)).as_ref())?;
    let shares = eigen.values.iter().map(|value| value / n as f64).filter(|share| *share > 0.0);
    Some((-shares.map(|share| share * share.ln()).sum::<f64>()).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_direction_scores_one_and_orthogonal_groups_score_their_number() {
        let one = Rows::new(3, [0.3, -0.2, 0.9].repeat(20));
        assert!((vendi_score(&one).unwrap() - 1.0).abs() < 1e-9);
        let axes = [1.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.1].repeat(7);
        assert!((vendi_score(&Rows::new(3, axes)).unwrap() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn two_directions_score_the_entropy_of_their_matrix() {
        // K = [[1, c], [c, 1]] has eigenvalues 1 ± c; over n = 2 they are (1 ± c) / 2.
        let c = 0.6_f64;
        let rows = Rows::new(2, vec![1.0, 0.0, c, (1.0 - c * c).sqrt()]);
        let entropy = |p: f64| -p * p.ln();
        let expected = (entropy(0.5 + 0.5 * c) + entropy(0.5 - 0.5 * c)).exp();
        assert!((vendi_score(&rows).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn rows_without_a_direction_are_left_out() {
        let rows = Rows::new(2, vec![0.0, 0.0, 3.0, 4.0]);
        assert!((vendi_score(&rows).unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(vendi_score(&Rows::new(2, vec![0.0; 4])), None);
        assert_eq!(vendi_score(&Rows::new(2, vec![f64::NAN, 1.0])), None);
    }
}
