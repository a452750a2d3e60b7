//! Whether objects are cut out where somebody points. Needs a model that does, and scenes.

mod asked;
mod component;
mod figures;

use crate::{
    context::Context,
    findings::Findings,
    numerics::{connected::TOLERANCES, rank::pearson},
};
use asked::{Answer, Rounds, Target, point, pointed, rounds, targets};
use genlab_core::Segment;
use genlab_data::{LoadOptions, Values, load, scenes::of_digits};
use genlab_results::{Direction::Higher, Entry, Rank, Section};

/// Validation scenes that the baseline's tolerance is chosen on, at most.
const CHOOSING: usize = 256;
/// The dataset whose items stand in for digits that were never seen, and scenes of them.
const OTHERS: &str = "fashion-3k";
const SCENES: usize = 512;

const POINT: Entry = Entry {
    name: "segmentation/point_iou",
    title: "Masks from a click",
    gloss: "overlap of masks from one click with the objects",
    unit: "intersection over union",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Objects,
    rank: Rank::Headline,
    meaning: "Mean over objects of the intersection over union of what is seen of one with the mask that the model predicts to be \
              its best, from a click on any pixel of it.",
    ..Entry::BASE
};

const BEST: Entry = Entry {
    name: "segmentation/point_best_iou",
    title: "Best masks from a click",
    gloss: "the same of the best candidate",
    rank: Rank::Detail,
    meaning: "The same of whichever candidate overlaps most: what is lost by choosing the wrong one.",
    ..POINT
};

const SECOND: Entry = Entry {
    name: "segmentation/second_click_iou",
    title: "Masks after a second click",
    gloss: "the same after a click on an error",
    meaning: "The same after a second click, on any pixel that the first mask has wrong: on the object where that is missed, \
              beside it where there is too much.",
    ..POINT
};

const BOX: Entry = Entry {
    name: "segmentation/box_iou",
    title: "Masks from a box",
    gloss: "overlap of masks from a box with the objects",
    meaning: "Mean over objects of the intersection over union of what is seen of one with the mask that the model predicts to be \
              its best, from the smallest box around that.",
    ..POINT
};

const UNSEEN: Entry = Entry {
    name: "segmentation/unseen_iou",
    title: "Masks of unseen pairs",
    gloss: "of colours and digits never seen together",
    meaning: "Masks from a click of objects whose pair of colour and digit never occurs in training.",
    ..POINT
};

const FASHION: Entry = Entry {
    name: "segmentation/fashion_iou",
    title: "Masks of Fashion items",
    gloss: "of shapes never seen at all",
    meaning: "Masks from a click of objects that are no digits: the same scenes of coloured test items of fashion-3k.",
    ..POINT
};

const PREDICTED: Entry = Entry {
    name: "segmentation/predicted",
    title: "Predicted IoU",
    gloss: "whether the model knows how good its masks are",
    unit: "correlation",
    range: [-1.0, 1.0],
    rank: Rank::Detail,
    meaning: "Pearson's correlation of the predicted intersection over union with the true one, over all candidates from a click.",
    ..POINT
};

const PREDICTED_CHOSEN: Entry = Entry {
    name: "segmentation/predicted_chosen",
    title: "Predicted IoU of chosen masks",
    gloss: "the same of the masks that it chooses",
    meaning: "The same over the candidates that are chosen alone, which leaves out those that are plainly bad.",
    ..PREDICTED
};

const COMPONENT: Entry = Entry {
    name: "segmentation/component_iou",
    title: "Component of the click's colour",
    gloss: "what is cut out without a network",
    better: None,
    rank: Rank::Detail,
    meaning: "What a baseline scores from the same clicks: the pixels that hang together with the click and have nearly its colour, \
              by the tolerance that is best on validation scenes. It is no number of the model.",
    ..POINT
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 9] =
    [&POINT, &SECOND, &BOX, &UNSEEN, &FASHION, &BEST, &PREDICTED, &PREDICTED_CHOSEN, &COMPONENT];

/// Measures a model on the objects of as many scenes of the split as there are samples.
pub fn measure(segmenter: &dyn Segment, context: &Context<'_>, out: &mut Findings) {
    let values = context.measured();
    let asked = targets(&values, context.noise(), "segmentation/click");
    if asked.is_empty() {
        return out.absent(POINT.name, "the values show no objects that anybody knows of");
    }
    let found = rounds(segmenter, &values, &asked, context);
    let ious = |of: &dyn Fn(&Rounds) -> f64| -> Vec<f64> { found.iter().map(of).collect() };
    let first = ious(&|rounds| rounds.point.iou());
    let unseen = asked.iter().zip(&first).filter(|(target, _)| target.phrase.is_held_out());
    let (tolerance, component) = baseline(&values, &asked, context);
    let others = others(segmenter, context);
    for (entry, values) in [
        (&POINT, &first),
        (&SECOND, &ious(&|rounds| rounds.second.iou())),
        (&BOX, &ious(&|rounds| rounds.boxed.iou())),
        (&UNSEEN, &unseen.map(|(_, iou)| *iou).collect()),
        (&FASHION, &others),
        (&BEST, &ious(&|rounds| rounds.point.best())),
        (&COMPONENT, &component),
    ] {
        if values.is_empty() {
            out.absent(entry.name, "no object asks for it");
        } else {
            out.push(context.mean(entry, values));
        }
    }
    let all: Vec<(f64, f64)> = found.iter().flat_map(|rounds| rounds.point.candidates()).collect();
    let chosen: Vec<(f64, f64)> = found.iter().map(|rounds| rounds.point.chosen()).collect();
    for (entry, pairs) in [(&PREDICTED, all), (&PREDICTED_CHOSEN, chosen)] {
        let (predicted, actual): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        match pearson(&predicted, &actual) {
            Some(correlation) => out.push(context.metric(entry, correlation, predicted.len())),
            None => out.absent(entry.name, "all predictions or all masks are alike"),
        }
    }
    out.note(format!(
        "The component of the click's colour takes pixels whose channels differ by at most {tolerance} levels from the click's, \
         the best of {} on validation scenes.",
        TOLERANCES.map(|tolerance| tolerance.to_string()).join(", "),
    ));
    out.figures.extend(figures::of(segmenter, &values, &asked, context));
    out.figures.push(figures::table(&asked, &found, &component, &others));
}

/// The best tolerance on validation scenes, and what the component of the click's colour scores with it.
fn baseline(values: &Values, asked: &[Target], context: &Context<'_>) -> (u8, Vec<f64>) {
    let choosing = context.dataset.validation.sample(CHOOSING);
    let others = targets(&choosing, context.noise(), "segmentation/validation-click");
    let tolerance = component::best(&choosing, &others);
    (tolerance, component::ious(values, asked, tolerance))
}

/// Overlaps from a click in scenes of items that are no digits.
fn others(segmenter: &dyn Segment, context: &Context<'_>) -> Vec<f64> {
    let Ok(items) = load(OTHERS, &LoadOptions::default()) else { return Vec::new() };
    let count = SCENES.min(context.sample_count());
    let Some(values) = of_digits(&context.dataset.name, items.test, count) else {
        return Vec::new();
    };
    let asked = targets(&values, context.noise(), "segmentation/fashion-click");
    let answer = |part: &[Target]| -> Vec<Answer> {
        pointed(part, &point(segmenter, &values, part, &context.device))
    };
    let parts = asked.chunks(context.settings.batch.max(1));
    parts.flat_map(answer).map(|answer| answer.iou()).collect()
}
