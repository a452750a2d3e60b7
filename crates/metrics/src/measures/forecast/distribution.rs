//! What is foretold of one number.

use genlab_data::Normal;
use statrs::distribution::{ContinuousCDF, Normal as Standard};

/// What is foretold of one number.
#[derive(Clone, Debug, PartialEq)]
pub enum Distribution {
    /// Draws, ascending.
    Ensemble(Vec<f64>),
    /// A normal distribution.
    Normal(Normal),
}

impl Distribution {
    /// These draws, in any order; at least two.
    pub fn ensemble(mut members: Vec<f64>) -> Self {
        assert!(members.len() > 1, "an ensemble has at least two members");
        members.sort_by(f64::total_cmp);
        Self::Ensemble(members)
    }

    /// Its mean.
    pub fn mean(&self) -> f64 {
        match self {
            Self::Ensemble(members) => members.iter().sum::<f64>() / members.len() as f64,
            Self::Normal(Normal { mean, .. }) => *mean,
        }
    }

    /// The number below which a share of it lies, within (0, 1). Of m draws the i-th stands for i / (m + 1),
    /// between them it is interpolated (type 6 of Hyndman & Fan 1996, The American Statistician 50:361): a fresh
    /// draw then falls below as often as it should, however few draws there are.
    pub fn quantile(&self, share: f64) -> f64 {
        match self {
            Self::Ensemble(members) => {
                let last = members.len() - 1;
                let place = (share * (members.len() + 1) as f64 - 1.0).clamp(0.0, last as f64);
                let below = members[place.floor() as usize];
                below + (members[place.ceil() as usize] - below) * place.fract()
            }
            Self::Normal(Normal { mean, sd }) => {
                mean + sd * Standard::standard().inverse_cdf(share)
            }
        }
    }

    /// The ends of the interval with as much below it as above that holds this share.
    pub fn central(&self, share: f64) -> [f64; 2] {
        [self.quantile((1.0 - share) / 2.0), self.quantile(f64::midpoint(1.0, share))]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_draw_is_in_an_interval_of_few_draws_as_often_as_it_says() {
        // Of the ranks 1 to m + 1 of a fresh draw among m, all are as likely: 0.8 of 10 with m = 9.
        let members: Vec<f64> = (1..=9).rev().map(f64::from).collect();
        let nine = Distribution::ensemble(members);
        assert_eq!(nine.quantile(0.1), 1.0);
        assert!((nine.quantile(0.55) - 5.5).abs() < 1e-12);
        let [low, high] = nine.central(0.8);
        assert!((low - 1.0).abs() < 1e-12 && (high - 9.0).abs() < 1e-12);
        assert_eq!(nine.mean(), 5.0);
    }

    #[test]
    fn quantiles_of_a_normal_are_those_of_tables() {
        let normal = Distribution::Normal(Normal { mean: 1.0, sd: 2.0 });
        let [low, high] = normal.central(0.8);
        assert!((high - (1.0 + 2.0 * 1.281_551_565_545)).abs() < 1e-9, "{high}");
        assert!((low + high - 2.0).abs() < 1e-12);
        assert!((normal.quantile(0.5) - 1.0).abs() < 1e-12);
    }
}
