//! p(z) = N(z; 0, I).

use crate::numerics::{matrix::Rows, mixture::Mixture};

/// In `dim` dimensions.
pub(super) fn of(dim: usize) -> Mixture {
    let factor = (0..dim * dim).map(|at| f64::from(u8::from(at % (dim + 1) == 0))).collect();
    Mixture { weights: vec![1.0], means: Rows::new(dim, vec![0.0; dim]), factors: vec![factor] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_log_density_is_that_of_independent_standard_normals() {
        let x = Rows::new(3, vec![1.0, -2.0, 0.5]);
        let expected = -0.5 * (1.0 + 4.0 + 0.25) - 1.5 * std::f64::consts::TAU.ln();
        assert!((of(3).log_likelihood(&x) - expected).abs() < 1e-12);
    }
}
