//! Which of several averages of weights a run is judged by, chosen after training on the validation split: the post-hoc
//! choice of section 3 of Karras et al. 2024 (arXiv:2312.02696), among the lengths that training kept.

use super::{directory::RunDir, observer, stations::Training, training};
use crate::terminal;
use anyhow::Result;
use burn::tensor::Device;
use genlab_core::Generative;
use genlab_data::Dataset;
use genlab_metrics::Evaluator;
use genlab_results::{AverageCandidate, ChosenAverage};
use std::path::Path;

/// Samples behind every distance, unless an evaluation has fewer: more would cost as much as the evaluation itself.
const SAMPLES: usize = 1000;

/// The average whose samples lie nearest the validation split; the one with the least validation loss where
/// samples have no distance. None where there is nothing to choose. A function of the run's last checkpoint and seed.
///
/// # Errors
/// When that checkpoint cannot be read.
pub(super) fn choose(
    dir: &RunDir,
    training: &Training,
    dataset: &Dataset,
    evaluator: &Evaluator<'_>,
) -> Result<Option<ChosenAverage>> {
    let decays = training.model.decays();
    if decays.len() < 2 {
        return Ok(None);
    }
    terminal::note(&format!("{}: choosing between averages of weights", training.model.name()));
    let device = &evaluator.context().device;
    let samples = SAMPLES.min(evaluator.context().settings.samples).min(dataset.validation.len());
    let mut candidates = Vec::new();
    for &decay in &decays {
        let model = frozen(dir.path(), &using(training, decay), dataset, device)?;
        let metric = evaluator.validation_distance(model.as_ref(), samples);
        let loss = observer::validation(model.as_ref(), training, dataset, device)
            .into_iter()
            .find_map(|(name, value)| (name == "loss" && value.is_finite()).then_some(value));
        let by = metric.as_ref().map(|metric| metric.name.clone());
        let distance = metric.map(|metric| metric.value);
        candidates.push((by, AverageCandidate { decay, distance, loss }));
    }
    let by = candidates.iter().find_map(|(by, _)| by.clone()).unwrap_or_else(|| "loss".into());
    let candidates = candidates.into_iter().map(|(_, candidate)| candidate).collect();
    Ok(least(candidates, by, samples))
}

/// The candidate whose distance is least, or whose loss is least where none has a distance; None where none has
/// either.
fn least(candidates: Vec<AverageCandidate>, by: String, samples: usize) -> Option<ChosenAverage> {
    let measured = candidates.iter().any(|candidate| candidate.distance.is_some());
    let figure = |candidate: &AverageCandidate| {
        if measured { candidate.distance } else { candidate.loss }
    };
    let figures = candidates.iter().filter_map(|candidate| Some((candidate, figure(candidate)?)));
    let (chosen, _) = figures.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
    Some(ChosenAverage { decay: chosen.decay, by, samples, candidates })
}

/// The choice in a line, for people.
pub(super) fn line(chosen: &ChosenAverage) -> String {
    let ChosenAverage { decay, by, candidates, samples } = chosen;
    let what = if by == "loss" {
        "the least validation loss".to_owned()
    } else {
        format!("samples nearest the validation split ({by} of {samples})")
    };
    let figure = |candidate: &AverageCandidate| {
        let value = if by == "loss" { candidate.loss } else { candidate.distance };
        let value = value.map_or_else(|| "none".to_owned(), terminal::number);
        format!("{} has {value}", candidate.decay)
    };
    let figures: Vec<String> = candidates.iter().map(figure).collect();
    format!("Of the averages of weights that of decay {decay} has {what}: {}.", figures.join(", "))
}

/// The same training of a model that is judged by the average of `decay`.
fn using(training: &Training, decay: f64) -> Training {
    Training { model: training.model.using_average(decay), ..training.clone() }
}

/// The training of the finished run in `dir`, whose model is judged by the average that the run chose.
///
/// # Errors
/// When its results cannot be read.
pub(crate) fn with_chosen_average(dir: &Path, training: Training) -> Result<Training> {
    Ok(match of(dir)? {
        Some(ChosenAverage { decay, .. }) => using(&training, decay),
        None => training,
    })
}

/// What the run in `dir` chose; None where it had no choice.
///
/// # Errors
/// When its results cannot be read.
pub(crate) fn of(dir: &Path) -> Result<Option<ChosenAverage>> {
    Ok(RunDir::new(dir).read_results()?.and_then(|results| results.average))
}

fn frozen(
    dir: &Path,
    training: &Training,
    dataset: &Dataset,
    device: &Device,
) -> Result<Box<dyn Generative>> {
    Ok(training::finished(dir, training, dataset, device)?.freeze())
}

/// The frozen model with the average that was chosen.
///
/// # Errors
/// When the run's last checkpoint cannot be read.
pub(super) fn freeze(
    dir: &RunDir,
    training: &Training,
    chosen: &ChosenAverage,
    dataset: &Dataset,
    device: &Device,
) -> Result<Box<dyn Generative>> {
    frozen(dir.path(), &using(training, chosen.decay), dataset, device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(figures: &[(f64, Option<f64>, Option<f64>)]) -> Option<ChosenAverage> {
        let candidates = figures.iter().map(|&(decay, distance, loss)| AverageCandidate {
            decay,
            distance,
            loss,
        });
        least(candidates.collect(), "samples/frechet".into(), 10)
    }

    #[test]
    fn distances_decide_where_there_are_any_and_losses_elsewhere() {
        let distances = of(&[(0.9, Some(2.0), Some(1.0)), (0.99, Some(1.0), Some(3.0))]);
        assert_eq!(distances.unwrap().decay, 0.99);
        let losses = of(&[(0.9, None, Some(1.0)), (0.99, None, Some(3.0))]);
        assert_eq!(losses.unwrap().decay, 0.9);
        let broken = of(&[(0.9, None, Some(1.0)), (0.99, Some(8.0), Some(3.0))]);
        assert_eq!(broken.unwrap().decay, 0.99, "samples that are not finite have no distance");
        assert!(of(&[(0.9, None, None), (0.99, None, None)]).is_none());
    }

    #[test]
    fn of_equals_the_first_is_chosen_which_is_the_one_of_the_settings() {
        let equals = of(&[(0.9, Some(1.0), None), (0.99, Some(1.0), None)]);
        assert_eq!(equals.unwrap().decay, 0.9);
    }

    #[test]
    fn the_line_names_every_candidate_and_what_it_wwith_chosen_average_by() {
        let chosen = of(&[(0.9, Some(2.0), None), (0.99, Some(1.0), None)]).unwrap();
        assert_eq!(
            line(&chosen),
            "Of the averages of weights that of decay 0.99 has samples nearest the validation split \
             (samples/frechet of 10): 0.9 has 2, 0.99 has 1."
        );
    }
}
