//! Exponential moving average of weights.

use serde::{Deserialize, Serialize};

/// How long a memory the averaged weights have.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EmaConfig {
    /// Decay per step once warm; 0 keeps no average.
    pub decay: f64,
}

impl Default for EmaConfig {
    fn default() -> Self {
        Self::off()
    }
}

impl EmaConfig {
    /// No average is kept.
    pub const fn off() -> Self {
        Self { decay: 0.0 }
    }

    /// Whether an average is kept at all.
    pub fn is_on(self) -> bool {
        self.decay > 0.0
    }

    /// The decay at step `k` (from 1): min(decay, (1 + k) / (10 + k)). Without this warm-up the
    /// average is mostly initial noise for the first 1 / (1 - decay) steps.
    pub fn decay_at(self, step: u64) -> f64 {
        let k = step as f64;
        self.decay.min((1.0 + k) / (10.0 + k))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decay_warms_up_to_its_limit() {
        let ema = EmaConfig { decay: 0.999 };
        assert!((ema.decay_at(1) - 2.0 / 11.0).abs() < 1e-12);
        assert_eq!(ema.decay_at(1_000_000), 0.999);
    }
}
