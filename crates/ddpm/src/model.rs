//! One step of training.

use crate::{
    chain::Step,
    classifier::{CROSS_ENTROPY, Guide},
    denoiser::Denoiser,
    early::Early,
    frozen::FrozenDdpm,
    network::Network,
    objective::{
        Halving, HybridLoss, Lesson, MeanFlow, MeanFlowLoss, Shortcut, Teacher, hybrid_loss,
    },
    process::Process,
    sampler::SamplerConfig,
};
use burn::tensor::Tensor;
use genlab_core::{
    Batch, CheckpointError, Condition, ConditionConfig, Conditions, Generative, Optimized,
    Progress, Scalars, StateReader, StateWriter, Train,
};

pub(crate) struct Ddpm {
    pub(crate) net: Optimized<Network>,
    pub(crate) learning: Learning,
    /// What guidance leads away from.
    pub(crate) early: Option<Early>,
    /// What guidance is led by.
    pub(crate) guide: Option<Guide>,
    pub(crate) process: Process,
    pub(crate) sampler: SamplerConfig,
    pub(crate) condition: ConditionConfig,
    pub(crate) condition_dropout: f64,
    pub(crate) conditions: Conditions,
}

/// An objective at work.
#[expect(clippy::large_enum_variant, reason = "a model has one")]
pub(crate) enum Learning {
    Denoising,
    Hybrid {
        weight: f64,
        /// Of the whole schedule, step 1 first.
        steps: Vec<Step>,
    },
    Progressive {
        teacher: Teacher,
        /// Steps of the first sampler.
        from: usize,
        /// Steps of the last.
        to: usize,
    },
    MeanFlow {
        instants: f64,
    },
    Shortcut {
        instants: f64,
        halvings: u32,
    },
}

/// What one step has to tell and to minimise, `[1]`.
struct Loss {
    name: &'static str,
    told: Tensor<1>,
    minimised: Tensor<1>,
}

impl Loss {
    fn of(name: &'static str, rows: Tensor<1>) -> Self {
        let loss = rows.mean();
        Self { name, told: loss.clone(), minimised: loss }
    }
}

impl Ddpm {
    fn loss(&mut self, batch: &Batch, condition: &Condition, at: Progress) -> Loss {
        let (process, noise) = (&self.process, at.noise());
        let denoiser = Denoiser::new(self.net.net(), process);
        match &mut self.learning {
            Learning::Denoising => Loss::of("loss", denoiser.loss(batch, condition, noise)),
            Learning::Hybrid { weight, steps } => {
                let HybridLoss { simple, bound } =
                    hybrid_loss(&denoiser, process, steps, batch, condition, noise);
                let simple = Loss::of("loss", simple);
                Loss { minimised: simple.minimised + bound.mean() * *weight, ..simple }
            }
            Learning::Progressive { teacher, from, to } => {
                let halving = Halving::at(*from, *to, at);
                teacher.follow(halving, || self.net.frozen());
                let moments = self.sampler.spacing.moments(&process.schedule, halving.steps);
                let lesson = Lesson { process, moments: &moments };
                let loss = teacher.loss(&denoiser, lesson, batch, condition, noise);
                Loss::of("distillation_loss", loss)
            }
            Learning::MeanFlow { instants } => {
                let held = self.net.raw();
                let held = Denoiser::new(&held, process);
                let flow = MeanFlow { student: denoiser, held, process, instants: *instants };
                let MeanFlowLoss { error, weighted } = flow.loss(batch, condition, noise);
                let told = error.mean();
                Loss { name: "mean_flow_error", told, minimised: weighted.mean() }
            }
            Learning::Shortcut { instants, halvings } => {
                let held = self.net.raw();
                let held = Denoiser::new(&held, process);
                let flow = Shortcut {
                    student: denoiser,
                    held,
                    process,
                    instants: *instants,
                    halvings: *halvings,
                };
                Loss::of("shortcut_loss", flow.loss(batch, condition, noise))
            }
        }
    }
}

