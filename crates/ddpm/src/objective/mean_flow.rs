//! MeanFlow (Geng et al. 2025, arXiv:2505.13447): a network of the average velocity over a stretch of time.
//!
//! On the straight line z_t = (1 − t) x + t ε the velocity is v = ε − x. Its average over [r, t] along the flow,
//! u(z_t, r, t) = 1/(t − r) ∫ v dτ, leads from z_t to z_r in one step, z_r = z_t − (t − r) u (Eq. 12), however far
//! apart they are. It is the one u for which
//!
//! ```text
//! u(z_t, r, t) = v(z_t, t) − (t − r) d/dt u(z_t, r, t)      d/dt = v ∂_z + ∂_t      (Eq. 6)
//! ```
//!
//! and training minimises the error of that with the right side as it stands (Eq. 9 and 10).

use crate::{
    denoiser::Denoiser,
    process::{Process, blend, vector},
    schedule::ScheduleConfig,
    target::Target,
    weighting::Weighting,
};
use burn::tensor::{DType, Device, IndexingUpdateOp, Int, Tensor, TensorData};
use genlab_core::{Batch, Condition, Fault, Noise, loss::squared_error};
use rand::RngExt;
use std::ops::Range;

/// Three rows in four (table 1a of arXiv:2505.13447).
pub(super) fn default_instants() -> f64 {
    0.75
}

/// h of the difference for d/dt: what f32 leaves of the derivative of a network is right to three digits.
const STEP: f64 = 2e-3;

/// The greatest time scale at which it is: a sine of the time turns by no more than a fifth within h.
const MOST_TIME_SCALE: f64 = 100.0;

/// c of Eq. 22.
const FLOOR: f64 = 1e-3;

/// # Errors
/// When the flow is another than the straight line, or the network is not asked about its velocity.
pub(super) fn fits(
    schedule: ScheduleConfig,
    target: Target,
    weighting: Weighting,
) -> Result<(), Fault> {
    let ScheduleConfig::Flow { time_scale } = schedule else {
        let problem =
            "is not flow, but mean-flow learns the velocity of the straight line; set it to flow";
        return Err(Fault::new("schedule.kind", problem));
    };
    if time_scale > MOST_TIME_SCALE {
        let problem = format!(
            "is {time_scale}, at which the network's derivative by the time is too steep to learn from; set it \
             to 10, at most {MOST_TIME_SCALE}"
        );
        return Err(Fault::new("schedule.time_scale", problem));
    }
    if target != Target::Velocity {
        let problem = "is not velocity, which is what mean-flow averages; set it to velocity";
        return Err(Fault::new("target", problem));
    }
    if weighting != Weighting::Simple {
        let problem =
            "is not simple, but mean-flow weighs each row by its own error; set it to simple";
        return Err(Fault::new("weighting.kind", problem));
    }
    Ok(())
}

/// From r to t, r ≤ t.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Stretch {
    pub(crate) r: f64,
    pub(crate) t: f64,
}

impl Stretch {
    pub(crate) fn length(self) -> f64 {
        self.t - self.r
    }
}

/// Who learns from whom.
pub(crate) struct MeanFlow<'a> {
    /// The network in training.
    pub(crate) student: Denoiser<'a>,
    /// The same off the graph: what it says now is part of what it should say.
    pub(crate) held: Denoiser<'a>,
    /// How values become noise.
    pub(crate) process: &'a Process,
    /// The share of the rows with r = t.
    pub(crate) instants: f64,
}

/// Both `[B]`.
pub(crate) struct MeanFlowLoss {
    /// ‖u − u_tgt‖², summed over a value.
    pub(crate) error: Tensor<1>,
    /// What is minimised: that by itself and c, as they stand (Eq. 22 with p = 1).
    pub(crate) weighted: Tensor<1>,
}

