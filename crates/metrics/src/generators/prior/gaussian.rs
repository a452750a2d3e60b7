//! p(z) = N(z; m, S + 10⁻⁴ I) with the codes' mean m and covariance S, as of the regularised autoencoders of Ghosh et
//! al. 2020 (arXiv:1903.12436, section 4).

use super::REGULARISATION;
use crate::numerics::{
    fit::{FitError, FitSettings},
    matrix::Rows,
    mixture::Mixture,
};

/// Of all codes.
pub(super) fn fit(codes: &Rows) -> Result<Mixture, FitError> {
    let settings = FitSettings { reg_covar: REGULARISATION, max_iter: 0, ..FitSettings::new(1) };
    if codes.len() < 2 {
        return Err(FitError::TooFew { components: 1, n: codes.len() });
    }
    Mixture::fit_from(codes, &settings, &vec![0; codes.len()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_moments_are_those_of_the_codes() {
        // Variances 1 and 4 (divided by n), covariance 2.
        let codes = Rows::new(2, vec![1.0, 2.0, -1.0, -2.0, 1.0, 2.0, -1.0, -2.0]);
        let found = fit(&codes).unwrap();
        assert_eq!(found.means.values, [0.0, 0.0]);
        let [a, b, _, d] = found.factors[0][..] else { panic!("two dimensions") };
        let covariance = [a * a, a * b, b * b + d * d];
        let expected = [1.0 + 1e-4, 2.0, 4.0 + 1e-4];
        assert!(
            covariance.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-12),
            "{covariance:?}"
        );
    }
}
