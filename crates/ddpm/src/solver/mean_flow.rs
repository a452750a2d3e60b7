//! Steps along the average velocity.

use super::Oracle;
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// z_r = z_t − (t − r) u(z_t, r, t) (Eq. 12 of Geng et al. 2025, arXiv:2505.13447): exact for any length of step,
/// where u is.
pub(super) fn step(z_t: Tensor<4>, from: Moment, to: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
    let velocity = oracle.mean_velocity(z_t.clone(), from, to);
    z_t - velocity * (from.t - to.t)
}
