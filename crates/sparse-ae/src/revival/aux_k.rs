//! A second, small loss that dead units alone can lower.

use crate::sparsity::{keep_from, largest};
use burn::tensor::{Bool, Tensor, activation::relu};
use genlab_core::{
    Check, Fault,
    settings::{non_negative, size},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// α ‖e − ê‖², e what the code leaves of a value and ê what the `units` largest dead units make of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AuxK {
    /// Values in a row that leave a unit off before it is dead.
    pub after: u64,
    /// k_aux, units of each value that are tried. About half of what a value has numbers, a power of two, in the paper.
    pub units: usize,
    /// α.
    pub weight: f64,
}

impl Default for AuxK {
    fn default() -> Self {
        Self { after: 3_000, units: 64, weight: 1.0 / 32.0 }
    }
}

impl Check for AuxK {
    fn check(&self) -> Result<(), Fault> {
        size("units", self.units)?;
        non_negative("weight", self.weight)
    }
}

/// Below any pre-activation.
const NEVER: f64 = -1e9;

/// ReLU of the `units` largest pre-activations `[B, L]` of `dead` units `[L]`; the rest 0 (Gao et al. 2024,
/// arXiv:2406.04093, appendix A.2).
pub(crate) fn dead_codes(pre: Tensor<2>, dead: Tensor<1, Bool>, units: usize) -> Tensor<2> {
    let dims = pre.dims();
    let alive = dead.bool_not().unsqueeze::<2>().expand(dims);
    let pre = relu(pre.mask_fill(alive, NEVER));
    let least = largest(pre.clone().detach(), units);
    keep_from(pre, least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn the_largest_dead_units_are_tried_and_no_living_one() {
        let device = Device::flex();
        let pre = [[5.0, 1.0, 3.0, 2.0], [4.0, -1.0, -2.0, 0.5]];
        let dead = Tensor::<1>::from_floats([0.0, 1.0, 1.0, 1.0], &device).greater_elem(0.5);
        let codes = dead_codes(Tensor::from_floats(pre, &device), dead, 2).into_data();
        assert_eq!(codes.as_slice::<f32>().expect("f32"), [0.0, 0.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.5]);
    }
}
