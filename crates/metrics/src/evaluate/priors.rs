//! The choice of a prior for the codes of a model: densities fitted on training codes, each decoded at several
//! sharpnesses, and held against validation images that no other number is about.

use super::sets::{read, score_settings};
use crate::{
    context::Context,
    features::host,
    generators::{
        FIT_IMAGES,
        latent::{CodeSampler, Coordinates, Prior},
        prior::PriorConfig,
        sharpness::sharpened,
    },
    measures::{
        codes::{encode::Encoded, pixels::Pixels},
        sets::{
            frechet::frechet_distance,
            neighbours::maths::{NEAREST, neighbourhoods},
            pair::ImageSet,
        },
        units,
    },
    numerics::{fit::FitError, matrix::Rows},
};
use genlab_core::{Conditions, Decode, Encode, Phase, Range, Sample, SampleRequest};
use genlab_data::Values;
use genlab_results::{Figure, Plot, Scope};
use rand::RngExt;
use rand_distr::StandardNormal;

/// A prior that was chosen, and what the others scored.
pub(super) struct Chosen {
    /// The best.
    pub(super) prior: Prior,
    /// How many training images it was fitted on.
    images: usize,
    /// Validation images that it was chosen by.
    validation: usize,
    by: Criterion,
    trials: Vec<Trial>,
}

/// What one kind of density scores.
struct Trial {
    prior: Prior,
    /// One per sharpness: less is better.
    scores: Vec<f64>,
    /// Coverage at the best of them.
    coverage: Option<f64>,
}

/// What a prior is chosen by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Criterion {
    /// The Fréchet distance of its samples to validation images.
    Frechet,
    /// The log-density of validation codes, where no judge reads images, or too few of them for its features.
    Likelihood,
}

impl Trial {
    /// The place of the best sharpness and its score.
    fn best(&self) -> (usize, f64) {
        let all = self.scores.iter().copied().enumerate();
        all.min_by(|a, b| a.1.total_cmp(&b.1)).expect("there is at least one sharpness")
    }
}

/// What prior a model has of its own: N(0, I) is a candidate where it is that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Own {
    /// N(0, I).
    StandardNormal,
    /// Another, or none.
    Other,
}

