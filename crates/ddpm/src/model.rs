//! One step of training, and what the frozen model can do.

use crate::{
    denoiser::Denoiser,
    guidance::Guidance,
    likelihood::{self, log_density},
    network::Network,
    process::Process,
    sampler::SamplerConfig,
    schedule::Moment,
    solver::{Oracle, Solver},
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Batch, CheckpointError, Condition, ConditionConfig, Conditions, Generative, Invert, Likelihood,
    Noise, Optimized, Progress, Sample, SampleRequest, Scalars, StateReader, StateWriter, Train,
};
use std::cell::Cell;

/// Numbers of a value whose likelihood is computed, at most.
const MOST_NUMBERS: usize = 4;

pub(crate) struct Ddpm {
    pub(crate) net: Optimized<Network>,
    pub(crate) process: Process,
    pub(crate) sampler: SamplerConfig,
    pub(crate) condition: ConditionConfig,
    pub(crate) condition_dropout: f64,
    pub(crate) conditions: Conditions,
}

impl Train for Ddpm {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let condition = self.condition.of(batch);
        let condition = condition.dropped(self.condition_dropout, at.noise(), batch.rows());
        let denoiser = Denoiser::new(self.net.net(), &self.process);
        let loss = denoiser.loss(batch, &condition, at.noise()).mean();
        let scalars = Scalars::new().with("loss", loss.clone());
        match self.net.descend(loss, at) {
            Some(norm) => scalars.with("gradient_norm", norm),
            None => scalars,
        }
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenDdpm {
            net: self.net.frozen(),
            process: self.process.clone(),
            sampler: self.sampler,
            condition: self.condition,
            conditions: self.conditions,
        })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct FrozenDdpm {
    net: Network,
    process: Process,
    sampler: SamplerConfig,
    condition: ConditionConfig,
    conditions: Conditions,
}

impl FrozenDdpm {
    fn denoiser(&self) -> Denoiser<'_> {
        Denoiser::new(&self.net, &self.process)
    }

    fn moments(&self, steps: Option<usize>) -> Vec<Moment> {
        let steps = steps.unwrap_or(self.sampler.steps);
        self.sampler.spacing.moments(&self.process.schedule, steps)
    }

    fn guidance(&self, request: &SampleRequest) -> Guidance {
        if !self.conditions.optional {
            return Guidance::plain();
        }
        let guidance = self.sampler.guidance;
        request.guidance.map_or(guidance, |scale| guidance.with_scale(scale))
    }

    /// Solves from noise to samples around zero and hands every x on the way to `see`.
    fn solve(&self, request: &SampleRequest, see: impl FnMut(usize, &Tensor<4>)) -> Tensor<4> {
        let device = self.device();
        let shape = self.process.space.shape.batch(request.count);
        let (denoiser, guidance) = (self.denoiser(), self.guidance(request));
        let start = |x: Tensor<4>, at| denoiser.start(x, at, &request.condition, guidance);
        let fresh =
            |step| request.noise().normal("ddpm/step", step, request.rows(), shape, &device);
        let mut oracle = Oracle::new(&start, &fresh);
        let moments = self.moments(request.steps);
        let noise = request.starting_noise(shape, &device) * moments[0].spread();
        let x = self.sampler.solver.solve(noise, &moments, &mut oracle, see);
        debug_assert_eq!(
            denoiser.calls(),
            self.network_calls(request),
            "calls are counted, not told"
        );
        x
    }

    fn device(&self) -> Device {
        self.net.devices().remove(0)
    }
}

impl Generative for FrozenDdpm {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn conditions(&self) -> Conditions {
        self.conditions
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let condition = self.condition.of(batch);
        Scalars::new().with("loss", self.denoiser().loss(batch, &condition, noise).mean())
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    /// A divergence takes a gradient per number, and cutting x̂_0 would hide where it is wrong.
    fn likelihood(&self) -> Option<&dyn Likelihood> {
        let space = self.process.space;
        let few = space.shape.pixels() <= MOST_NUMBERS && space.standard_limits().is_none();
        few.then_some(self as &dyn Likelihood)
    }

