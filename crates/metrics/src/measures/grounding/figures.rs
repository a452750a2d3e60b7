//! Scenes with the boxes of their phrases.

use super::asked::{Answer, Target, is_found};
use crate::canvas::{CYAN, Canvas, ENLARGED, ORANGE};
use genlab_data::{
    Values,
    scenes::{Caption, Size},
};
use genlab_results::{Figure, ImageStrip, Plot, Scope};

/// Phrases in the picture, and in a row of it.
const SHOWN: usize = 24;
const COLUMNS: usize = 6;

/// The first phrases of the first scenes. Nothing for values that are no pictures in colour.
pub(super) fn of(values: &Values, asked: &[Target], answers: &[Answer]) -> Option<Figure> {
    let shape = values.shape();
    let shown = || asked.iter().zip(answers).take(SHOWN);
    let levels = |(target, answer): (&Target, &Answer)| {
        Canvas::new(values.image(target.row), [shape.height, shape.width])
            .with_frame(target.frame, ORANGE)
            .with_frame(answer.frame, CYAN)
            .levels
    };
    let words = |(target, answer): (&Target, &Answer)| {
        let caption = Caption { phrases: vec![target.phrase], relations: Vec::new() };
        format!("{} {:.2} ({:.2})", caption.text(), answer.iou(target), answer.score)
    };
    let words: Vec<String> = shown().map(words).collect();
    (shape.channels == 3).then(|| Figure {
        name: "grounded".into(),
        section: "Objects".into(),
        title: "Found by a phrase".into(),
        caption: format!(
            "Not picked: every phrase of the captions of the first scenes. The box that is found is cyan, the frame of what is seen \
             of the object orange where the box does not cover it. Row by row, with the overlap of both, and in brackets how sure \
             the model is: {}.",
            words.join("; "),
        ),
        scope: Scope::Run,
        plot: Plot::Strip(ImageStrip {
            channels: 3,
            height: shape.height * ENLARGED,
            width: shape.width * ENLARGED,
            pixels: shown().flat_map(levels).collect(),
            columns: COLUMNS,
        }),
    })
}

/// What is found by kind of object, beside what the baseline finds.
pub(super) fn table(asked: &[Target], ious: &[f64], blobs: &[f64]) -> Figure {
    let row = |name: &str, keep: &dyn Fn(&Target) -> bool| {
        let kept: Vec<usize> = (0..asked.len()).filter(|place| keep(&asked[*place])).collect();
        let mean = |of: &dyn Fn(usize) -> f64| {
            let sum: f64 = kept.iter().map(|place| of(*place)).sum();
            if kept.is_empty() {
                "—".to_owned()
            } else {
                format!("{:.3}", sum / kept.len() as f64)
            }
        };
        vec![
            name.to_owned(),
            kept.len().to_string(),
            mean(&|place| is_found(ious[place])),
            mean(&|place| ious[place]),
            mean(&|place| is_found(blobs[place])),
        ]
    };
    let sized = |size: Size| move |target: &Target| target.phrase.size == size;
    let rows = vec![
        row("all", &|_| true),
        row("large", &sized(Size::Large)),
        row("small", &sized(Size::Small)),
        row("partly hidden", &|target| target.hidden),
        row("unseen pairs", &|target| target.phrase.is_held_out()),
    ];
    let columns = ["", "phrases", "found", "overlap", "found by colour and size"];
    Figure {
        name: "grounding".into(),
        section: "Objects".into(),
        title: "What is found".into(),
        caption: "Shares of phrases whose box overlaps with the object by at least 0.5, and the mean overlap. The last column is \
                  what a group of pixels of the phrase's colour and size finds, without a network."
            .into(),
        scope: Scope::Run,
        plot: Plot::Table { columns: columns.map(str::to_owned).to_vec(), rows },
    }
}
