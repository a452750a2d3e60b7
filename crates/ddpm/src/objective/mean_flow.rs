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

/// h of the difference for d/dt. Beside autodiff it is wrong by 1e-4 of the derivative at a time scale of 10, where
/// the rounding of f32 and what the difference leaves out are about as large.
const STEP: f64 = 2e-3;

/// At this time scale by less than 1e-2: the fastest sine of the time turns by a fifth within h. At 1000 by all of it.
const MOST_TIME_SCALE: f64 = 100.0;

/// c of Eq. 22.
const FLOOR: f64 = 1e-3;

/// # Errors
/// When the flow is another than the straight line, or the network is not asked about its velocity; or when its
/// derivative by the time is too steep.
pub(super) fn fits(
    schedule: ScheduleConfig,
    target: Target,
    weighting: Weighting,
) -> Result<(), Fault> {
    require_flow("mean-flow", schedule, target)?;
    if let ScheduleConfig::Flow { time_scale } = schedule
        && time_scale > MOST_TIME_SCALE
    {
        let problem = format!(
            "is {time_scale}, at which the network's derivative by the time is too steep to learn from; set it \
             to 10, at most {MOST_TIME_SCALE}"
        );
        return Err(Fault::new("schedule.time_scale", problem));
    }
    if weighting != Weighting::Simple {
        let problem =
            "is not simple, but mean-flow weighs each row by its own error; set it to simple";
        return Err(Fault::new("weighting.kind", problem));
    }
    Ok(())
}

/// # Errors
/// When the flow is another than the straight line, or the network is not asked about its velocity, both of which the
/// objective `name` needs.
pub(super) fn require_flow(
    name: &str,
    schedule: ScheduleConfig,
    target: Target,
) -> Result<(), Fault> {
    if !matches!(schedule, ScheduleConfig::Flow { .. }) {
        let problem = format!(
            "is not flow, but {name} learns the velocity of the straight line; set it to flow"
        );
        return Err(Fault::new("schedule.kind", problem));
    }
    if target != Target::Velocity {
        let problem = format!("is not velocity, which is what {name} averages; set it to velocity");
        return Err(Fault::new("target", problem));
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
        let velocity = fresh - x;
        let target = with_long(velocity.clone(), &stretches, |rows, long| {
            let condition = condition.select(rows);
            let u = |z, over: &[Stretch]| self.held.mean_velocities(z, over, &condition);
            let [z_t, v] = [&z_t, &velocity].map(|x| x.clone().select(0, rows.clone()));
            correction(&u, &z_t, &v, long)
        });
        let error = squared_error(self.student.mean_velocities(z_t, &stretches, condition), target);
        let weights = (error.clone().inner() + FLOOR).recip();
        MeanFlowLoss { weighted: error.clone() * Tensor::from_inner(weights), error }
    }
}

