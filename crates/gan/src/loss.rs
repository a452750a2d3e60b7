//! The two sides of the game, on logits `l` with D = σ(l). All losses are means over the batch.

use crate::GanLoss;
use burn::tensor::Tensor;

/// log(1 + eˣ) without overflow.
fn softplus(x: Tensor<1>) -> Tensor<1> {
    x.clone().clamp_min(0.0) + (x.abs().neg().exp() + 1.0).log()
}

/// −E[log D(x)] − E[log(1 − D(G(z)))]: Eq. 1 of Goodfellow et al. 2014 (arXiv:1406.2661), as the
/// critic minimises it. 2 ln 2 when the critic cannot tell. With labels smoothed by s the first term is
/// −E[(1 − s) log D(x) + s log(1 − D(x))], which is least where D(x) = 1 − s.
pub fn critic_loss(real: Tensor<1>, fake: Tensor<1>, loss: GanLoss) -> Tensor<1> {
    let plain = softplus(real.clone().neg()).mean() + softplus(fake).mean();
    match loss {
        // (1 − s) softplus(−l) + s softplus(l) = softplus(−l) + s l.
        GanLoss::NonSaturating { label_smoothing } if label_smoothing > 0.0 => {
            plain + real.mean() * label_smoothing
        }
        _ => plain,
    }
}

/// The generator's loss on the critic's logits of its images: −E[log D(G(z))] (section 3 of
/// arXiv:1406.2661) or E[log(1 − D(G(z)))].
pub fn generator_loss(fake: Tensor<1>, loss: GanLoss) -> Tensor<1> {
    match loss {
        GanLoss::NonSaturating { .. } => softplus(fake.neg()).mean(),
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

    const PLAIN: GanLoss = GanLoss::NonSaturating { label_smoothing: 0.0 };

    fn critic(real: f32, fake: f32, loss: GanLoss) -> f32 {
        number(critic_loss(logits(real), logits(fake), loss))
    }

    #[test]
    fn an_undecided_critic_pays_two_ln_two() {
        for loss in [PLAIN, GanLoss::Minimax, GanLoss::NonSaturating { label_smoothing: 0.3 }] {
            assert!((critic(0.0, 0.0, loss) - 2.0 * 2.0_f32.ln()).abs() < 1e-6);
        }
    }

    #[test]
    fn smoothed_labels_are_a_cross_entropy_that_is_least_at_the_smoothed_label() {
        let (s, real, fake) = (0.1, 1.7, -0.4);
        let smoothed = GanLoss::NonSaturating { label_smoothing: s };
        let d = |logit: f64| 1.0 / (1.0 + (-logit).exp());
        let cross_entropy = -(1.0 - s) * d(real).ln() - s * (1.0 - d(real)).ln();
        let expected = cross_entropy - (1.0 - d(fake)).ln();
        assert!((critic(real as f32, fake as f32, smoothed) - expected as f32).abs() < 1e-6);
        // D = 1 − s at the logit ln((1 − s) / s).
        let best = ((1.0 - s) / s).ln() as f32;
        for other in [best - 0.2, best + 0.2] {
            assert!(critic(best, 0.0, smoothed) < critic(other, 0.0, smoothed));
        }
        assert!(critic(best + 0.2, 0.0, PLAIN) < critic(best, 0.0, PLAIN));
    }

    #[test]
    fn the_two_generator_losses_match_their_formulas() {
        let d = 1.0 / (1.0 + (-1.3_f32).exp());
        let loss = number(generator_loss(logits(1.3), PLAIN));
        assert!((loss + d.ln()).abs() < 1e-6);
        let loss = number(generator_loss(logits(1.3), GanLoss::Minimax));
        assert!((loss - (1.0 - d).ln()).abs() < 1e-6);
    }

    #[test]
    fn extreme_logits_stay_finite() {
        for loss in [PLAIN, GanLoss::NonSaturating { label_smoothing: 0.1 }] {
            assert!(critic(-200.0, 200.0, loss).is_finite());
        }
    }
}
