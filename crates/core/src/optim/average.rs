//! A moving average of parameters.

use crate::{
    ema::warm,
    params::{FlatTensors, NamedParam},
    state::{CheckpointError, Section, StateReader, StateWriter},
};
use genlab_kernels::lerp;

/// An exponential moving average of a network's parameters, or of some of them.
#[derive(Debug)]
pub(super) struct Average {
    decay: f64,
    pub(super) values: FlatTensors,
}

impl Average {
    pub(super) fn new(decay: f64, params: &[NamedParam]) -> Self {
        let values = params.iter().map(|p| (p.name.clone(), p.value.clone())).collect();
        Self { decay, values }
    }

    /// Forgets everything but the parameters of now.
    pub(super) fn begin(&mut self, params: &[NamedParam]) {
        for param in params {
            if let Some(value) = self.values.get_mut(&param.name) {
                *value = param.value.clone();
            }
        }
    }

    /// Takes in the parameters after so many steps.
    pub(super) fn follow(&mut self, params: &[NamedParam], steps: u64) {
        let weight = 1.0 - warm(self.decay, steps);
        for param in params {
            if let Some(value) = self.values.remove(&param.name) {
                let value = lerp(value, param.value.clone(), weight);
                self.values.insert(param.name.clone(), value);
            }
        }
    }

    /// Writes it, called "average" where it is the one that is used, and otherwise by its decay too.
    pub(super) fn state(&self, prefix: &str, used: bool, out: &mut StateWriter) {
        let own = if used { "average".to_owned() } else { self.by_decay() };
        for (name, value) in &self.values {
            let (name, shape) = (format!("{prefix}.{own}.{name}"), value.dims().to_vec());
            out.tensor(Section::Average, name, shape, value.clone());
        }
    }

    /// Puts back what [`Self::state`] wrote, whichever was used then: a run can be opened with another of the
    /// averages that it kept.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub(super) fn restore(
        &mut self,
        prefix: &str,
        from: &mut StateReader,
    ) -> Result<(), CheckpointError> {
        let by_decay = self.by_decay();
        for (name, value) in &mut self.values {
            let own = format!("{prefix}.{by_decay}.{name}");
            let used = format!("{prefix}.average.{name}");
            let own = if from.has(Section::Average, &own) { own } else { used };
            *value = from.tensor(Section::Average, &own, value)?;
        }
        Ok(())
    }

    fn by_decay(&self) -> String {
        format!("average-{}", self.decay)
    }
}
