//! One step of training.

use crate::{
    denoiser::Denoiser,
    early::Early,
    frozen::FrozenDdpm,
    network::Network,
    objective::{Halving, Lesson, Teacher},
    process::Process,
    sampler::SamplerConfig,
};
use genlab_core::{
    Batch, CheckpointError, ConditionConfig, Conditions, Generative, Optimized, Progress, Scalars,
    StateReader, StateWriter, Train,
};

pub(crate) struct Ddpm {
    pub(crate) net: Optimized<Network>,
    /// What a progressive student learns from, with the steps of the first and of the last sampler.
    pub(crate) teacher: Option<(Teacher, usize, usize)>,
    /// What guidance leads away from.
    pub(crate) early: Option<Early>,
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
        if let Some(early) = &mut self.early {
            early.follow(at, || self.net.frozen());
        }
        let denoiser = Denoiser::new(self.net.net(), &self.process);
        let (name, loss) = match &mut self.teacher {
            None => ("loss", denoiser.loss(batch, &condition, at.noise())),
            Some((teacher, from, to)) => {
                let halving = Halving::at(*from, *to, at);
                teacher.follow(halving, || self.net.frozen());
                let moments = self.sampler.spacing.moments(&self.process.schedule, halving.steps);
                let noise = at.noise();
                let lesson = Lesson { process: &self.process, moments: &moments };
                ("distillation_loss", teacher.loss(&denoiser, lesson, batch, &condition, noise))
            }
        };
        let loss = loss.mean();
        let scalars = Scalars::new().with(name, loss.clone());
        match self.net.descend(loss, at) {
            Some(norm) => scalars.with("gradient_norm", norm),
            None => scalars,
        }
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenDdpm {
            net: self.net.frozen(),
            early: self.early.as_ref().map(|early| early.net.clone()),
            process: self.process.clone(),
            sampler: self.sampler,
            condition: self.condition,
            conditions: self.conditions,
        })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
        if let Some((teacher, ..)) = &self.teacher {
            teacher.state(out);
        }
        if let Some(early) = &self.early {
            early.state(out);
        }
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)?;
        if let Some(early) = &mut self.early {
            early.restore(from)?;
        }
        match &mut self.teacher {
            Some((teacher, ..)) => teacher.restore(from),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        DdpmConfig, Guidance, NetworkConfig, SamplerConfig, Schedule, ScheduleConfig, Solver,
        Spacing, Target, Times, Variance, Weighting,
    };
    use genlab_core::{
        Check, Condition, ConditionConfig, Kind,
        nn::{TimeMlpConfig, UNetConfig},
        testing::{contract, contract_on_points, contract_on_series},
    };

    fn small() -> DdpmConfig {
        let unet =
            UNetConfig { channels: vec![8, 16], time_embedding_dim: 16, ..UNetConfig::default() };
        let schedule = ScheduleConfig::Cosine { steps: 50, zero_terminal_snr: false };
        DdpmConfig { schedule, network: NetworkConfig::UNet(unet), ..DdpmConfig::default() }
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
