//! How close images are to what a model makes of them: reconstructions, reconstructions from disturbed
//! images, and images found by search.

pub mod lpips;
pub mod measure;
pub mod mse;
pub mod psnr;
pub mod ssim;

use crate::{
    context::{Context, FIXED_SEED, Part},
    findings::Findings,
    numerics::matrix::mean_and_sd,
};
use burn::tensor::Tensor;
use genlab_core::{Condition, Conditions, Invert, Phase, Range, Reconstruct};
use genlab_data::Values;
use genlab_results::Entry;
use measure::{Disturbance, PairMeasure, Pairs};

/// Every measure of pairs, in the order of reports.
pub const PAIR_MEASURES: &[&dyn PairMeasure] =
    &[&mse::Mse, &psnr::Psnr, &ssim::Ssim, &lpips::LearnedDistance];

/// Their entries, in the order of reports.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    let all = || PAIR_MEASURES.iter().copied();
    let disturbed = all().flat_map(PairMeasure::disturbed).map(|one| &one.entry);
    let searched = all().filter_map(PairMeasure::searched);
    all().map(PairMeasure::plain).chain(disturbed).chain(searched)
}

/// How well a model gives the images of the split back.
pub fn reconstructions(
    model: &dyn Reconstruct,
    conditions: Conditions,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let again = |values, condition: &Condition| model.reconstruct(values, condition);
    let values = compared(PAIR_MEASURES, context.split(), &again, conditions, context);
    for (measure, values) in PAIR_MEASURES.iter().zip(values) {
        if let Some(values) = values {
            out.push(context.mean(measure.plain(), &values));
        }
        if let Some(note) = measure.note(context) {
            out.note(note);
        }
    }
}

/// How near to the clean images of the split a model comes from disturbed ones. The disturbances are
/// made for values in [0, 1]; others have none.
pub fn robustness(
    model: &dyn Reconstruct,
    conditions: Conditions,
    context: &Context<'_>,
    out: &mut Findings,
) {
    if context.dataset.space.range != Range::Unit {
        return;
    }
    let mut untouched = Vec::new();
    for &measure in PAIR_MEASURES {
        for disturbance in measure.disturbed() {
            let [found, before] = from_disturbed(measure, disturbance, model, conditions, context);
            let entry = &disturbance.entry;
            out.push(context.mean(entry, &found));
            let name = entry.name.trim_start_matches("reconstruction/");
            untouched.push(format!("{name} {:.4}", mean_and_sd(&before).0));
        }
    }
    out.note(format!(
        "Left as they are, the disturbed images themselves would score {}.",
        untouched.join(", ")
    ));
}

/// Reconstruction by searching the noise that an image comes from, of the first `count` images of the
/// split.
pub fn inversions(
    model: &dyn Invert,
    conditions: Conditions,
    count: usize,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let images = context.split().sample(count);
    let (measures, entries): (Vec<_>, Vec<_>) = PAIR_MEASURES
        .iter()
        .copied()
        .filter_map(|measure| Some((measure, measure.searched()?)))
        .unzip();
    let found = |values, condition: &Condition| model.invert(values, condition);
    let values = compared(&measures, &images, &found, conditions, context);
    let method = model.method();
    for (entry, values) in entries.into_iter().zip(values) {
        if let Some(values) = values {
            out.push(context.mean(entry, &values).map(|metric| metric.qualified(&method)));
        }
    }
    out.note(format!(
        "The model has no encoder: reconstruction/..._inverted are found by search ({method}), on {} \
         images.",
        images.len(),
    ));
}

/// The values of each measure between images and what `others` makes of them, one per image; None
/// where the measure has none.
fn compared(
    measures: &[&dyn PairMeasure],
    images: &Values,
    others: &dyn Fn(Tensor<4>, &Condition) -> Tensor<4>,
    conditions: Conditions,
    context: &Context<'_>,
) -> Vec<Option<Vec<f64>>> {
    let mut all = vec![Some(Vec::new()); measures.len()];
    for Part { values, condition, .. } in context.batches(images, conditions) {
        let pairs = Pairs::new(values.clone(), others(values, &condition));
        for (all, measure) in all.iter_mut().zip(measures) {
            match (all.as_mut(), measure.values(&pairs, context)) {
                (Some(all), Some(batch)) => all.extend(batch),
                _ => *all = None,
            }
        }
    }
    all
}

/// The values between clean images and reconstructions from disturbed ones, and between clean images
/// and the disturbed ones themselves.
fn from_disturbed(
    measure: &dyn PairMeasure,
    disturbance: &Disturbance,
    model: &dyn Reconstruct,
    conditions: Conditions,
    context: &Context<'_>,
) -> [Vec<f64>; 2] {
    let noise = FIXED_SEED.during(Phase::Evaluate);
    let (mut found, mut before) = (Vec::new(), Vec::new());
    for part in context.batches(context.split(), conditions) {
        let Part { rows, values: clean, condition } = part;
        let Disturbance { corruption, draws, .. } = disturbance;
        let disturbed = corruption.apply(clean.clone(), noise, draws, rows);
        let again = Pairs::new(clean.clone(), model.reconstruct(disturbed.clone(), &condition));
        found.extend(measure.values(&again, context).into_iter().flatten());
        let untouched = Pairs::new(clean, disturbed);
        before.extend(measure.values(&untouched, context).into_iter().flatten());
    }
    [found, before]
}
