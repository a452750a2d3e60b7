//! The velocity on the circle.

use super::Mix;
use crate::schedule::Moment;

/// v = α ε − σ x_0 (section 4 and appendix D of Salimans & Ho 2022, arXiv:2202.00512): x̂_0 = α x_t − σ v
/// where α² + σ² = 1, so no error grows without bound at either end. Where it is not 1, both are divided
/// by its root: with α = 1 this is, but for its sign, what the network of Karras et al. 2022
/// (arXiv:2206.00364, Eq. 7 and 8 with σ_data = 1) gives.
pub(super) fn mix(at: Moment) -> Mix {
    let spread = at.spread();
    Mix { start: -at.sigma / spread, noise: at.alpha / spread }
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
        let schedule = Schedule::new(ScheduleConfig::Vp { beta_min: 0.1, beta_max: 20.0 });
        for t in [0.001, 0.4, 1.0] {
            let at = schedule.at(t);
            let start = number(Target::V.start(full(x_t), full(v), at));
            assert!((start - (at.alpha * x_t - at.sigma * v)).abs() < 1e-6);
            let noise = number(Target::V.noise(full(x_t), full(v), at));
            assert!((noise - (at.sigma * x_t + at.alpha * v)).abs() < 1e-6);
        }
    }

    #[test]
    fn with_noise_added_to_data_it_is_the_preconditioning_of_edm() {
        let full = |value: f64| Tensor::<4>::full([1, 1, 1, 1], value, &Device::flex());
        let number = |x: Tensor<4>| f64::from(x.into_data().as_slice::<f32>().expect("f32")[0]);
        let schedule = Schedule::new(ScheduleConfig::Edm { sigma_min: 0.004, sigma_max: 160.0 });
        let (x, f) = (0.8, -0.3);
        for sigma in [0.01_f64, 0.7, 40.0] {
            // Table 1 of arXiv:2206.00364: D = c_skip x + c_out F.
            let c_skip = 1.0 / (sigma.powi(2) + 1.0);
            let c_out = sigma / (sigma.powi(2) + 1.0).sqrt();
            let at = schedule.at(schedule.time_of_ratio(sigma));
            let found = number(Target::V.start(full(x), full(-f), at));
            assert!((found - (c_skip * x + c_out * f)).abs() < 1e-5, "{sigma}: {found}");
        }
    }
}
