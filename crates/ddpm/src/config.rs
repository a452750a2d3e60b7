//! Settings of the diffusion model.

use crate::{
    chain,
    classifier::Guide,
    control::{BRANCH, ControlConfig, require_uncontrolled},
    early::Early,
    guidance::Guidance,
    model::{Ddpm, Learning},
    network::{Network, NetworkConfig},
    objective::{Objective, Teacher},
    preservation::PreservationConfig,
    process::Process,
    sampler::SamplerConfig,
    schedule::{Schedule, ScheduleConfig},
    solver::Solver,
    target::Target,
    telling::Telling,
    times::Times,
    weighting::Weighting,
};
use genlab_core::{
    AdamConfig, Alike, BaseConfig, Check, ConditionConfig, Conditions, EmaConfig, Fault,
    InitContext, Kind, LearningRateSchedule, Method, MuonAdamConfig, MuonConfig, OpenedRun,
    Optimized, OptimizerConfig, Train,
    nn::{TimeMlpConfig, init_module},
    settings::{optional_within, share, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A diffusion model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DdpmConfig {
    /// How signal fades and noise grows.
    pub schedule: ScheduleConfig,
    /// What the network gives.
    pub target: Target,
    /// How much the error at each time counts.
    pub weighting: Weighting,
    /// How training draws times.
    pub times: Times,
    /// What training minimises.
    pub objective: Objective,
    /// The network.
    pub network: NetworkConfig,
    /// What it is told of a value.
    pub condition: ConditionConfig,
    /// Share of the rows that are trained without being told, so that the network also learns what holds
    /// for all: guidance needs both (Algorithm 1 of Ho & Salimans 2022, arXiv:2207.12598).
    pub condition_dropout: f64,
    /// How samples are drawn.
    pub sampler: SamplerConfig,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
    /// Average of the weights, used for everything but training.
    pub ema: EmaConfig,
    /// The finished run that it goes on from; None: from fresh weights.
    pub base: Option<BaseConfig>,
    /// What keeps it from forgetting what its base draws; None: nothing.
    pub preservation: Option<PreservationConfig>,
    /// What samples are controlled by beside everything else that they are told.
    pub control: ControlConfig,
}

/// High rates for a U-Net: a few thousand steps are all there is, and they end at zero.
const ADAM: MuonAdamConfig =
    MuonAdamConfig { learning_rate: 2e-3, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 };

impl Default for DdpmConfig {
    fn default() -> Self {
        Self {
            schedule: ScheduleConfig::default(),
            target: Target::default(),
            weighting: Weighting::default(),
            times: Times::default(),
            objective: Objective::default(),
            network: NetworkConfig::default(),
            condition: ConditionConfig::default(),
            // Within the 0.1 to 0.2 that arXiv:2207.12598 (section 4) found best.
            condition_dropout: 0.1,
            sampler: SamplerConfig::default(),
            optimizer: OptimizerConfig {
                learning_rate: 0.007,
                schedule: LearningRateSchedule::Cosine,
                warmup: 0.02,
                method: Method::Muon(MuonConfig { adam: ADAM, ..MuonConfig::default() }),
                ..OptimizerConfig::default()
            },
            ema: EmaConfig::of(0.995),
            base: None,
            preservation: None,
            control: ControlConfig::Off,
        }
    }
}

impl Check for DdpmConfig {
    fn check(&self) -> Result<(), Fault> {
        within("schedule", &self.schedule)?;
        self.require_a_target_that_tells()?;
        within("weighting", &self.weighting)?;
        within("times", &self.times)?;
        within("objective", &self.objective)?;
        let &Self { schedule, target, weighting, sampler, .. } = self;
        self.objective.fits(self.base.is_some(), schedule, target, weighting, sampler)?;
        self.require_no_guidance_of_average_velocities()?;
        self.require_classes_for_a_classifier()?;
        self.require_something_told_to_lead_by()?;
        self.require_as_many_times_as_steps()?;
        within("network", &self.network)?;
        share("condition_dropout", self.condition_dropout)?;
        within("sampler", &self.sampler)?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)?;
        optional_within("base", self.base.as_ref())?;
        optional_within("preservation", self.preservation.as_ref())?;
        self.require_something_to_preserve()?;
        self.require_one_origin()?;
        within("control", &self.control)?;
        self.require_control_to_fit()
    }
}

/// Settings that decide what the weights of a controlled run mean, and whether they have learned to go without what they are
/// told: the branch cannot teach them that.
const ALIKE_CONTROLLED: Alike<'_> = Alike {
    model: "ddpm",
    settings: &["schedule", "target", "network", "condition", "condition_dropout"],
};
/// Those of a run that is gone on from.
const ALIKE_ALL: Alike<'_> =
    Alike { model: "ddpm", settings: &["schedule", "target", "network", "condition"] };

