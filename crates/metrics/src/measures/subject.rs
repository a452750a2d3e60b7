//! Whether samples show a subject that was learned from a few pictures where they are told to, and nowhere else. Needs a sampler
//! that is told captions and scenes that have a subject.

use super::{captions, control::ink};
use crate::{
    context::Context,
    features::{host, judge::Judge},
    findings::Findings,
    picture,
    settings::Split,
};
use burn::tensor::Tensor;
use genlab_data::{
    Values,
    scenes::{Caption, HeldOut, Outline, Scenes, without_subject},
};
use genlab_results::{
    Direction::{Higher, Lower},
    Entry, Figure, Plot, Rank, Scope, Section,
};
use rayon::prelude::*;

/// Captions without the subject that samples are told, at most: the standard error of a share is at most 0.016.
const ORDINARY: usize = 1000;
/// Ink is the subject where it overlaps so far with its outline: a little below the least overlap of 400 drawn views of it,
/// 0.905, and above what most filled shapes reach. Solid rectangles of about its size reach 0.89, and such pass.
const FOUND: f64 = 0.88;
/// Levels of the background of scenes: each is below.
const BACKGROUND: u8 = 64;
/// Samples in the picture, and pictures in a row: as many as were learned from.
const SHOWN_SAMPLES: usize = 12;
const COLUMNS: usize = 4;

const SHOWN: Entry = Entry {
    name: "subject/shown",
    title: "Subject shown as told",
    gloss: "samples that show the subject, of those that are told to",
    unit: "fraction of samples",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    rank: Rank::Headline,
    meaning: "Samples that were told a caption with the subject and in whose ink its outline is found, in one of its sizes, \
              wherever it is.",
    ..Entry::BASE
};

const LEAKED: Entry = Entry {
    name: "subject/leaked",
    title: "Subject shown untold",
    gloss: "samples that show the subject, of those that are told digits alone",
    better: Some(Lower),
    rank: Rank::Detail,
    meaning: "Samples that were told a caption of scenes-32, which mentions digits alone, and in whose ink the outline of the \
              subject is found.",
    ..SHOWN
};

const KEPT: Entry = Entry {
    name: "subject/kept",
    title: "Captions of digits drawn in full",
    gloss: "samples that show all that their caption of digits says",
    meaning: "Samples that were told a caption of scenes-32 and in which the judge reads everything that it says, as \
              captions/all of the base.",
    rank: Rank::Detail,
    ..SHOWN
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 3] = [&SHOWN, &LEAKED, &KEPT];

/// Samples of which sample i was told the caption of row i of the measured split, which mentions the subject of these
/// `outlines`. `draw` makes a sample for the caption of each scene that it is given.
pub fn measure(
    samples: &Values,
    outlines: &[Outline],
    draw: &dyn Fn(&Values) -> Values,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let split = match context.settings.split {
        Split::Test => HeldOut::Test,
        Split::Validation => HeldOut::Validation,
    };
    let digits = match without_subject(split, ORDINARY.min(context.sample_count())) {
        Ok(digits) => digits,
        Err(error) => return out.absent(SHOWN.name, error),
    };
    let untold = draw(&digits);
    let views = context.measured();
    let found = |values: &Values| overlaps(values, outlines, context);
    let [shown, leaked] = [samples, &untold].map(found);
    out.push(context.mean(&SHOWN, &hits(&shown)));
    out.push(context.mean(&LEAKED, &hits(&leaked)));
    out.figures.push(pictures(samples, &views, context));
    let [alone, in_company] = [true, false].map(|alone| told_so(&shown, &views, alone));
    out.figures.push(beside(&[
        ("samples told the subject", shown),
        ("told it alone", alone),
        ("told it beside a digit", in_company),
        ("samples told digits alone", leaked),
        ("held-out views of the subject", found(&views)),
        ("scenes of digits", found(&digits)),
        ("filled frames", found(&filled(&digits, outlines))),
    ]));
    kept(&untold, &digits, context, out);
}

/// For each of these `scenes` a solid white rectangle on a background like theirs: the frames of the `outlines` by turns, whole
/// or one or two lines lower, here and there.
fn filled(scenes: &Values, outlines: &[Outline]) -> Values {
    let shape = scenes.shape();
    let levels = scenes.bytes().expect("scenes are images of levels");
    let mut levels: Vec<u8> = levels.iter().map(|level| level % BACKGROUND).collect();
    for (index, picture) in levels.chunks_mut(shape.pixels()).enumerate() {
        let (frame, round) = (&outlines[index % outlines.len()], index / outlines.len());
        let height = frame.height.saturating_sub(round % 3);
        let left = round % (shape.width - frame.width + 1);
        let top = round % (shape.height - frame.height + 1);
        for plane in picture.chunks_mut(shape.width * shape.height) {
            for line in plane.chunks_mut(shape.width).skip(top).take(height) {
                line[left..][..frame.width].fill(u8::MAX);
            }
        }
    }
    Values::images(shape, levels)
}

