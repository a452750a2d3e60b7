//! Going on from a finished run.

use crate::{
    context::{InitContext, InitError, Start},
    opened::OpenedRun,
    optim::Optimized,
    settings::{Check, Fault},
};
use burn::module::Module;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The setting: the finished run that a model goes on from, and what of it is trained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BaseConfig {
    /// Its run directory.
    pub run: PathBuf,
    /// Parameters, or modules that hold some, that are trained; none: all of them. The others stay as
    /// they are in the run, byte for byte.
    pub trained: Vec<String>,
}

impl Check for BaseConfig {
    fn check(&self) -> Result<(), Fault> {
        if self.run.as_os_str().is_empty() {
            return Err(Fault::new("run", "is empty; give the run directory of a finished run"));
        }
        Ok(())
    }
}

impl BaseConfig {
    /// `net` with the weights that the run keeps of the network called `prefix`. Its settings `alike`
    /// must be those of `own`: with others its weights mean something else.
    ///
    /// # Errors
    /// When the run cannot be opened, keeps another network, is about other values, has other such
    /// settings, or has nothing of the names in `trained`.
    pub fn build_on<M: Module>(
        &self,
        mut net: Optimized<M>,
        prefix: &str,
        own: &impl Serialize,
        alike: &[&str],
        context: &InitContext,
    ) -> Result<Optimized<M>, InitError> {
        if context.start == Start::Fresh {
            let mut opened = context.runs.open(&self.run)?;
            self.require_alike(&opened, own, alike, context)?;
            net.adopt(prefix, &mut opened.state).map_err(|_| {
                let problem = format!(
                    "is {}, whose {} keeps another network than these settings describe; choose \
                     another run",
                    self.run.display(),
                    opened.model,
                );
                Fault::new("run", problem)
            })?;
        }
        if self.trained.is_empty() {
            return Ok(net);
        }
        let unknown =
            |name| Fault::new("trained", format!("names {name}, which the network lacks"));
        Ok(net.only(&self.trained).map_err(unknown)?)
    }

    fn require_alike(
        &self,
        opened: &OpenedRun,
        own: &impl Serialize,
        alike: &[&str],
        context: &InitContext,
    ) -> Result<(), Fault> {
        let fault = |problem: String| {
            let run = format!("is {}, whose {}", self.run.display(), opened.model);
            Err(Fault::new("run", format!("{run} {problem}; choose another run")))
        };
        let (base, values) = (opened.space, context.space);
        if (base.shape, base.kind) != (values.shape, values.kind) {
            return fault(format!(
                "was trained on values of {} and not of {}",
                base.shape, values.shape
            ));
        }
        let own = serde_json::to_value(own).expect("settings are plain values");
        if alike.iter().any(|key| opened.settings.get(key).is_none()) {
            return fault("is another model".into());
        }
        if opened.classes != context.classes && !own["condition"]["kind"].eq("none") {
            return fault("knows another number of classes".into());
        }
        for key in alike {
            let [base, here] = [&opened.settings[key], &own[key]];
            if base != here {
                return fault(format!("was trained with {key} = {base} and not {here}"));
            }
        }
        Ok(())
    }
}
