//! Principal components in f64.

use crate::numerics::matrix::{Rows, columns, product, symmetric_eigen};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Vectors with more values have too large a covariance to decompose beside an evaluation.
pub const MOST_VALUES: usize = 1024;
/// Rows per task of a projection.
const BLOCK: usize = 256;

/// An orthogonal projection onto the directions of largest variance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pca {
    /// `[dim]`: the mean that is taken off.
    pub mean: Vec<f64>,
    /// `[kept, dim]`: one direction of length 1 per row, largest variance first.
    pub directions: Rows,
    /// `[kept]`: the unbiased variance along each direction.
    pub variances: Vec<f64>,
}

impl Pca {
    /// The `kept` directions of largest variance, by eigendecomposition of the covariance. `kept`
    /// is lowered to what `rows` allow of: their dimension and their number less one.
    /// None when the rows are not finite or fewer than two.
    pub fn fit(rows: &Rows, kept: usize) -> Option<Self> {
        if rows.len() < 2 {
            return None;
        }
        let kept = kept.min(rows.dim).min(rows.len() - 1);
        let moments = rows.moments();
        let eigen = symmetric_eigen(moments.covariance.as_ref())?;
        let pick = |i: usize| rows.dim - 1 - i;
        let direction = |i: usize| eigen.vectors.col(pick(i)).iter().copied();
        let directions = Rows::new(rows.dim, (0..kept).flat_map(direction).collect());
        let variances = (0..kept).map(|i| eigen.values[pick(i)].max(0.0)).collect();
        Some(Self { mean: moments.mean, directions, variances })
    }

    /// The same without the directions of next to no variance: `least` or less. At least
    /// one stays.
    pub fn without_flat_directions(mut self, least: f64) -> Self {
        let kept = self.variances.iter().take_while(|v| **v > least).count().max(1);
        self.variances.truncate(kept);
        self.directions = self.directions.take(kept);
        self
    }

    /// Rows of pixels to rows of coordinates.
    pub fn transform(&self, rows: &Rows) -> Rows {
        let blocks: Vec<Vec<f64>> = rows
            .values
            .par_chunks(BLOCK * rows.dim)
            .map(|block| {
                let mut centred = block.to_vec();
                for row in centred.chunks_mut(rows.dim) {
                    row.iter_mut().zip(&self.mean).for_each(|(x, m)| *x -= m);
                }
                let out =
                    product(self.directions.columns().transpose(), columns(&centred, rows.dim));
                crate::numerics::matrix::values(&out)
            })
            .collect();
        Rows::new(self.directions.len(), blocks.concat())
    }

    /// Rows of coordinates back to rows of pixels.
    pub fn inverse(&self, coordinates: &Rows) -> Rows {
        let blocks: Vec<Vec<f64>> = coordinates
            .values
            .par_chunks(BLOCK * coordinates.dim)
            .map(|block| {
                let out = product(self.directions.columns(), columns(block, coordinates.dim));
                let mut out = crate::numerics::matrix::values(&out);
                for row in out.chunks_mut(self.mean.len()) {
                    crate::numerics::matrix::add(row, &self.mean);
                }
                out
            })
            .collect();
        Rows::new(self.mean.len(), blocks.concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_components_together_lose_nothing() {
        let rows = Rows::new(3, (0..60).map(|i| (f64::from(i) * 1.7).sin()).collect());
        let pca = Pca::fit(&rows, 10).unwrap();
        assert_eq!(pca.variances.len(), 3);
        let back = pca.inverse(&pca.transform(&rows));
        assert!(rows.values.iter().zip(&back.values).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn the_first_component_of_a_line_is_the_line() {
        let rows = Rows::new(2, (0..20).flat_map(|i| [f64::from(i), 2.0 * f64::from(i)]).collect());
        let pca = Pca::fit(&rows, 1).unwrap();
        let back = pca.inverse(&pca.transform(&rows));
        assert!(rows.values.iter().zip(&back.values).all(|(a, b)| (a - b).abs() < 1e-12));
        assert!((pca.variances[0] - 175.0).abs() < 1e-9, "{:?}", pca.variances);
    }
}
