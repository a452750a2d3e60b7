//! What training minimises.

mod progressive;

pub(crate) use progressive::{Halving, Lesson, Teacher};

use crate::spacing::Spacing;
use genlab_core::{Check, Fault, settings::size};
use serde::{Deserialize, Serialize};

/// What training minimises, one file each where it is more than the error of a denoiser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Objective {
    /// The weighted error of the target.
    #[default]
    Denoising,
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
}

impl Check for Objective {
    fn check(&self) -> Result<(), Fault> {
        let Self::Progressive { from, to } = *self else { return Ok(()) };
        size("from", from)?;
        size("to", to)?;
        if from % to == 0 && (from / to).is_power_of_two() && from > to {
            return Ok(());
        }
        let problem = format!("is {from}; set it to {to} times 2, 4, 8 or another power of two");
        Err(Fault::new("from", problem))
    }
}

impl Objective {
    /// What must hold of the rest of the settings: few steps are those that were trained.
    ///
    /// # Errors
    /// When it does not.
    pub(crate) fn fits(self, has_base: bool, steps: usize, spacing: Spacing) -> Result<(), Fault> {
        let Self::Progressive { to, .. } = self else { return Ok(()) };
        if !has_base {
            let problem = "is progressive, which needs a teacher; name a finished run in base.run";
            return Err(Fault::new("objective", problem));
        }
        if steps != to {
            let problem = format!("is {steps}, but the student learns {to} steps; set it to {to}");
            return Err(Fault::new("sampler.steps", problem));
        }
        if spacing.halves() {
            return Ok(());
        }
        let problem = "is one whose times are no others' with every second left out, which halving needs; set \
                       it to roots or trailing";
        Err(Fault::new("sampler.spacing", problem))
    }
}
