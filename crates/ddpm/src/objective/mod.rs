//! What training minimises.

mod hybrid;
mod mean_flow;
mod progressive;
mod shortcut;

pub(crate) use hybrid::{HybridLoss, loss as hybrid_loss};
pub(crate) use mean_flow::{MeanFlow, MeanFlowLoss, Stretch};
pub(crate) use progressive::{Halving, Lesson, Teacher};
pub(crate) use shortcut::Shortcut;

use crate::{
    sampler::SamplerConfig, schedule::ScheduleConfig, solver::Solver, target::Target,
    weighting::Weighting,
};
use genlab_core::{
    Check, Fault,
    settings::{at_least, at_most, positive, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What training minimises, one file each where it is more than the error of a denoiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Objective {
    /// The weighted error of the target.
    #[default]
    Denoising,
    /// The same, and the variance of each step of a schedule of discrete steps (Nichol & Dhariwal 2021,
    /// arXiv:2102.09672).
    Hybrid {
        /// λ of the variational bound, which the variance is learned by.
        #[serde(default = "hybrid::default_weight")]
        weight: f64,
    },
    /// Samples of the base in half as many steps, and again, until they are few (Salimans & Ho 2022,
    /// arXiv:2202.00512).
    Progressive {
        /// Steps of the base's sampler that the first halving begins with.
        #[serde(default = "progressive::default_from")]
        from: usize,
        /// Steps that remain: `from`, halved once or more.
        #[serde(default = "progressive::default_to")]
        to: usize,
    },
    /// The average velocity of the flow over stretches of time, for samples in one step (Geng et al. 2025,
    /// arXiv:2505.13447).
    MeanFlow {
        /// The share of the rows whose stretch is an instant: there it is flow matching.
        #[serde(default = "mean_flow::default_instants")]
        instants: f64,
    },
    /// The velocity of the flow for steps of any length, by which one long step is two short ones (Frans et al. 2024,
    /// arXiv:2410.12557).
    Shortcut {
        /// The share of the rows whose step has no length: there it is flow matching.
        #[serde(default = "shortcut::default_instants")]
        instants: f64,
        /// How often all time is halved to the shortest step, from 1 to 20.
        #[serde(default = "shortcut::default_halvings")]
        halvings: u32,
    },
}

impl Check for Objective {
    fn check(&self) -> Result<(), Fault> {
        match *self {
            Self::Denoising => Ok(()),
            Self::Hybrid { weight } => positive("weight", weight),
            Self::Progressive { from, to } => progressive::check(from, to),
            Self::MeanFlow { instants } => share("instants", instants),
            Self::Shortcut { instants, halvings } => {
                share("instants", instants)?;
                at_least("halvings", u64::from(halvings), 1)?;
                at_most("halvings", u64::from(halvings), 20)
            }
        }
    }
}

impl Objective {
    /// What must hold of the rest of the settings.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn fits(
        self,
        has_base: bool,
        schedule: ScheduleConfig,
        target: Target,
        weighting: Weighting,
        sampler: SamplerConfig,
    ) -> Result<(), Fault> {
        match self {
            Self::Denoising => {}
            Self::Hybrid { .. } => hybrid::fits(schedule)?,
            Self::Progressive { to, .. } => progressive::fits(to, has_base, sampler)?,
            Self::MeanFlow { .. } => mean_flow::fits(schedule, target, weighting)?,
            Self::Shortcut { .. } => mean_flow::require_flow("shortcut", schedule, target)?,
        }
        if !self.learns_variance() {
            hybrid::require_no_learned_variance(sampler)?;
        }
        if sampler.solver != Solver::MeanFlow || self.tells_spans() {
            return Ok(());
        }
        let problem = "is mean-flow, but the network learns no average velocities; set objective.kind to \
                       mean-flow or shortcut, or choose another solver";
        Err(Fault::new("sampler.solver", problem))
    }

    /// Whether the network says how sure it is.
    pub(crate) fn learns_variance(self) -> bool {
        matches!(self, Self::Hybrid { .. })
    }

    /// Whether the network is asked about stretches of time.
    pub(crate) fn tells_spans(self) -> bool {
        matches!(self, Self::MeanFlow { .. } | Self::Shortcut { .. })
    }
}
