//! Heun's method.

use super::{
    Oracle,
    euler::{self, line},
    noise_of,
};
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// One step of second order for x̄ = x / α as a function of σ̄ = σ / α (Algorithm 1 of Karras et al. 2022,
/// arXiv:2206.00364): Euler's step, then again along the mean of the slopes at both of its ends. A
/// step to no noise at all, or from no signal at all, is Euler's: there is no slope at that end.
pub(super) fn step(x_t: Tensor<4>, from: Moment, to: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
    if to.sigma == 0.0 || from.alpha == 0.0 {
        return euler::step(x_t, from, to, oracle);
    }
    let start = oracle.start(x_t.clone(), from);
    let first = noise_of(x_t.clone(), start.clone(), from);
    let x_s = line(start, first.clone(), to);
    let start = oracle.start(x_s.clone(), to);
    let second = noise_of(x_s, start, to);
    let keep = to.alpha / from.alpha;
    x_t * keep + (first + second) * (0.5 * (to.sigma - from.sigma * keep))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, ScheduleConfig};
    use burn::tensor::Device;

    #[test]
    fn it_asks_twice_a_step_but_for_the_last_and_is_exact_where_the_denoiser_is() {
        let schedule = Schedule::new(ScheduleConfig::FLOW);
        let x = |value: f64| Tensor::<4>::full([1, 1, 1, 1], value, &Device::flex());
        // Data of one point: x̂_0 is that point, the slope is constant, and any step lands on the path.
        let start = |_: Tensor<4>, _| x(3.0);
        let fresh = |_| unreachable!("it draws nothing");
        let mut oracle = Oracle::new(&start, &fresh);
        let at = [0.8, 0.3, 0.0].map(|t| schedule.at(t));
        let noise = 1.5;
        let x_t = step(x(0.2 * 3.0 + 0.8 * noise), at[0], at[1], &mut oracle);
        assert_eq!(oracle.calls(), 2);
        let found = |x: &Tensor<4>| f64::from(x.to_data().as_slice::<f32>().expect("f32")[0]);
        assert!((found(&x_t) - (0.7 * 3.0 + 0.3 * noise)).abs() < 1e-5);
        let x_0 = step(x_t, at[1], at[2], &mut oracle);
        assert_eq!(oracle.calls(), 3);
        assert!((found(&x_0) - 3.0).abs() < 1e-5);
    }
}
