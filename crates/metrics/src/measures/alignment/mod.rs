//! Whether pictures and what is said of them find each other. Needs a model that holds both in one space, and scenes or labels.

mod classes;
mod contrast;
mod scenes;

use crate::{
    context::Context, features::host, findings::Findings, numerics::matrix::Rows, picture,
};
use burn::tensor::Tensor;
use genlab_core::{Align, Conditions};
use genlab_results::{Entry, Figure, Plot, Scope};

/// Pictures and captions in the table that is shown.
const SHOWN: usize = 8;

/// Every entry, in the order of reports.
pub fn entries() -> impl Iterator<Item = &'static Entry> {
    scenes::ENTRIES.into_iter().chain([&classes::CLASS]).chain(contrast::ENTRIES)
}

/// Measures a model on the split.
pub fn measure(aligner: &dyn Align, context: &Context<'_>, out: &mut Findings) {
    let split = context.split();
    let pictures = || {
        let parts = context.batches(split, Conditions::default());
        vectors(parts.map(|part| aligner.values(part.values)))
    };
    match (&split.scenes, &split.labels, &context.dataset.classes) {
        (Some(scenes), ..) => scenes::measure(aligner, scenes, &pictures(), context, out),
        (None, Some(labels), Some(names)) => {
            classes::measure(aligner, labels, names, &pictures(), context, out);
        }
        _ => out.absent(contrast::INFONCE.name, "the values have neither captions nor labels"),
    }
}

/// Pictures beside what is said of them.
struct Pairs<'a> {
    /// The unit vector of each picture.
    pictures: &'a Rows,
    /// Those of captions, each of which is another.
    captions: &'a Rows,
    /// The caption of each picture, by its row among `captions`.
    said: &'a [usize],
}

/// All rows of several tensors `[B, E]`, of which there is at least one.
fn vectors(parts: impl Iterator<Item = Tensor<2>>) -> Rows {
    let (mut all, mut dim) = (Vec::new(), 0);
    for part in parts {
        dim = part.dims()[1];
        all.extend(host::floats(part));
    }
    Rows::from_f32(dim, &all)
}

fn product(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn number(right: bool) -> f64 {
    f64::from(u8::from(right))
}

/// The row of the nearest vector.
fn nearest(picture: &[f64], vectors: &Rows) -> usize {
    let near = |row: &usize| product(picture, vectors.row(*row));
    let best = (0..vectors.len()).max_by(|a, b| near(a).total_cmp(&near(b)));
    best.unwrap_or(usize::MAX)
}

/// The pictures at `rows`, which are called `whose`, and how near each is to the captions of all of them.
fn shown(
    pairs: &Pairs<'_>,
    rows: &[usize],
    text: &dyn Fn(usize) -> String,
    whose: &str,
    context: &Context<'_>,
) -> Vec<Figure> {
    if rows.is_empty() {
        return Vec::new();
    }
    let split = context.split();
    let of = |row: &usize| {
        let own = pairs.captions.row(pairs.said[*row]);
        let near = rows.iter().map(|row| product(pairs.pictures.row(*row), own));
        let near = near.map(|near| format!("{near:.2}"));
        std::iter::once(text(*row)).chain(near).collect()
    };
    let columns = std::iter::once("caption".to_owned())
        .chain((1..=rows.len()).map(|place| format!("picture {place}")));
    vec![
        figure(
            "aligned",
            "",
            &format!("The first {whose}, 1 to the last, row by row."),
            picture::plot(&split.select(rows), picture::in_a_row(split.space, rows.len()), None),
        ),
        figure(
            "alignment",
            "Which caption is near which picture",
            "Cosine of the angle between the vectors of a caption and of a picture. The caption of row i is that of picture i.",
            Plot::Table { columns: columns.collect(), rows: rows.iter().map(of).collect() },
        ),
    ]
}

fn figure(name: &str, title: &str, caption: &str, plot: Plot) -> Figure {
    Figure {
        name: name.into(),
        section: "Pictures and captions".into(),
        title: title.into(),
        caption: caption.into(),
        scope: Scope::Run,
        plot,
    }
}
