//! The two sides of the game, on logits `l` with D = σ(l). All losses are means over the batch.

use crate::GanLoss;
use burn::tensor::Tensor;

/// log(1 + eˣ) without overflow.
fn softplus(x: Tensor<1>) -> Tensor<1> {
    x.clone().clamp_min(0.0) + (x.abs().neg().exp() + 1.0).log()
}

/// −E[log D(x)] − E[log(1 − D(G(z)))]: Eq. 1 of Goodfellow et al. 2014 (arXiv:1406.2661), as the
/// critic minimises it. 2 ln 2 when the critic cannot tell.
pub fn critic_loss(real: Tensor<1>, fake: Tensor<1>) -> Tensor<1> {
    softplus(real.neg()).mean() + softplus(fake).mean()
}

/// The generator's loss on the critic's logits of its images: −E[log D(G(z))] (section 3 of
/// arXiv:1406.2661) or E[log(1 − D(G(z)))].
pub fn generator_loss(fake: Tensor<1>, loss: GanLoss) -> Tensor<1> {
    match loss {
        GanLoss::NonSaturating => softplus(fake.neg()).mean(),
        GanLoss::Minimax => softplus(fake).mean().neg(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn number(x: Tensor<1>) -> f32 {
        x.into_data().as_slice::<f32>().expect("f32")[0]
    }

    fn logits(value: f32) -> Tensor<1> {
        Tensor::full([3], value, &Device::flex())
    }

    #[test]
    fn an_undecided_critic_pays_two_ln_two() {
        assert!((number(critic_loss(logits(0.0), logits(0.0))) - 2.0 * 2.0_f32.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_two_generator_losses_match_their_formulas() {
        let d = 1.0 / (1.0 + (-1.3_f32).exp());
        let loss = number(generator_loss(logits(1.3), GanLoss::NonSaturating));
        assert!((loss + d.ln()).abs() < 1e-6);
        let loss = number(generator_loss(logits(1.3), GanLoss::Minimax));
        assert!((loss - (1.0 - d).ln()).abs() < 1e-6);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        assert!(number(critic_loss(logits(-200.0), logits(200.0))).is_finite());
    }
}
