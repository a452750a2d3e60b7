//! Shortcut models (Frans et al. 2024, arXiv:2410.12557): a network of the velocity that is told how long the step will be.
//!
//! On the straight line z_t = (1 − t) x + t ε a step of length d leads to z_t − d s(z_t, t, d). Of no length it is
//! flow matching, and one long step is two short ones:
//!
//! ```text
//! s(z_t, t, 0)  = ε − x
//! s(z_t, t, 2d) = (s(z_t, t, d) + s(z_t − d s(z_t, t, d), t − d, d)) / 2
//! ```
//!
//! (Eq. 4 and 5, with time from data to noise). The right side of the second is taken as it stands.

use super::{Stretch, mean_flow::with_long};
use crate::{
    denoiser::Denoiser,
    process::{Process, blend, vector},
};
use burn::tensor::Tensor;
use genlab_core::{Batch, Condition, Noise, loss::squared_error};
use rand::RngExt;
use std::ops::Range;

/// Three rows in four (section 3.2).
pub(super) fn default_instants() -> f64 {
    0.75
}

/// 128 steps are the shortest (section 3.2).
pub(super) fn default_halvings() -> u32 {
    7
}

/// Who learns from whom.
pub(crate) struct Shortcut<'a> {
    /// The network in training.
    pub(crate) student: Denoiser<'a>,
    /// The same off the graph: what it says now is part of what it should say.
    pub(crate) held: Denoiser<'a>,
    /// How values become noise.
    pub(crate) process: &'a Process,
    /// The share of the rows whose step has no length.
    pub(crate) instants: f64,
    /// The shortest step is all time, halved so often.
    pub(crate) halvings: u32,
}

impl Shortcut<'_> {
    /// ‖s − s_tgt‖² on a batch (Eq. 5), `[B]`: row i draws its time, its step and its noise from row `batch.first + i`.
    pub(crate) fn loss(&self, batch: &Batch, condition: &Condition, noise: Noise) -> Tensor<1> {
        let (rows, process) = (batch.rows(), self.process);
        let stretches = stretches(self.instants, self.halvings, process, noise, rows.clone());
        let x = process.space.standard(batch.values.clone());
        let fresh = noise.normal("ddpm/noise", 0, rows, x.dims(), &x.device());
        let signal: Vec<f64> = stretches.iter().map(|s| 1.0 - s.t).collect();
        let sigma: Vec<f64> = stretches.iter().map(|s| s.t).collect();
        let z_t = blend(&x, &signal, &fresh, &sigma);
        let velocity = fresh - x;
        let target = with_long(velocity.clone(), &stretches, |rows, long| {
            let condition = condition.select(rows);
            let s = |z, over: &[Stretch]| self.held.mean_velocities(z, over, &condition);
            let [z_t, velocity] = [&z_t, &velocity].map(|x| x.clone().select(0, rows.clone()));
            two_steps(&s, &z_t, long, self.halvings, process) - velocity
        });
        squared_error(self.student.mean_velocities(z_t, &stretches, condition), target)
    }
}

/// The step of each row: for a share `instants` of them none, at a time of training; for the others a last stretch of
/// length 2^−k of all time, k from 0 to `halvings` − 1, at one of its 2^k places.
fn stretches(
    instants: f64,
    halvings: u32,
    process: &Process,
    noise: Noise,
    rows: Range<u64>,
) -> Vec<Stretch> {
    let Process { times, schedule, .. } = process;
    let first = times.draw(schedule, noise, rows.clone());
    let stretch = |(row, first): (u64, f64)| {
        let mut draws = noise.row("ddpm/shortcut", 0, row);
        if draws.random::<f64>() < instants {
            return Stretch { r: first, t: first };
        }
        let places = 1_u32 << draws.random_range(0..halvings);
        let length = schedule.last_time() / f64::from(places);
        let place = f64::from(draws.random_range(0..places));
        Stretch { r: place * length, t: (place + 1.0) * length }
    };
    rows.zip(first).map(stretch).collect()
}

