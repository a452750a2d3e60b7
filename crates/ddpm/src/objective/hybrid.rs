//! A denoiser that also learns the variance of its steps (Nichol & Dhariwal 2021, arXiv:2102.09672):
//!
//! ```text
//! L_hybrid = L_simple + λ L_vlb          L_vlb = Σ_t L_(t−1), the mean of each step as it stands        (Eq. 16)
//! ```

use crate::{
    chain::{Levels, Step, costs, learned, ln_variances},
    denoiser::Denoiser,
    process::Process,
    sampler::SamplerConfig,
    schedule::ScheduleConfig,
    solver::{Solver, Variance},
};
use burn::tensor::Tensor;
use genlab_core::{Batch, Condition, Fault, Noise};

/// λ of the paper.
pub(super) fn default_weight() -> f64 {
    0.001
}

/// # Errors
/// When there are no steps whose variances are to be learned.
pub(super) fn fits(schedule: ScheduleConfig) -> Result<(), Fault> {
    match schedule {
        ScheduleConfig::Linear { .. }
        | ScheduleConfig::ScaledLinear { .. }
        | ScheduleConfig::Cosine { .. }
        | ScheduleConfig::Sigmoid { .. } => Ok(()),
        ScheduleConfig::Vp { .. } | ScheduleConfig::Edm { .. } | ScheduleConfig::Flow { .. } => {
            let problem = "has no steps, whose variances hybrid learns; set it to linear, scaled-linear, cosine or sigmoid";
            Err(Fault::new("schedule.kind", problem))
        }
    }
}

/// # Errors
/// When samples need variances that the network does not learn.
pub(super) fn require_no_learned_variance(sampler: SamplerConfig) -> Result<(), Fault> {
    if sampler.solver != (Solver::Ancestral { variance: Variance::Learned }) {
        return Ok(());
    }
    let problem = "is learned, but the network learns no variances; set objective.kind to hybrid, or it to \
                   fixed-small";
    Err(Fault::new("sampler.solver.variance", problem))
}

/// The two losses of every row, `[B]`.
pub(crate) struct HybridLoss {
    /// L_simple, or the error of another weighting.
    pub(crate) simple: Tensor<1>,
    /// L_vlb in nats, as far as one step of every row tells.
    pub(crate) bound: Tensor<1>,
}

/// Both losses at one time of every row. `steps` are those of the whole schedule, step 1 first. x̂_0 is cut to what values
/// can be, as it is in a sample (the paper's code cuts it there alone).
pub(crate) fn loss(
    denoiser: &Denoiser<'_>,
    process: &Process,
    steps: &[Step],
    batch: &Batch,
    condition: &Condition,
    noise: Noise,
) -> HybridLoss {
    let noised = process.noised(batch.values.clone(), noise, batch.rows());
    let said = denoiser.said(&noised, condition);
    let total = steps.len() as f64;
    let of_row = |t: f64| steps[((t * total).round() as usize).clamp(1, steps.len()) - 1];
    let rows: Vec<Step> = noised.moments.iter().map(|at| of_row(at.t)).collect();
    let x_0 = process.space.standard(batch.values.clone());
    let start =
        process.start_of_rows(&noised.x_t(), &said.target.clone().detach(), &noised.moments);
    let v = learned(said.variance.expect("a network of this objective has one"));
    let ln_variance = ln_variances(&rows, v);
    let bound = costs(&rows, &x_0, start, ln_variance, Levels::of(process.space)) * total;
    HybridLoss { simple: noised.loss(said.target), bound }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{NetworkConfig, Schedule, Target, Times, Weighting, chain::whole};
    use burn::tensor::{Device, TensorData};
    use genlab_core::{
        AdamConfig, Conditions, EmaConfig, LearningRateSchedule, Method, Optimized,
        OptimizerConfig, Phase, Progress, Seed, Space,
        nn::{TimeMlpConfig, init_module},
    };

    const TOTAL: usize = 10;
    const ROWS: usize = 256;
    const SD: f64 = 0.5;

    /// Normal values of standard deviation [`SD`] for a space whose standard one is 1.
    fn batch(step: u64) -> Batch {
        let noise = Seed(1).during(Phase::Train);
        let device = Device::flex();
        let values = noise.normal("test/data", step, 0..ROWS as u64, [ROWS, 1, 1, 1], &device);
        Batch {
            values: values * SD,
            labels: None,
            past: None,
            captions: None,
            turned: None,
            reworded: None,
            objects: None,
            first: step * ROWS as u64,
        }
    }

    #[test]
    fn the_variance_that_is_learned_of_a_gaussian_is_its_own() {
        let config = ScheduleConfig::Cosine { steps: TOTAL, zero_terminal_snr: false };
        let space = Space::points(1, 0.0, 1.0);
        let process = Process {
            schedule: Schedule::new(config),
            target: Target::V,
            weighting: Weighting::Simple,
            times: Times::Uniform,
            space,
        };
        let network = NetworkConfig::Mlp(TimeMlpConfig { width: 32, ..TimeMlpConfig::default() });
        let net = init_module(Seed(2), "test/net", &Device::flex(), |device| {
            network.init(Conditions::default(), space, device).with_variance(device)
        });
        let method = Method::Adam(AdamConfig::default());
        let optimizer = OptimizerConfig {
            learning_rate: 4e-3,
            schedule: LearningRateSchedule::Cosine,
            method,
            ..OptimizerConfig::default()
        };
        let mut net = Optimized::new(net, optimizer, EmaConfig::Off);
        let steps = whole(&process.schedule);
        let budget = 1500;
        for step in 0..budget {
            let images = step * ROWS as u64;
            let total_images = budget * ROWS as u64;
            let at = Progress { step, images, total_images, seed: Seed(2) };
            let denoiser = Denoiser::new(net.net(), &process);
            let HybridLoss { simple, bound } =
                loss(&denoiser, &process, &steps, &batch(step), &Condition::default(), at.noise());
            // More than λ: so that a short training finds the variance as well.
            net.descend((simple + bound).mean(), at);
        }
        let net = net.frozen();
        let denoiser = Denoiser::new(&net, &process);
        let ends = [-1.0_f32, 0.5].map(|z| z * SD as f32);
        for step in &steps[1..] {
            let x_t =
                Tensor::from_data(TensorData::new(ends.to_vec(), [2, 1, 1, 1]), &Device::flex());
            let said = denoiser.predict_rows(&x_t, &[step.from; 2], &Condition::default());
            let found = learned(said.variance.expect("it has one"));
            let found = found.mean().into_data().try_into_vec::<f32>().expect("f32")[0];
            // x_s given x_t is a Gaussian of variance Var[x_s] − Cov[x_s, x_t]² / Var[x_t].
            let spread = |alpha: f64, sigma: f64| (alpha * SD).powi(2) + sigma.powi(2);
            let (t, s) = (step.from, step.to);
            let of_s = spread(s.alpha, s.sigma);
            let truth = of_s - (t.alpha / s.alpha * of_s).powi(2) / spread(t.alpha, t.sigma);
            let apart = step.ln_variance(f64::from(found)) - truth.ln();
            assert!(apart.abs() < 0.06, "at {}: e^{apart} times the right one", t.t);
        }
    }
}
