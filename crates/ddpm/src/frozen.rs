//! What the frozen model can do.

use crate::{
    chain_bound::ChainBound,
    classifier::{self, NoisyClassifier},
    denoiser::Denoiser,
    divergence::{AskStart, Denoised},
    edit::{self, Given},
    guidance::Guidance,
    likelihood::{self, log_density},
    network::Network,
    process::Process,
    sampler::SamplerConfig,
    schedule::Moment,
    solver::{Oracle, Solver, Variance},
    telling::Telling,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Batch, Condition, Conditions, Denoise, Edit, EstimateLikelihood, Generative, Invert,
    Likelihood, Noise, Sample, SampleRequest, Scalars, StateWriter, Task, Term,
    params::write_params, state::Section,
};
use std::cell::Cell;

/// Numbers of a value whose likelihood is computed exactly, at most.
const MOST_NUMBERS: usize = 4;

pub(crate) struct FrozenDdpm {
    pub(crate) net: Network,
    pub(crate) early: Option<Network>,
    pub(crate) classifier: Option<NoisyClassifier>,
    pub(crate) process: Process,
    pub(crate) sampler: SamplerConfig,
    pub(crate) telling: Telling,
    pub(crate) conditions: Conditions,
}

impl FrozenDdpm {
    fn network(&self) -> Denoiser<'_> {
        Denoiser::new(&self.net, &self.process)
    }

    /// The same with all that guidance may ask for.
    fn guided(&self) -> Denoiser<'_> {
        self.network().with_early(self.early.as_ref()).with_classifier(self.classifier.as_ref())
    }

    fn moments(&self, steps: Option<usize>) -> Vec<Moment> {
        let steps = steps.unwrap_or(self.sampler.steps);
        self.sampler.spacing.moments(&self.process.schedule, steps)
    }

    fn guidance(&self, request: &SampleRequest) -> Guidance {
        let guidance = self.sampler.guidance;
        if !self.is_guided() {
            return Guidance::plain();
        }
        request.guidance.map_or(guidance, |scale| guidance.with_scale(scale))
    }

    /// Solves from noise to samples around zero and hands every x on the way to `see`.
    fn solve(&self, request: &SampleRequest, see: impl FnMut(usize, &Tensor<4>)) -> Tensor<4> {
        let denoiser = self.guided();
        let guidance = self.guidance(request);
        let start = |x: Tensor<4>, at| denoiser.start(x, at, &request.condition, guidance);
        let moments = self.moments(request.steps);
        let noise = self.noise(request, moments[0]);
        let x = self.solve_from(noise, &moments, &denoiser, &start, request, see);
        debug_assert_eq!(
            denoiser.calls(),
            self.network_calls(request),
            "calls are counted, not told"
        );
        x
    }

    /// The noise that samples begin from at `at`.
    fn noise(&self, request: &SampleRequest, at: Moment) -> Tensor<4> {
        let shape = self.process.space.shape.batch(request.count);
        request.starting_noise(shape, &self.device()) * at.spread()
    }

    /// The noise that step number `step` may add.
    fn fresh(&self, request: &SampleRequest, step: u64) -> Tensor<4> {
        let shape = self.process.space.shape.batch(request.count);
        request.noise().normal("ddpm/step", step, request.rows(), shape, &self.device())
    }

    /// Solves from x at the first of `moments` to values around zero, asking `start` for x̂_0.
    fn solve_from(
        &self,
        x: Tensor<4>,
        moments: &[Moment],
        denoiser: &Denoiser<'_>,
        start: &dyn Fn(Tensor<4>, Moment) -> Tensor<4>,
        request: &SampleRequest,
        see: impl FnMut(usize, &Tensor<4>),
    ) -> Tensor<4> {
        let fresh = |step| self.fresh(request, step);
        let mean_velocity = |x, from, to| denoiser.mean_velocity(x, from, to, &request.condition);
        let variance = || denoiser.variance();
        let oracle = Oracle::new(start, &fresh).with_mean_velocity(&mean_velocity);
        let mut oracle = oracle.with_variance(&variance);
        self.sampler.solver.solve(x, moments, &mut oracle, see)
    }

    /// Values with noise of standard deviation `sigma` as x_t, which is α times as large: at the time whose σ / α is that level in
    /// standard units.
    fn on_the_way(&self, noisy: Tensor<4>, sigma: f64) -> (Tensor<4>, Moment) {
        let Process { schedule, space, .. } = &self.process;
        let at = schedule.at(schedule.time_of_ratio(sigma / space.sd));
        (space.standard(noisy) * at.alpha, at)
    }

    fn device(&self) -> Device {
        self.net.devices().remove(0)
    }

    /// ln p of values of the space along the ODE, in their units; `denoise` gives a network's x̂_0 its divergence.
    fn log_density(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        steps: usize,
        denoise: impl Fn(&Tensor<4>, AskStart<'_>) -> Denoised,
    ) -> Tensor<1> {
        let (denoiser, space) = (self.network(), self.process.space);
        let denoise = |x: Tensor<4>, at| {
            denoise(&x, &|x: Tensor<4>| denoiser.differentiable(x, at, condition))
        };
        let values = space.standard(values);
        log_density(values, &self.process.schedule, steps, &denoise) - space.log_scale()
    }
}