impl DdpmConfig {
    /// The defaults on values of this kind.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Images => Self::default(),
            Kind::Series => Self {
                condition: ConditionConfig::Past,
                // Nothing is guided, and what is never asked for need not be learned.
                condition_dropout: 0.0,
                ..Self::for_kind(Kind::Points)
            },
            Kind::Points => Self {
                network: NetworkConfig::Mlp(TimeMlpConfig::default()),
                times: Times::on_points(),
                // Guidance mends a network that strays; here it would only narrow what is made.
                sampler: SamplerConfig {
                    steps: 25,
                    guidance: Guidance::plain(),
                    ..SamplerConfig::default()
                },
                // Muon would take longer than the network itself.
                optimizer: OptimizerConfig {
                    learning_rate: 4e-3,
                    method: Method::Adam(AdamConfig::default()),
                    ..Self::default().optimizer
                },
                ..Self::default()
            },
        }
    }

    /// A freshly initialised model, or one that goes on from a finished run.
    ///
    /// # Errors
    /// When its settings do not fit the data, or the run that it builds on cannot be used.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        let space = context.space;
        self.network.fits("network", space)?;
        let conditions = self.condition.conditions("condition", context)?;
        self.network.reads("condition", conditions)?;
        let conditions = conditions.with_dropout(self.condition_dropout);
        self.require_learned_guidance(conditions)?;
        let (told, conditions) = self.told(conditions);
        let encoder = self.condition.encoder_start("condition", context)?;
        let net = init_module(context.seed, "ddpm/net", &context.device, |device| {
            let net = self.network.init(told, space, device);
            let net = if self.objective.tells_spans() { net.with_spans(device) } else { net };
            if self.objective.learns_variance() { net.with_variance(device) } else { net }
        });
        let net = self
            .control
            .build_on(encoder.begin(net)?, (&self.network, told), self, ALIKE_CONTROLLED, context)
            .map_err(|e| e.within("control"))?;
        let ends = net.ends();
        let net = Optimized::new_with_ends(net, self.optimizer, self.ema.clone(), &ends);
        let (net, base) = match &self.base {
            Some(base) => {
                self.going_on(base, net, context).map_err(|fault| fault.within("base"))?
            }
            None => (net, None),
        };
        let preserved = self.preservation.map(|config| config.draw(base.as_ref(), context));
        let (net, conditions) = match self.control.kind() {
            Some(kind) => {
                let branch = net.only(&[BRANCH.to_owned()]).expect("it has just joined");
                (branch, conditions.with_control(kind))
            }
            None => (net, conditions),
        };
        let process = Process {
            schedule: Schedule::new(self.schedule),
            target: self.target,
            weighting: self.weighting,
            times: self.times,
            space,
        };
        let guide = self.sampler.guidance.classifier().zip(conditions.classes);
        let guide = guide.map(|(rate, classes)| Guide::new(classes, rate, context));
        let sampler = self.sampler;
        let condition =
            if guide.is_some() { ConditionConfig::None } else { self.condition.clone() };
        let telling = Telling { condition, control: self.control.kind() };
        let condition_dropout = self.condition_dropout;
        let learning = match self.objective {
            Objective::Denoising => Learning::Denoising,
            Objective::Hybrid { weight } => {
                Learning::Hybrid { weight, steps: chain::whole(&process.schedule) }
            }
            Objective::Progressive { from, to } => {
                Learning::Progressive { teacher: Teacher::new(net.frozen()), from, to }
            }
            Objective::MeanFlow { instants } => Learning::MeanFlow { instants },
            Objective::Shortcut { instants, halvings } => Learning::Shortcut { instants, halvings },
        };
        let early = self.sampler.guidance.early().map(|share| Early::new(net.frozen(), share));
        Ok(Box::new(Ddpm {
            net,
            learning,
            preserved,
            early,
            guide,
            process,
            sampler,
            telling,
            condition_dropout,
            conditions,
        }))
    }

    /// `net` with the weights of its base, and that run.
    fn going_on(
        &self,
        base: &BaseConfig,
        net: Optimized<Network>,
        context: &InitContext,
    ) -> Result<(Optimized<Network>, Option<OpenedRun>), Fault> {
        let (net, run) = base.build_beside(net, "net", self, ALIKE_ALL, context)?;
        if let Some(run) = &run {
            require_uncontrolled(base.named(), run)?;
        }
        Ok((net, run))
    }

    /// What the network is told, and what the model can be: a classifier tells it of classes by its gradient alone.
    fn told(&self, conditions: Conditions) -> (Conditions, Conditions) {
        if self.sampler.guidance.classifier().is_none() {
            return (conditions, conditions);
        }
        (Conditions::default(), Conditions { optional: true, ..conditions })
    }

    fn is_told(&self) -> bool {
        self.condition != ConditionConfig::None || self.control.kind().is_some()
    }

    /// # Errors
    /// When there is no base whose samples of captions could be preserved, or the objective has no place for them.
    fn require_something_to_preserve(&self) -> Result<(), Fault> {
        let Some(PreservationConfig { pictures, .. }) = self.preservation else { return Ok(()) };
        let problem = if self.base.is_none() {
            "but there is no base that could draw them; name a finished run in base.run, or leave preservation out"
        } else if !matches!(self.condition, ConditionConfig::Caption(_)) {
            "which are drawn from captions, but condition is not caption; set condition.kind to caption"
        } else if self.objective != Objective::Denoising {
            "which only denoising learns from; set objective.kind to denoising"
        } else {
            return Ok(());
        };
        Err(Fault::new("preservation", format!("is of {pictures} pictures, {problem}")))
    }

    /// # Errors
    /// When the encoder of captions is to begin with a run of its own although another one gives all weights.
    fn require_one_origin(&self) -> Result<(), Fault> {
        let other = self.base.as_ref().map(|_| "base.run");
        let other = other.or(self.control.kind().map(|_| "control.base"));
        let Some((run, other)) = self.condition.run().zip(other) else { return Ok(()) };
        let problem = format!(
            "is {}, but {other} gives all weights, those of the encoder of captions among them; leave one of the two out",
            run.display()
        );
        Err(Fault::new("condition.run", problem))
    }

    /// # Errors
    /// When what is controlled goes on from another run as well, or is led by a classifier, whose denoiser is told nothing, or
    /// away from early weights, which are those of its base: without control nothing would lead.
    fn require_control_to_fit(&self) -> Result<(), Fault> {
        let Some(kind) = self.control.kind() else { return Ok(()) };
        let problem = if self.base.is_some() {
            "which has the base that it controls, and base.run is another; leave base out"
        } else if self.sampler.guidance.classifier().is_some() {
            "which the denoiser is told, but sampler.guidance is classifier, whose denoiser is told nothing; set \
             sampler.guidance.kind to classifier-free"
        } else if matches!(self.sampler.guidance, Guidance::Auto { .. }) {
            "but sampler.guidance is auto, which leads away from early weights, and those of the base are never early; set \
             sampler.guidance.kind to classifier-free, and its scale to 1 for no guidance"
        } else {
            return Ok(());
        };
        Err(Fault::new("control", format!("is {}, {problem}", kind.name())))
    }

    /// # Errors
    /// When samples are to take more steps than the schedule has.
    fn require_as_many_times_as_steps(&self) -> Result<(), Fault> {
        let steps = self.sampler.steps;
        match Schedule::new(self.schedule).steps() {
            Some(most) if steps > most => {
                let problem = format!(
                    "is {steps}, but the schedule has {most} steps; set it to at most {most}"
                );
                Err(Fault::new("sampler.steps", problem))
            }
            _ => Ok(()),
        }
    }

    /// # Errors
    /// When a classifier is to lead to classes that nothing is told of.
    fn require_classes_for_a_classifier(&self) -> Result<(), Fault> {
        let led = self.sampler.guidance.classifier().is_some();
        if !led || self.condition == ConditionConfig::Class {
            return Ok(());
        }
        let problem = "is classifier, which leads to classes, but condition is not class; set condition.kind to class";
        Err(Fault::new("sampler.guidance", problem))
    }

    /// # Errors
    /// When the network's answer says nothing of x_0 at a time without signal.
    fn require_a_target_that_tells(&self) -> Result<(), Fault> {
        let name = match self.target {
            Target::Noise => "noise",
            Target::Score => "score",
            Target::Start | Target::Velocity | Target::V => return Ok(()),
        };
        if !self.schedule.ends_without_signal() {
            return Ok(());
        }
        let problem = format!(
            "is {name}, but schedule.zero_terminal_snr leaves no signal at the end, where the {name} says \
             nothing of the data; set it to v"
        );
        Err(Fault::new("target", problem))
    }

    /// # Errors
    /// When samples are to be guided by a network that never learns to go without what it is told.
    fn require_learned_guidance(&self, conditions: Conditions) -> Result<(), Fault> {
        let led = self.leads_away_from_nothing_told();
        if !conditions.is_empty() && !conditions.optional && led {
            let problem = "is 0, but guidance needs a network that has learned to go without; set it above \
                           0, or sampler.guidance.scale to 1";
            return Err(Fault::new("condition_dropout", problem));
        }
        Ok(())
    }

    fn leads_away_from_nothing_told(&self) -> bool {
        matches!(self.sampler.guidance, Guidance::ClassifierFree { scale, .. } if scale != 1.0)
    }

    /// # Errors
    /// When samples are to be led away from those of a network that is told nothing, by one that is told nothing.
    fn require_something_told_to_lead_by(&self) -> Result<(), Fault> {
        if !self.leads_away_from_nothing_told() || self.is_told() {
            return Ok(());
        }
        let problem = "is classifier-free, but the network is told nothing to be led by; set condition.kind to class, \
                       sampler.guidance.kind to auto, or sampler.guidance.scale to 1 for no guidance";
        Err(Fault::new("sampler.guidance", problem))
    }

    /// # Errors
    /// When samples along average velocities are to be guided: the average of a guided velocity is none of the
    /// velocities that the network knows.
    fn require_no_guidance_of_average_velocities(&self) -> Result<(), Fault> {
        let SamplerConfig { solver, guidance, .. } = self.sampler;
        let guided =
            guidance.early().is_some() || (self.is_told() && guidance != Guidance::plain());
        if solver != Solver::MeanFlow || !guided {
            return Ok(());
        }
        let problem = "is on, but solver mean-flow follows average velocities, of which no guided one is known; \
                       set sampler.guidance.kind to classifier-free with a scale of 1";
        Err(Fault::new("sampler.guidance", problem))
    }
}
