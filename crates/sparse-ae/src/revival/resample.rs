//! Dead units made anew from what is badly reconstructed.

use burn::tensor::{Bool, Int, Tensor};
use genlab_core::{
    Check, Fault,
    settings::{at_least, non_negative, share},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Every so often dead units read and write the direction of a value that was reconstructed badly.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Resample {
    /// Values in a row that leave a unit off before it is dead.
    pub after: u64,
    /// Values between two rounds, of which each wakes at most as many units as a batch has values.
    pub every: u64,
    /// Share of the budget after which none is made anew, so that the last ones can still learn.
    pub until: f64,
    /// Length of what a new unit reads, by the mean length over living units.
    pub scale: f64,
}

impl Default for Resample {
    fn default() -> Self {
        // 0.2 in the paper, for units that compete with none; here they must be among the largest.
        Self { after: 320, every: 320, until: 0.8, scale: 1.0 }
    }
}

impl Check for Resample {
    fn check(&self) -> Result<(), Fault> {
        at_least("every", self.every, 1)?;
        share("until", self.until)?;
        non_negative("scale", self.scale)
    }
}

impl Resample {
    /// Whether there is a round in the step from `images` to `images + batch` of a budget of which `spent` is used.
    pub(crate) fn is_due(self, images: u64, batch: u64, spent: f64) -> bool {
        spent < self.until && images / self.every != (images + batch) / self.every
    }
}

/// New parameters of the units that were dead; those of the others are as they were.
pub(crate) struct Reborn {
    /// What units read, `[N, L]`.
    pub(crate) reads: Tensor<2>,
    /// Their bias, `[L]`.
    pub(crate) bias: Tensor<1>,
    /// What they write, `[L, N]`.
    pub(crate) writes: Tensor<2>,
    /// 0 for each unit that is new, `[L]`.
    pub(crate) kept: Tensor<1>,
}

/// Bricken et al. 2023 ("Towards Monosemanticity", appendix on resampling), on a batch instead of many: values `[B, N]` are
/// drawn with probabilities in proportion to the squares of their `losses` `[B]`, each at most once, and the r-th dead
/// unit takes the r-th. d is the value less the batch's mean m, of length 1: the unit writes d as long as living units
/// write on average, reads `scale` times as much of d as they do, and its bias puts m to 0.
///
/// To sort ln p + Gumbel noise is to draw without replacement (Kool et al. 2019, arXiv:1903.06059), and no step reads the
/// device for it. `uniform` `[B]` in [0, 1) is that noise before two logarithms.
pub(crate) fn reborn(
    now: Reborn,
    dead: Tensor<1, Bool>,
    values: Tensor<2>,
    losses: Tensor<1>,
    uniform: Tensor<1>,
    scale: f64,
) -> Reborn {
    let batch = values.dims()[0];
    let tiny = f64::from(f32::MIN_POSITIVE);
    let gumbel = -(-uniform.clamp_min(tiny).log()).clamp_min(tiny).log();
    let order: Tensor<1, Int> = (losses.clamp_min(tiny).log() * 2.0 + gumbel).argsort_descending(0);
    // The place of each dead unit among them, from 0.
    let place = dead.clone().int().cumsum(0) - 1;
    let new = dead.clone().bool_and(place.clone().lower_elem(batch as i64));
    let chosen = order.select(0, place.clamp(0, batch as i64 - 1));

    let mean = values.clone().mean_dim(0);
    let directions = (values - mean.clone()).select(0, chosen);
    let directions = directions.clone() / length(directions).clamp_min(tiny);
    let living = dead.bool_not().float().unsqueeze_dim::<2>(1);
    let count = living.clone().sum().clamp_min(1.0).reshape([1, 1]);
    let mean_length = |rows: Tensor<2>| (length(rows) * living.clone()).sum_dim(0) / count.clone();
    let (rows, writes) = (now.reads.transpose(), now.writes);
    let new_reads = directions.clone() * mean_length(rows.clone()) * scale;
    let new_writes = directions * mean_length(writes.clone());
    let new_bias = -(new_reads.clone() * mean).sum_dim(1).squeeze_dim::<1>(1);
    let is_new = new.clone().unsqueeze_dim::<2>(1).expand(rows.dims());
    Reborn {
        reads: rows.mask_where(is_new.clone(), new_reads).transpose(),
        bias: now.bias.mask_where(new.clone(), new_bias),
        writes: writes.mask_where(is_new, new_writes),
        kept: new.bool_not().float() * now.kept,
    }
}

/// Of each row of `[L, N]`, `[L, 1]`.
fn length(rows: Tensor<2>) -> Tensor<2> {
    rows.square().sum_dim(1).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    /// Four units in a plane, the second and the last dead; only the last of three values is badly reconstructed.
    fn round(losses: [f32; 3]) -> Reborn {
        let device = Device::flex();
        let now = Reborn {
            reads: Tensor::from_floats([[3.0, 7.0, 0.0, 7.0], [0.0, 7.0, 1.0, 7.0]], &device),
            bias: Tensor::from_floats([0.1, 0.2, 0.3, 0.4], &device),
            writes: Tensor::from_floats([[1.0, 0.0], [7.0, 7.0], [0.0, 3.0], [7.0, 7.0]], &device),
            kept: Tensor::ones([4], &device),
        };
        let dead = Tensor::<1>::from_floats([0.0, 1.0, 0.0, 1.0], &device).greater_elem(0.5);
        let values = Tensor::from_floats([[0.0, 0.0], [0.0, 3.0], [3.0, 3.0]], &device);
        let losses = Tensor::from_floats(losses, &device);
        let uniform = Tensor::from_floats([0.5, 0.5, 0.5], &device);
        reborn(now, dead, values, losses, uniform, 0.5)
    }

    #[test]
    fn dead_units_take_the_directions_of_bad_values_and_the_rest_stays() {
        let found = round([0.0, 1.0, 9.0]);
        assert_eq!(numbers(found.kept), [1.0, 0.0, 1.0, 0.0]);
        // The mean is (1, 2), so the two worst values lie at (2, 1)/√5 and (−1, 1)/√2; living units write 2 and
        // read 2 on average.
        let (a, b) = ([2.0 / 5.0_f32.sqrt(), 1.0 / 5.0_f32.sqrt()], 1.0 / 2.0_f32.sqrt());
        let writes = [1.0, 0.0, 2.0 * a[0], 2.0 * a[1], 0.0, 3.0, -2.0 * b, 2.0 * b];
        let reads = [3.0, a[0], 0.0, -b, 0.0, a[1], 1.0, b];
        let bias = [0.1, -(a[0] + 2.0 * a[1]), 0.3, b - 2.0 * b];
        let found = [numbers(found.writes), numbers(found.reads), numbers(found.bias)].concat();
        for (found, expected) in found.iter().zip(writes.iter().chain(&reads).chain(&bias)) {
            assert!((found - expected).abs() < 1e-5, "{found} {expected}");
        }
    }

    #[test]
    fn rounds_come_every_so_many_values_until_their_time_is_over() {
        let resample = Resample { every: 100, until: 0.5, ..Resample::default() };
        let due: Vec<u64> =
            (0..10).filter(|i| resample.is_due(i * 40, 40, 0.1)).map(|i| i * 40).collect();
        assert_eq!(due, [80, 160, 280, 360]);
        assert!(!resample.is_due(80, 40, 0.5));
    }
}