impl MeanFlow<'_> {
    /// The error on a batch (Eq. 9): row i draws its times and its noise from row `batch.first + i`.
    pub(crate) fn loss(&self, batch: &Batch, condition: &Condition, noise: Noise) -> MeanFlowLoss {
        let rows = batch.rows();
        let stretches = stretches(self.instants, self.process, noise, rows.clone());
        let device = batch.values.device();
        let x = self.process.space.standard(batch.values.clone());
        let fresh = noise.normal("ddpm/noise", 0, rows, x.dims(), &device);
        let signal: Vec<f64> = stretches.iter().map(|s| 1.0 - s.t).collect();
        let sigma: Vec<f64> = stretches.iter().map(|s| s.t).collect();
        let z_t = blend(&x, &signal, &fresh, &sigma);
        let mut target = fresh - x;
        if let Some(Long { rows, stretches }) = Long::of(&stretches, &device) {
            let condition = condition.select(&rows);
            let u = |z, over: &[Stretch]| self.held.mean_velocities(z, over, &condition);
            let [z_t, v] = [&z_t, &target].map(|x| x.clone().select(0, rows.clone()));
            let correction = correction(&u, &z_t, &v, &stretches);
            target = target.select_assign(0, rows, correction, IndexingUpdateOp::Add);
        }
        let error = squared_error(self.student.mean_velocities(z_t, &stretches, condition), target);
        let weights = (error.clone().inner() + FLOOR).recip();
        MeanFlowLoss { weighted: error.clone() * Tensor::from_inner(weights), error }
    }
}

/// The stretch of each row: for a share `instants` of them r = t, for the others the earlier and the later of two
/// times.
fn stretches(instants: f64, process: &Process, noise: Noise, rows: Range<u64>) -> Vec<Stretch> {
    let Process { times, schedule, .. } = process;
    let first = times.draw(schedule, noise, rows.clone());
    let stretch = |(row, first): (u64, f64)| {
        let mut draws = noise.row("ddpm/stretch", 0, row);
        if draws.random::<f64>() < instants {
            return Stretch { r: first, t: first };
        }
        let second = times.at(draws.random(), schedule);
        Stretch { r: first.min(second), t: first.max(second) }
    };
    rows.zip(first).map(stretch).collect()
}

/// The rows whose stretch has a length: only they need a derivative.
struct Long {
    rows: Tensor<1, Int>,
    stretches: Vec<Stretch>,
}

impl Long {
    fn of(stretches: &[Stretch], device: &Device) -> Option<Self> {
        let long = (0_i32..).zip(stretches.iter().copied()).filter(|(_, s)| s.length() > 0.0);
        let (rows, stretches): (Vec<i32>, Vec<Stretch>) = long.unzip();
        let data = TensorData::new(rows, [stretches.len()]);
        (!stretches.is_empty())
            .then(|| Self { rows: Tensor::from_data(data, (device, DType::I32)), stretches })
    }
}

/// u of z `[B, C, H, W]` over the stretch of each row.
type MeanVelocity<'a> = &'a dyn Fn(Tensor<4>, &[Stretch]) -> Tensor<4>;

/// −(t − r) d/dt u: what u should be, less v (Eq. 10).
fn correction(
    u: MeanVelocity<'_>,
    z_t: &Tensor<4>,
    v: &Tensor<4>,
    stretches: &[Stretch],
) -> Tensor<4> {
    let lengths: Vec<f64> = stretches.iter().map(|s| -s.length()).collect();
    let lengths = vector(lengths, &z_t.device()).reshape([-1, 1, 1, 1]);
    time_derivative(u, z_t, v, stretches) * lengths
}

/// d/dt u = v ∂_z u + ∂_t u with r held (Eq. 8), by a central difference: burn has no forward mode.
fn time_derivative(
    u: MeanVelocity<'_>,
    z_t: &Tensor<4>,
    v: &Tensor<4>,
    stretches: &[Stretch],
) -> Tensor<4> {
    let side = |h: f64| {
        let moved: Vec<Stretch> = stretches.iter().map(|s| Stretch { t: s.t + h, ..*s }).collect();
        u(z_t.clone() + v.clone() * h, &moved)
    };
    (side(STEP) - side(-STEP)) / (2.0 * STEP)
}