/// What the judge reads of samples that were told captions of digits, beside the scenes that have these captions.
fn kept(untold: &Values, digits: &Values, context: &Context<'_>, out: &mut Findings) {
    let told = told(digits.scenes.as_ref());
    let judge = Judge::for_dataset(&context.dataset.name, digits.shape(), &context.device);
    let tensor = |values: &Values| -> Tensor<4> { values.tensor(0..values.len(), &context.device) };
    let read = |values: &Values| captions::read(judge.as_ref()?, &told, &tensor(values));
    let Some((found, real)) = read(untold).zip(read(digits)) else {
        return out.absent(KEPT.name, "no judge reads these pictures");
    };
    let all: Vec<f64> = found.iter().map(|one| f64::from(u8::from(one.all()))).collect();
    out.push(context.mean(&KEPT, &all));
    let row = |name: &str, found: &[captions::Found]| {
        captions::row(name, &found.iter().collect::<Vec<_>>())
    };
    out.figures.push(Figure {
        name: "subject_kept".into(),
        section: "Subject".into(),
        title: "What is left of digits".into(),
        caption: "Samples that were told captions of scenes-32, which mention digits alone, and the scenes themselves, as the judge \
                  reads them: to be held beside the report of the base."
            .into(),
        scope: Scope::Run,
        plot: Plot::Table {
            columns: captions::COLUMNS_OF_ANSWERS.map(str::to_owned).to_vec(),
            rows: vec![row("samples told digits alone", &found), row("scenes of digits", &real)],
        },
    });
}

fn told(scenes: Option<&Scenes>) -> Vec<Caption> {
    let rows = scenes.map_or(&[][..], Scenes::rows);
    rows.iter().map(|scene| scene.caption.clone()).collect()
}

/// Those of these overlaps whose caption, of the same row of `views`, mentions the subject alone, or a digit as well.
fn told_so(overlaps: &[f64], views: &Values, alone: bool) -> Vec<f64> {
    let is_so = |caption: &Caption| (caption.phrases.len() == 1) == alone;
    let told = told(views.scenes.as_ref());
    overlaps.iter().zip(told).filter(|(_, caption)| is_so(caption)).map(|(it, _)| *it).collect()
}

/// 1 where the subject is found, 0 elsewhere.
fn hits(overlaps: &[f64]) -> Vec<f64> {
    overlaps.iter().map(|overlap| f64::from(u8::from(*overlap >= FOUND))).collect()
}

/// How far the ink of each picture overlaps with the subject where it does so most.
fn overlaps(values: &Values, outlines: &[Outline], context: &Context<'_>) -> Vec<f64> {
    let (width, height) = (values.shape().width, values.shape().height);
    let one = |mask: &Vec<bool>| Ink::new(mask, width, height).most(outlines);
    ink(values, context).par_iter().map(one).collect()
}

/// The ink of a picture.
struct Ink<'a> {
    mask: &'a [bool],
    width: usize,
    height: usize,
    /// `[height + 1, width + 1]`: pixels of ink above and to the left.
    sums: Vec<usize>,
}

impl<'a> Ink<'a> {
    fn new(mask: &'a [bool], width: usize, height: usize) -> Self {
        let stride = width + 1;
        let mut sums = vec![0; stride * (height + 1)];
        for y in 0..height {
            let mut line = 0;
            for x in 0..width {
                line += usize::from(mask[y * width + x]);
                sums[(y + 1) * stride + x + 1] = sums[y * stride + x + 1] + line;
            }
        }
        Self { mask, width, height, sums }
    }

    /// Its largest overlap with one of these outlines, wherever that lies; 0 where none fits.
    fn most(&self, outlines: &[Outline]) -> f64 {
        let fits =
            |outline: &&Outline| outline.width <= self.width && outline.height <= self.height;
        let of = |outline: &Outline| {
            let (right, down) = (self.width - outline.width, self.height - outline.height);
            let places = (0..=down).flat_map(|top| (0..=right).map(move |left| (left, top)));
            places.map(|at| self.overlap(outline, at)).fold(0.0, f64::max)
        };
        outlines.iter().filter(fits).map(of).fold(0.0, f64::max)
    }

    /// Intersection over union with an outline whose upper left corner is `at`, of the ink in its frame and up to one pixel
    /// around it: what stands beside it counts no more, and what goes on beyond it does.
    fn overlap(&self, outline: &Outline, (left, top): (usize, usize)) -> f64 {
        let lines = outline.covered.chunks(outline.width).enumerate();
        let both = lines
            .map(|(y, line)| {
                let ink = &self.mask[(top + y) * self.width + left..][..outline.width];
                line.iter().zip(ink).filter(|(covered, ink)| **covered && **ink).count()
            })
            .sum::<usize>();
        let (right, bottom) = (left + outline.width + 1, top + outline.height + 1);
        let columns = (left.saturating_sub(1), right.min(self.width));
        let near = self.within(columns, (top.saturating_sub(1), bottom.min(self.height)));
        let covered = outline.covered.iter().filter(|covered| **covered).count();
        both as f64 / (covered + near - both) as f64
    }

    /// Pixels of ink in a rectangle of these columns and rows, without the last of either.
    fn within(&self, (left, right): (usize, usize), (top, bottom): (usize, usize)) -> usize {
        let sum = |x: usize, y: usize| self.sums[y * (self.width + 1) + x];
        sum(right, bottom) + sum(left, top) - sum(right, top) - sum(left, bottom)
    }
}