/// Fits all candidates on the codes of training images and takes the one whose samples are nearest to validation
/// images.
///
/// # Errors
/// When there are next to no codes, they are not finite, or no candidate is for them.
pub(super) fn choose(
    encoder: &dyn Encode,
    decoder: &dyn Decode,
    own: Own,
    context: &Context<'_>,
) -> Result<Chosen, FitError> {
    let images = context.dataset.train.sample(FIT_IMAGES);
    let labels = images.labels.as_deref();
    let codes = codes(encoder, &images, context);
    let coordinates = Coordinates::of(&codes);
    let rows = coordinates.from_codes(codes);
    let mut candidates: Vec<PriorConfig> = Vec::new();
    for &candidate in &context.settings.prior.candidates {
        let candidate = candidate.affordable(&rows);
        let applies = match candidate {
            PriorConfig::StandardNormal => own == Own::StandardNormal,
            PriorConfig::ClassGaussians => labels.is_some(),
            _ => true,
        };
        if applies && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    let real = held_against(context);
    let by = criterion(&real);
    let held_out = (by == Criterion::Likelihood)
        .then(|| coordinates.from_codes(self::codes(encoder, &real.images, context)));
    let mut trials = Vec::new();
    for config in candidates {
        let density = config.fit(&rows, labels, context.seed)?;
        let (coordinates, sharpness) = (coordinates.clone(), 1.0);
        let prior = Prior { config, coordinates, density, sharpness };
        trials.push(match &held_out {
            Some(held_out) => {
                let score = -prior.density.log_likelihood(held_out);
                Trial { prior, scores: vec![score], coverage: None }
            }
            None => tried(prior, decoder, &real, context),
        });
    }
    let best = trials.iter().min_by(|a, b| a.best().1.total_cmp(&b.best().1));
    let best = best.ok_or(FitError::NoCandidate)?;
    let sharpness = sharpnesses(context)[best.best().0];
    let prior = Prior { sharpness, ..best.prior.clone() };
    Ok(Chosen { prior, images: images.len(), validation: real.images.len(), by, trials })
}

/// The codes of images, as far as a decoder learns them: draws of the posterior where there is one.
fn codes(encoder: &dyn Encode, images: &Values, context: &Context<'_>) -> Rows {
    let found = Encoded::new(encoder, images, Pixels::Grey, Conditions::default(), context);
    let Encoded { mut mean, log_var: Some(log_var) } = found else { return found.mean };
    let dim = mean.dim;
    let rows = mean.values.chunks_mut(dim).zip(log_var.iter());
    for (row, (mean, log_var)) in rows.enumerate() {
        let mut rng = context.noise().row("prior/posterior", 0, row as u64);
        for (mean, log_var) in mean.iter_mut().zip(log_var) {
            let draw: f64 = rng.sample(StandardNormal);
            *mean += (0.5 * log_var).exp() * draw;
        }
    }
    mean
}

/// A draw of validation images, with the judge's reading.
fn held_against(context: &Context<'_>) -> ImageSet {
    let validation = &context.dataset.validation;
    let order =
        context.seed.during(Phase::Validate).permutation("prior/images", 0, validation.len());
    let count = context.settings.prior.samples.min(validation.len());
    let rows: Vec<usize> = order[..count].iter().map(|&row| row as usize).collect();
    read(validation.select(&rows), context)
}

/// A distance of images needs features, and more images than they have dimensions. Points are densities of a few
/// numbers, of which two moments say too little.
fn criterion(real: &ImageSet) -> Criterion {
    match &real.reading {
        Some(reading)
            if real.images.space.kind == genlab_core::Kind::Images
                && real.images.len() >= 2 * reading.features.dim =>
        {
            Criterion::Frechet
        }
        _ => Criterion::Likelihood,
    }
}

/// What is tried of the settings' sharpnesses.
fn sharpnesses<'a>(context: &'a Context<'_>) -> &'a [f64] {
    match context.dataset.space.range {
        Range::Unit => &context.settings.prior.sharpness,
        Range::Real => &[1.0],
    }
}

/// Draws samples through a density, decodes them once, and holds them against `real` at each sharpness. They have numbers
/// behind those of the samples that are reported.
fn tried(prior: Prior, decoder: &dyn Decode, real: &ImageSet, context: &Context<'_>) -> Trial {
    let sampler = CodeSampler { decoder, prior: &prior, device: context.device.clone() };
    let (first, count) = (context.sample_count() as u64, real.images.len());
    let request = SampleRequest { first, ..SampleRequest::new(context.seed, count) };
    let batch = context.settings.batch.max(1);
    let parts = (0..count).step_by(batch);
    let parts: Vec<_> = parts
        .map(|first| sampler.sample(&request.part(first..(first + batch).min(count))))
        .collect();
    let mut best = (f64::INFINITY, None);
    let mut scores = Vec::new();
    for &s in sharpnesses(context) {
        let values = parts.iter().flat_map(|part| host::floats(sharpened(part.clone(), s)));
        let set = read(host::kept(&values.collect::<Vec<_>>(), context.dataset.space), context);
        let score = distance(&set, real);
        if score < best.0 {
            best = (score, Some(set));
        }
        scores.push(score);
    }
    let coverage = best.1.and_then(|set| {
        let (samples, real) = (set.reading?, real.reading.as_ref()?);
        Some(neighbourhoods(&samples.features, &real.features, NEAREST)?.coverage)
    });
    Trial { prior, scores, coverage }
}

/// The Fréchet distance; infinite where there is none.
fn distance(samples: &ImageSet, real: &ImageSet) -> f64 {
    let (Some(samples), Some(real)) = (&samples.reading, &real.reading) else {
        return f64::INFINITY;
    };
    frechet_distance(&samples.features, &real.features).unwrap_or(f64::INFINITY)
}

impl Chosen {
    /// How it was found, in two sentences.
    pub(super) fn words(&self, context: &Context<'_>) -> String {
        let noun = units::noun(context.dataset.space.kind);
        let tried = self.trials.len();
        let by = match self.by {
            Criterion::Frechet => "whose samples have the least Fréchet distance to",
            Criterion::Likelihood => "under which codes are likeliest of",
        };
        format!(
            "a {} fitted on the codes of {} training {noun}. Of {tried} densities and {} sharpnesses it is the one {by} \
             {} validation {noun}",
            self.prior.title(),
            self.images,
            self.trials.first().map_or(0, |trial| trial.scores.len()),
            self.validation,
        )
    }

    /// What every density scored, as a table.
    pub(super) fn table(&self, context: &Context<'_>) -> Figure {
        let sharpness = sharpnesses(context);
        let number = |value: f64| format!("{value:.2}");
        let mut columns = vec!["prior".to_owned()];
        match self.by {
            Criterion::Frechet => {
                columns.extend(sharpness.iter().map(|s| format!("distance at sharpness {s}")));
                columns.push("coverage at the best".to_owned());
            }
            Criterion::Likelihood => columns.push("nats per code".to_owned()),
        }
        let row = |trial: &Trial| {
            let mark = if trial.prior.config == self.prior.config { ", chosen" } else { "" };
            let scores = trial.scores.iter().map(|score| match self.by {
                Criterion::Frechet => number(*score),
                Criterion::Likelihood => number(-score),
            });
            let name = format!("{}{mark}", trial.prior.config.title());
            [name].into_iter().chain(scores).chain(trial.coverage.map(number)).collect()
        };
        Figure {
            name: "priors".into(),
            section: "Priors of codes".into(),
            title: "Densities fitted on codes".into(),
            caption: format!(
                "Each decoded as {} samples and held against as many {} of the validation split, by which the choice is \
                 made; numbers of the {} split are elsewhere. Sharpness multiplies the decoder's logits.",
                self.validation,
                units::noun(context.dataset.space.kind),
                score_settings(context).split,
            ),
            scope: Scope::Run,
            plot: Plot::Table { columns, rows: self.trials.iter().map(row).collect() },
        }
    }
}
