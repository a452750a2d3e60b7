//! Pixels of 256 levels: the share of a logistic distribution that falls on each (Kingma et al. 2016,
//! arXiv:1606.04934; Salimans et al. 2017, PixelCNN++, arXiv:1701.05517, Eq. 2, with one component).

use burn::tensor::{Tensor, activation::log_sigmoid};

/// Levels of grey from 0 to 1.
pub const LEVELS: usize = 256;

/// −log P(x | μ, s) of each value, `[B]` nats; all others `[B, C, H, W]`, with pixels and means in [0, 1]:
///
/// P = σ((x + h − μ)/s) − σ((x − h − μ)/s),   h half the distance of two levels, σ the logistic function,
///
/// with 1 for the first σ of white and 0 for the second of black, so that all levels together have 1. The
/// difference is taken without cancellation: its logarithm is log σ(a) + log σ(−b) + log(1 − e^(b − a)).
pub fn logistic_nll(means: Tensor<4>, log_scale: Tensor<4>, values: Tensor<4>) -> Tensor<1> {
    let half = 0.5 / (LEVELS - 1) as f64;
    let sharpness = log_scale.neg().exp();
    let offset = values.clone() - means;
    let above = (offset.clone() + half) * sharpness.clone();
    let below = (offset - half) * sharpness.clone();
    let not_white = values.clone().lower_elem(1.0 - half).float();
    let not_black = values.greater_elem(half).float();
    let between = ((sharpness * (-2.0 * half)).exp().neg() + 1.0).log();
    let log_mass = log_sigmoid(above) * not_white.clone()
        + log_sigmoid(below.neg()) * not_black.clone()
        + between * not_white * not_black;
    log_mass.neg().flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
}

/// The level of μ + s ln(u / (1 − u)): what a uniform u draws.
pub(super) fn draw(means: Tensor<4>, log_scale: Tensor<4>, uniform: Tensor<4>) -> Tensor<4> {
    let uniform = uniform.clamp(1e-6, 1.0 - 1e-6);
    let logit = uniform.clone().log() - (uniform.neg() + 1.0).log();
    let steps = (LEVELS - 1) as f64;
    ((means + log_scale.exp() * logit).clamp(0.0, 1.0) * steps).round() / steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers;
    use burn::tensor::{Device, TensorData};

    fn tensor(values: &[f32]) -> Tensor<4> {
        let shape = [values.len(), 1, 1, 1];
        Tensor::from_data(TensorData::new(values.to_vec(), shape), &Device::flex())
    }

    fn nll(mean: f32, scale: f32, levels: &[f32]) -> Vec<f64> {
        let values: Vec<f32> = levels.iter().map(|level| level / 255.0).collect();
        let all = |number: f32| tensor(&vec![number; levels.len()]);
        numbers(logistic_nll(all(mean), all(scale.ln()), tensor(&values)))
    }

    #[test]
    fn all_levels_together_have_a_probability_of_one() {
        let levels: Vec<f32> = (0..LEVELS).map(|level| level as f32).collect();
        for (mean, scale) in [(0.5, 0.1), (0.0, 0.003), (1.0, 0.5), (0.2, 0.02)] {
            let total: f64 = nll(mean, scale, &levels).iter().map(|nats| (-nats).exp()).sum();
            assert!((total - 1.0).abs() < 1e-4, "{mean} {scale}: {total}");
        }
    }

    #[test]
    fn each_level_has_the_share_between_its_borders() {
        for (mean, scale, level, exact) in FIXTURE {
            let found = nll(mean, scale, &[level])[0];
            assert!((found / exact - 1.0).abs() < 1e-4, "{mean} {scale} {level}: {found} {exact}");
        }
    }

    /// Mean, scale, level, and −log of the difference of scipy.stats.logistic (SciPy 1.17) at the borders, of its cdf
    /// below the mean and of its sf above.
    const FIXTURE: [(f32, f32, f32, f64); 6] = [
        (0.5, 0.1, 128.0, 4.625_100_958),
        (0.5, 0.1, 0.0, 4.987_240_024),
        (0.5, 0.1, 255.0, 4.987_240_024),
        (0.2, 0.02, 255.0, 39.901_960_78),
        (0.9, 0.004, 10.0, 215.176_148_3),
        (0.3, 0.05, 70.0, 3.996_213_186),
    ];

    #[test]
    fn draws_are_levels_as_often_as_the_probability_says() {
        let count = 2000;
        let uniform: Vec<f32> = (0..count).map(|i| (i as f32 + 0.5) / count as f32).collect();
        let all = |number: f32| tensor(&vec![number; count]);
        let drawn = numbers(draw(all(0.02), all(0.01_f32.ln()), tensor(&uniform)));
        for level in [0.0_f32, 3.0, 5.0, 9.0] {
            let hits = drawn.iter().filter(|x| (*x * 255.0 - f64::from(level)).abs() < 1e-3);
            let share = hits.count() as f64 / count as f64;
            let exact = (-nll(0.02, 0.01, &[level])[0]).exp();
            assert!((share - exact).abs() < 2e-3, "{level}: {share} {exact}");
        }
    }
}