/// `velocity` and, for the rows whose stretch has a length, given their places and stretches, the `change`.
pub(super) fn with_long(
    velocity: Tensor<4>,
    stretches: &[Stretch],
    change: impl Fn(&Tensor<1, Int>, &[Stretch]) -> Tensor<4>,
) -> Tensor<4> {
    let Some(Long { rows, stretches }) = Long::of(stretches, &velocity.device()) else {
        return velocity;
    };
    let change = change(&rows, &stretches);
    velocity.select_assign(0, rows, change, IndexingUpdateOp::Add)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        network::{Network, NetworkConfig},
        schedule::Schedule,
        times::Times,
    };
    use burn::module::Module;
    use genlab_core::{
        Conditions, Phase, Seed, Space,
        nn::{Interval, TimeMlpConfig, init_module},
        params::update_params,
    };

    const STRETCHES: [Stretch; 4] = [
        Stretch { r: 0.001, t: 0.999 },
        Stretch { r: 0.1, t: 0.4 },
        Stretch { r: 0.3, t: 0.9 },
        Stretch { r: 0.6, t: 0.62 },
    ];

    fn tensor(values: &[f64]) -> Tensor<4> {
        vector(values.to_vec(), &Device::flex()).reshape([-1, 1, 1, 1])
    }

    fn numbers<const D: usize>(x: Tensor<D>) -> Vec<f64> {
        x.into_data().try_into_vec::<f32>().expect("f32").into_iter().map(f64::from).collect()
    }

    /// Of data with this standard deviation: that of z_t.
    fn spread(sd: f64, t: f64) -> f64 {
        ((1.0 - t).powi(2) * sd.powi(2) + t.powi(2)).sqrt()
    }

    /// The exact u of such normal data, whose flow is z_t / spread(t) = z_r / spread(r): (z_t − z_r) / (t − r).
    fn exact(sd: f64, z: Tensor<4>, stretches: &[Stretch]) -> Tensor<4> {
        let shares = |s: &Stretch| (1.0 - spread(sd, s.r) / spread(sd, s.t)) / s.length();
        z * tensor(&stretches.iter().map(shares).collect::<Vec<_>>())
    }

    #[test]
    fn the_exact_average_velocity_of_normal_data_is_its_own_target() {
        // The least is a point mass at zero: then z_t = t ε, and u = ε.
        for sd in [0.0_f64, 0.3, 1.0, 2.0] {
            let z = [0.7, -1.3, 0.4, 1.1];
            // E[ε − x | z_t] = z (t − (1 − t) sd²) / spread².
            let v: Vec<f64> = STRETCHES
                .iter()
                .zip(z)
                .map(|(s, z)| z * (s.t - (1.0 - s.t) * sd.powi(2)) / spread(sd, s.t).powi(2))
                .collect();
            let u = |z: Tensor<4>, over: &[Stretch]| exact(sd, z, over);
            let found = numbers(tensor(&v) + correction(&u, &tensor(&z), &tensor(&v), &STRETCHES));
            let expected = numbers(exact(sd, tensor(&z), &STRETCHES));
            for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
                assert!((found - expected).abs() < 1e-3, "{sd}, {row}: {found} for {expected}");
            }
        }
    }

    fn process(time_scale: f64) -> Process {
        Process {
            schedule: Schedule::new(ScheduleConfig::Flow { time_scale }),
            target: Target::Velocity,
            weighting: Weighting::Simple,
            times: Times::LogitNormal { mean: -0.4, sd: 1.0 },
            space: Space::points(2, 0.0, 1.0),
        }
    }

    /// A network whose layers that start at zero do not.
    fn awake() -> Network {
        let config = NetworkConfig::Mlp(TimeMlpConfig::default());
        let net = init_module(Seed(4), "test/net", &Device::flex(), |device| {
            let space = Space::points(2, 0.0, 1.0);
            config.init(Conditions::default(), space, device).with_spans(device)
        });
        let net = net.valid();
        let noise = Seed(4).during(Phase::Train);
        update_params(net, &mut |name, _, value| {
            value.clone()
                + noise.normal(name, 0, 0..value.dims()[0] as u64, value.dims(), &Device::flex())
                    * 0.1
        })
    }

    /// d/dt of a network's u at z_t of two numbers with r held, by autodiff: one gradient per number.
    fn by_autodiff(net: &Network, z_t: &Tensor<4>, v: &Tensor<4>, time_scale: f64) -> Vec<f64> {
        let times: Vec<f64> = STRETCHES.iter().map(|s| s.t).collect();
        let starts = vector(STRETCHES.iter().map(|s| s.r).collect(), &Device::flex());
        let slopes = [0, 1].map(|number| {
            let z = z_t.clone().autodiff().require_grad();
            let t = vector(times.clone(), &Device::flex()).autodiff().require_grad();
            let spread = ((t.clone() * -1.0 + 1.0).square() + t.clone().square()).sqrt();
            let span = (t.clone() - Tensor::from_inner(starts.clone())) * time_scale;
            let interval = Interval { time: t.clone() * time_scale, span: Some(span) };
            let read = z.clone() / spread.reshape([-1, 1, 1, 1]);
            let u = net.forward(read, interval, &Condition::default());
            let gradients = u.narrow(1, number, 1).sum().backward();
            let by_z = z.grad(&gradients).expect("a leaf") * v.clone();
            let by_t = t.grad(&gradients).expect("a leaf");
            numbers(by_z.flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1) + by_t)
        });
        (0..STRETCHES.len()).flat_map(|row| [slopes[0][row], slopes[1][row]]).collect()
    }

    #[test]
    fn the_derivative_of_a_network_is_that_of_autodiff_up_to_the_greatest_time_scale() {
        let net = awake();
        let noise = Seed(9).during(Phase::Train);
        let [z_t, v] = ["test/z", "test/v"]
            .map(|name| noise.normal(name, 0, 0..4, [4, 2, 1, 1], &Device::flex()));
        for (time_scale, largest) in [(1.0, 1e-3), (10.0, 1e-3), (MOST_TIME_SCALE, 1e-2)] {
            let process = process(time_scale);
            let held = Denoiser::new(&net, &process);
            let u = |z, over: &[Stretch]| held.mean_velocities(z, over, &Condition::default());
            let found = numbers(time_derivative(&u, &z_t, &v, &STRETCHES));
            let expected = by_autodiff(&net, &z_t, &v, time_scale);
            let length = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>().sqrt();
            let apart: Vec<f64> = found.iter().zip(&expected).map(|(a, b)| a - b).collect();
            let error = length(&apart) / length(&expected);
            assert!(error < largest, "{time_scale}: {error}, {found:?} for {expected:?}");
        }
    }

    #[test]
    fn as_many_rows_are_instants_as_asked_for_and_no_stretch_runs_backwards() {
        let process = process(10.0);
        let drawn = stretches(0.75, &process, Seed(1).during(Phase::Train), 0..4000);
        let instants = drawn.iter().filter(|s| s.r == s.t).count();
        assert!((2900..3100).contains(&instants), "{instants}");
        assert!(drawn.iter().all(|s| s.r <= s.t && s.t <= 1.0 && s.r > 0.0));
        let long: Vec<&Stretch> = drawn.iter().filter(|s| s.r < s.t).collect();
        // Of two independent draws either is the later as often: r and t together are distributed as one.
        let below = |x: f64| x < 1.0 / (1.0 + 0.4_f64.exp());
        let share = long.iter().flat_map(|s| [s.r, s.t]).filter(|x| below(*x)).count() as f64;
        let share = share / (2.0 * long.len() as f64);
        assert!((share - 0.5).abs() < 0.05, "{share} of all times lie below the median");
    }
}