impl Generative for FrozenDdpm {
    fn num_params(&self) -> usize {
        let classifier = self.classifier.as_ref().map_or(0, Module::num_params);
        self.net.num_params() + classifier
    }

    fn conditions(&self) -> Conditions {
        self.conditions
    }

    fn weights(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Weights, "net", out);
        if let Some(early) = &self.early {
            write_params(early, Section::Weights, "early", out);
        }
        if let Some(classifier) = &self.classifier {
            write_params(classifier, Section::Weights, "classifier", out);
        }
    }

    /// A denoiser that a classifier leads is told nothing itself.
    fn told(&self) -> Conditions {
        if self.classifier.is_some() { Conditions::default() } else { self.conditions }
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let condition = self.telling.of(batch);
        let loss = self.network().loss(batch, &condition, noise).mean();
        let scalars = Scalars::new().with("loss", loss);
        match &self.classifier {
            None => scalars,
            Some(net) => {
                let loss = classifier::loss(net, &self.process, batch, noise);
                scalars.with(classifier::CROSS_ENTROPY, loss)
            }
        }
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

    fn likelihood_estimate(&self) -> Option<&dyn EstimateLikelihood> {
        Some(self)
    }

    fn denoiser(&self) -> Option<&dyn Denoise> {
        Some(self)
    }

    /// What is known must change x̂_0, which average velocities do not ask for, and with it the variance that a network
    /// learned for its own x̂_0.
    fn editor(&self) -> Option<&dyn Edit> {
        let own = [Solver::MeanFlow, Solver::Ancestral { variance: Variance::Learned }];
        (!own.contains(&self.sampler.solver)).then_some(self as &dyn Edit)
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
        self.log_density(values, condition, likelihood::STEPS, Denoised::exact)
    }
}

impl EstimateLikelihood for FrozenDdpm {
    fn method(&self, probes: usize) -> String {
        let plural = if probes == 1 { "" } else { "s" };
        let steps = likelihood::FEWER_STEPS;
        format!("probability-flow ODE, {steps} steps, {probes} Rademacher probe{plural}")
    }

    /// One set of probes all along the ODE: the estimate of the integral is then as unbiased as that of each
    /// divergence, and the path does not depend on it (arXiv:1810.01367, section 3.1).
    fn log_likelihood(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        probes: usize,
        noise: Noise,
        first: u64,
    ) -> Tensor<1> {
        let (shape, device) = (values.dims(), values.device());
        let rows = first..first + shape[0] as u64;
        let draw = |k| noise.signs("ddpm/probe", k, rows.clone(), shape, &device);
        let probes: Vec<Tensor<4>> = (0..probes as u64).map(draw).collect();
        self.log_density(values, condition, likelihood::FEWER_STEPS, |x, denoise| {
            Denoised::estimated(x, &probes, denoise)
        })
    }
}

