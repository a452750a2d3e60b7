//! How long the columns of the decoder are: what each unit writes, row j of the first layer's weight here.
//!
//! Free columns let a penalty on the size of codes be evaded by smaller codes and longer columns.

use burn::tensor::Tensor;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DecoderNorm {
    /// As training makes them.
    Free,
    /// Put back to length 1 after each step.
    Renormalise,
    /// The same, and the gradient loses what would only change lengths, so that Adam's memory holds no such part
    /// (Bricken et al. 2023, "Towards Monosemanticity", appendix on training).
    Project,
}

/// d_j / ‖d_j‖ for each row of `[L, N]`; rows of zeros stay.
pub(crate) fn unit_rows(columns: Tensor<2>) -> Tensor<2> {
    let norms = columns.clone().square().sum_dim(1).sqrt();
    columns / norms.clamp_min(f64::from(f32::MIN_POSITIVE))
}

/// g_j − (g_j · d_j) d_j for gradients g_j at columns d_j of length 1, both `[L, N]`.
pub(crate) fn without_parallel(gradient: Tensor<2>, columns: Tensor<2>) -> Tensor<2> {
    let along = (gradient.clone() * columns.clone()).sum_dim(1);
    gradient - columns * along
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn numbers(x: Tensor<2>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn rows_get_length_one_and_keep_their_direction() {
        let rows = Tensor::from_floats([[3.0, 4.0], [0.0, 0.0]], &Device::flex());
        for (found, expected) in numbers(unit_rows(rows)).into_iter().zip([0.6, 0.8, 0.0, 0.0]) {
            assert!((found - expected).abs() < 1e-6);
        }
    }

    #[test]
    fn what_is_left_of_a_gradient_is_orthogonal_to_its_column() {
        let columns = Tensor::from_floats([[0.6, 0.8]], &Device::flex());
        let gradient = Tensor::from_floats([[2.0, 1.0]], &Device::flex());
        let found = numbers(without_parallel(gradient, columns));
        // g · d = 2, so 2 − 2 · 0.6 and 1 − 2 · 0.8.
        assert!((found[0] - 0.8).abs() < 1e-6 && (found[1] + 0.6).abs() < 1e-6, "{found:?}");
    }
}
