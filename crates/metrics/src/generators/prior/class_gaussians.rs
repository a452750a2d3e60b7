//! p(z) = Σ_c p(c) N(z; m_c, S_c): one Gaussian with a full covariance for each class c, in the proportions of the
//! classes. There is nothing to iterate, because it is known which code belongs to whom.

use super::REGULARISATION;
use crate::numerics::{
    fit::{FitError, FitSettings},
    matrix::Rows,
    mixture::Mixture,
};

/// Of the classes that have codes.
pub(super) fn fit(codes: &Rows, labels: Option<&[u32]>) -> Result<Mixture, FitError> {
    let labels = labels.ok_or(FitError::NoClasses)?;
    let mut classes = labels.to_vec();
    classes.sort_unstable();
    classes.dedup();
    let place = |label| classes.binary_search(label).expect("every label is among the classes");
    let owners: Vec<usize> = labels.iter().map(place).collect();
    let settings =
        FitSettings { reg_covar: REGULARISATION, max_iter: 0, ..FitSettings::new(classes.len()) };
    Mixture::fit_from(codes, &settings, &owners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_keeps_its_share_its_mean_and_its_variance() {
        let codes = Rows::new(1, vec![0.0, 2.0, 10.0, 14.0, 12.0, 12.0]);
        let found = fit(&codes, Some(&[7, 7, 3, 3, 3, 3])).unwrap();
        let close = |a: &[f64], b: [f64; 2]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-9);
        assert!(close(&found.weights, [4.0 / 6.0, 2.0 / 6.0]), "{:?}", found.weights);
        assert!(close(&found.means.values, [12.0, 1.0]), "{:?}", found.means);
        let variances: Vec<f64> = found.factors.iter().map(|f| f[0] * f[0]).collect();
        assert!(close(&variances, [2.0 + 1e-4, 1.0 + 1e-4]), "{variances:?}");
        assert_eq!(fit(&codes, None), Err(FitError::NoClasses));
    }
}
