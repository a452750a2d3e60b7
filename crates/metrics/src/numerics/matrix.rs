//! The few pieces of f64 linear algebra that the metrics need.
//!
//! Everything runs faer sequentially inside a block and parallelises over blocks of fixed size,
//! folded in order: results do not depend on the number of threads.

use faer::{
    Accum, Mat, MatMut, MatRef, Par, Spec,
    diag::Diag,
    dyn_stack::{MemBuffer, MemStack},
    linalg::{
        cholesky::llt::{self, factor::LltRegularization},
        evd, matmul,
    },
};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows per task of a parallel sum.
const BLOCK: usize = 512;
/// 97.5 % quantile of the standard normal: half the width of a 95 % interval, in standard errors.
pub const Z95: f64 = 1.959_963_984_540_054;

/// One vector per image: `len()` rows of `dim` numbers, row after row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// Numbers per row.
    pub dim: usize,
    /// All rows, one after the other.
    pub values: Vec<f64>,
}

impl Rows {
    /// Rows of `dim` numbers each.
    ///
    /// # Panics
    /// When `values` does not hold a whole number of rows.
    pub fn new(dim: usize, values: Vec<f64>) -> Self {
        assert!(
            dim > 0 && values.len().is_multiple_of(dim),
            "{} values in rows of {dim}",
            values.len()
        );
        Self { dim, values }
    }

    /// Rows from 32-bit numbers.
    pub fn from_f32(dim: usize, values: &[f32]) -> Self {
        Self::new(dim, values.iter().map(|&v| f64::from(v)).collect())
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Row `i`.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.dim..(i + 1) * self.dim]
    }

    /// The rows in order.
    pub fn iter(&self) -> impl Iterator<Item = &[f64]> {
        self.values.chunks(self.dim)
    }

    /// The first `n` rows, or all.
    pub fn take(&self, n: usize) -> Self {
        Self { dim: self.dim, values: self.values[..n.min(self.len()) * self.dim].to_vec() }
    }

    /// Appends rows of the same width.
    pub fn extend(&mut self, other: &Self) {
        assert_eq!(self.dim, other.dim, "rows of one width");
        self.values.extend_from_slice(&other.values);
    }

    /// The transpose as a view: `[dim, len]`, one contiguous column per row.
    pub fn columns(&self) -> MatRef<'_, f64> {
        columns(&self.values, self.dim)
    }

    /// Mean and unbiased covariance of the rows.
    pub fn moments(&self) -> Moments {
        let n = self.len() as f64;
        let partial: Vec<Vec<f64>> = self
            .values
            .par_chunks(BLOCK * self.dim)
            .map(|block| {
                let mut sum = vec![0.0; self.dim];
                for row in block.chunks(self.dim) {
                    add(&mut sum, row);
                }
                sum
            })
            .collect();
        let mut mean = vec![0.0; self.dim];
        for sum in &partial {
            add(&mut mean, sum);
        }
        divide(&mut mean, n);

        // Few large accumulators at a time: a covariance of 784 pixels takes 5 MB per block.
        let mut covariance = Mat::<f64>::zeros(self.dim, self.dim);
        for group in self.values.chunks(BLOCK * self.dim * 8) {
            let parts: Vec<Mat<f64>> = group
                .par_chunks(BLOCK * self.dim)
                .map(|block| {
                    let mut centred = block.to_vec();
                    for row in centred.chunks_mut(self.dim) {
                        row.iter_mut().zip(&mean).for_each(|(x, m)| *x -= m);
                    }
                    gram(columns(&centred, self.dim))
                })
                .collect();
            for part in parts {
                covariance += part;
            }
        }
        covariance *= faer::Scale(1.0 / (n - 1.0));
        Moments { mean, covariance }
    }
}

/// Mean and covariance of a set of rows.
#[derive(Clone, Debug)]
pub struct Moments {
    /// `[dim]`.
    pub mean: Vec<f64>,
    /// `[dim, dim]`, divided by n - 1.
    pub covariance: Mat<f64>,
}

/// Eigenvalues in ascending order, and their eigenvectors as columns.
#[derive(Clone, Debug)]
pub struct Eigen {
    /// `[dim]`, ascending.
    pub values: Vec<f64>,
    /// `[dim, dim]`: column i belongs to value i.
    pub vectors: Mat<f64>,
}

/// Eigendecomposition of a symmetric matrix; None when it has no finite answer.
pub fn symmetric_eigen(matrix: MatRef<'_, f64>) -> Option<Eigen> {
    let dim = matrix.nrows();
    let mut values = Diag::<f64>::zeros(dim);
    let mut vectors = Mat::zeros(dim, dim);
    let scratch = evd::self_adjoint_evd_scratch::<f64>(
        dim,
        evd::ComputeEigenvectors::Yes,
        Par::Seq,
        Spec::default(),
    );
    let mut memory = MemBuffer::new(scratch);
    evd::self_adjoint_evd(
        matrix,
        values.as_mut(),
        Some(vectors.as_mut()),
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    )
    .ok()?;
    let values: Vec<f64> = values.column_vector().iter().copied().collect();
    values.iter().all(|v| v.is_finite()).then_some(Eigen { values, vectors })
}

