//! Exponential moving average of weights.

use crate::settings::{Check, Fault, share};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether weights are averaged, and how long a memory the average has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum EmaConfig {
    /// No average is kept.
    #[default]
    Off,
    /// An exponential moving average.
    Exponential {
        /// Decay per step once warm, in [0, 1).
        #[serde(default = "decay_of_long_runs")]
        decay: f64,
        /// Decays of further averages that are kept beside it, so that the length is chosen after training: what
        /// is best depends on how long was trained (section 3 of Karras et al. 2024, arXiv:2312.02696).
        #[serde(default)]
        also: Vec<f64>,
    },
}

/// A memory of about 1000 steps.
fn decay_of_long_runs() -> f64 {
    0.999
}

impl EmaConfig {
    /// One average.
    pub fn of(decay: f64) -> Self {
        Self::Exponential { decay, also: Vec::new() }
    }

    /// The same averages, of which that of `decay` is used.
    #[must_use]
    pub fn using(&self, decay: f64) -> Self {
        let also = self.decays().into_iter().filter(|other| *other != decay).collect();
        Self::Exponential { decay, also }
    }

    /// Decays of all averages that are kept, the one that is used first.
    pub fn decays(&self) -> Vec<f64> {
        match self {
            Self::Off => Vec::new(),
            Self::Exponential { decay, also } => {
                std::iter::once(*decay).chain(also.iter().copied()).collect()
            }
        }
    }
}

impl Check for EmaConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Off => Ok(()),
            Self::Exponential { decay, also } => {
                share("decay", *decay)?;
                also.iter().try_for_each(|decay| share("also", *decay))?;
                let all = self.decays();
                match all.iter().enumerate().find(|(i, decay)| all[..*i].contains(decay)) {
                    Some((_, twice)) => {
                        Err(Fault::new("also", format!("has {twice} twice; leave one out")))
                    }
                    None => Ok(()),
                }
            }
        }
    }
}

/// The decay at step `k` (from 1): min(decay, (1 + k) / (10 + k)). Without this warm-up the average is mostly
/// initial noise for the first 1 / (1 - decay) steps.
pub(crate) fn warm(decay: f64, step: u64) -> f64 {
    let k = step as f64;
    decay.min((1.0 + k) / (10.0 + k))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_warms_up_to_its_limit() {
        assert!((warm(0.999, 1) - 2.0 / 11.0).abs() < 1e-12);
        assert_eq!(warm(0.999, 1_000_000), 0.999);
    }

    #[test]
    fn without_an_average_the_weights_stand_for_themselves() {
        assert_eq!(EmaConfig::Off.decays(), [0.0; 0]);
    }

    #[test]
    fn whichever_average_is_used_the_others_are_kept() {
        let ema = EmaConfig::Exponential { decay: 0.99, also: vec![0.9, 0.999] };
        assert_eq!(ema.using(0.999).decays(), [0.999, 0.99, 0.9]);
        assert_eq!(ema.using(0.99), ema);
    }

    #[test]
    fn one_average_twice_is_refused() {
        let ema = |also: &[f64]| EmaConfig::Exponential { decay: 0.99, also: also.to_vec() };
        assert!(ema(&[0.9, 0.999]).check().is_ok());
        let fault = ema(&[0.9, 0.99]).check().expect_err("refused").to_string();
        assert_eq!(fault, "also has 0.99 twice; leave one out");
        assert!(ema(&[1.5]).check().is_err());
    }
}