impl Denoise for FrozenDdpm {
    fn levels(&self) -> [f64; 2] {
        let Process { schedule, space, .. } = &self.process;
        [schedule.first_time(), schedule.last_time()].map(|t| schedule.at(t).ratio() * space.sd)
    }

    /// Plain x̂_0.
    fn denoise(&self, noisy: Tensor<4>, sigma: f64, condition: &Condition) -> Tensor<4> {
        let (x_t, at) = self.on_the_way(noisy, sigma);
        let start = self.network().start(x_t, at, condition, Guidance::plain());
        self.process.space.from_standard(start)
    }

    fn attended(&self, noisy: Tensor<4>, sigma: f64, condition: &Condition) -> Option<Tensor<4>> {
        let (x_t, at) = self.on_the_way(noisy, sigma);
        self.network().attended(x_t, at, condition)
    }

    fn chain_bound(
        &self,
        values: Tensor<4>,
        condition: &Condition,
        noise: Noise,
        first: u64,
    ) -> Option<Vec<Term>> {
        let Solver::Ancestral { variance } = self.sampler.solver else { return None };
        let moments = self.moments(None);
        let denoiser = self.network();
        let bound =
            ChainBound { process: &self.process, moments: &moments, variance, noise, first };
        bound.terms(&values, &|x_t, at| denoiser.predict_rows(x_t, at, condition))
    }
}

impl Edit for FrozenDdpm {
    /// The solver from where noise has been added to the values, or is in them, or from noise alone with x̂_0 given
    /// what is known.
    fn edit(&self, values: Tensor<4>, task: &Task, request: &SampleRequest) -> Tensor<4> {
        let Process { schedule, space, .. } = &self.process;
        let (values, all) = (space.standard(values), self.moments(request.steps));
        let denoiser = self.guided();
        let (condition, guidance) = (&request.condition, self.guidance(request));
        let plain = |x: Tensor<4>, at| denoiser.start(x, at, condition, guidance);
        let draw = |x, moments: &[Moment], start: &dyn Fn(Tensor<4>, Moment) -> Tensor<4>| {
            self.solve_from(x, moments, &denoiser, start, request, |_, _| ())
        };
        let made = match task {
            Task::Denoise { sigma } => {
                let at = schedule.at(schedule.time_of_ratio(sigma / space.sd));
                draw(values * at.alpha, &edit::below(&all, at), &plain)
            }
            Task::Vary { strength } => {
                let moments = edit::last(&all, *strength);
                let noise = request.starting_noise(values.dims(), &values.device());
                let x = values * moments[0].alpha + noise * moments[0].sigma;
                draw(x, moments, &plain)
            }
            Task::Inpaint { known, iterations } => {
                let given = Given { values, known: known.clone(), iterations: *iterations };
                let start = |x: Tensor<4>, at| {
                    let start =
                        given.start(x, at, &|x, at| denoiser.differentiable(x, at, condition));
                    given.placed(self.process.within(start))
                };
                draw(self.noise(request, all[0]), &all, &start)
            }
        };
        space.from_standard(made)
    }

    /// x_t = α x_0 + σ ε with one ε for all frames of a value.
    fn noised(&self, values: Tensor<4>, frames: usize, request: &SampleRequest) -> Vec<Tensor<4>> {
        let (moments, space) = (self.moments(request.steps), self.process.space);
        let (shape, device) = (values.dims(), values.device());
        let noise = request.noise().normal("ddpm/forward", 0, request.rows(), shape, &device);
        let values = space.standard(values);
        let at = |index: usize| {
            let Moment { alpha, sigma, .. } = moments[index];
            space.from_standard(values.clone() * alpha + noise.clone() * sigma)
        };
        spread(frames, moments.len() - 1).into_iter().rev().map(at).collect()
    }
}

/// `frames` indices from 0 to `last`, evenly.
fn spread(frames: usize, last: usize) -> Vec<usize> {
    (0..frames).map(|i| i * last / frames.saturating_sub(1).max(1)).collect()
}

