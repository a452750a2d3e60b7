//! Closed-form Kullback-Leibler divergences to the standard normal prior.

use crate::numerics::matrix::{Rows, cholesky, trace};

/// A dimension is active when its posterior mean varies over images by more than this: Burda et
/// al. 2016 (arXiv:1509.00519), section 5.2.
pub const ACTIVE_VARIANCE: f64 = 0.01;

/// KL(N(m, σ²) ‖ N(0, 1)) in nats: ½ (m² + σ² − 1 − log σ²), Kingma and Welling 2014
/// (arXiv:1312.6114), appendix B.
fn gaussian_kl(mean: f64, log_var: f64) -> f64 {
    0.5 * (mean * mean + log_var.exp_m1() - log_var)
}

/// KL(N(m, diag exp(log_var)) ‖ N(0, I)) of each image in nats.
pub fn gaussian_kl_per_image(mean: &Rows, log_var: &Rows) -> Vec<f64> {
    assert_eq!((mean.dim, mean.len()), (log_var.dim, log_var.len()), "one variance per mean");
    let pairs = mean.iter().zip(log_var.iter());
    pairs.map(|(m, v)| m.iter().zip(v).map(|(m, v)| gaussian_kl(*m, *v)).sum()).collect()
}

/// The same of each dimension, averaged over images.
pub fn gaussian_kl_per_dimension(mean: &Rows, log_var: &Rows) -> Vec<f64> {
    assert_eq!((mean.dim, mean.len()), (log_var.dim, log_var.len()), "one variance per mean");
    let mut total = vec![0.0; mean.dim];
    for (means, log_vars) in mean.iter().zip(log_var.iter()) {
        for ((sum, m), log_var) in total.iter_mut().zip(means).zip(log_vars) {
            *sum += gaussian_kl(*m, *log_var);
        }
    }
    crate::numerics::matrix::divide(&mut total, mean.len() as f64);
    total
}

/// How many dimensions have a posterior mean whose variance over images exceeds
/// [`ACTIVE_VARIANCE`].
pub fn active_units(mean: &Rows) -> usize {
    let n = mean.len() as f64;
    let mut centre = vec![0.0; mean.dim];
    mean.iter().for_each(|row| crate::numerics::matrix::add(&mut centre, row));
    let mut squares = vec![0.0; mean.dim];
    for row in mean.iter() {
        for ((sum, x), total) in squares.iter_mut().zip(row).zip(&centre) {
            *sum += (x - total / n).powi(2);
        }
    }
    squares.iter().filter(|&&sum| sum / n > ACTIVE_VARIANCE).count()
}

/// KL(N(m, S) ‖ N(0, I)) for the mean and covariance of the codes themselves: how far a standard
/// normal prior would miss them. None when the covariance is singular, where the KL is infinite.
pub fn moment_matched_kl(codes: &Rows) -> Option<f64> {
    let moments = codes.moments();
    let spread = trace(moments.covariance.as_ref());
    let factor = cholesky(moments.covariance)?;
    let log_det: f64 = (0..codes.dim).map(|i| 2.0 * factor[(i, i)].ln()).sum();
    let mean: f64 = moments.mean.iter().map(|m| m * m).sum();
    Some(0.5 * (mean + spread - codes.dim as f64 - log_det))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kl_of_the_standard_normal_is_zero() {
        let zeros = Rows::new(3, vec![0.0; 12]);
        assert_eq!(gaussian_kl_per_dimension(&zeros, &zeros), [0.0; 3]);
    }

    #[test]
    fn kl_grows_by_half_the_squared_mean_and_by_the_variance() {
        let kl = gaussian_kl_per_dimension(
            &Rows::new(2, vec![2.0, 0.0]),
            &Rows::new(2, vec![0.0, 4.0_f64.ln()]),
        );
        assert!((kl[0] - 2.0).abs() < 1e-12);
        assert!((kl[1] - 0.5 * (4.0 - 1.0 - 4.0_f64.ln())).abs() < 1e-12);
        let (means, log_vars) =
            (Rows::new(1, vec![2.0, 0.0]), Rows::new(1, vec![0.0, 4.0_f64.ln()]));
        assert_eq!(gaussian_kl_per_image(&means, &log_vars), kl);
    }

    #[test]
    fn a_dimension_that_never_moves_is_not_active() {
        let codes = Rows::new(
            3,
            (0..30).flat_map(|i| [f64::from(i % 2), 5.0, f64::from(i % 2) * 0.19]).collect(),
        );
        assert_eq!(active_units(&codes), 1);
    }

    #[test]
    fn moment_matched_kl_is_the_closed_form_and_infinite_for_flat_codes() {
        // Unbiased variance 2 and mean 1.
        let codes = Rows::new(1, vec![0.0, 2.0]);
        let expected = 0.5 * (1.0 + 2.0 - 1.0 - 2.0_f64.ln());
        assert!((moment_matched_kl(&codes).unwrap() - expected).abs() < 1e-12);
        assert_eq!(moment_matched_kl(&Rows::new(1, vec![1.0, 1.0])), None);
    }
}