/// The lower Cholesky factor of a symmetric positive definite matrix (its lower half is read);
/// None when it is not positive definite.
pub fn cholesky(mut matrix: Mat<f64>) -> Option<Mat<f64>> {
    let dim = matrix.nrows();
    let scratch = llt::factor::cholesky_in_place_scratch::<f64>(dim, Par::Seq, Spec::default());
    let mut memory = MemBuffer::new(scratch);
    llt::factor::cholesky_in_place(
        matrix.as_mut(),
        LltRegularization::default(),
        Par::Seq,
        MemStack::new(&mut memory),
        Spec::default(),
    )
    .ok()?;
    for col in 1..dim {
        for row in 0..col {
            matrix[(row, col)] = 0.0;
        }
    }
    (0..dim).all(|i| matrix[(i, i)].is_finite() && matrix[(i, i)] > 0.0).then_some(matrix)
}

/// The inverse of a lower triangular matrix.
pub fn lower_inverse(lower: MatRef<'_, f64>) -> Mat<f64> {
    let mut inverse = Mat::identity(lower.nrows(), lower.nrows());
    faer::linalg::triangular_solve::solve_lower_triangular_in_place(
        lower,
        inverse.as_mut(),
        Par::Seq,
    );
    inverse
}

/// `left · right`.
pub fn product(left: MatRef<'_, f64>, right: MatRef<'_, f64>) -> Mat<f64> {
    let mut out = Mat::zeros(left.nrows(), right.ncols());
    product_into(out.as_mut(), left, right);
    out
}

/// Overwrites `out` with `left · right`.
pub fn product_into(out: MatMut<'_, f64>, left: MatRef<'_, f64>, right: MatRef<'_, f64>) {
    matmul::matmul(out, Accum::Replace, left, right, 1.0, Par::Seq);
}

/// `x · xᵀ`, symmetric: half the work of a product.
pub fn gram(x: MatRef<'_, f64>) -> Mat<f64> {
    use matmul::triangular::{BlockStructure, matmul};
    let dim = x.nrows();
    let mut out = Mat::zeros(dim, dim);
    matmul(
        out.as_mut(),
        BlockStructure::TriangularLower,
        Accum::Replace,
        x,
        BlockStructure::Rectangular,
        x.transpose(),
        BlockStructure::Rectangular,
        1.0,
        Par::Seq,
    );
    for col in 1..dim {
        for row in 0..col {
            out[(row, col)] = out[(col, row)];
        }
    }
    out
}

/// A view of rows of `dim` numbers as columns.
pub fn columns(values: &[f64], dim: usize) -> MatRef<'_, f64> {
    MatRef::from_column_major_slice(values, dim, values.len() / dim)
}

/// A column-major matrix's values, column after column.
pub fn values(matrix: &Mat<f64>) -> Vec<f64> {
    matrix.col_iter().flat_map(|col| col.iter().copied()).collect()
}

/// Sum of the diagonal.
pub fn trace(matrix: MatRef<'_, f64>) -> f64 {
    (0..matrix.nrows()).map(|i| matrix[(i, i)]).sum()
}

/// The squared length of each row.
pub fn squared_norms(rows: &Rows) -> Vec<f64> {
    rows.iter().map(|row| row.iter().map(|v| v * v).sum()).collect()
}

/// Squared distances from each row of `block` to all `rows`, one after the other; `norms` are those
/// of `rows`. Correct to rounding of the norms, so equal rows may be a little apart.
pub fn squared_distances(block: &[f64], rows: &Rows, norms: &[f64]) -> Vec<f64> {
    let dots = product(rows.columns().transpose(), columns(block, rows.dim));
    let mut out = Vec::with_capacity(dots.nrows() * dots.ncols());
    for (row, dots) in block.chunks(rows.dim).zip(dots.col_iter()) {
        let own: f64 = row.iter().map(|v| v * v).sum();
        out.extend(dots.iter().zip(norms).map(|(dot, norm)| (own + norm - 2.0 * dot).max(0.0)));
    }
    out
}

/// Adds `row` to `sum`.
pub fn add(sum: &mut [f64], row: &[f64]) {
    sum.iter_mut().zip(row).for_each(|(s, v)| *s += v);
}

/// Divides every value by `by`.
pub fn divide(values: &mut [f64], by: f64) {
    for value in values {
        *value /= by;
    }
}

/// Mean and standard deviation (n - 1) of some numbers.
pub fn mean_and_sd(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>();
    (mean, (squares / (n - 1.0)).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_the_textbook_ones() {
        let moments = Rows::new(2, vec![1.0, 2.0, 3.0, 2.0, 5.0, 8.0]).moments();
        assert_eq!(moments.mean, [3.0, 4.0]);
        assert_eq!(values(&moments.covariance), [4.0, 6.0, 6.0, 12.0]);
    }

    #[test]
    fn moments_do_not_depend_on_the_number_of_threads() {
        let rows = Rows::new(3, (0..9000).map(|i| (f64::from(i) * 0.37).sin()).collect());
        let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        let many = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let a = alone.install(|| rows.moments());
        let b = many.install(|| rows.moments());
        assert_eq!((a.mean, values(&a.covariance)), (b.mean, values(&b.covariance)));
    }

    #[test]
    fn a_cholesky_factor_times_its_transpose_is_the_matrix() {
        let matrix = faer::mat![[4.0, 2.0], [2.0, 5.0]];
        let factor = cholesky(matrix.clone()).unwrap();
        assert_eq!(product(factor.as_ref(), factor.transpose()), matrix);
        assert_eq!(
            product(lower_inverse(factor.as_ref()).as_ref(), factor.as_ref()),
            Mat::<f64>::identity(2, 2)
        );
        assert!(cholesky(faer::mat![[1.0, 2.0], [2.0, 1.0]]).is_none());
    }
}
