//! DPM-Solver++ of second order with a memory of one step.

use super::Oracle;
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// One step in λ = ln(α / σ) over h = λ_s − λ_t, on which the semi-linear ODE is solved exactly but for x̂_0, which is
/// continued in a straight line from the step before (Algorithm 2 of Lu et al. 2022, arXiv:2211.01095):
/// D = x̂_0 + (x̂_0 − x̂_0') / (2 r), r = h' / h, and
///
/// ```text
/// x_s = (σ_s / σ_t) e^(−η h) x_t + α_s (1 − e^(−(1 + η) h)) D + σ_s √(1 − e^(−2 η h)) z
/// ```
///
/// With η = 0 it is the ODE's (Eq. 8 and 9 there); with η = 1 the SDE's, `SDE-DPM-Solver++(2M)` of
/// appendix A there. The first step has nothing to continue, and the last, to no noise at all, is x̂_0 itself.
pub(super) fn step(
    eta: f64,
    x_t: Tensor<4>,
    from: Moment,
    to: Moment,
    oracle: &mut Oracle<'_>,
) -> Tensor<4> {
    let start = oracle.start(x_t.clone(), from);
    if to.sigma == 0.0 {
        return start * to.alpha;
    }
    let h = to.log_ratio() - from.log_ratio();
    let continued = match oracle.before() {
        Some((earlier, before)) => {
            let r = (from.log_ratio() - earlier.log_ratio()) / h;
            start.clone() + (start - before) * (0.5 / r)
        }
        None => start,
    };
    let keep = to.sigma / from.sigma * (-eta * h).exp();
    let x_s = x_t * keep + continued * (to.alpha * -(-(1.0 + eta) * h).exp_m1());
    let noise = to.sigma * (-(-2.0 * eta * h).exp_m1()).sqrt();
    if eta > 0.0 { x_s + oracle.fresh() * noise } else { x_s }
}
