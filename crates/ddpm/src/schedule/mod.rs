//! How much signal and how much noise there is at each time: x_t = α(t) x_0 + σ(t) ε, for t from 0, all
//! signal, to 1, all but noise.

mod discrete;
mod edm;
mod flow;
mod vp;

use discrete::Table;
use edm::Edm;
use genlab_core::{
    Check, Fault,
    settings::{at_least, non_negative, positive, size},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use vp::Vp;

/// How signal fades and noise grows, one file each but for the tables of discrete steps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ScheduleConfig {
    /// β_t of the T discrete steps from 10⁻⁴ to 0.02 at T = 1000 (section 4 of arXiv:2006.11239), scaled
    /// by 1000 / T otherwise so that the last step is as noisy for every T.
    Linear {
        /// T.
        #[serde(default = "default_steps")]
        steps: usize,
        /// Whether the table is stretched until no signal is left at T (arXiv:2305.08891).
        #[serde(default)]
        zero_terminal_snr: bool,
    },
    /// √β_t of the T discrete steps is a straight line (Rombach et al. 2022, arXiv:2112.10752).
    ScaledLinear {
        /// T.
        #[serde(default = "default_steps")]
        steps: usize,
        /// As of linear.
        #[serde(default)]
        zero_terminal_snr: bool,
    },
    /// ᾱ of the T discrete steps follows a squared cosine (Eq. 17 of Nichol & Dhariwal 2021,
    /// arXiv:2102.09672).
    Cosine {
        /// T.
        #[serde(default = "default_steps")]
        steps: usize,
        /// As of linear.
        #[serde(default)]
        zero_terminal_snr: bool,
    },
    /// ᾱ of the T discrete steps follows a logistic function (Jabri et al. 2023, arXiv:2212.11972).
    Sigmoid {
        /// T.
        #[serde(default = "default_steps")]
        steps: usize,
        /// As of linear.
        #[serde(default)]
        zero_terminal_snr: bool,
    },
    /// The variance-preserving stochastic differential equation, in continuous time (Song et al. 2021,
    /// arXiv:2011.13456).
    Vp {
        /// β(0), from 0.
        #[serde(default = "vp::default_beta_min")]
        beta_min: f64,
        /// β(1), above 0.
        #[serde(default = "vp::default_beta_max")]
        beta_max: f64,
    },
    /// Noise added to data that stays as it is, in continuous time (Karras et al. 2022,
    /// arXiv:2206.00364).
    Edm {
        /// The least noise that a network is trained on, in standard deviations of the data.
        #[serde(default = "edm::default_sigma_min")]
        sigma_min: f64,
        /// The most.
        #[serde(default = "edm::default_sigma_max")]
        sigma_max: f64,
    },
    /// The straight line α = 1 − t, σ = t in continuous time (rectified flow, Liu et al. 2022,
    /// arXiv:2209.03003, Eq. 1).
    Flow {
        /// What networks are told of t, over t. Sines of it are as steep as it is large.
        #[serde(default = "default_time_scale")]
        time_scale: f64,
    },
}

/// That of arXiv:2006.11239.
fn default_steps() -> usize {
    1000
}

/// The range that the embeddings of times are made for.
fn default_time_scale() -> f64 {
    NETWORK_SCALE
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self::Edm { sigma_min: edm::default_sigma_min(), sigma_max: edm::default_sigma_max() }
    }
}

impl ScheduleConfig {
    /// The straight line, its times told as those of other schedules.
    pub const FLOW: Self = Self::Flow { time_scale: NETWORK_SCALE };

    /// Whether α is 0 at the last time.
    pub(crate) fn ends_without_signal(self) -> bool {
        match self {
            Self::Linear { zero_terminal_snr, .. }
            | Self::ScaledLinear { zero_terminal_snr, .. }
            | Self::Cosine { zero_terminal_snr, .. }
            | Self::Sigmoid { zero_terminal_snr, .. } => zero_terminal_snr,
            Self::Vp { .. } | Self::Edm { .. } | Self::Flow { .. } => false,
        }
    }
}

impl Check for ScheduleConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Linear { steps, .. }
            | Self::ScaledLinear { steps, .. }
            | Self::Cosine { steps, .. }
            | Self::Sigmoid { steps, .. } => {
                // One step of the linear schedule would leave nine tenths of the signal.
                at_least("steps", *steps, 2)?;
                size("steps", *steps)
            }
            Self::Vp { beta_min, beta_max } => {
                non_negative("beta_min", *beta_min)?;
                positive("beta_max", *beta_max)
            }
            Self::Edm { sigma_min, sigma_max } => {
                positive("sigma_min", *sigma_min)?;
                positive("sigma_max", *sigma_max)?;
                if sigma_min < sigma_max {
                    return Ok(());
                }
                Err(Fault::new("sigma_min", format!("is {sigma_min}; set it below sigma_max")))
            }
            Self::Flow { time_scale } => positive("time_scale", *time_scale),
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

    /// σ / α: the noise beside a signal of strength 1; infinite where there is no signal.
    pub fn ratio(self) -> f64 {
        self.sigma / self.alpha
    }

    /// λ = ln(α / σ), half the logarithm of the signal-to-noise ratio.
    pub fn log_ratio(self) -> f64 {
        -self.ratio().ln()
    }
}

