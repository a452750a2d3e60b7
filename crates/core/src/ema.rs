//! Exponential moving average of weights.

use crate::settings::{Check, Fault, share};
use serde::{Deserialize, Serialize};

/// Whether weights are averaged, and how long a memory the average has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    },
}

/// A memory of about 1000 steps.
fn decay_of_long_runs() -> f64 {
    0.999
}

impl EmaConfig {
    /// Whether an average is kept at all.
    pub fn is_on(self) -> bool {
        self != Self::Off
    }

    /// The decay at step `k` (from 1): min(decay, (1 + k) / (10 + k)). Without this warm-up the
    /// average is mostly initial noise for the first 1 / (1 - decay) steps. 0 where no average is kept.
    pub fn decay_at(self, step: u64) -> f64 {
        let k = step as f64;
        match self {
            Self::Off => 0.0,
            Self::Exponential { decay } => decay.min((1.0 + k) / (10.0 + k)),
        }
    }
}

impl Check for EmaConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Off => Ok(()),
            Self::Exponential { decay } => share("decay", *decay),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_warms_up_to_its_limit() {
        let ema = EmaConfig::Exponential { decay: 0.999 };
        assert!((ema.decay_at(1) - 2.0 / 11.0).abs() < 1e-12);
        assert_eq!(ema.decay_at(1_000_000), 0.999);
    }

    #[test]
    fn without_an_average_the_weights_stand_for_themselves() {
        assert!(!EmaConfig::Off.is_on());
        assert_eq!(EmaConfig::Off.decay_at(10), 0.0);
    }
}
