//! The largest units of each value.

use crate::schedule;
use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{share, size},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How many units are on at most: of each value, or on average over a batch.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MostActive {
    /// k.
    pub k: usize,
    /// k of the first step.
    pub first_k: usize,
    /// Share of the budget over which k falls from `first_k`; 0: it is k at once.
    pub anneal: f64,
}

impl Default for MostActive {
    fn default() -> Self {
        Self { k: 32, first_k: 128, anneal: 0.0 }
    }
}

impl Check for MostActive {
    fn check(&self) -> Result<(), Fault> {
        size("k", self.k)?;
        size("first_k", self.first_k)?;
        share("anneal", self.anneal)
    }
}

impl MostActive {
    /// k when `spent` of the budget is used.
    pub(super) fn at(self, spent: f64) -> usize {
        schedule::active_units(self.first_k, self.k, self.anneal, spent)
    }

    /// # Errors
    /// When there are fewer units.
    pub(super) fn fits(self, latent_dim: usize) -> Result<(), Fault> {
        let largest = if self.anneal > 0.0 { self.k.max(self.first_k) } else { self.k };
        if largest <= latent_dim {
            return Ok(());
        }
        let key = if self.k > latent_dim { "k" } else { "first_k" };
        let problem = format!(
            "is {largest}, but the code has latent_dim = {latent_dim} units; set it to at most {latent_dim}"
        );
        Err(Fault::new(key, problem))
    }
}

/// h_j = a_j where a_j is among the k largest of its row, else 0, of activations `[B, L]`, none negative (Makhzani
/// & Frey 2014, arXiv:1312.5663, section 2.1; Gao et al. 2024, arXiv:2406.04093, Eq. 3). Gradients reach the kept
/// units alone.
pub(super) fn top_k(activations: Tensor<2>, k: usize) -> Tensor<2> {
    let least = largest(activations.clone().detach(), k);
    keep_from(activations, least)
}

/// The k-th largest number of each row, `[B, 1]`.
pub(crate) fn largest(rows: Tensor<2>, k: usize) -> Tensor<2> {
    rows.topk(k, 1).narrow(1, k - 1, 1)
}

/// What is at least `least`, `[B, 1]` or `[1, 1]`; the rest becomes 0.
pub(crate) fn keep_from(activations: Tensor<2>, least: Tensor<2>) -> Tensor<2> {
    let kept = activations.clone().detach().greater_equal(least.expand(activations.dims()));
    activations * kept.float()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_k_largest_of_each_row_stay_and_have_gradients() {
        let rows = [[0.1, 0.7, 0.0, 0.3], [0.9, 0.2, 0.4, 0.8]];
        let rows = Tensor::<2>::from_floats(rows, &Device::flex().autodiff()).require_grad();
        let kept = top_k(rows.clone(), 2);
        let gradient = rows.grad(&kept.clone().sum().backward()).expect("tracked");
        let numbers = |x: Tensor<2>| x.into_data().try_into_vec::<f32>().expect("f32");
        assert_eq!(numbers(kept.inner()), [0.0, 0.7, 0.0, 0.3, 0.9, 0.0, 0.0, 0.8]);
        assert_eq!(numbers(gradient), [0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn more_units_than_there_are_cannot_be_on() {
        let most = MostActive { k: 9, ..MostActive::default() };
        let sentence = most.fits(8).expect_err("a fault").to_string();
        assert_eq!(sentence, "k is 9, but the code has latent_dim = 8 units; set it to at most 8");
        assert!(MostActive { k: 8, ..most }.fits(8).is_ok(), "first_k is not used");
    }
}
