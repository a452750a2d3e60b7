//! What the network is trained to give. Every target is a mixture of the clean value and of the noise,
//! y = a x_0 + b ε, so with x_t = α x_0 + σ ε each follows from any other.

mod noise;
mod score;
mod start;
mod v;
mod velocity;

use crate::schedule::Moment;
use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the network gives, one file each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Target {
    /// The noise ε.
    Noise,
    /// The clean value x_0.
    Start,
    /// The score ∇ log q(x_t | x_0).
    Score,
    /// The velocity ε − x_0 of the straight line.
    Velocity,
    /// v = α ε − σ x_0, the velocity on the circle.
    #[default]
    V,
}

/// y = `start`·x_0 + `noise`·ε.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mix {
    /// a.
    pub start: f64,
    /// b.
    pub noise: f64,
}

impl Target {
    /// What it is made of at a time of a schedule.
    pub fn mix(self, at: Moment) -> Mix {
        match self {
            Self::Noise => noise::mix(),
            Self::Start => start::mix(),
            Self::Score => score::mix(at),
            Self::Velocity => velocity::mix(),
            Self::V => v::mix(at),
        }
    }

    /// x̂_0 from x_t and the network's y, both `[B, C, H, W]`: the solution of x_t = α x_0 + σ ε and
    /// y = a x_0 + b ε.
    pub fn start(self, x_t: Tensor<4>, y: Tensor<4>, at: Moment) -> Tensor<4> {
        let Mix { start: a, noise: b } = self.mix(at);
        (x_t * b - y * at.sigma) / (at.alpha * b - at.sigma * a)
    }

    /// ε̂ from the same two.
    pub fn noise(self, x_t: Tensor<4>, y: Tensor<4>, at: Moment) -> Tensor<4> {
        let Mix { start: a, noise: b } = self.mix(at);
        (y * at.alpha - x_t * a) / (at.alpha * b - at.sigma * a)
    }

    /// How many times the squared error of x̂_0 the squared error of y is: (α b − σ a)² / σ².
    pub fn error_of_start(self, at: Moment) -> f64 {
        let Mix { start: a, noise: b } = self.mix(at);
        ((at.alpha * b - at.sigma * a) / at.sigma).powi(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, ScheduleConfig};
    use burn::tensor::Device;

    const SCHEDULES: [ScheduleConfig; 4] = [
        ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false },
        ScheduleConfig::Vp { beta_min: 0.1, beta_max: 20.0 },
        ScheduleConfig::Edm { sigma_min: 0.004, sigma_max: 4.0 },
        ScheduleConfig::FLOW,
    ];

    const ALL: [Target; 5] =
        [Target::Noise, Target::Start, Target::Score, Target::Velocity, Target::V];

    fn full(value: f64) -> Tensor<4> {
        Tensor::full([1, 1, 2, 2], value, &Device::flex())
    }

    fn number(x: Tensor<4>) -> f64 {
        f64::from(x.into_data().as_slice::<f32>().expect("f32")[0])
    }

    #[test]
    fn start_and_noise_follow_from_every_target_at_every_time() {
        let (x_0, noise) = (0.7, -1.3);
        for config in SCHEDULES {
            let schedule = Schedule::new(config);
            for (target, t) in ALL.into_iter().flat_map(|y| [0.02, 0.3, 0.9].map(|t| (y, t))) {
                let at = schedule.at(t);
                let Mix { start, noise: share } = target.mix(at);
                let x_t = full(at.alpha * x_0 + at.sigma * noise);
                let y = full(start * x_0 + share * noise);
                let found = number(target.start(x_t.clone(), y.clone(), at));
                assert!((found - x_0).abs() < 1e-5, "{target:?} at {t}: {found}");
                let found = number(target.noise(x_t, y, at));
                assert!((found - noise).abs() < 1e-4, "{target:?} at {t}: {found}");
            }
        }
    }

    #[test]
    fn an_error_of_the_target_is_that_many_times_an_error_of_the_start() {
        let at = Schedule::new(ScheduleConfig::default()).at(0.4);
        for target in ALL {
            let (x_t, y) = (full(0.3), full(0.5));
            let moved = target.start(x_t.clone(), y.clone() + 1e-2, at) - target.start(x_t, y, at);
            let ratio = 1e-4 / number(moved).powi(2);
            let expected = target.error_of_start(at);
            assert!((ratio / expected - 1.0).abs() < 1e-3, "{target:?}: {ratio}, {expected}");
        }
    }
}
