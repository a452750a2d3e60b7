//! From a model to samples and their scores.

use super::{
    references::References,
    sets::{read, score_settings, values},
};
use crate::{
    context::Context,
    features::host,
    findings::Findings,
    generators::{
        FIT_IMAGES,
        latent::{MixtureSampler, Prior},
    },
    measures::{
        codes::{encode::Encoded, pixels::Pixels},
        cost,
        sets::{
            self,
            memorisation::maths::Relation,
            pair::{Pair, TrainingImages},
        },
        units,
    },
    numerics::fit::FitError,
    picture,
    requests::{beside, told, told_classes},
};
use genlab_core::{Condition, Conditions, Encode, Generative, Kind, Sample, SampleRequest};
use genlab_data::{Truth, Values};
use genlab_results::{Figure, Scope};
use std::time::Instant;

/// Samples in the grid that is shown.
const SHOWN: usize = 100;
/// Columns of that grid.
const COLUMNS: usize = 10;

/// A model's samples.
pub(super) struct Drawn {
    /// In the form in which they are kept; what is not finite is 0.
    pub(super) images: Values,
    /// What they came through, where the model has no prior of its own.
    pub(super) fitted: Option<Fitted>,
    /// Those of them that hold a value that is not finite.
    pub(super) broken: usize,
}

/// A density fitted on the codes of training images.
pub(super) struct Fitted {
    pub(super) prior: Prior,
    /// How many images they are.
    images: usize,
}

impl Drawn {
    /// As many as are looked at.
    fn shown(&self) -> Values {
        match self.images.space.kind {
            Kind::Images => self.images.take(SHOWN),
            Kind::Points | Kind::Series => self.images.clone(),
        }
    }

    /// The first of them, side by side.
    pub(super) fn grid(&self, truth: Option<&Truth>) -> Figure {
        Figure {
            name: "grid".into(),
            section: "Samples".into(),
            title: String::new(),
            caption: format!(
                "Not picked: the first samples of the run's seed{}. Runs of one seed share their \
                 noise, so models whose noise has one shape start from the same draws.",
                if truth.is_some_and(|truth| truth.modes().is_some()) {
                    ", over the true density"
                } else {
                    ""
                }
            ),
            scope: Scope::Run,
            plot: picture::plot(&self.shown(), COLUMNS, truth),
        }
    }
}

/// Draws the model's samples, through a density fitted on its codes where it has no prior, and notes
/// what that took. None, with a note, for a model that can do neither.
pub(super) fn draw(
    model: &dyn Generative,
    context: &Context<'_>,
    out: &mut Findings,
) -> Option<Drawn> {
    let (condition, classes) = asked_for(model.conditions(), context.sample_count(), context);
    if classes.is_some() {
        out.note(
            "The model is told the class of each sample, in the exact proportions of the data: numbers that \
             depend on how often classes come are no merit of its own.",
        );
    }
    if condition.past.is_some() {
        out.note(
            "The model is told what came before each value of the split, and draws one future for it: as a set \
             they stand beside what came.",
        );
    }
    if condition.low_resolution.is_some() {
        out.note(
            "The model is told every image of the split at a lower resolution, and draws one for it: as a set they stand \
             beside these images, and numbers of samples are no match for those of models that are told nothing.",
        );
    }
    if let Some(sampler) = model.sampler() {
        return Some(drawn(sampler, condition, classes, context, out));
    }
    let (Some(encoder), Some(decoder)) = (model.encoder(), model.decoder()) else {
        out.note("Sample metrics are absent: the model neither samples nor decodes codes.");
        return None;
    };
    let images = context.dataset.train.take(FIT_IMAGES);
    let prior = match fit(encoder, &images, context) {
        Ok(prior) => prior,
        Err(reason) => {
            out.note(format!("Sample metrics are absent, since no prior can be fitted: {reason}."));
            return None;
        }
    };
    let sampler = MixtureSampler { decoder, prior: &prior, device: context.device.clone() };
    let drawn = drawn(&sampler, condition, classes, context, out);
    Some(Drawn { fitted: Some(Fitted { prior, images: images.len() }), ..drawn })
}

/// What a model that takes `conditions` is told about each of the first `count` samples, and the classes among it.
pub(super) fn asked_for(
    conditions: Conditions,
    count: usize,
    context: &Context<'_>,
) -> (Condition, Option<Vec<u32>>) {
    let device = &context.device;
    let classes = told_classes(conditions, context.dataset, count);
    let condition = classes.as_ref().map_or_else(Condition::default, |c| told(c, device));
    (beside(condition, conditions, context.split(), count, device), classes)
}

fn fit(encoder: &dyn Encode, images: &Values, context: &Context<'_>) -> Result<Prior, FitError> {
    let codes = Encoded::new(encoder, images, Pixels::Grey, Conditions::default(), context);
    Prior::fit(&codes.mean, context.seed)
}

/// Draws with `sampler`, and measures what that took.
pub(super) fn drawn(
    sampler: &dyn Sample,
    condition: Condition,
    classes: Option<Vec<u32>>,
    context: &Context<'_>,
    out: &mut Findings,
) -> Drawn {
    let (space, count) = (context.dataset.space, context.sample_count());
    let start = Instant::now();
    let one =
        SampleRequest { condition: condition.rows(0..1), ..SampleRequest::new(context.seed, 1) };
    let drawn = values(sampler, count, condition, context);
    let seconds = start.elapsed().as_secs_f64() / count as f64;
    let calls = sampler.network_calls(&one);
    out.push(context.metric(&cost::NETWORK_CALLS_PER_SAMPLE, calls as f64, count));
    out.push(context.metric(&cost::SECONDS_PER_SAMPLE, seconds, count));
    let broken = host::broken(&drawn, space.shape);
    let images = host::kept(&drawn, space).with_labels(classes);
    Drawn { images, fitted: None, broken }
}

/// Scores the samples beside the split, with intervals and with what real images and noise score.
pub(super) fn score(
    drawn: &Drawn,
    context: &Context<'_>,
    references: &References,
    out: &mut Findings,
) {
    if drawn.broken > 0 {
        out.note(format!(
            "Sample metrics are absent: {} of {} samples hold values that are not finite (shown as \
             0). The model has diverged.",
            drawn.broken,
            drawn.images.len(),
        ));
    } else {
        let set = read(drawn.images.clone(), context);
        let training = TrainingImages {
            images: &context.dataset.train,
            relation: Relation::HeldOut,
            threshold: references.rows.memory,
        };
        let pair = Pair::new(&set, &references.split, score_settings(context));
        let pair = pair.with_training(training).with_truth(context.dataset.truth.as_ref());
        let mut found = sets::score(&pair);
        sets::add_intervals(&mut found.metrics, &pair);
        for metric in &mut found.metrics {
            metric.real = references.value("real", &metric.name).or(metric.real);
            metric.noise = references.value("noise", &metric.name);
        }
        out.extend(found);
    }
    if let Some(Fitted { prior, images }) = &drawn.fitted {
        out.note(format!(
            "The model has no prior of its own: its samples are decoded from a {} fitted on the codes \
             of {images} training {}.",
            prior.title(),
            units::noun(context.dataset.space.kind),
        ));
    }
}