    fn inverter(&self) -> Option<&dyn Invert> {
        Some(self)
    }
}

impl Likelihood for FrozenDdpm {
    fn method(&self) -> String {
        format!("probability-flow ODE, {} steps", likelihood::STEPS)
    }

    fn log_likelihood(&self, values: Tensor<4>, condition: &Condition) -> Tensor<1> {
        let (denoiser, space) = (self.denoiser(), self.process.space);
        let denoise = |x: Tensor<4>, at| denoiser.with_divergence(x, at, condition);
        let standard = log_density(space.standard(values), &self.process.schedule, &denoise);
        standard - space.log_scale()
    }
}

impl Invert for FrozenDdpm {
    fn method(&self) -> String {
        format!("DDIM inversion, {} steps each way", self.moments(None).len() - 1)
    }

    /// From the value up to noise by DDIM's steps read backwards in time (Eq. 13 of Song et al. 2021,
    /// arXiv:2010.02502, on the assumption that ε̂ does not change within a step), and down again by
    /// DDIM, whichever solver the model samples by: no other can be inverted.
    fn invert(&self, values: Tensor<4>, condition: &Condition) -> Tensor<4> {
        let (denoiser, moments) = (self.denoiser(), self.moments(None));
        let mut x = self.process.space.standard(values);
        for pair in moments.windows(2).rev() {
            let (to, from) = (pair[0], pair[1]);
            let noise = denoiser.noise(x.clone(), from, condition);
            let keep = to.alpha / from.alpha;
            x = x * keep + noise * (to.sigma - from.sigma * keep);
        }
        // The way up is not guided, so neither is the way down.
        let start = |x: Tensor<4>, at| denoiser.start(x, at, condition, Guidance::plain());
        let fresh = |_| unreachable!("DDIM with η = 0 draws nothing");
        let mut oracle = Oracle::new(&start, &fresh);
        let x = Solver::Ddim { eta: 0.0 }.solve(x, &moments, &mut oracle, |_, _| ());
        self.process.space.from_standard(x)
    }
}

impl Sample for FrozenDdpm {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        self.process.space.from_standard(self.solve(request, |_, _| ()))
    }

    /// What a run of the solver on a single number asks of the denoiser, each x̂_0 counted as often as it
    /// asks the network.
    fn network_calls(&self, request: &SampleRequest) -> usize {
        let (device, guidance) = (self.device(), self.guidance(request));
        let one = Tensor::zeros([1, 1, 1, 1], &device);
        let calls = Cell::new(0);
        let start = |x: Tensor<4>, at| {
            calls.set(calls.get() + guidance.calls(&request.condition, at));
            x
        };
        let fresh = |_| Tensor::zeros([1, 1, 1, 1], &device);
        let moments = self.moments(request.steps);
        let mut oracle = Oracle::new(&start, &fresh);
        drop(self.sampler.solver.solve(one, &moments, &mut oracle, |_, _| ()));
        calls.get()
    }

    fn is_guided(&self) -> bool {
        self.conditions.optional
    }

    fn trajectory(&self, request: &SampleRequest, frames: usize) -> Option<Vec<Tensor<4>>> {
        let last = self.moments(request.steps).len() - 1;
        let wanted: Vec<usize> =
            (0..frames).map(|i| i * last / frames.saturating_sub(1).max(1)).collect();
        let mut kept = Vec::new();
        self.solve(request, |index, x| {
            if wanted.contains(&index) {
                kept.push(self.process.space.from_standard(x.clone()));
            }
        });
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        DdpmConfig, Guidance, NetworkConfig, SamplerConfig, Schedule, ScheduleConfig, Solver,
        Spacing, Target, Times, Variance, Weighting,
    };
    use genlab_core::{
        Check, Condition, ConditionConfig,
        nn::{TimeMlpConfig, UNetConfig},
        testing::{contract, contract_on_points},
    };

    fn small() -> DdpmConfig {
        let unet =
            UNetConfig { channels: vec![8, 16], time_embedding_dim: 16, ..UNetConfig::default() };
        let schedule = ScheduleConfig::Cosine { steps: 50, zero_terminal_snr: false };
        DdpmConfig { schedule, network: NetworkConfig::UNet(unet), ..DdpmConfig::default() }
    }

