//! Whether labelled pictures find their classes, of which nothing but a word each is known.

use super::{Pairs, SHOWN, contrast, nearest, number, shown, vectors};
use crate::{context::Context, findings::Findings, numerics::matrix::Rows};
use burn::tensor::{DType, Tensor};
use genlab_core::{Align, vocabulary::captions_of_classes};
use genlab_results::{Direction::Higher, Entry, Rank, Section};

pub(super) const CLASS: Entry = Entry {
    name: "alignment/class",
    title: "Classes by the nearest caption",
    gloss: "pictures whose class is the nearest of all",
    unit: "fraction of pictures",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Captions,
    rank: Rank::Headline,
    meaning: "Pictures of which the nearest of the captions of all classes is that of their own: scored as the paper \
              scores zero-shot, though all classes were trained on. Chance is one over the number of classes.",
    ..Entry::BASE
};

/// Measures a model on the labels of the split, of which these are the unit vectors of the pictures.
pub(super) fn measure(
    aligner: &dyn Align,
    labels: &[u32],
    names: &[String],
    pictures: &Rows,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let classes = Tensor::arange(0..names.len() as i64, (&context.device, DType::I32));
    let captions = vectors(std::iter::once(aligner.captions(captions_of_classes(classes))));
    let said: Vec<usize> = labels.iter().map(|label| *label as usize).collect();
    let right = |(picture, own): (&[f64], &usize)| number(nearest(picture, &captions) == *own);
    let right: Vec<f64> = pictures.iter().zip(&said).map(right).collect();
    out.push(context.mean(&CLASS, &right));
    let pairs = Pairs { pictures, captions: &captions, said: &said };
    let rows: Vec<usize> = (0..said.len().min(SHOWN)).collect();
    let name = |row: usize| names[said[row]].clone();
    out.figures.extend(shown(&pairs, &rows, &name, "pictures", context));
    contrast::measure(&pairs, aligner, context, out);
}
