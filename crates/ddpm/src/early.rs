//! Weights of early in training, kept to lead samples away from.

use crate::network::Network;
use genlab_core::{
    CheckpointError, Progress, StateReader, StateWriter,
    params::{restore_params, write_params},
    state::Section,
};

/// The averaged weights after a share of the budget; before that, those that training began with.
pub(crate) struct Early {
    pub(crate) net: Network,
    share: f64,
    kept: bool,
}

impl Early {
    pub(crate) fn new(net: Network, share: f64) -> Self {
        Self { net, share, kept: false }
    }

    /// Keeps the weights of now, once their time has come.
    pub(crate) fn follow(&mut self, at: Progress, now: impl FnOnce() -> Network) {
        if !self.kept && at.fraction() >= self.share {
            *self = Self { net: now(), kept: true, ..*self };
        }
    }

    /// Writes what it keeps.
    pub(crate) fn state(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Average, "early", out);
        out.count("early.kept", self.kept.into());
    }

    /// Puts back what [`Self::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub(crate) fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.kept = from.count("early.kept")? == 1;
        self.net = restore_params(self.net.clone(), Section::Average, "early", from)?;
        Ok(())
    }
}
