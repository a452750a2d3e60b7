//! Whether samples are copies of training images. Needs the training images, and enough real images to
//! say what counts as memorised.

pub mod maths;

use super::{
    measure::SetMeasure,
    pair::{Pair, TrainingImages},
};
use crate::{
    findings::Findings,
    measures::units,
    picture::{in_a_row, strip},
};
use genlab_data::Values;
use genlab_results::{Entry, Figure, Plot, Scope, Section};
use maths::{EXPECTED, Nearest, nearest, suspicious};

pub(super) const MEMORISED: Entry = Entry {
    name: "samples/memorised",
    title: "Memorised",
    unit: "fraction of samples, 0.05 for fresh real images",
    section: Section::Samples,
    meaning: "Samples as close to one single training image as one held-out image in twenty is.",
    meaning_beyond_images: "Samples as close to one single training example as one held-out one in twenty is.",
    ..Entry::BASE
};

/// Samples in each half of the picture, in a row of so many where they are narrow enough.
const SHOWN: usize = 10;
/// Rows of samples in each half at most.
const MOST_ROWS: usize = 4;

/// The measure, with a picture of its evidence.
pub(super) struct Memorised;

impl SetMeasure for Memorised {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&MEMORISED]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some(TrainingImages { images, relation, threshold }) = pair.training else { return };
        let samples = &pair.samples.images;
        let Some(found) = nearest(samples, images, relation) else { return };
        if let Some(threshold) = threshold {
            let share = threshold.share(&found);
            out.push(pair.metric(&MEMORISED, share));
            if share > suspicious(found.len(), pair.real.images.len()) {
                let what = units::noun(samples.space.kind);
                out.note(format!(
                    "{:.1} % of the samples are as close to a single one of the training {what} as {} % of \
                     the {what} of the {} split are: look for copies among the nearest of them.",
                    100.0 * share,
                    100.0 * EXPECTED,
                    pair.settings.split,
                ));
            }
        }
        if samples.bytes().is_some() {
            out.figures.push(beside_neighbours(samples, images, &found));
        }
    }
}

/// Rows of samples, each above the row of their nearest training images: the first ten samples, then
/// the ten that are nearest to one training image alone.
fn beside_neighbours(samples: &Values, training: &Values, found: &[Nearest]) -> Figure {
    let columns = in_a_row(samples.space, SHOWN);
    let shown = SHOWN.min(MOST_ROWS * columns).min(samples.len());
    let first: Vec<usize> = (0..shown).collect();
    let mut suspects: Vec<usize> = (0..samples.len()).collect();
    suspects.sort_by(|&a, &b| found[a].ratio().total_cmp(&found[b].ratio()));
    suspects.truncate(shown);
    let halves = [first, suspects];
    let rows = halves.iter().flat_map(|half| half.chunks(columns)).flat_map(|chosen| {
        let nearest: Vec<usize> = chosen.iter().map(|&sample| found[sample].index).collect();
        [samples.select(chosen), training.select(&nearest)]
    });
    let pixels: Vec<u8> =
        rows.flat_map(|images| images.bytes().unwrap_or_default().to_vec()).collect();
    Figure {
        name: "neighbours".into(),
        section: "Nearest training images".into(),
        title: String::new(),
        caption: "Rows come in pairs: samples above, the training image nearest to each (in its \
                  pixels) below. First half: the first samples. Second half: of all samples scored, \
                  those that are nearest to one training image and to no other; copies would be among \
                  them."
            .into(),
        scope: Scope::Run,
        plot: Plot::Strip(strip(&Values::images(samples.shape(), pixels), columns.min(shown))),
    }
}