impl Invert for FrozenDdpm {
    fn method(&self) -> String {
        format!("DDIM inversion, {} steps each way", self.moments(None).len() - 1)
    }

    /// From the value up to noise by DDIM's steps read backwards in time (Eq. 13 of Song et al. 2021,
    /// arXiv:2010.02502, on the assumption that ε̂ does not change within a step), whichever solver the
    /// model samples by: no other can be inverted.
    fn noise_of(&self, values: Tensor<4>, condition: &Condition) -> Tensor<2> {
        let (denoiser, moments) = (self.network(), self.moments(None));
        let mut x = self.process.space.standard(values);
        for pair in moments.windows(2).rev() {
            let (to, from) = (pair[0], pair[1]);
            let noise = denoiser.noise(x.clone(), from, condition);
            let keep = to.alpha / from.alpha;
            x = x * keep + noise * (to.sigma - from.sigma * keep);
        }
        (x / moments[0].spread()).flatten(1, 3)
    }

    /// By DDIM. The way up is not guided, so neither is the way down.
    fn values_of(&self, noise: Tensor<2>, condition: &Condition) -> Tensor<4> {
        let (denoiser, moments) = (self.network(), self.moments(None));
        let start = |x: Tensor<4>, at| denoiser.start(x, at, condition, Guidance::plain());
        let fresh = |_| unreachable!("DDIM with η = 0 draws nothing");
        let mut oracle = Oracle::new(&start, &fresh);
        let shape = self.process.space.shape.batch(noise.dims()[0]);
        let x = noise.reshape(shape) * moments[0].spread();
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
        let mean_velocity = |x: Tensor<4>, _, _| {
            calls.set(calls.get() + 1);
            x
        };
        let fresh = |_| Tensor::zeros([1, 1, 1, 1], &device);
        let moments = self.moments(request.steps);
        let variance = || Tensor::zeros([1, 1, 1, 1], &device);
        let oracle = Oracle::new(&start, &fresh).with_mean_velocity(&mean_velocity);
        let mut oracle = oracle.with_variance(&variance);
        drop(self.sampler.solver.solve(one, &moments, &mut oracle, |_, _| ()));
        calls.get()
    }

    fn is_guided(&self) -> bool {
        let other = self.conditions.optional || self.early.is_some();
        other && self.sampler.solver != Solver::MeanFlow
    }

    fn standard_noise(&self, request: &SampleRequest) -> Option<Vec<Tensor<4>>> {
        let shape = self.process.space.shape.batch(request.count);
        let start = request.starting_noise(shape, &self.device());
        let solver = self.sampler.solver;
        let steps = if solver == solver.without_noise() {
            0
        } else {
            self.moments(request.steps).len() - 1
        };
        let fresh = (0..steps as u64).map(|step| self.fresh(request, step));
        Some([start].into_iter().chain(fresh).collect())
    }

    fn trajectory(&self, request: &SampleRequest, frames: usize) -> Option<Vec<Tensor<4>>> {
        let last = self.moments(request.steps).len() - 1;
        let wanted = spread(frames, last);
        let mut kept = Vec::new();
        self.solve(request, |index, x| {
            if wanted.contains(&index) {
                kept.push(self.process.space.from_standard(x.clone()));
            }
        });
        Some(kept)
    }

    fn flow(&self, request: &SampleRequest) -> Option<Vec<Tensor<4>>> {
        let denoiser = self.guided();
        let (guidance, told) = (self.guidance(request), &request.condition);
        let start = |x: Tensor<4>, at| denoiser.start(x, at, told, guidance);
        let mean_velocity = |x, from, to| denoiser.mean_velocity(x, from, to, told);
        let fresh = |_| unreachable!("a solver without noise draws nothing");
        let mut oracle = Oracle::new(&start, &fresh).with_mean_velocity(&mean_velocity);
        let (moments, mut kept) = (self.moments(request.steps), Vec::new());
        let noise = self.noise(request, moments[0]);
        self.sampler.solver.without_noise().solve(noise, &moments, &mut oracle, |_, x| {
            kept.push(self.process.space.from_standard(x.clone()));
        });
        Some(kept)
    }
}
