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
    preservation::Preserved,
    process::Process,
    sampler::SamplerConfig,
    telling::Telling,
};
use burn::tensor::Tensor;
use genlab_core::{
    Batch, CheckpointError, Condition, Conditions, Generative, Optimized, Progress, Scalars,
    StateReader, StateWriter, Train,
};

pub(crate) struct Ddpm {
    pub(crate) net: Optimized<Network>,
    pub(crate) learning: Learning,
    /// What it learns from beside its data.
    pub(crate) preserved: Option<Preserved>,
    /// What guidance leads away from.
    pub(crate) early: Option<Early>,
    /// What guidance is led by.
    pub(crate) guide: Option<Guide>,
    pub(crate) process: Process,
    pub(crate) sampler: SamplerConfig,
    pub(crate) telling: Telling,
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
            Learning::Denoising => {
                let rows = denoiser.loss(batch, condition, noise);
                let Some(preserved) = &self.preserved else { return Loss::of("loss", rows) };
                let own = Preserved::own(&rows);
                Loss { minimised: own.clone() + preserved.weighted(&rows), ..Loss::of("loss", own) }
            }
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
        let joined = self.preserved.as_ref().map(|preserved| preserved.join(batch));
        let batch = joined.as_ref().unwrap_or(batch);
        let condition = self.telling.of(batch);
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
            telling: self.telling.clone(),
            conditions: self.conditions,
        })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
        if let Learning::Progressive { teacher, .. } = &self.learning {
            teacher.state(out);
        }
        if let Some(preserved) = &self.preserved {
            preserved.state(out);
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
        if let Some(preserved) = &mut self.preserved {
            preserved.restore(from)?;
        }
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
#[path = "model_tests.rs"]
mod tests;
