//! Whether samples have their ink where they were told. Needs a sampler that is controlled by pictures.

use super::captions;
use crate::{
    context::Context,
    features::{host, judge::Judge},
    findings::Findings,
    picture,
};
use genlab_core::ControlKind;
use genlab_data::Values;
use genlab_results::{Direction::Higher, Entry, Figure, Plot, Rank, Scope, Section};

/// Samples in the picture.
const SHOWN: usize = 12;

const IOU: Entry = Entry {
    name: "control/iou",
    title: "Ink as told",
    gloss: "overlap of samples' ink with that of the pictures that they are controlled by",
    unit: "intersection over union",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    rank: Rank::Headline,
    meaning: "Pixels that are ink both in a sample and in the picture whose mask or edges it was told, as a share of those that are \
              ink in either, then the mean over samples. Ink is where the largest channel is above 110/255.",
    ..Entry::BASE
};

/// Every entry.
pub const ENTRIES: [&Entry; 1] = [&IOU];

/// Samples of which sample i was told row i of the measured split, and the first of them drawn again without control but
/// told all else.
pub fn measure(
    samples: &Values,
    uncontrolled: &Values,
    kind: ControlKind,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let measured = context.measured();
    let real: &Values = &measured;
    let told = ink(real, context);
    let found = overlaps(&ink(samples, context), &told);
    let free = overlaps(&ink(uncontrolled, context), &told);
    let mut dealt = told.clone();
    dealt.rotate_left(1);
    let others = overlaps(&told, &dealt);
    let judge = Judge::for_dataset(&context.dataset.name, real.shape(), &context.device);
    let reads = judge.as_ref().zip(real.scenes.as_ref());
    let digits = |pictures: &Values| {
        let (judge, scenes) = reads?;
        captions::digits(judge, scenes, &pictures.tensor(0..pictures.len(), &context.device))
    };
    // With and without control on the same pictures.
    let same = format!("controlled, the same {}", free.len());
    let fewer = (free.len() < found.len())
        .then(|| row(&same, &found[..free.len()], digits(&samples.take(free.len()))));
    let rows = [row("controlled", &found, digits(samples))].into_iter().chain(fewer).chain([
        row("without control", &free, digits(uncontrolled)),
        row("real pictures", &overlaps(&told, &told), digits(real)),
        row("real pictures, others' masks", &others, None),
    ]);
    out.push(context.mean(&IOU, &found));
    out.figures.push(shown(samples, real, kind, context));
    out.figures.push(Figure {
        name: "control".into(),
        section: "Control".into(),
        title: "Beside samples without control".into(),
        caption: "Ink that pictures have in common with those that control them, by all ink of both, averaged; and the share of \
                  objects whose digit a judge of scenes reads as their caption says, where there are captions. Samples without \
                  control begin from the same noise and are told all else."
            .into(),
        scope: Scope::Run,
        plot: Plot::Table {
            columns: ["", "pictures", "mask IoU", "digit"].map(str::to_owned).to_vec(),
            rows: rows.collect(),
        },
    });
}

/// Which pixels of each picture are ink.
pub(super) fn ink(pictures: &Values, context: &Context<'_>) -> Vec<Vec<bool>> {
    let shape = pictures.shape();
    let masks = ControlKind::Mask.of(pictures.tensor(0..pictures.len(), &context.device));
    let pixels = host::floats(masks);
    let mask = |mask: &[f32]| mask.iter().map(|v| *v > 0.5).collect::<Vec<bool>>();
    pixels.chunks(shape.height * shape.width).map(mask).collect()
}

/// What each pair of masks has in common, of all that either has; 1 where neither has anything.
fn overlaps(masks: &[Vec<bool>], others: &[Vec<bool>]) -> Vec<f64> {
    let overlap = |(one, other): (&Vec<bool>, &Vec<bool>)| {
        let pixels = || one.iter().zip(other);
        let both = pixels().filter(|(one, other)| **one && **other).count();
        let either = pixels().filter(|(one, other)| **one || **other).count();
        if either == 0 { 1.0 } else { both as f64 / either as f64 }
    };
    masks.iter().zip(others).map(overlap).collect()
}

fn row(name: &str, overlaps: &[f64], digits: Option<f64>) -> Vec<String> {
    let mean = overlaps.iter().sum::<f64>() / overlaps.len() as f64;
    let digits = digits.map_or_else(|| "—".to_owned(), |share| format!("{share:.3}"));
    vec![name.to_owned(), overlaps.len().to_string(), format!("{mean:.3}"), digits]
}

/// What the first samples were told, the samples, and their ink.
fn shown(samples: &Values, real: &Values, kind: ControlKind, context: &Context<'_>) -> Figure {
    let count = SHOWN.min(samples.len());
    let first = |values: &Values| values.tensor(0..count, &context.device);
    let channels = samples.shape().channels;
    let told = kind.of(first(real)).repeat_dim(1, channels);
    let ink = ControlKind::Mask.of(first(samples)).repeat_dim(1, channels);
    let pixels = [told, first(samples), ink].map(host::floats).concat();
    Figure {
        name: "controlled".into(),
        section: "Control".into(),
        title: "Samples and what controls them".into(),
        caption: "Not picked: the first samples. From top to bottom: what was told, the samples, and their ink.".into(),
        scope: Scope::Run,
        plot: picture::plot(&host::kept(&pixels, samples.space), count, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_overlap_by_what_they_share_of_all_that_they_have() {
        let mask = |ink: [u8; 4]| ink.map(|pixel| pixel == 1).to_vec();
        let found = overlaps(
            &[mask([1, 1, 1, 0]), mask([1, 0, 0, 0]), mask([0; 4]), mask([1; 4])],
            &[mask([0, 1, 1, 1]), mask([0, 0, 0, 1]), mask([0; 4]), mask([1; 4])],
        );
        assert_eq!(found, [0.5, 0.0, 1.0, 1.0]);
    }
}
