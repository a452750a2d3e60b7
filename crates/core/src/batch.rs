//! What one optimisation step sees.

use crate::{
    noise::{Noise, Phase, Seed},
    objects::Objects,
};
use burn::tensor::{Int, Tensor};

/// A batch of values with what their dataset knows of them. `first` is the position of its first value
/// in the run's training stream, so `first..first + B` indexes all the noise this batch needs.
#[derive(Clone, Debug)]
pub struct Batch {
    /// `[B, C, H, W]` values of the dataset's space, a plain tensor (no gradient).
    pub values: Tensor<4>,
    /// `[B]` class indices, where the dataset has labels.
    pub labels: Option<Tensor<1, Int>>,
    /// `[B, P]` numbers that came before each value, where the dataset is of windows of series.
    pub past: Option<Tensor<2>>,
    /// `[B, T]` numbers of the words of each value's caption, where the dataset is of scenes.
    pub captions: Option<Tensor<2, Int>>,
    /// `[B, T]`, beside captions: the same with every relation turned round, which is false of the value; zeros, the empty
    /// caption, in rows that have none.
    pub turned: Option<Tensor<2, Int>>,
    /// `[B, T]`, beside captions: the same in another order of the objects, which says the same; the same word by word where there
    /// is no other.
    pub reworded: Option<Tensor<2, Int>>,
    /// Where the objects of each value are, where the dataset is of scenes and the model asks for them
    /// ([`Train::needs_objects`](crate::Train::needs_objects)).
    pub objects: Option<Objects>,
    /// Position of the first value in the training stream.
    pub first: u64,
}

impl Batch {
    /// Values in this batch.
    pub fn len(&self) -> usize {
        self.values.dims()[0]
    }

    /// Whether there is no value at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The rows of noise that belong to this batch.
    pub fn rows(&self) -> std::ops::Range<u64> {
        self.first..self.first + self.len() as u64
    }
}

/// Where a run stands when a step begins: every schedule is a function of this and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Steps taken before this one.
    pub step: u64,
    /// Training images seen before this step.
    pub images: u64,
    /// The budget: training images in the whole run.
    pub total_images: u64,
    /// The run's seed.
    pub seed: Seed,
}

impl Progress {
    /// All noise of the step follows from it, `step` and the batch's rows.
    pub fn noise(&self) -> Noise {
        self.seed.during(Phase::Train)
    }

    /// Share of the budget that is spent, in [0, 1].
    pub fn fraction(&self) -> f64 {
        if self.total_images == 0 {
            return 1.0;
        }
        (self.images as f64 / self.total_images as f64).min(1.0)
    }
}