/// The mean velocity of two steps over the halves of each stretch. Those of the shortest are taken as instants, as in
/// section 3.2.
fn two_steps(
    s: &dyn Fn(Tensor<4>, &[Stretch]) -> Tensor<4>,
    z_t: &Tensor<4>,
    stretches: &[Stretch],
    halvings: u32,
    process: &Process,
) -> Tensor<4> {
    let shortest = process.schedule.last_time() / f64::from(1_u32 << halvings);
    // Half as long again, so that rounding does not matter.
    let asked = |r: f64, t: f64| {
        if t - r < 1.5 * shortest { Stretch { r: t, t } } else { Stretch { r, t } }
    };
    let middle = |of: &Stretch| f64::midpoint(of.r, of.t);
    let late: Vec<Stretch> = stretches.iter().map(|of| asked(middle(of), of.t)).collect();
    let early: Vec<Stretch> = stretches.iter().map(|of| asked(of.r, middle(of))).collect();
    let halves: Vec<f64> = stretches.iter().map(|of| 0.5 * of.length()).collect();
    let halves = vector(halves, &z_t.device()).reshape([-1, 1, 1, 1]);
    let first = s(z_t.clone(), &late);
    let second = s(z_t.clone() - first.clone() * halves, &early);
    (first + second) * 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schedule::{Schedule, ScheduleConfig},
        target::Target,
        times::Times,
        weighting::Weighting,
    };
    use burn::tensor::Device;
    use genlab_core::{Phase, Seed, Space};

    fn process() -> Process {
        Process {
            schedule: Schedule::new(ScheduleConfig::FLOW),
            target: Target::Velocity,
            weighting: Weighting::Simple,
            times: Times::Uniform,
            space: Space::points(1, 0.0, 1.0),
        }
    }

    #[test]
    fn the_exact_mean_velocity_of_normal_data_is_that_of_its_two_halves() {
        let spread = |t: f64| ((1.0 - t).powi(2) * 0.09 + t.powi(2)).sqrt();
        let exact = |z: Tensor<4>, over: &[Stretch]| {
            let share = |s: &Stretch| {
                // Of an instant: z (t − (1 − t) sd²) / spread².
                let instant = (s.t - (1.0 - s.t) * 0.09) / spread(s.t).powi(2);
                if s.length() == 0.0 {
                    instant
                } else {
                    (1.0 - spread(s.r) / spread(s.t)) / s.length()
                }
            };
            z * vector(over.iter().map(share).collect(), &Device::flex()).reshape([-1, 1, 1, 1])
        };
        let process = process();
        let all = process.schedule.last_time();
        let over = [(0.0, 1.0), (0.25, 0.5), (0.875, 1.0)]
            .map(|(r, t)| Stretch { r: r * all, t: t * all });
        let z = vector(vec![0.7, -1.3, 0.4], &Device::flex()).reshape([3, 1, 1, 1]);
        let numbers = |x: Tensor<4>| x.into_data().try_into_vec::<f32>().expect("f32");
        let found = numbers(two_steps(&exact, &z, &over, 7, &process));
        for (found, exact) in found.iter().zip(numbers(exact(z, &over))) {
            assert!((found - exact).abs() < 1e-5, "{found} for {exact}");
        }
    }

    #[test]
    fn steps_are_halved_lengths_of_all_time_at_their_places() {
        let process = process();
        let drawn = stretches(0.75, 7, &process, Seed(1).during(Phase::Train), 0..4000);
        let instants = drawn.iter().filter(|s| s.length() == 0.0).count();
        assert!((2900..3100).contains(&instants), "{instants}");
        let mut lengths = [0; 7];
        for long in drawn.iter().filter(|s| s.length() > 0.0) {
            let places = process.schedule.last_time() / long.length();
            let place = long.r / long.length();
            assert!((place - place.round()).abs() < 1e-6 && (places - places.round()).abs() < 1e-6);
            lengths[places.log2().round() as usize] += 1;
        }
        assert!(lengths.iter().all(|&count| (90..200).contains(&count)), "{lengths:?}");
    }
}
