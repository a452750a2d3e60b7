//! From a model that is told the past to forecasts and their scores, and the rows beside them.

use super::references::References;
use crate::{
    context::Context,
    features::host,
    findings::Findings,
    generators::autoregression::{Autoregression, Naive},
    measures::forecast::{
        self, Forecasts,
        distribution::Distribution,
        fan::fans,
        horizons::{Horizons, table},
    },
    requests,
};
use genlab_core::{Condition, Generative, Sample, SampleRequest};
use genlab_data::Values;

/// Futures that are drawn in one network call: a future is small.
const ROWS: usize = 2048;

/// Measures what a model foretells of the split's windows, where values have a past.
pub(super) fn measure(
    model: &dyn Generative,
    context: &Context<'_>,
    references: &References,
    out: &mut Findings,
) {
    if context.dataset.past().is_none() {
        return;
    }
    let Some(sampler) = model.sampler().filter(|_| model.conditions().past.is_some()) else {
        out.note(
            "Forecasts are absent: the model is not told what came before. It learns and draws futures of \
             any past.",
        );
        return;
    };
    let outcomes = context.split().sample(context.settings.forecast_windows);
    let Some(forecasts) = drawn(sampler, &outcomes, context) else {
        out.absent("forecast/crps", "the model draws futures that are not finite");
        return;
    };
    let mut found = forecast::score(&forecasts, &outcomes, context);
    for metric in &mut found.metrics {
        metric.real = references.value("real", &metric.name);
    }
    out.extend(found);
    let own = Horizons::new("model", &forecasts, &outcomes);
    let sources: Vec<&Horizons> = [&own].into_iter().chain(&references.rows.forecasts).collect();
    out.figures.push(table(&sources));
    out.figures.extend(fans(&forecasts, &outcomes));
}

/// Ensembles of futures of each window, each told that window's past; None where one is not finite.
fn drawn(sampler: &dyn Sample, outcomes: &Values, context: &Context<'_>) -> Option<Forecasts> {
    let (members, steps) = (context.settings.forecast_members, outcomes.shape().pixels());
    // Behind the samples that are scored as a set, which have rows of their own.
    let first = context.sample_count();
    let mut forecasts = Vec::with_capacity(outcomes.len());
    let windows = (ROWS / members).max(1);
    for begin in (0..outcomes.len()).step_by(windows) {
        let rows = begin..(begin + windows).min(outcomes.len());
        let each: Vec<usize> =
            rows.clone().flat_map(|row| std::iter::repeat_n(row, members)).collect();
        let past = requests::pasts(outcomes, &each, &context.device);
        let request = SampleRequest {
            first: (first + begin * members) as u64,
            condition: Condition { past, ..Condition::default() },
            ..SampleRequest::new(context.seed, each.len())
        };
        let numbers = host::floats(sampler.sample(&request));
        if numbers.iter().any(|x| !x.is_finite()) {
            return None;
        }
        for window in numbers.chunks(members * steps) {
            let at = |step: usize| window.iter().skip(step).step_by(steps).map(|x| f64::from(*x));
            let ensemble = |step| Distribution::ensemble(at(step).collect());
            forecasts.push((0..steps).map(ensemble).collect());
        }
    }
    Some(forecasts)
}

/// A row beside the models' forecasts.
pub(super) struct Row {
    /// Its key, where it has a row of its own; None: it belongs to that of real data.
    pub(super) name: Option<&'static str>,
    pub(super) title: String,
    pub(super) forecasts: Forecasts,
}

/// Forecasts without a network: the true ones where they are known, least squares, the last number.
pub(super) fn rows(outcomes: &Values, context: &Context<'_>) -> Vec<Row> {
    let (dataset, count) = (context.dataset, outcomes.len());
    let mut rows = Vec::new();
    if let Some(forecasts) = known(outcomes, context) {
        rows.push(Row { name: None, title: "the true distribution".into(), forecasts });
    }
    if let Some(fit) = Autoregression::fit(&dataset.train, &dataset.validation) {
        let title = format!("least-squares AR({})", fit.order());
        rows.push(Row { name: Some("ar"), title, forecasts: fit.forecasts(outcomes, count) });
    }
    if let Some(fit) = Naive::fit(&dataset.train) {
        let (title, forecasts) = ("the last number".into(), fit.forecasts(outcomes, count));
        rows.push(Row { name: Some("naive"), title, forecasts });
    }
    rows
}

/// What the distribution that the windows come from says of each.
fn known(outcomes: &Values, context: &Context<'_>) -> Option<Forecasts> {
    let (truth, pasts) = (context.dataset.truth.as_ref()?, outcomes.pasts.as_ref()?);
    let of = |index| {
        let past: Vec<f64> = pasts.row(index).iter().map(|x| f64::from(*x)).collect();
        Some(truth.forecast(&past)?.into_iter().map(Distribution::Normal).collect())
    };
    (0..outcomes.len()).map(of).collect()
}
