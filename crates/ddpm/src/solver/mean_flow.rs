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

#[cfg(test)]
mod tests {
    use crate::{
        schedule::{Moment, Schedule, ScheduleConfig},
        solver::{Oracle, Solver},
        spacing::Spacing,
    };
    use burn::tensor::{Device, Tensor};

    #[test]
    fn one_step_along_the_exact_average_leads_where_many_do() {
        let schedule = Schedule::new(ScheduleConfig::FLOW);
        // Of normal data of standard deviation 0.3, z_t is normal too, and the flow keeps its quantiles.
        let spread = |at: Moment| ((at.alpha * 0.3).powi(2) + at.sigma.powi(2)).sqrt();
        let exact = |z: Tensor<4>, from: Moment, to: Moment| {
            z * ((1.0 - spread(to) / spread(from)) / (from.t - to.t))
        };
        let start = |_, _| unreachable!("it asks for no x̂_0");
        let fresh = |_| unreachable!("it draws nothing");
        for steps in [1, 2, 7] {
            let moments = Spacing::Trailing.moments(&schedule, steps);
            let mut oracle = Oracle::new(&start, &fresh).with_mean_velocity(&exact);
            let noise = Tensor::<4>::full([1, 1, 1, 1], 1.2 * spread(moments[0]), &Device::flex());
            let x = Solver::MeanFlow.solve(noise, &moments, &mut oracle, |_, _| ());
            let x = x.into_data().try_into_vec::<f32>().expect("f32")[0];
            assert!((x - 1.2 * 0.3).abs() < 1e-5, "{steps}: {x}");
            assert_eq!(oracle.calls(), steps);
        }
    }
}
