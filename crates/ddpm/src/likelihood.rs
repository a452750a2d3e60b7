//! The density of a diffusion model, along its probability-flow ODE.

use crate::schedule::{Moment, Schedule};
use burn::tensor::Tensor;

/// Steps of the integration.
pub(crate) const STEPS: usize = 300;

/// The most noise σ/α that counts: more leaves nothing of any data to see.
const MOST: f64 = 1e4;

/// x̂_0 at a point, `[B, C, H, W]`, and its divergence there, Σ_d ∂x̂_0,d / ∂x_t,d, `[B]`.
pub struct Denoised {
    /// x̂_0.
    pub start: Tensor<4>,
    /// Σ_d ∂x̂_0,d / ∂x_t,d.
    pub divergence: Tensor<1>,
}

/// ln p of values `x` `[B, C, H, W]` around zero, `[B]` nats, under the model that begins from normal noise as
/// wide as [`Moment::spread`] and follows `denoise` along the ODE d x̄ / d σ̄ = (x̄ − x̂_0) / σ̄ of x̄ = x / α and σ̄ = σ / α (Eq.
/// 1 of Karras et al. 2022, arXiv:2206.00364). By the instantaneous change of variables (Eq. 39 of Song
/// et al. 2021, arXiv:2011.13456) ln p at the data's end is ln p at the other plus the integral of the
/// slope's divergence on the way, (D − α ∇·x̂_0) / σ̄. Both are integrated by Heun's method.
///
/// The values are read at the schedule's least noise, which smooths the density by as much.
pub fn log_density(
    x: Tensor<4>,
    schedule: &Schedule,
    denoise: &dyn Fn(Tensor<4>, Moment) -> Denoised,
) -> Tensor<1> {
    let size = x.dims()[1..].iter().product::<usize>() as f64;
    let level = |t: f64| schedule.at(t).ratio();
    let levels = levels(level(schedule.first_time()), level(schedule.last_time()).min(MOST));
    let moments: Vec<Moment> =
        levels.into_iter().map(|level| schedule.at(schedule.time_of_ratio(level))).collect();
    let slopes = |x_bar: &Tensor<4>, at: Moment| {
        let Denoised { start, divergence } = denoise(x_bar.clone() * at.alpha, at);
        let slope = (x_bar.clone() - start) / at.ratio();
        (slope, (divergence * -at.alpha + size) / at.ratio())
    };
    let mut x_bar = x;
    let mut volume = Tensor::zeros([x_bar.dims()[0]], &x_bar.device());
    for pair in moments.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let step = to.ratio() - from.ratio();
        let (first, growth) = slopes(&x_bar, from);
        let (second, later) = slopes(&(x_bar.clone() + first.clone() * step), to);
        x_bar = x_bar + (first + second) * (0.5 * step);
        volume = volume + (growth + later) * (0.5 * step);
    }
    let last = moments[moments.len() - 1];
    let keep = last.alpha / last.spread();
    let x_t = (x_bar * keep).flatten::<2>(1, 3);
    let constant = size * (keep.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln());
    x_t.square().sum_dim(1).squeeze_dim::<1>(1) * -0.5 + constant + volume
}

/// Levels of noise from the least to the most that the schedule has, denser where there is little: evenly
/// spaced in their seventh roots (Eq. 5 of arXiv:2206.00364).
fn levels(least: f64, most: f64) -> Vec<f64> {
    let root = |level: f64| level.powf(1.0 / 7.0);
    let along = |i: usize| i as f64 / STEPS as f64;
    (0..=STEPS).map(|i| (root(least) + along(i) * (root(most) - root(least))).powi(7)).collect()
}
