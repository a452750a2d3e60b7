//! Which times a sampler visits.

mod karras;
mod uniform;

use crate::schedule::{Moment, Schedule};
use genlab_core::{
    Check, Fault,
    settings::{at_least, at_most},
};
use serde::{Deserialize, Serialize};

/// The times between noise and sample, one file each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Spacing {
    /// As even as steps allow, all the way from 1 to 0.
    #[default]
    Uniform,
    /// Denser where there is little noise.
    Karras {
        /// 7 in the paper; 1 spaces σ/α evenly.
        #[serde(default = "karras::default_rho")]
        rho: f64,
    },
}

impl Check for Spacing {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Uniform => Ok(()),
            // Beyond, all levels fall together.
            Self::Karras { rho } => {
                at_least("rho", *rho, 1.0)?;
                at_most("rho", *rho, 100.0)
            }
        }
    }
}

impl Spacing {
    /// The moments that `steps` steps go through, from noise down to time 0: one more than steps.
    pub fn moments(self, schedule: &Schedule, steps: usize) -> Vec<Moment> {
        let times = match self {
            Self::Uniform => uniform::times(schedule, steps),
            Self::Karras { rho } => karras::times(schedule, steps, rho),
        };
        times.into_iter().map(|t| schedule.at(t)).collect()
    }
}