/// A schedule at work.
#[derive(Clone, Debug, PartialEq)]
pub struct Schedule(Form);

#[derive(Clone, Debug, PartialEq)]
enum Form {
    Discrete(Table),
    Vp(Vp),
    Edm(Edm),
    Flow { time_scale: f64 },
}

/// Where nothing but t itself is given, networks are told 1000 t: the range that their embeddings are
/// made for. The straight line can be told otherwise.
const NETWORK_SCALE: f64 = 1000.0;

/// A network of a continuous schedule is shown no time that is nearer to an end at which there is next to no
/// noise, or next to no signal, and what is divided by it means nothing.
const LEAST_TIME: f64 = 1e-3;

impl Schedule {
    /// The schedule of these settings.
    pub fn new(config: ScheduleConfig) -> Self {
        let discrete = |table: Table, zero_terminal_snr: bool| {
            Form::Discrete(if zero_terminal_snr {
                table.without_signal_at_the_end()
            } else {
                table
            })
        };
        Self(match config {
            ScheduleConfig::Linear { steps, zero_terminal_snr } => {
                discrete(Table::linear(steps), zero_terminal_snr)
            }
            ScheduleConfig::ScaledLinear { steps, zero_terminal_snr } => {
                discrete(Table::scaled_linear(steps), zero_terminal_snr)
            }
            ScheduleConfig::Cosine { steps, zero_terminal_snr } => {
                discrete(Table::cosine(steps), zero_terminal_snr)
            }
            ScheduleConfig::Sigmoid { steps, zero_terminal_snr } => {
                discrete(Table::sigmoid(steps), zero_terminal_snr)
            }
            ScheduleConfig::Vp { beta_min, beta_max } => Form::Vp(Vp { beta_min, beta_max }),
            ScheduleConfig::Edm { sigma_min, sigma_max } => Form::Edm(Edm { sigma_min, sigma_max }),
            ScheduleConfig::Flow { time_scale } => Form::Flow { time_scale },
        })
    }

    /// Signal and noise at time `t` in [0, 1].
    pub fn at(&self, t: f64) -> Moment {
        let (alpha, sigma) = match &self.0 {
            Form::Discrete(table) => table.at(t),
            Form::Vp(vp) => vp.at(t),
            Form::Edm(edm) => edm.at(t),
            Form::Flow { .. } => flow::at(t),
        };
        Moment { t, alpha, sigma }
    }

    /// T, for a schedule of discrete steps.
    pub fn steps(&self) -> Option<usize> {
        match &self.0 {
            Form::Discrete(table) => Some(table.steps()),
            Form::Vp(_) | Form::Edm(_) | Form::Flow { .. } => None,
        }
    }

    /// The least time that a network is trained on.
    pub fn first_time(&self) -> f64 {
        match &self.0 {
            Form::Discrete(table) => 1.0 / table.steps() as f64,
            Form::Edm(edm) => edm.first_time(),
            Form::Vp(_) | Form::Flow { .. } => LEAST_TIME,
        }
    }

    /// The greatest time that a network is trained on, and that sampling begins at.
    pub fn last_time(&self) -> f64 {
        match &self.0 {
            Form::Discrete(_) | Form::Vp(_) | Form::Edm(_) => 1.0,
            Form::Flow { .. } => 1.0 - LEAST_TIME,
        }
    }

    /// What a network is told of `t`: the number of the step, where there are steps.
    pub fn network_time(&self, t: f64) -> f64 {
        match &self.0 {
            Form::Discrete(table) => t * table.steps() as f64,
            Form::Edm(edm) => edm.network_time(t),
            Form::Vp(_) => t * NETWORK_SCALE,
            Form::Flow { time_scale } => t * time_scale,
        }
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

    const ALL: [ScheduleConfig; 5] = [
        ScheduleConfig::Linear { steps: 50, zero_terminal_snr: false },
        ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false },
        ScheduleConfig::Vp { beta_min: 0.1, beta_max: 20.0 },
        ScheduleConfig::Edm { sigma_min: 0.004, sigma_max: 160.0 },
        ScheduleConfig::FLOW,
    ];

    #[test]
    fn signal_only_ever_fades_and_noise_only_ever_grows() {
        for config in ALL {
            let schedule = Schedule::new(config);
            let at: Vec<Moment> = (0..=500).map(|i| schedule.at(f64::from(i) / 500.0)).collect();
            assert_eq!((at[0].alpha, at[0].sigma), (1.0, 0.0), "{config:?}");
            assert!(at.windows(2).all(|w| w[1].alpha <= w[0].alpha && w[1].sigma > w[0].sigma));
            assert!(at.windows(2).all(|w| w[1].ratio() > w[0].ratio()), "{config:?}");
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
