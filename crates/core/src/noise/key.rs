//! Whose noise it is and when it is drawn: with a name, the key of a keystream.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// The seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seed(pub u64);

/// When in a run a draw is made. Two phases never share a keystream: no model is scored on noise that
/// it was trained on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Phase {
    /// Initial weights.
    Initialise = 1,
    /// Training steps: the order of images, what is mixed into them.
    Train = 2,
    /// Validation curves during training.
    Validate = 3,
    /// Everything that is measured afterwards.
    Evaluate = 4,
    /// Samples, whoever asks for them.
    Sample = 5,
}

/// All the noise of one seed in one phase: what is handed to whoever draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Noise {
    /// Whose.
    pub seed: Seed,
    /// When.
    pub phase: Phase,
}

impl Seed {
    /// The noise of this seed in one phase.
    pub fn during(self, phase: Phase) -> Noise {
        Noise { seed: self, phase }
    }
}

impl Noise {
    /// SHA-256 of the phase, the seed and the name.
    pub(super) fn key(self, name: &str) -> [u8; 32] {
        let mut hasher = Sha256::new();
        hasher.update(b"genlab/2");
        hasher.update([self.phase as u8]);
        hasher.update(self.seed.0.to_le_bytes());
        hasher.update(name.as_bytes());
        hasher.finalize().into()
    }
}
