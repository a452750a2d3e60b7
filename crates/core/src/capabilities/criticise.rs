//! What the other side of a game says.

use crate::{batch::Batch, condition::Condition, noise::Seed};
use burn::tensor::Tensor;

/// What a critic wins by training on alone against a generator that stands still.
#[derive(Clone, Debug, PartialEq)]
pub struct BestResponse {
    /// The critic's loss on held-out values, without penalties, as it was trained.
    pub before: f64,
    /// The least that it came to.
    pub after: f64,
    /// Steps until then.
    pub steps: u64,
}

/// Tells values of the data from generated ones.
pub trait Criticise {
    /// What the critic says of p_d / (p_d + p_g), the probability that a value is of the data where half are
    /// generated, at values `[B, C, H, W]` of the dataset's space: `[B]`. None where its game does not ask for it.
    fn real_probability(&self, values: Tensor<4>, condition: &Condition) -> Option<Tensor<1>>;

    /// Trains a copy of the critic for at most `most` steps on the batches of `training` beside generated
    /// values, and judges it by `held_out`. All draws follow from `seed`.
    fn best_response(
        &self,
        training: &dyn Fn(u64) -> Batch,
        held_out: &Batch,
        most: u64,
        seed: Seed,
    ) -> BestResponse;
}
