//! How much signal and how much noise there is at each time: x_t = α(t) x_0 + σ(t) ε, for t from 0, all
//! signal, to 1, all but noise.

mod discrete;
mod flow;

use discrete::Table;
use genlab_core::{
    Check, Fault,
    settings::{at_least, size},
};
use serde::{Deserialize, Serialize};

/// How signal fades and noise grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ScheduleConfig {
    /// β_t of the T discrete steps from 10⁻⁴ to 0.02 at T = 1000 (section 4 of arXiv:2006.11239), scaled
    /// by 1000 / T otherwise so that the last step is as noisy for every T.
    Linear {
        /// T.
        #[serde(default = "default_steps")]
        steps: usize,
    },
    /// ᾱ of the T discrete steps follows a squared cosine (Eq. 17 of Nichol & Dhariwal 2021,
    /// arXiv:2102.09672).
    Cosine {
        /// T.
        #[serde(default = "default_steps")]
        steps: usize,
    },
    /// The straight line α = 1 − t, σ = t in continuous time (rectified flow, Liu et al. 2022,
    /// arXiv:2209.03003, Eq. 1).
    Flow,
}

/// That of arXiv:2006.11239.
fn default_steps() -> usize {
    1000
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Cosine { steps: default_steps() }
    }
}

impl Check for ScheduleConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Linear { steps } | Self::Cosine { steps } => {
                // One step of the linear schedule would leave nine tenths of the signal.
                at_least("steps", *steps, 2)?;
                size("steps", *steps)
            }
            Self::Flow => Ok(()),
        }
    }
}

/// One time of a schedule.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// In [0, 1].
    pub t: f64,
    /// α(t): share of the signal.
    pub alpha: f64,
    /// σ(t): standard deviation of the noise.
    pub sigma: f64,
}

impl Moment {
    /// The standard deviation of x_t where values around zero have variance 1: what noise is scaled by that
    /// sampling begins from.
    pub fn spread(self) -> f64 {
        (self.alpha.powi(2) + self.sigma.powi(2)).sqrt()
    }

    /// α² / σ².
    pub fn signal_to_noise(self) -> f64 {
        (self.alpha / self.sigma).powi(2)
    }
}

/// A schedule at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Discrete(Table),
    Flow,
}

/// Where nothing but t itself is given, networks are told 1000 t: the range that their embeddings are
/// made for.
const NETWORK_SCALE: f64 = 1000.0;

/// A network of a continuous schedule is shown no time that is nearer to either end: there is next to no
/// noise, or next to no signal, and what is divided by it means nothing.
const LEAST_TIME: f64 = 1e-3;

impl Schedule {
    /// The schedule of these settings.
    pub fn new(config: ScheduleConfig) -> Self {
        Self(match config {
            ScheduleConfig::Linear { steps } => Form::Discrete(Table::linear(steps)),
            ScheduleConfig::Cosine { steps } => Form::Discrete(Table::cosine(steps)),
            ScheduleConfig::Flow => Form::Flow,
        })
    }

    /// Signal and noise at time `t` in [0, 1].
    pub fn at(&self, t: f64) -> Moment {
        let (alpha, sigma) = match &self.0 {
            Form::Discrete(table) => table.at(t),
            Form::Flow => flow::at(t),
        };
        Moment { t, alpha, sigma }
    }

    /// α(t) and σ(t) in the precision of tensors.
    pub fn shares(&self, t: f64) -> [f32; 2] {
        match &self.0 {
            Form::Discrete(table) => table.shares(t),
            Form::Flow => {
                let (alpha, sigma) = flow::at(t);
                [alpha as f32, sigma as f32]
            }
        }
    }

    /// T, for a schedule of discrete steps.
    pub fn steps(&self) -> Option<usize> {
        match &self.0 {
            Form::Discrete(table) => Some(table.steps()),
            Form::Flow => None,
        }
    }

    /// The least time that a network is trained on.
    pub fn first_time(&self) -> f64 {
        self.steps().map_or(LEAST_TIME, |steps| 1.0 / steps as f64)
    }

    /// The greatest time that a network is trained on, and that sampling begins at.
    pub fn last_time(&self) -> f64 {
        self.steps().map_or(1.0 - LEAST_TIME, |_| 1.0)
    }

    /// What a network is told of `t`: the number of the step, where there are steps.
    pub fn network_time(&self, t: f64) -> f32 {
        (t * self.steps().map_or(NETWORK_SCALE, |steps| steps as f64)) as f32
    }

    /// The time at which σ / α is `ratio`, by bisection: that ratio grows with time.
    pub fn time_of_ratio(&self, ratio: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..60 {
            let middle = f64::midpoint(low, high);
            let Moment { alpha, sigma, .. } = self.at(middle);
            if sigma < ratio * alpha { low = middle } else { high = middle }
        }
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [ScheduleConfig; 3] = [
        ScheduleConfig::Linear { steps: 50 },
        ScheduleConfig::Cosine { steps: 1000 },
        ScheduleConfig::Flow,
    ];

    #[test]
    fn signal_only_ever_fades_and_noise_only_ever_grows() {
        for config in ALL {
            let schedule = Schedule::new(config);
            let at: Vec<Moment> = (0..=500).map(|i| schedule.at(f64::from(i) / 500.0)).collect();
            assert_eq!((at[0].alpha, at[0].sigma), (1.0, 0.0), "{config:?}");
            assert!(at.windows(2).all(|w| w[1].alpha < w[0].alpha && w[1].sigma > w[0].sigma));
        }
    }

    #[test]
    fn a_ratio_of_noise_to_signal_is_found_at_its_time() {
        for config in ALL {
            let schedule = Schedule::new(config);
            for t in [0.03, 0.4, 0.77] {
                let Moment { alpha, sigma, .. } = schedule.at(t);
                assert!((schedule.time_of_ratio(sigma / alpha) - t).abs() < 1e-9, "{config:?}");
            }
        }
    }
}
