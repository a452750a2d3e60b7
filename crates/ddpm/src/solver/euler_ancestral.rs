//! Euler's method with fresh noise.

use super::{Oracle, euler::line, noise_of};
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// Euler's step down to less noise than there is at s, and fresh noise for the rest (`sample_euler_ancestral`
/// of k-diffusion): in units of σ̄ = σ / α the fresh noise has the variance σ̄_up² = η² σ̄_s² (σ̄_t² − σ̄_s²) / σ̄_t², and
/// the step goes to σ̄_down² = σ̄_s² − σ̄_up². It is the implicit model's step with this η in other words.
pub(super) fn step(
    eta: f64,
    x_t: Tensor<4>,
    from: Moment,
    to: Moment,
    oracle: &mut Oracle<'_>,
) -> Tensor<4> {
    let [before, after] = [from, to].map(Moment::ratio);
    let up = (eta * after * (1.0 - (after / before).powi(2)).sqrt()).min(after);
    let down = Moment { sigma: to.alpha * (after.powi(2) - up.powi(2)).sqrt(), ..to };
    let start = oracle.start(x_t.clone(), from);
    let x_s = line(start.clone(), noise_of(x_t, start, from), down);
    if up > 0.0 { x_s + oracle.fresh() * (to.alpha * up) } else { x_s }
}
