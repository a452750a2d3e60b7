//! Euler's method.

use super::{Oracle, noise_of};
use crate::schedule::Moment;
use burn::tensor::Tensor;

/// One step for x̄ = x / α as a function of σ̄ = σ / α, whose slope is ε̂ (Eq. 14 of Song et al. 2021,
/// arXiv:2010.02502; Algorithm 1 of Karras et al. 2022, arXiv:2206.00364, without its corrector): x̄_s =
/// x̄_t + (σ̄_s − σ̄_t) ε̂.
pub(super) fn step(x_t: Tensor<4>, from: Moment, to: Moment, oracle: &mut Oracle<'_>) -> Tensor<4> {
    let start = oracle.start(x_t.clone(), from);
    let noise = noise_of(x_t, start.clone(), from);
    line(start, noise, to)
}

/// Where the straight line through x̂_0 with the slope ε̂ is at `to`: with x̄_t = x̂_0 + σ̄_t ε̂ the step above is
/// x_s = α_s x̂_0 + σ_s ε̂, also from where there is no signal and x̄ is infinite.
pub(super) fn line(start: Tensor<4>, noise: Tensor<4>, to: Moment) -> Tensor<4> {
    start * to.alpha + noise * to.sigma
}

#[cfg(test)]
mod tests {
    use crate::{
        schedule::{Schedule, ScheduleConfig},
        solver::{Oracle, Solver},
        spacing::Spacing,
    };
    use burn::tensor::{Device, Tensor};

    #[test]
    fn on_the_straight_flow_it_goes_one_of_the_steps_that_remain_of_the_way_to_the_estimate() {
        let moments = Spacing::Trailing.moments(&Schedule::new(ScheduleConfig::FLOW), 20);
        let estimate = |x: f64, i: usize| (x + i as f64).sin();
        let tensor = |x: f64| Tensor::<4>::full([1, 1, 1, 1], x, &Device::flex());
        let number =
            |x: &Tensor<4>| f64::from(x.to_data().as_slice::<f32>().expect("f32 numbers")[0]);
        let start = |x: Tensor<4>, at: crate::schedule::Moment| {
            let i = moments.iter().position(|moment| *moment == at).expect("one of the moments");
            tensor(estimate(number(&x), i))
        };
        let fresh = |_| unreachable!("it draws nothing");
        let mut oracle = Oracle::new(&start, &fresh);
        let mut plain = 0.7;
        Solver::Euler.solve(tensor(plain), &moments, &mut oracle, |i, x| {
            assert!((number(x) - plain).abs() < 1e-5, "{i}: {} for {plain}", number(x));
            if i < 20 {
                plain += (estimate(plain, i) - plain) / (20 - i) as f64;
            }
        });
    }
}
