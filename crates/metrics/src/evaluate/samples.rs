//! From a model to samples and their scores.

use super::{
    priors::{self, Chosen, Own},
    references::References,
    sets::{read, score_settings, values},
};
use crate::{
    context::Context,
    features::host,
    findings::Findings,
    generators::latent::CodeSampler,
    measures::{
        cost,
        sets::{
            self, FITTED_MEASURES, fitted,
            memorisation::maths::Relation,
            pair::{ImageSet, Pair, TrainingImages},
        },
    },
    picture,
    requests::{beside, told, told_classes},
};
use genlab_core::{Condition, Conditions, Density, Generative, Kind, Sample, SampleRequest};
use genlab_data::{Truth, Values};
use genlab_results::{Figure, Scope};
use std::time::Instant;

/// Samples in the grid that is shown.
const SHOWN: usize = 100;
/// Columns of that grid.
const COLUMNS: usize = 10;
/// Samples of a controlled model that are drawn without control as well: the standard error of a share is at most 0.023.
const UNCONTROLLED: usize = 500;

/// A model's samples.
pub(super) struct Drawn {
    /// In the form in which they are kept; what is not finite is 0.
    pub(super) images: Values,
    /// What they came through, where the model has no prior of its own.
    pub(super) fitted: Option<Chosen>,
    /// Those of them that hold a value that is not finite.
    pub(super) broken: usize,
}

impl Drawn {
    /// As many as are looked at.
    fn shown(&self) -> Values {
        match self.images.space.kind {
            Kind::Images => self.images.take(picture::in_a_row(self.images.space, SHOWN)),
            Kind::Points | Kind::Series => self.images.clone(),
        }
    }

    /// The first of them, side by side.
    pub(super) fn grid(&self, truth: Option<&Truth>) -> Figure {
        let columns = picture::in_a_row(self.images.space, COLUMNS);
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
            plot: picture::plot(&self.shown(), columns, truth),
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
    if condition.captions.is_some() {
        out.note(
            "The model is told the caption of every scene of the split, and draws one for it: as a set they stand beside these \
             scenes, and numbers that depend on what scenes show are not its own merit.",
        );
    }
    if condition.control.is_some() {
        out.note(
            "The model is told where the ink of every picture of the split is, and draws one for it: as a set they stand beside \
             these pictures, and numbers that depend on where things are are not its own merit.",
        );
    }
    if let Some(sampler) = model.sampler() {
        return Some(drawn(sampler, condition, classes, context, out));
    }
    let (Some(encoder), Some(decoder)) = (model.encoder(), model.decoder()) else {
        out.note("Sample metrics are absent: the model neither samples nor decodes codes.");
        return None;
    };
    let chosen = match priors::choose(encoder, decoder, Own::Other, context) {
        Ok(chosen) => chosen,
        Err(reason) => {
            out.note(format!("Sample metrics are absent, since no prior can be fitted: {reason}."));
            return None;
        }
    };
    let (prior, device) = (&chosen.prior, context.device.clone());
    let drawn = drawn(&CodeSampler { decoder, prior, device }, condition, classes, context, out);
    Some(Drawn { fitted: Some(chosen), ..drawn })
}

/// The first samples again, drawn by `sampler` without control but told all else that it can be.
pub(super) fn uncontrolled(
    sampler: &dyn Sample,
    conditions: Conditions,
    context: &Context<'_>,
) -> Values {
    let count = context.sample_count().min(UNCONTROLLED);
    let conditions = Conditions { control: None, ..conditions };
    let (condition, classes) = asked_for(conditions, count, context);
    let numbers = values(sampler, count, condition, context);
    host::kept(&numbers, context.dataset.space).with_labels(classes)
}

/// A sample for each of these scenes, told its caption and nothing else.
pub(super) fn of_captions(sampler: &dyn Sample, scenes: &Values, context: &Context<'_>) -> Values {
    let captions = scenes.captions(0..scenes.len(), &context.device);
    let condition = Condition { captions, ..Condition::default() };
    host::kept(&values(sampler, scenes.len(), condition, context), context.dataset.space)
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
    // Each sample stands beside the value of the split that it is told of.
    (beside(condition, conditions, &context.measured(), count, device), classes)
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
        let pair = pair(&set, context, references);
        let mut found = sets::score(&pair);
        sets::add_intervals(&mut found.metrics, &pair);
        for metric in &mut found.metrics {
            metric.real = references.value("real", &metric.name).or(metric.real);
            metric.noise = references.value("noise", &metric.name);
        }
        out.extend(found);
    }
    if let Some(chosen) = &drawn.fitted {
        let words = chosen.words(context);
        out.note(format!(
            "The model has no prior of its own: its samples are decoded from {words}."
        ));
        out.figures.push(chosen.table(context));
    }
}

fn pair<'a>(set: &'a ImageSet, context: &'a Context<'_>, references: &'a References) -> Pair<'a> {
    let training = TrainingImages {
        images: &context.dataset.train,
        relation: Relation::HeldOut,
        threshold: references.rows.memory,
    };
    let pair = Pair::new(set, &references.split, score_settings(context));
    pair.with_training(training).with_truth(context.dataset.truth.as_ref())
}

/// Samples of a model that has a prior of its own, and encodes and decodes, through a density fitted on its codes:
/// scored beside its own. A model that is told something has no such density, but one for all that it can be told.
pub(super) fn through_a_fitted_prior(
    model: &dyn Generative,
    context: &Context<'_>,
    references: &References,
    out: &mut Findings,
) {
    let sampler = model.sampler().filter(|_| model.conditions().is_empty());
    let (Some(_), Some(encoder), Some(decoder)) = (sampler, model.encoder(), model.decoder())
    else {
        return;
    };
    let standard = model.density().is_none_or(Density::has_standard_prior);
    let own = if standard { Own::StandardNormal } else { Own::Other };
    let chosen = match priors::choose(encoder, decoder, own, context) {
        Ok(chosen) => chosen,
        Err(reason) => return out.absent("fitted_prior/frechet", reason),
    };
    let (prior, device) = (&chosen.prior, context.device.clone());
    let sampler = CodeSampler { decoder, prior, device };
    let numbers = values(&sampler, context.sample_count(), Condition::default(), context);
    let space = context.dataset.space;
    if host::broken(&numbers, space.shape) > 0 {
        return out.absent("fitted_prior/frechet", "samples hold values that are not finite");
    }
    let set = read(host::kept(&numbers, space), context);
    let pair = pair(&set, context, references);
    let mut found = sets::score_by(FITTED_MEASURES, &pair).metrics;
    sets::add_distance_interval(&mut found, &pair);
    for mut metric in found {
        metric.real = references.value("real", &metric.name).or(metric.real);
        metric.noise = references.value("noise", &metric.name);
        out.metrics.extend(fitted::renamed(metric));
    }
    out.note(format!(
        "Numbers \"through a fitted prior\" are of samples decoded from {}; the other numbers of samples are of the model's \
         own prior.",
        chosen.words(context),
    ));
    out.figures.push(chosen.table(context));
}
