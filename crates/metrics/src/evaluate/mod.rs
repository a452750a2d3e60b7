//! From a frozen model to its numbers.
//!
//! One evaluator serves every model of a run: the same held-out images, the same judge, the same
//! number of samples. What a model cannot do is absent from the result, with a note where a reader
//! might wonder.

mod answers;
mod cache;
mod forecasts;
pub mod panel;
mod priors;
mod references;
mod samples;
mod sets;
mod validation;
mod ways;

pub use cache::ReferenceCache;
pub use ways::{Scored, Way, Ways};

use crate::{
    context::Context,
    features::{judge::Judge, lpips::Lpips},
    findings::Findings,
    generators::latent::Prior,
    measures::{
        captions, codes, control, cost, game, motion, noise, oracles, pairs, subject,
        super_resolution,
    },
    settings::Settings,
};
use burn::tensor::Device;
use genlab_core::{Generative, Seed};
use genlab_data::{Dataset, Values, scenes::Scenes};
use genlab_results::{Figure, Metric, Oracle, Reference};
use references::{ReferenceRows, References};
use std::sync::OnceLock;

/// Everything an evaluation finds.
#[derive(Clone, Debug, Default)]
pub struct Evaluation {
    /// The model's numbers.
    pub metrics: Vec<Metric>,
    /// Rows to hold them against: real images, generators without a network, noise.
    pub references: Vec<Reference>,
    /// What was left out and why.
    pub notes: Vec<String>,
    /// What theory says of scalars of training.
    pub oracles: Vec<Oracle>,
    /// Pictures and charts, in the order of reports.
    pub figures: Vec<Figure>,
    /// All samples that were scored, in the form in which they are kept; None where the model cannot sample.
    pub samples: Option<Values>,
    /// The density fitted on the codes, where the samples came through one.
    pub prior: Option<Prior>,
}

/// Measures frozen models on one dataset.
pub struct Evaluator<'a> {
    context: Context<'a>,
    cache: Option<ReferenceCache>,
    references: OnceLock<References>,
}

impl<'a> Evaluator<'a> {
    /// `judge` is [`Judge::for_dataset`]'s, [`Judge::trained_on`]'s or [`Judge::inception`]; None
    /// leaves out the metrics of its features. `device` is the plain device that the models are on,
    /// `seed` the run's: every draw of an evaluation is a function of it. References are fitted at the
    /// first evaluation.
    pub fn new(
        dataset: &'a Dataset,
        judge: Option<Judge>,
        device: &Device,
        seed: Seed,
        settings: Settings,
    ) -> Self {
        let device = device.clone();
        let context = Context { dataset, judge, lpips: None, device, seed, settings };
        Self { context, cache: None, references: OnceLock::new() }
    }

    /// The same with references that are kept between evaluations.
    pub fn with_cache(self, cache: ReferenceCache) -> Self {
        Self { cache: Some(cache), ..self }
    }

    /// The same with LPIPS beside the other distances of reconstructions; None leaves it out.
    pub fn with_lpips(mut self, lpips: Option<Lpips>) -> Self {
        self.context.lpips = lpips;
        self
    }