    fn on_points() -> DdpmConfig {
        let mlp = TimeMlpConfig { width: 32, ..TimeMlpConfig::default() };
        DdpmConfig { network: NetworkConfig::Mlp(mlp), ..small() }
    }

    fn told(config: DdpmConfig) -> DdpmConfig {
        DdpmConfig { condition: ConditionConfig::Class, condition_dropout: 0.25, ..config }
    }

    fn sampled_by(solver: Solver, spacing: Spacing, config: DdpmConfig) -> DdpmConfig {
        DdpmConfig { sampler: SamplerConfig { solver, spacing, ..config.sampler }, ..config }
    }

    #[test]
    fn the_default_kind_keeps_the_contract() {
        contract(&|context| small().init(context), Some(("loss", 80, 0.8)));
    }

    #[test]
    fn the_class_conditional_one_keeps_the_contract() {
        contract(&|context| told(small()).init(context), Some(("loss", 80, 0.8)));
    }

    #[test]
    fn the_ancestrally_sampled_one_keeps_the_contract() {
        let config = sampled_by(
            Solver::Ancestral { variance: Variance::FixedLarge },
            Spacing::Leading,
            small(),
        );
        contract(&|context| config.init(context), None);
    }

    #[test]
    fn the_straight_flow_keeps_the_contract() {
        let config = DdpmConfig {
            schedule: ScheduleConfig::Flow,
            target: Target::Velocity,
            times: Times::LogitNormal { mean: 0.0, sd: 1.0 },
            ..sampled_by(Solver::Euler, Spacing::Quadratic, small())
        };
        contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }

    #[test]
    fn the_design_of_edm_keeps_the_contract() {
        let config = DdpmConfig {
            schedule: ScheduleConfig::Edm { sigma_min: 0.004, sigma_max: 160.0 },
            target: Target::V,
            weighting: Weighting::Edm,
            times: Times::LogNormal { mean: -0.5, sd: 1.2 },
            ..sampled_by(
                Solver::Dpmpp2m { eta: 1.0 },
                Spacing::Karras { rho: 7.0, sigma_min: 0.015, sigma_max: 40.0 },
                small(),
            )
        };
        contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }

    #[test]
    fn a_schedule_without_signal_at_its_end_keeps_the_contract_but_for_targets_that_need_some() {
        let schedule = ScheduleConfig::Linear { steps: 50, zero_terminal_snr: true };
        let solver = Solver::EulerAncestral { eta: 1.0 };
        let config = sampled_by(solver, Spacing::Trailing, DdpmConfig { schedule, ..small() });
        let fault = config.check().expect_err("the noise says nothing of x_0").to_string();
        assert!(fault.starts_with("target is noise, but"), "{fault}");
        let config = DdpmConfig { target: Target::V, ..config };
        contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }

    #[test]
    fn the_mlp_keeps_the_contract_on_points_with_and_without_classes() {
        contract_on_points(&|context| on_points().init(context), Some(("loss", 80, 0.9)));
        let weighting = Weighting::MinSnr { gamma: 5.0 };
        let config = DdpmConfig { target: Target::Start, weighting, ..told(on_points()) };
        contract_on_points(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }

    #[test]
    fn a_u_net_is_refused_on_points() {
        let context = genlab_core::testing::context(genlab_core::Space::points(2, 0.0, 1.0));
        let refusal = small().init(&context).err().expect("refused").to_string();
        assert!(refusal.starts_with("network is u-net, but the values are points"), "{refusal}");
    }

    #[test]
    fn guidance_of_one_asks_the_network_once_and_so_does_any_outside_of_its_interval() {
        let condition = Condition::of_classes(&[1], &burn::tensor::Device::flex());
        let at = Schedule::new(ScheduleConfig::Flow).at(0.5);
        let calls =
            |scale, interval| Guidance::ClassifierFree { scale, interval }.calls(&condition, at);
        assert_eq!([0.0, 1.0, 2.0].map(|scale| calls(scale, None)), [1, 1, 2]);
        assert_eq!([calls(2.0, Some([0.5, 1.5])), calls(2.0, Some([2.0, 9.0]))], [2, 1]);
        assert_eq!(Guidance::default().calls(&Condition::default(), at), 1);
    }
}
