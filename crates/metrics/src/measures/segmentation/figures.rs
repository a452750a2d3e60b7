//! Scenes with what was cut out of them.

use super::asked::{Answer, Correction, Given, Rounds, Target, clicked, pointed};
use crate::{
    canvas::{CYAN, Canvas, ENLARGED, ORANGE},
    context::Context,
    features::host,
};
use genlab_core::Segment;
use genlab_data::{
    Values,
    scenes::{Caption, Size},
};
use genlab_results::{Figure, ImageStrip, Plot, Scope};

/// Objects in the picture, one of each scene.
const SHOWN: usize = 6;

/// One object, and what was made of it.
struct Shown<'a> {
    target: &'a Target,
    answer: &'a Answer,
    /// Logits of all candidates, one after the other.
    masks: &'a [f32],
    /// Logits of the mask after a second click.
    second: &'a [f32],
    correction: Correction,
}

impl Shown<'_> {
    /// The scene with its click, the truth, the candidates from the one that is predicted to be the best, and the mask after a
    /// second click, of a scene of these levels.
    fn row(&self, levels: &[u8], size: [usize; 2]) -> Vec<Canvas> {
        let (scene, pixels) = (|| Canvas::new(levels, size), self.second.len());
        let cut = |logits: &[f32]| scene().with_mask(|at| logits[at] > 0.0);
        let candidate = |k: usize| cut(&self.masks[k * pixels..(k + 1) * pixels]);
        let click = self.correction.pixel;
        let colour = if self.target.visible[click] { CYAN } else { ORANGE };
        let mut row = vec![
            scene().with_click(self.target.click, CYAN),
            scene().with_mask(|at| self.target.visible[at]),
        ];
        row.extend(self.answer.order().into_iter().map(candidate));
        row.push(cut(self.second).with_click(click, colour));
        row
    }

    /// "a red three 0.93 (0.91), 0.40 (0.38), 0.10 (0.00)".
    fn words(&self) -> String {
        let all: Vec<(f64, f64)> = self.answer.candidates().collect();
        let pair = |k: usize| format!("{:.2} ({:.2})", all[k].0, all[k].1);
        let pairs: Vec<String> = self.answer.order().into_iter().map(pair).collect();
        let caption = Caption { phrases: vec![self.target.phrase], relations: Vec::new() };
        format!("{} {}", caption.text(), pairs.join(", "))
    }
}

/// The first object of each of the first scenes. Nothing for values that are no pictures in colour.
pub(super) fn of(
    segmenter: &dyn Segment,
    values: &Values,
    asked: &[Target],
    context: &Context<'_>,
) -> Option<Figure> {
    let end = asked.iter().position(|target| target.row >= SHOWN).unwrap_or(asked.len()).max(1);
    let part = &asked[..end];
    let Given { point, second, corrections } = clicked(segmenter, values, part, context);
    let answers = pointed(part, &point);
    let [_, candidates, height, width] = point.masks.dims();
    let pixels = height * width;
    let (masks, seconds) = (host::floats(point.masks), host::floats(second.best()));
    let shown = |place: usize| Shown {
        target: &part[place],
        answer: &answers[place],
        masks: &masks[place * candidates * pixels..][..candidates * pixels],
        second: &seconds[place * pixels..][..pixels],
        correction: corrections[place],
    };
    let first = |place: &usize| *place == 0 || part[*place].row != part[*place - 1].row;
    let shown: Vec<Shown<'_>> = (0..end).filter(first).map(shown).collect();
    let levels = |shown: &Shown<'_>| -> Vec<u8> {
        let row = shown.row(values.image(shown.target.row), [height, width]);
        row.into_iter().flat_map(|canvas| canvas.levels).collect()
    };
    let words: Vec<String> = shown.iter().map(Shown::words).collect();
    (values.shape().channels == 3).then(|| Figure {
        name: "segmented".into(),
        section: "Objects".into(),
        title: "Cut out by a click".into(),
        caption: format!(
            "Not picked: the first object of each of the first scenes, a row each. The click; what is seen of the object; the \
             {candidates} candidates, the one that is predicted to be the best first; and the best after a second click, cyan on \
             the object, orange beside it. Predicted overlaps, with the true ones in brackets: {}.",
            words.join("; "),
        ),
        scope: Scope::Run,
        plot: Plot::Strip(ImageStrip {
            channels: 3,
            height: height * ENLARGED,
            width: width * ENLARGED,
            pixels: shown.iter().flat_map(levels).collect(),
            columns: candidates + 3,
        }),
    })
}

/// Mean overlaps by kind of object, beside those of the baseline; `others` are those of Fashion items from a click.
pub(super) fn table(
    asked: &[Target],
    found: &[Rounds],
    component: &[f64],
    others: &[f64],
) -> Figure {
    let mean = |values: &[f64]| {
        let sum: f64 = values.iter().sum();
        if values.is_empty() {
            "—".to_owned()
        } else {
            format!("{:.3}", sum / values.len() as f64)
        }
    };
    let row = |name: &str, keep: &dyn Fn(&Target) -> bool| {
        let kept: Vec<usize> = (0..asked.len()).filter(|place| keep(&asked[*place])).collect();
        let of = |of: &dyn Fn(&Rounds) -> f64| {
            mean(&kept.iter().map(|place| of(&found[*place])).collect::<Vec<f64>>())
        };
        let baseline: Vec<f64> = kept.iter().map(|place| component[*place]).collect();
        vec![
            name.to_owned(),
            kept.len().to_string(),
            of(&|rounds| rounds.point.iou()),
            of(&|rounds| rounds.point.best()),
            of(&|rounds| rounds.second.iou()),
            of(&|rounds| rounds.boxed.iou()),
            mean(&baseline),
        ]
    };
    let sized = |size: Size| move |target: &Target| target.phrase.size == size;
    let dash = || "—".to_owned();
    let rows = vec![
        row("all", &|_| true),
        row("large", &sized(Size::Large)),
        row("small", &sized(Size::Small)),
        row("partly hidden", &|target| target.hidden),
        row("unseen pairs", &|target| target.phrase.is_held_out()),
        vec![
            "Fashion items".to_owned(),
            others.len().to_string(),
            mean(others),
            dash(),
            dash(),
            dash(),
            dash(),
        ],
    ];
    let columns = [
        "",
        "objects",
        "click",
        "best of its masks",
        "second click",
        "box",
        "component of the click",
    ];
    Figure {
        name: "segmentation".into(),
        section: "Objects".into(),
        title: "What is cut out".into(),
        caption: "Mean intersection over union with what is seen of objects. The last column is what pixels of the click's colour \
                  score that hang together, without a network."
            .into(),
        scope: Scope::Run,
        plot: Plot::Table { columns: columns.map(str::to_owned).to_vec(), rows },
    }
}