    /// What models are measured with.
    pub fn context(&self) -> &Context<'a> {
        &self.context
    }

    /// The judge behind the sample metrics.
    pub fn judge(&self) -> Option<&Judge> {
        self.context.judge.as_ref()
    }

    /// What real images, generators without a network and noise score.
    pub fn references(&self) -> &[Reference] {
        &self.shared().rows.scored
    }

    /// Measures a model. `progress` is told what begins.
    pub fn evaluate(&self, model: &dyn Generative, progress: &dyn Fn(&str)) -> Evaluation {
        let (context, mut out) = (&self.context, Findings::default());
        let (conditions, truth) = (model.conditions(), context.dataset.truth.as_ref());
        out.push(context.metric(&cost::PARAMS, model.num_params() as f64, 1));
        if let Some(reconstructor) = model.reconstructor() {
            progress("reconstructions");
            pairs::reconstructions(reconstructor, conditions, context, &mut out);
            pairs::robustness(reconstructor, conditions, context, &mut out);
        }
        if let Some((inverter, count)) = model.inverter().zip(context.settings.inverted_images) {
            progress("reconstructions by search");
            pairs::inversions(inverter, conditions, count, context, &mut out);
        }
        let estimated = context.settings.likelihood_images.and(model.likelihood_estimate());
        let likelihood = model.likelihood().is_some() || estimated.is_some();
        if model.encoder().is_some() || model.density().is_some() || likelihood {
            progress("likelihood, codes and what they know");
            codes::measure(model, context, &mut out);
        }
        if let Some(denoiser) = model.denoiser() {
            progress("noise taken away, level by level");
            noise::measure(denoiser, conditions, context, &mut out);
        }
        if model.critic().is_some() {
            progress("the game");
            game::measure(model, context, &mut out);
        }
        if let Some((sampler, factor)) = model.sampler().zip(conditions.low_resolution) {
            progress("super-resolution");
            super_resolution::measure(sampler, factor, context, &mut out);
        }
        if let Some(does) = answers::measure(model, context, progress, &mut out) {
            out.note(format!("Sample metrics are absent: the model {does} and makes no values."));
            let Findings { metrics, notes, figures } = out;
            let oracles = oracles::of(model, context);
            return Evaluation { metrics, notes, oracles, figures, ..Evaluation::default() };
        }
        progress("references");
        let references = self.shared();
        if conditions.is_empty() {
            references.beside(&mut out);
        }
        out.notes.extend(references.rows.notes.iter().cloned());
        progress("samples");
        let drawn = samples::draw(model, context, &mut out);
        out.figures.extend(drawn.as_ref().map(|drawn| drawn.grid(truth)));
        out.figures.extend(references.rows.baseline(truth));
        out.figures.extend(ReferenceRows::real(context));
        if let Some(drawn) = &drawn {
            samples::score(drawn, context, references, &mut out);
            if conditions.captions.is_some() && drawn.broken == 0 {
                progress("captions");
                captions::measure(&drawn.images, context, &mut out);
            }
            if motion::has_clips(context.dataset) && drawn.broken == 0 {
                progress("movement");
                motion::measure(&drawn.images, context, &mut out);
            }
            let controlled = conditions.control.filter(|_| drawn.broken == 0);
            if let Some((kind, sampler)) = controlled.zip(model.sampler()) {
                progress("control");
                let uncontrolled = samples::uncontrolled(sampler, conditions, context);
                control::measure(&drawn.images, &uncontrolled, kind, context, &mut out);
            }
            let scenes = conditions.captions.and(context.split().scenes.as_ref());
            let shown = scenes.and_then(Scenes::subject).filter(|_| drawn.broken == 0);
            if let Some((outlines, sampler)) = shown.zip(model.sampler()) {
                progress("the subject");
                let draw = |scenes: &Values| samples::of_captions(sampler, scenes, context);
                subject::measure(&drawn.images, &outlines, &draw, context, &mut out);
            }
        }
        if drawn.as_ref().is_some_and(|drawn| drawn.fitted.is_none()) {
            samples::through_a_fitted_prior(model, context, references, &mut out);
        }
        if context.dataset.past().is_some() {
            progress("forecasts");
        }
        forecasts::measure(model, context, references, &mut out);
        let (samples, prior) =
            drawn.map(|drawn| (drawn.images, drawn.fitted.map(|fitted| fitted.prior))).unzip();
        Evaluation {
            metrics: out.metrics,
            references: references.rows.scored.clone(),
            notes: out.notes,
            oracles: oracles::of(model, context),
            figures: out.figures,
            samples,
            prior: prior.flatten(),
        }
    }

    fn shared(&self) -> &References {
        self.references.get_or_init(|| References::new(&self.context, self.cache.as_ref()))
    }
}