impl Train for Ddpm {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let condition = self.condition.of(batch);
        let condition = condition.dropped(self.condition_dropout, at.noise(), batch.rows());
        if let Some(early) = &mut self.early {
            early.follow(at, || self.net.frozen());
        }
        let Loss { name, told, minimised } = self.loss(batch, &condition, at);
        let mut scalars = Scalars::new().with(name, told);
        if let Some(guide) = &mut self.guide {
            scalars = scalars.with(CROSS_ENTROPY, guide.step(&self.process, batch, at));
        }
        match self.net.descend(minimised, at) {
            Some(norm) => scalars.with("gradient_norm", norm),
            None => scalars,
        }
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenDdpm {
            net: self.net.frozen(),
            early: self.early.as_ref().map(|early| early.net.clone()),
            classifier: self.guide.as_ref().map(Guide::frozen),
            process: self.process.clone(),
            sampler: self.sampler,
            condition: self.condition,
            conditions: self.conditions,
        })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
        if let Learning::Progressive { teacher, .. } = &self.learning {
            teacher.state(out);
        }
        if let Some(early) = &self.early {
            early.state(out);
        }
        if let Some(guide) = &self.guide {
            guide.state(out);
        }
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)?;
        if let Some(early) = &mut self.early {
            early.restore(from)?;
        }
        if let Some(guide) = &mut self.guide {
            guide.restore(from)?;
        }
        match &mut self.learning {
            Learning::Progressive { teacher, .. } => teacher.restore(from),
            Learning::Denoising
            | Learning::Hybrid { .. }
            | Learning::MeanFlow { .. }
            | Learning::Shortcut { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        DdpmConfig, Guidance, NetworkConfig, Objective, SamplerConfig, Schedule, ScheduleConfig,
        Solver, Spacing, Target, Times, Variance, Weighting,
    };
    use genlab_core::{
        Check, Condition, ConditionConfig, Kind,
        nn::{DitConfig, TimeMlpConfig, UNetConfig},
        testing::{contract, contract_on_points, contract_on_series},
    };

    fn small() -> DdpmConfig {
        let unet =
            UNetConfig { channels: vec![8, 16], time_embedding_dim: 16, ..UNetConfig::default() };
        let schedule = ScheduleConfig::Cosine { steps: 50, zero_terminal_snr: false };
        let guidance = Guidance::ClassifierFree { scale: 2.0, interval: None };
        DdpmConfig {
            schedule,
            network: NetworkConfig::UNet(unet),
            sampler: SamplerConfig { guidance, ..SamplerConfig::default() },
            ..DdpmConfig::default()
        }
    }

    fn on_points() -> DdpmConfig {
        let mlp = TimeMlpConfig { width: 32, ..TimeMlpConfig::default() };
        DdpmConfig { network: NetworkConfig::Mlp(mlp), ..DdpmConfig::for_kind(Kind::Points) }
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
    fn the_super_resolving_one_keeps_the_contract_and_only_a_u_net_reads_images() {
        let condition = ConditionConfig::LowResolution { factor: 2 };
        let config = DdpmConfig { condition, condition_dropout: 0.25, ..small() };
        contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
        let config = DdpmConfig { network: on_points().network, ..config };
        let space = genlab_core::Space::images(genlab_core::ImageShape::new(1, 8, 8));
        let context = genlab_core::testing::context(space);
        let refusal = config.init(&context).err().expect("refused").to_string();
        assert!(refusal.starts_with("condition is low-resolution, but network mlp"), "{refusal}");
    }

    #[test]
    fn the_one_that_leads_away_from_its_early_weights_keeps_the_contract() {
        let guidance = Guidance::Auto { scale: 2.0, share: 0.5, interval: None };
        let config = small();
        let config = DdpmConfig { sampler: SamplerConfig { guidance, ..config.sampler }, ..config };
        contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
        contract(&|context| told(config.clone()).init(context), None);
    }

    #[test]
    fn the_one_that_is_led_by_a_classifier_keeps_the_contract_and_needs_classes() {
        let guidance = Guidance::Classifier { scale: 2.0, learning_rate: 1e-3, interval: None };
        let config = |config: DdpmConfig| DdpmConfig {
            sampler: SamplerConfig { guidance, ..config.sampler },
            ..config
        };
        contract(&|context| config(told(small())).init(context), Some(("loss", 80, 0.8)));
        contract_on_points(&|context| config(told(on_points())).init(context), None);
        let fault = config(small()).check().expect_err("refused").to_string();
        assert_eq!(
            fault,
            "sampler.guidance is classifier, which leads to classes, but condition is not class; set \
             condition.kind to class"
        );
    }

    #[test]
    fn the_transformer_keeps_the_contract_with_and_without_classes() {
        let dit = DitConfig { width: 16, depth: 2, time_embedding_dim: 16, ..DitConfig::default() };
        let config = DdpmConfig { network: NetworkConfig::Dit(dit), ..small() };
        contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
        contract(&|context| told(config.clone()).init(context), Some(("loss", 80, 0.9)));
    }

    #[test]
    fn the_u_net_with_attention_keeps_the_contract() {
        let NetworkConfig::UNet(unet) = small().network else { panic!("a U-Net") };
        let unet = UNetConfig { attention: vec![1], ..unet };
        let config = DdpmConfig { network: NetworkConfig::UNet(unet), ..small() };
        contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
    }

    #[test]
    fn the_one_that_learns_its_variances_keeps_the_contract_with_every_network() {
        let objective = Objective::Hybrid { weight: 0.001 };
        let solver = Solver::Ancestral { variance: Variance::Learned };
        let config = sampled_by(solver, Spacing::Trailing, DdpmConfig { objective, ..small() });
        contract(&|context| config.init(context), Some(("loss", 80, 0.8)));
        let dit = DitConfig { width: 16, depth: 2, time_embedding_dim: 16, ..DitConfig::default() };
        let dit = DdpmConfig { network: NetworkConfig::Dit(dit), ..config.clone() };
        contract(&|context| dit.init(context), None);
        let points = DdpmConfig { schedule: config.schedule, objective, ..on_points() };
        let points = sampled_by(solver, Spacing::Trailing, points);
        contract_on_points(&|context| points.init(context), None);
    }

    #[test]
    fn variances_that_nobody_learns_are_refused() {
        let solver = Solver::Ancestral { variance: Variance::Learned };
        let fault = sampled_by(solver, Spacing::Trailing, small()).check().unwrap_err();
        assert!(fault.to_string().contains("set objective.kind to hybrid"), "{fault}");
        let objective = Objective::Hybrid { weight: 0.001 };
        let fault = DdpmConfig { objective, ..DdpmConfig::default() }.check().unwrap_err();
        assert!(fault.to_string().contains("has no steps"), "{fault}");
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
            schedule: ScheduleConfig::FLOW,
            target: Target::Velocity,
            times: Times::LogitNormal { mean: 0.0, sd: 1.0 },
            ..sampled_by(Solver::Euler, Spacing::Quadratic, small())
        };
        contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }

    fn mean_flow(config: DdpmConfig) -> DdpmConfig {
        DdpmConfig {
            schedule: ScheduleConfig::Flow { time_scale: 10.0 },
            target: Target::Velocity,
            times: Times::LogitNormal { mean: -0.4, sd: 1.0 },
            objective: Objective::MeanFlow { instants: 0.5 },
            sampler: SamplerConfig {
                solver: Solver::MeanFlow,
                spacing: Spacing::Trailing,
                guidance: Guidance::plain(),
                ..config.sampler
            },
            ..config
        }
    }

    #[test]
    fn the_mean_flow_keeps_the_contract_with_and_without_classes() {
        let config = mean_flow(small());
        contract(&|context| config.init(context), Some(("mean_flow_error", 80, 0.95)));
        contract(&|context| told(config.clone()).init(context), None);
        let config = mean_flow(on_points());
        contract_on_points(&|context| config.init(context), None);
    }

    #[test]
    fn the_shortcut_model_keeps_the_contract_with_and_without_classes() {
        let objective = Objective::Shortcut { instants: 0.5, halvings: 4 };
        let config = DdpmConfig { objective, ..mean_flow(small()) };
        contract(&|context| config.init(context), Some(("shortcut_loss", 80, 0.95)));
        contract(&|context| told(config.clone()).init(context), None);
        let config = DdpmConfig { objective, ..mean_flow(on_points()) };
        contract_on_points(&|context| config.init(context), None);
        let fault = DdpmConfig { target: Target::V, ..config }.check().expect_err("refused");
        assert_eq!(
            fault.to_string(),
            "target is not velocity, which is what shortcut averages; set it to velocity"
        );
    }

    #[test]
    fn settings_that_the_mean_flow_cannot_have_are_refused_with_what_to_set() {
        let fault = |config: DdpmConfig| config.check().expect_err("refused").to_string();
        let flow = || mean_flow(small());
        assert_eq!(
            fault(DdpmConfig { schedule: small().schedule, ..flow() }),
            "schedule.kind is not flow, but mean-flow learns the velocity of the straight line; set it to flow"
        );
        assert_eq!(
            fault(DdpmConfig { schedule: ScheduleConfig::FLOW, ..flow() }),
            "schedule.time_scale is 1000, at which the network's derivative by the time is too steep to learn \
             from; set it to 10, at most 100"
        );
        assert_eq!(
            fault(DdpmConfig { target: Target::V, ..flow() }),
            "target is not velocity, which is what mean-flow averages; set it to velocity"
        );
        assert_eq!(
            fault(DdpmConfig { weighting: Weighting::Edm, ..flow() }),
            "weighting.kind is not simple, but mean-flow weighs each row by its own error; set it to simple"
        );
        assert_eq!(
            fault(DdpmConfig { objective: Objective::Denoising, ..flow() }),
            "sampler.solver is mean-flow, but the network learns no average velocities; set objective.kind to \
             mean-flow or shortcut, or choose another solver"
        );
        let guidance = Guidance::ClassifierFree { scale: 2.0, interval: None };
        let sampler = SamplerConfig { guidance, ..flow().sampler };
        assert!(DdpmConfig { sampler, ..flow() }.check().is_ok(), "untold, nothing is guided");
        assert_eq!(
            fault(told(DdpmConfig { sampler, ..flow() })),
            "sampler.guidance is on, but solver mean-flow follows average velocities, of which no guided one is \
             known; set sampler.guidance.kind to classifier-free with a scale of 1"
        );
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
        let config = DdpmConfig { schedule, target: Target::Noise, ..small() };
        let config = sampled_by(solver, Spacing::Trailing, config);
        let fault = config.check().expect_err("the noise says nothing of x_0").to_string();
        assert!(fault.starts_with("target is noise, but"), "{fault}");
        let config = DdpmConfig { target: Target::V, ..config };
        contract(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }

    #[test]
    fn the_mlp_keeps_the_contract_on_points_with_and_without_classes() {
        // Most of the error of v cannot be learned away: noisy points could be any.
        contract_on_points(&|context| on_points().init(context), Some(("loss", 80, 0.96)));
        let weighting = Weighting::MinSnr { gamma: 5.0 };
        let config = DdpmConfig { target: Target::Start, weighting, ..told(on_points()) };
        contract_on_points(&|context| config.init(context), Some(("loss", 80, 0.9)));
    }

    #[test]
    fn the_mlp_keeps_the_contract_on_series_with_and_without_what_came_before() {
        contract_on_series(&|context| on_points().init(context), Some(("loss", 80, 0.9)));
        for condition_dropout in [0.0, 0.25] {
            let condition = ConditionConfig::Past;
            let config = DdpmConfig { condition, condition_dropout, ..on_points() };
            let guidance = Guidance::plain();
            let sampler = SamplerConfig { guidance, ..config.sampler };
            let config = DdpmConfig { sampler, ..config };
            contract_on_series(&|context| config.init(context), Some(("loss", 80, 0.9)));
        }
    }

    #[test]
    fn networks_of_images_are_refused_on_points() {
        let context = genlab_core::testing::context(genlab_core::Space::points(2, 0.0, 1.0));
        let dit = NetworkConfig::Dit(DitConfig::default());
        for (name, network) in [("u-net", small().network), ("dit", dit)] {
            let config = DdpmConfig { network, ..small() };
            let refusal = config.init(&context).err().expect("refused").to_string();
            let expected = format!("network is {name}, but the values are points");
            assert!(refusal.starts_with(&expected), "{refusal}");
        }
    }

    #[test]
    fn guidance_of_one_asks_the_network_once_and_so_does_any_outside_of_its_interval() {
        let condition = Condition::of_classes(&[1], &burn::tensor::Device::flex());
        let at = Schedule::new(ScheduleConfig::FLOW).at(0.5);
        let calls =
            |scale, interval| Guidance::ClassifierFree { scale, interval }.calls(&condition, at);
        assert_eq!([0.0, 1.0, 2.0].map(|scale| calls(scale, None)), [1, 1, 2]);
        assert_eq!([calls(2.0, Some([0.5, 1.5])), calls(2.0, Some([2.0, 9.0]))], [2, 1]);
        let untold = |guidance: Guidance| guidance.calls(&Condition::default(), at);
        let free = Guidance::ClassifierFree { scale: 2.0, interval: None };
        assert_eq!([untold(free), untold(Guidance::default())], [1, 2]);
    }
}