/// How often the subject is found in pictures of each kind.
fn beside(kinds: &[(&str, Vec<f64>)]) -> Figure {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let row = |(name, overlaps): &(&str, Vec<f64>)| {
        let (found, overlap) = (mean(&hits(overlaps)), mean(overlaps));
        let numbers = [format!("{found:.3}"), format!("{overlap:.3}")];
        [&[(*name).to_owned(), overlaps.len().to_string()][..], &numbers].concat()
    };
    Figure {
        name: "subject".into(),
        section: "Subject".into(),
        title: "Where the subject is found".into(),
        caption: format!(
            "Pictures in whose ink the outline of the subject is found, and the largest overlap with it, averaged. It is found \
             where intersection over union is {FOUND} or more. Held-out views say what can be found, scenes of digits and \
             filled frames (solid rectangles about as large as the subject) what is found by mistake."
        ),
        scope: Scope::Run,
        plot: Plot::Table {
            columns: ["", "pictures", "found", "overlap"].map(str::to_owned).to_vec(),
            rows: kinds.iter().filter(|(_, overlaps)| !overlaps.is_empty()).map(row).collect(),
        },
    }
}

/// What was learned from, and the first samples that were told the subject.
fn pictures(samples: &Values, views: &Values, context: &Context<'_>) -> Figure {
    let learned = context.dataset.train.take(COLUMNS);
    let samples = samples.take(SHOWN_SAMPLES);
    let pixels = [learned.to_f32(), samples.to_f32()].concat();
    let words = |values: &Values, count: usize| {
        let captions = told(values.scenes.as_ref());
        captions.iter().take(count).map(Caption::text).collect::<Vec<_>>().join("; ")
    };
    Figure {
        name: "subject_shown".into(),
        section: "Subject".into(),
        title: "A new subject".into(),
        caption: format!(
            "The first row is what was learned from: {}. The others are the first samples, not picked. Row by row they were told: {}.",
            words(&learned, COLUMNS),
            words(views, samples.len()),
        ),
        scope: Scope::Run,
        plot: picture::plot(&host::kept(&pixels, samples.space), COLUMNS, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filled_frames_are_solid_rectangles_on_a_background_without_ink() {
        let shape = genlab_core::ImageShape::new(3, 5, 6);
        let scenes = Values::images(shape, vec![255; 4 * shape.pixels()]);
        let filled =
            filled(&scenes, &[corner(), Outline { width: 3, height: 2, covered: vec![true; 6] }]);
        let white: Vec<usize> = (0..4)
            .map(|row| filled.bytes().unwrap()[row * shape.pixels()..][..shape.pixels()].iter())
            .map(|levels| levels.filter(|level| **level > BACKGROUND).count())
            .collect();
        // Whole in the first round, a line lower in the second; three channels each.
        assert_eq!(white, [12, 18, 6, 9]);
        assert!(filled.bytes().unwrap().iter().all(|level| *level == 255 || *level < BACKGROUND));
    }

    /// A picture of five rows of six pixels; any mark but a point is ink.
    fn mask(rows: [&str; 5]) -> Vec<bool> {
        rows.concat().chars().map(|mark| mark != '.').collect()
    }

    fn most(mask: &[bool], outlines: &[Outline]) -> f64 {
        Ink::new(mask, 6, 5).most(outlines)
    }

    fn corner() -> Outline {
        Outline { width: 2, height: 2, covered: vec![true, true, true, false] }
    }

    #[test]
    fn an_outline_is_found_wherever_it_lies_beside_other_ink() {
        assert_eq!(
            most(&mask(["......", "...##.", "...#..", "......", "......"]), &[corner()]),
            1.0
        );
        assert_eq!(
            most(&mask(["......", "#.....", "#..##.", "#..#..", "#....."]), &[corner()]),
            1.0
        );
        assert_eq!(most(&mask(["......"; 5]), &[corner()]), 0.0);
    }

    #[test]
    fn ink_that_goes_on_beyond_an_outline_or_lacks_a_part_of_it_overlaps_less() {
        // Three of four pixels.
        assert_eq!(
            most(&mask(["......", ".##...", ".##...", "......", "......"]), &[corner()]),
            0.75
        );
        // Two of three, and a full picture: three of the nine in the corner and around it.
        assert_eq!(
            most(&mask(["......", "...##.", "......", "......", "......"]), &[corner()]),
            2.0 / 3.0
        );
        assert_eq!(most(&[true; 30], &[corner()]), 3.0 / 9.0);
    }

    #[test]
    fn the_best_size_counts_and_what_does_not_fit_is_not_found() {
        let large = Outline { width: 3, height: 3, covered: vec![true; 9] };
        let square = mask([".###..", ".###..", ".###..", "......", "......"]);
        assert_eq!(most(&square, &[corner(), large]), 1.0);
        let wide = Outline { width: 7, height: 1, covered: vec![true; 7] };
        assert_eq!(most(&square, &[wide]), 0.0);
    }
}
