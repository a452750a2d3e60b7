//! What the critic knows of how much the values of a batch differ.

use burn::tensor::Tensor;
use genlab_core::{
    Check, Fault,
    settings::{LARGEST_SIZE, at_least, at_most},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Keeps the square root differentiable where all values are alike.
const EPSILON: f64 = 1e-8;

/// One more feature for each value: the standard deviation of each feature over a group of values, averaged
/// over features (Karras et al. 2018, arXiv:1710.10196, section 3). It stands before the critic's last
/// layer; theirs is a map before the last convolution.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MinibatchSd {
    /// Values in a group, at least 2.
    pub group: usize,
}

impl Default for MinibatchSd {
    fn default() -> Self {
        // That of StyleGAN's code (arXiv:1812.04948).
        Self { group: 4 }
    }
}

impl Check for MinibatchSd {
    fn check(&self) -> Result<(), Fault> {
        at_least("group", self.group, 2)?;
        at_most("group", self.group, LARGEST_SIZE)
    }
}

impl MinibatchSd {
    /// `[B, 1]` from features `[B, F]`. Groups are neighbours; where `group` does not divide the batch, the whole
    /// batch is one.
    pub fn feature(self, features: Tensor<2>) -> Tensor<2> {
        let [batch, size] = features.dims();
        let group = if batch.is_multiple_of(self.group) { self.group } else { batch };
        let groups = batch / group;
        let grouped = features.reshape([groups, group, size]);
        let apart = grouped.clone() - grouped.mean_dim(1);
        let sd = (apart.square().mean_dim(1) + EPSILON).sqrt();
        sd.mean_dim(2).repeat(&[1, group, 1]).reshape([batch, 1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn feature<const N: usize>(rows: [[f32; 2]; N]) -> Vec<f32> {
        let features = Tensor::<2>::from_floats(rows, &Device::flex());
        let feature = MinibatchSd { group: 2 }.feature(features);
        feature.into_data().try_into_vec::<f32>().expect("f32")
    }

    #[test]
    fn it_is_the_mean_deviation_within_each_group() {
        // Deviations (1, 3) in the first group and (0, 2) in the second.
        let found = feature([[0.0, 0.0], [2.0, 6.0], [5.0, 1.0], [5.0, 5.0]]);
        for (found, expected) in found.iter().zip([2.0, 2.0, 1.0, 1.0]) {
            assert!((found - expected).abs() < 1e-3, "{found}");
        }
    }

    #[test]
    fn a_batch_that_groups_do_not_divide_is_one() {
        let found = feature([[0.0, 0.0], [3.0, 0.0], [6.0, 0.0]]);
        assert!(found.iter().all(|x| (x - 6.0_f32.sqrt() / 2.0).abs() < 1e-3), "{found:?}");
    }
}
