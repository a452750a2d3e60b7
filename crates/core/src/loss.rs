//! How far a reconstruction is from a value, sums over its numbers, and an answer from a class: one number per value.

use crate::{settings::Fault, space::Space};
use burn::tensor::{Int, Tensor, activation::log_softmax};
use genlab_kernels::bce_with_logits;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which error of a reconstruction is minimised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PixelLoss {
    /// Binary cross-entropy of values in [0, 1]: nats per value.
    Bce,
    /// Squared error.
    Mse,
    /// Absolute error.
    L1,
}

impl PixelLoss {
    /// `logits`, what a decoder's last layer gives, and `values` of `space`, both `[B, C, H, W]`;
    /// returns `[B]`, summed over all numbers of a value.
    pub fn per_value(self, logits: Tensor<4>, values: Tensor<4>, space: Space) -> Tensor<1> {
        match self {
            Self::Bce => bernoulli_nll(logits, values),
            Self::Mse => squared_error(space.output(logits), values),
            Self::L1 => absolute_error(space.output(logits), values),
        }
    }

    /// # Errors
    /// When the error has no meaning in `space`; the fault is that of `key`.
    pub fn fits(self, key: &str, space: Space) -> Result<(), Fault> {
        match self {
            Self::Bce => space.require_unit(key, "bce", "mse"),
            Self::Mse | Self::L1 => Ok(()),
        }
    }
}

/// −log p(x | z) of independent Bernoulli pixels with the given logits, `[B]` nats per image.
/// On grey images it is a cross-entropy, not a likelihood.
pub fn bernoulli_nll(logits: Tensor<4>, images: Tensor<4>) -> Tensor<1> {
    bce_with_logits(logits.flatten::<2>(1, 3), images.flatten::<2>(1, 3))
}

/// Σ (a − b)² over pixels, `[B]`.
pub fn squared_error(a: Tensor<4>, b: Tensor<4>) -> Tensor<1> {
    (a - b).square().flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
}

/// Σ |a − b| over pixels, `[B]`.
pub fn absolute_error(a: Tensor<4>, b: Tensor<4>) -> Tensor<1> {
    (a - b).abs().flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
}

/// −log p(x | z) of independent Gaussian pixels with the given means and one standard deviation,
/// `[B]` nats per image.
pub fn gaussian_nll(means: Tensor<4>, images: Tensor<4>, sigma: f64) -> Tensor<1> {
    let [_, channels, height, width] = images.dims();
    let constant = (2.0 * std::f64::consts::PI * sigma * sigma).ln() / 2.0;
    squared_error(means, images) / (2.0 * sigma * sigma)
        + constant * (channels * height * width) as f64
}

/// −Σₖ tₖ ln pₖ of each row, in nats `[B]`, with p = softmax(logits) and targets that give `smoothing` of their
/// mass to all classes evenly: tₖ = (1 − s) [k = y] + s / K, Eq. 7 of Szegedy et al. 2016 (arXiv:1512.00567).
/// `labels` `[B]` are y.
pub fn cross_entropy(logits: Tensor<2>, labels: &Tensor<1, Int>, smoothing: f64) -> Tensor<1> {
    let log_probabilities = log_softmax(logits, 1);
    let of_label = log_probabilities.clone().gather(1, labels.clone().unsqueeze_dim(1));
    let evenly = log_probabilities.mean_dim(1);
    -(of_label * (1.0 - smoothing) + evenly * smoothing).squeeze_dim(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn number(x: Tensor<1>) -> f32 {
        x.into_data().as_slice::<f32>().expect("f32")[0]
    }

    fn image(value: f32) -> Tensor<4> {
        Tensor::full([1, 1, 2, 2], value, &Device::flex())
    }

    #[test]
    fn logits_of_zero_cost_ln_two_per_pixel() {
        let nll = number(bernoulli_nll(image(0.0), image(0.3)));
        assert!((nll - 4.0 * 2.0_f32.ln()).abs() < 1e-5);
    }

    #[test]
    fn errors_are_sums_over_the_numbers_of_a_value() {
        let (a, b) = (image(0.25), image(1.0));
        assert!((number(absolute_error(a.clone(), b.clone())) - 3.0).abs() < 1e-6);
        assert!((number(squared_error(a, b)) - 2.25).abs() < 1e-6);
    }

    #[test]
    fn a_perfect_gaussian_reconstruction_costs_its_normalising_constant() {
        let nll = number(gaussian_nll(image(0.5), image(0.5), 0.1));
        assert!((nll - 4.0 * 0.5 * (2.0 * std::f32::consts::PI * 0.01).ln()).abs() < 1e-5);
    }

    #[test]
    fn cross_entropy_is_the_surprise_at_the_label_and_some_of_that_at_all_classes() {
        let device = Device::flex();
        let labels = Tensor::from_ints([0, 2], &device);
        // Probabilities 1/2, 1/4, 1/4 and 1/3 each.
        let [half, quarter] = [0.5_f32.ln(), 0.25_f32.ln()];
        let logits = Tensor::<2>::from_floats([[half, quarter, quarter], [2.0; 3]], &device);
        let surprise = |smoothing| -> Vec<f32> {
            cross_entropy(logits.clone(), &labels, smoothing)
                .into_data()
                .try_into_vec()
                .expect("f32")
        };
        let plain = surprise(0.0);
        let (two, three) = (2.0_f32.ln(), 3.0_f32.ln());
        assert!((plain[0] - two).abs() < 1e-6 && (plain[1] - three).abs() < 1e-6, "{plain:?}");
        // 0.7 ln 2 + 0.3 (ln 2 + 2 ln 4) / 3 = 0.7 ln 2 + 0.5 ln 2.
        let smoothed = surprise(0.3);
        assert!((smoothed[0] - 1.2 * two).abs() < 1e-6, "{smoothed:?}");
        assert!((smoothed[1] - three).abs() < 1e-6, "{smoothed:?}");
    }
}
