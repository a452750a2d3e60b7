//! Weights held in a box.

use burn::module::Module;
use genlab_core::{Check, Fault, Optimized, settings::positive};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// After each step every weight and bias of the critic is cut to [−c, c]: Algorithm 1 of Arjovsky et al. 2017
/// (arXiv:1701.07875). It bounds the critic's slope by some constant that nobody chooses; most weights end at
/// either side of the box.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WeightClip {
    /// c, above 0.
    pub limit: f64,
}

impl Default for WeightClip {
    fn default() -> Self {
        // That of the paper.
        Self { limit: 0.01 }
    }
}

impl Check for WeightClip {
    fn check(&self) -> Result<(), Fault> {
        positive("limit", self.limit)
    }
}

impl WeightClip {
    /// `critic` with its weights cut.
    pub(crate) fn confine<M: Module>(self, critic: &mut Optimized<M>) {
        critic.change(&mut |_, weights| weights.clamp(-self.limit, self.limit));
    }
}
