//! Means over seeds and what they allow one to say.

use statrs::distribution::{ContinuousCDF, StudentsT};

/// Seeds that a claim needs.
pub(crate) const SEEDS_FOR_A_CLAIM: usize = 3;

/// A half width below this share of the mean does not count as spread.
const ROUNDING: f64 = 1e-12;

/// The mean of one metric over the seeds of one model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    /// The mean.
    pub mean: f64,
    /// Half the width of the 95 % t-interval; None with a single seed.
    pub half_width: Option<f64>,
    /// Seeds behind it.
    pub seeds: usize,
}

impl Estimate {
    /// The mean of `values`, one per seed, with `t(0.975, n - 1) * s / sqrt(n)` to either side; None where it is not
    /// finite.
    pub fn over_seeds(values: &[f64]) -> Option<Self> {
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
        let half_width = t_quantile(values.len()).map(|t| t * (variance / n).sqrt());
        // Equal values: what is left of the variance is rounding.
        let half_width =
            half_width.map(|half| if half < ROUNDING * mean.abs() { 0.0 } else { half });
        mean.is_finite().then_some(Self { mean, half_width, seeds: values.len() })
    }

    /// Whether the two intervals share a point. Without an interval nothing is told apart.
    pub(crate) fn overlaps(&self, other: &Self) -> bool {
        let (Some(a), Some(b)) = (self.half_width, other.half_width) else { return true };
        (self.mean - other.mean).abs() <= a + b
    }
}

/// The 0.975 quantile of Student's t with `n - 1` degrees of freedom.
fn t_quantile(n: usize) -> Option<f64> {
    if n < 2 {
        return None;
    }
    StudentsT::new(0.0, 1.0, (n - 1) as f64).ok().map(|t| t.inverse_cdf(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn t_quantiles_match_the_printed_table() {
        for (n, t) in [(2, 12.7062), (3, 4.3027), (5, 2.7764), (10, 2.2622), (31, 2.0423)] {
            assert!((t_quantile(n).unwrap() - t).abs() < 1e-4, "{n}");
        }
        assert_eq!(t_quantile(1), None);
    }

    #[test]
    fn three_seeds_give_the_interval_computed_by_hand() {
        // Mean 22, standard deviation 2: 4.3027 * 2 / sqrt(3) = 4.9683.
        let estimate = Estimate::over_seeds(&[20.0, 22.0, 24.0]).unwrap();
        assert_eq!(estimate.mean, 22.0);
        assert!((estimate.half_width.unwrap() - 4.9683).abs() < 1e-3);
        assert_eq!(estimate.seeds, 3);
    }

    #[test]
    fn equal_values_have_no_spread() {
        assert_eq!(Estimate::over_seeds(&[96.4; 3]).unwrap().half_width, Some(0.0));
    }

    #[test]
    fn one_seed_has_no_interval_and_tells_nothing_apart() {
        let one = Estimate::over_seeds(&[1.0]).unwrap();
        let other = Estimate::over_seeds(&[5.0]).unwrap();
        assert_eq!(one.half_width, None);
        assert!(one.overlaps(&other));
        assert_eq!(Estimate::over_seeds(&[]), None);
    }
}
