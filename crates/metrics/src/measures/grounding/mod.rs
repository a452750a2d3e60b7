//! Whether objects are found that captions name. Needs a model that does, and scenes.

mod asked;
pub mod average_precision;
mod blob;
mod figures;

use crate::{context::Context, findings::Findings, numerics::connected::TOLERANCES};
use asked::{Target, absent, detections, is_found, own, targets};
use average_precision::average_precision;
use genlab_core::Ground;
use genlab_data::Values;
use genlab_results::{Direction::Higher, Entry, Rank, Section};

/// Validation scenes that the baseline's tolerance is chosen on, at most.
const CHOOSING: usize = 256;

const RECALL: Entry = Entry {
    name: "grounding/recall",
    title: "Phrases found",
    gloss: "objects of captions whose box is right",
    unit: "fraction of phrases",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Objects,
    rank: Rank::Headline,
    meaning: "Share of the phrases of captions whose surest box overlaps with what is seen of the object by at least 0.5 \
              (intersection over union).",
    ..Entry::BASE
};

const UNSEEN: Entry = Entry {
    name: "grounding/unseen",
    title: "Unseen phrases found",
    gloss: "of colours and digits never seen together",
    meaning: "The same of phrases whose pair of colour and digit never occurs in training.",
    ..RECALL
};

const MEAN_IOU: Entry = Entry {
    name: "grounding/mean_iou",
    title: "Overlap of boxes",
    gloss: "of each phrase's box with its object",
    unit: "intersection over union",
    meaning: "Mean over phrases of the intersection over union of the surest box with the frame of what is seen of the object.",
    ..RECALL
};

const AP50: Entry = Entry {
    name: "grounding/ap50",
    title: "Average precision",
    gloss: "whether right boxes are the surer ones",
    unit: "average precision",
    meaning: "Precision of boxes over 101 recalls, surest first, as COCO computes it at an overlap of 0.5, where every picture is \
              asked for the phrases of its own caption and for those of another one's that it does not show.",
    ..RECALL
};

const BLOB: Entry = Entry {
    name: "grounding/colour_blob",
    title: "Blob of the phrase's colour",
    gloss: "what is found without a network",
    better: None,
    rank: Rank::Detail,
    meaning: "Share of the phrases that a baseline finds: the smallest rectangle around the group of pixels that have nearly the \
              phrase's colour and whose longer side is nearest to its size, by the tolerance that is best on validation scenes. It \
              is no number of the model.",
    ..RECALL
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 5] = [&RECALL, &UNSEEN, &AP50, &MEAN_IOU, &BLOB];

/// Measures a model on the captions of as many scenes of the split as there are samples.
pub fn measure(grounder: &dyn Ground, context: &Context<'_>, out: &mut Findings) {
    let values = context.measured();
    let asked = targets(&values);
    if asked.is_empty() {
        return out.absent(RECALL.name, "the values show no objects that anybody knows of");
    }
    let answers = own(grounder, &values, context);
    let ious: Vec<f64> =
        asked.iter().zip(&answers).map(|(target, answer)| answer.iou(target)).collect();
    let found: Vec<f64> = ious.iter().copied().map(is_found).collect();
    let unseen = asked.iter().zip(&found).filter(|(target, _)| target.phrase.is_held_out());
    let (tolerance, blobs) = baseline(&values, &asked, context);
    let by_colour: Vec<f64> = blobs.iter().copied().map(is_found).collect();
    for (entry, values) in [
        (&RECALL, &found),
        (&UNSEEN, &unseen.map(|(_, found)| *found).collect()),
        (&MEAN_IOU, &ious),
        (&BLOB, &by_colour),
    ] {
        if values.is_empty() {
            out.absent(entry.name, "no caption asks for it");
        } else {
            out.push(context.mean(entry, values));
        }
    }
    let absent = absent(grounder, &values, context);
    let detections = detections(&answers, &ious, &absent);
    if let Some(precision) = average_precision(&detections, asked.len()) {
        out.push(context.metric(&AP50, precision, detections.len()));
    }
    out.note(format!(
        "The blob of the phrase's colour takes pixels whose channels differ by at most {tolerance} levels from its full ink, the best \
         of {} on validation scenes.",
        TOLERANCES.map(|tolerance| tolerance.to_string()).join(", "),
    ));
    out.figures.extend(figures::of(&values, &asked, &answers));
    out.figures.push(figures::table(&asked, &ious, &blobs));
}

/// The best tolerance on validation scenes, and how the blobs of the phrases' colours overlap with it.
fn baseline(values: &Values, asked: &[Target], context: &Context<'_>) -> (u8, Vec<f64>) {
    let choosing = context.dataset.validation.sample(CHOOSING);
    let tolerance = blob::best(&choosing, &targets(&choosing));
    (tolerance, blob::ious(values, asked, tolerance))
}
