//! The density of a diffusion model, along its probability-flow ODE.

use crate::{
    divergence::Denoised,
    schedule::{Moment, Schedule},
};
use burn::tensor::Tensor;

/// Steps of the integration where the divergence is exact.
pub(crate) const STEPS: usize = 300;

/// Steps of it on values of many numbers, whose divergence is estimated: each costs a gradient of the whole network.
pub(crate) const FEWER_STEPS: usize = 100;

/// The most noise σ/α that counts: more leaves nothing of any data to see.
const MOST: f64 = 1e4;

/// ln p of values `x` `[B, C, H, W]` around zero, `[B]` nats, under the model that begins from normal noise as
/// wide as [`Moment::spread`] and follows `denoise` along the ODE d x̄ / d σ̄ = (x̄ − x̂_0) / σ̄ of x̄ = x / α and σ̄ = σ / α (Eq.
/// 1 of Karras et al. 2022, arXiv:2206.00364). By the instantaneous change of variables (Eq. 39 of Song
/// et al. 2021, arXiv:2011.13456) ln p at the data's end is ln p at the other plus the integral of the
/// slope's divergence on the way, (D − α ∇·x̂_0) / σ̄. The path is by Heun's method in `steps` steps, the integral by the
/// trapezoidal rule in ln σ̄, in which the divergence is D − α ∇·x̂_0, between 0 and D.
///
/// The values are read at the schedule's least noise, which smooths the density by as much.
pub fn log_density(
    x: Tensor<4>,
    schedule: &Schedule,
    steps: usize,
    denoise: &dyn Fn(Tensor<4>, Moment) -> Denoised,
) -> Tensor<1> {
    let size = x.dims()[1..].iter().product::<usize>() as f64;
    let level = |t: f64| schedule.at(t).ratio();
    let ends = [level(schedule.first_time()), level(schedule.last_time()).min(MOST)];
    let moments: Vec<Moment> =
        levels(ends, steps).map(|level| schedule.at(schedule.time_of_ratio(level))).collect();
    let slopes = |x_bar: &Tensor<4>, at: Moment| {
        let Denoised { start, divergence } = denoise(x_bar.clone() * at.alpha, at);
        ((x_bar.clone() - start) / at.ratio(), divergence * -at.alpha + size)
    };
    let mut x_bar = x;
    let mut volume = Tensor::zeros([x_bar.dims()[0]], &x_bar.device());
    for pair in moments.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let step = to.ratio() - from.ratio();
        let (first, growth) = slopes(&x_bar, from);
        let (second, later) = slopes(&(x_bar.clone() + first.clone() * step), to);
        x_bar = x_bar + (first + second) * (0.5 * step);
        volume = volume + (growth + later) * (0.5 * (to.ratio() / from.ratio()).ln());
    }
    let last = moments[moments.len() - 1];
    let keep = last.alpha / last.spread();
    let x_t = (x_bar * keep).flatten::<2>(1, 3);
    let constant = size * (keep.ln() - 0.5 * (2.0 * std::f64::consts::PI).ln());
    x_t.square().sum_dim(1).squeeze_dim::<1>(1) * -0.5 + constant + volume
}

/// Levels of noise from the least to the most that the schedule has, denser where there is little: evenly
/// spaced in their seventh roots (Eq. 5 of arXiv:2206.00364).
fn levels(ends: [f64; 2], steps: usize) -> impl Iterator<Item = f64> {
    let [least, most] = ends.map(|level| level.powf(1.0 / 7.0));
    let along = move |i: usize| i as f64 / steps as f64;
    (0..=steps).map(move |i| (least + along(i) * (most - least)).powi(7))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::ScheduleConfig;
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed};

    const COUNT: usize = 20_000;

    /// Four numbers with variance 0.2 + 0.3 each and covariance 0.3: variances along the mean of the four and across it.
    const ALONG: f64 = 0.2 + 4.0 * 0.3;
    const ACROSS: f64 = 0.2;

    /// E[x_0 | x_t] of that Gaussian around zero.
    fn denoise(x_t: Tensor<4>, at: Moment) -> Tensor<4> {
        let gain =
            |variance: f64| at.alpha * variance / (at.alpha.powi(2) * variance + at.sigma.powi(2));
        let shape = x_t.dims();
        let mean = x_t.clone().mean_dim(2).mean_dim(3).expand(shape);
        x_t * gain(ACROSS) + mean * (gain(ALONG) - gain(ACROSS))
    }

    #[test]
    fn by_probes_the_density_of_a_correlated_gaussian_is_its_closed_form_within_a_hundredth_of_a_bit()
     {
        let values = [0.5_f32, -0.2, 0.3, 0.8];
        let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / 4.0;
        let across: f64 = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum();
        let squares = 4.0 * mean.powi(2) / ALONG + across / ACROSS;
        let determinant = ALONG * ACROSS.powi(3);
        let exact = -0.5 * (squares + determinant.ln() + 4.0 * std::f64::consts::TAU.ln());
        let noise = Seed(8).during(Phase::Evaluate);
        let shape = [COUNT, 1, 2, 2];
        let probe = noise.signs("test/probe", 0, 0..COUNT as u64, shape, &Device::flex());
        let x = Tensor::<1>::from_floats(values, &Device::flex()).reshape([1, 1, 2, 2]);
        let x = x.repeat(&[COUNT, 1, 1, 1]);
        for config in [ScheduleConfig::default(), ScheduleConfig::FLOW] {
            let schedule = Schedule::new(config);
            let found = log_density(x.clone(), &schedule, FEWER_STEPS, &|x: Tensor<4>, at| {
                Denoised::estimated(&x, std::slice::from_ref(&probe), &|x| denoise(x, at))
            });
            let found = found.into_data().try_into_vec::<f32>().expect("f32");
            let average = found.iter().map(|v| f64::from(*v)).sum::<f64>() / COUNT as f64;
            let deviation = |v: &f32| (f64::from(*v) - average).powi(2);
            let variance = found.iter().map(deviation).sum::<f64>() / COUNT as f64;
            let bits = (average - exact) / (4.0 * std::f64::consts::LN_2);
            assert!(bits.abs() < 0.01, "{config:?}: {average} for {exact}, {bits} bits a number");
            assert!(variance > 0.1, "one probe alone is not exact: {variance}");
        }
    }
}
