//! The velocity on the circle.

use super::Mix;
use crate::schedule::Moment;

/// v = α ε − σ x_0 (section 4 and appendix D of Salimans & Ho 2022, arXiv:2202.00512): x̂_0 = α x_t − σ v
/// where α² + σ² = 1, so no error grows without bound at either end.
pub(super) fn mix(at: Moment) -> Mix {
    Mix { start: -at.sigma, noise: at.alpha }
}

#[cfg(test)]
mod tests {
    use super::super::Target;
    use crate::schedule::{Schedule, ScheduleConfig};
    use burn::tensor::{Device, Tensor};

    #[test]
    fn start_and_noise_follow_from_it_by_the_papers_rotation() {
        let full = |value: f64| Tensor::<4>::full([1, 1, 1, 1], value, &Device::flex());
        let number = |x: Tensor<4>| f64::from(x.into_data().as_slice::<f32>().expect("f32")[0]);
        let (x_t, v) = (0.8, -0.3);
        for t in [0.001, 0.4, 1.0] {
            let at = Schedule::new(ScheduleConfig::default()).at(t);
            let start = number(Target::V.start(full(x_t), full(v), at));
            assert!((start - (at.alpha * x_t - at.sigma * v)).abs() < 1e-6);
            let noise = number(Target::V.noise(full(x_t), full(v), at));
            assert!((noise - (at.sigma * x_t + at.alpha * v)).abs() < 1e-6);
        }
    }
}
