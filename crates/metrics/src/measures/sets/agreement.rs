//! Whether samples are of the class that was asked for. Needs samples of a class-conditional model, and
//! a judge that knows the dataset's classes.

use super::{
    classes::choices,
    measure::{Draw, Resampled, SetMeasure},
    pair::Pair,
};
use crate::{
    findings::Findings,
    picture::{in_a_row, strip},
};
use genlab_data::Values;
use genlab_results::{Direction::Higher, Entry, Figure, Plot, Rank, Scope, Section};

const AGREEMENT: Entry = Entry {
    name: "samples/class_agreement",
    title: "Class agreement",
    unit: "fraction of samples",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    rank: Rank::Headline,
    meaning: "Samples that the judge puts into the class that was asked for.",
    ..Entry::BASE
};

/// Samples of each class in the picture, and as many real images beside them.
const SHOWN: usize = 8;
/// Classes in that picture, at most.
const MOST_ROWS: usize = 20;

/// The measure, with a table and a picture by class.
pub(super) struct Agreement;

impl SetMeasure for Agreement {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&AGREEMENT]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some(told) = pair.samples.images.labels.as_ref() else { return };
        let Some([samples, real]) = pair.readings() else { return };
        let (Some(samples), Some(real)) = (&samples.probabilities, &real.probabilities) else {
            return;
        };
        let right = agreeing(told, &choices(samples).collect::<Vec<_>>());
        let share = right.iter().filter(|right| **right).count() as f64 / right.len() as f64;
        let classes = samples.dim;
        let of_real = pair.real.images.labels.as_ref().map(|labels| {
            by_class(labels, &agreeing(labels, &choices(real).collect::<Vec<_>>()), classes)
        });
        let metric = pair.metric(&AGREEMENT, share);
        out.push(metric.map(|metric| metric.with_bounds(of_real.as_deref().map(total), None)));
        out.figures.push(table(&by_class(told, &right, classes), of_real.as_deref()));
        out.figures.extend(beside_real(&pair.samples.images, &pair.real.images, classes));
    }

    fn resampled(&self, pair: &Pair<'_>, draws: &[Draw]) -> Vec<Resampled> {
        let Some(told) = pair.samples.images.labels.as_ref() else { return Vec::new() };
        let Some([samples, _]) = pair.readings() else { return Vec::new() };
        let Some(samples) = &samples.probabilities else { return Vec::new() };
        let right = agreeing(told, &choices(samples).collect::<Vec<_>>());
        let share = |draw: &Draw| {
            let count = draw.samples.iter().filter(|row| right[**row]).count();
            count as f64 / draw.samples.len() as f64
        };
        vec![Resampled { entry: &AGREEMENT, values: draws.iter().map(share).collect() }]
    }
}

/// Whether the class that was told is the class that the judge chose.
fn agreeing(told: &[u32], chosen: &[usize]) -> Vec<bool> {
    told.iter().zip(chosen).map(|(told, chosen)| *told as usize == *chosen).collect()
}

/// How many agree, of how many, in each class.
fn by_class(labels: &[u32], right: &[bool], classes: usize) -> Vec<(usize, usize)> {
    let mut counts = vec![(0, 0); classes];
    for (label, right) in labels.iter().zip(right) {
        if let Some((agree, all)) = counts.get_mut(*label as usize) {
            *agree += usize::from(*right);
            *all += 1;
        }
    }
    counts
}

/// The share that agrees over all classes.
fn total(counts: &[(usize, usize)]) -> f64 {
    let (agree, all) = counts.iter().fold((0, 0), |(a, b), (x, y)| (a + x, b + y));
    agree as f64 / all.max(1) as f64
}

fn table(samples: &[(usize, usize)], real: Option<&[(usize, usize)]>) -> Figure {
    let share = |(agree, all): (usize, usize)| match all {
        0 => "–".to_owned(),
        _ => format!("{:.1} %", 100.0 * agree as f64 / all as f64),
    };
    let mut columns = vec!["class".to_owned(), "samples".to_owned(), "judge agrees".to_owned()];
    columns.extend(real.map(|_| "on real images".to_owned()));
    let rows = samples.iter().enumerate().map(|(class, counts)| {
        let mut row = vec![class.to_string(), counts.1.to_string(), share(*counts)];
        row.extend(real.map(|real| share(real[class])));
        row
    });
    Figure {
        name: "class_agreement".into(),
        section: "Samples of each class".into(),
        title: String::new(),
        caption:
            "How many of the samples that were asked for as one class the judge puts into that \
                  class, beside how many real images of it."
                .into(),
        scope: Scope::Run,
        plot: Plot::Table { columns, rows: rows.collect() },
    }
}

/// A row a class: the first real images of it, then the first samples that were asked for as it. None
/// where some class has too few of either, and with more classes than a picture can show.
fn beside_real(samples: &Values, real: &Values, classes: usize) -> Option<Figure> {
    if classes > MOST_ROWS {
        return None;
    }
    let shown = in_a_row(real.space, SHOWN);
    let first = |values: &Values, class: usize| {
        let labels = values.labels.as_ref()?;
        let rows = (0..values.len()).filter(|row| labels[*row] as usize == class).take(shown);
        let rows: Vec<usize> = rows.collect();
        (rows.len() == shown).then(|| values.select(&rows))
    };
    let mut pixels = Vec::new();
    for class in 0..classes {
        for values in [real, samples] {
            pixels.extend_from_slice(first(values, class)?.bytes()?);
        }
    }
    Some(Figure {
        name: "by_class".into(),
        section: "Samples of each class".into(),
        title: String::new(),
        caption: format!(
            "Each row is a class: {shown} real images on the left, {shown} samples that were asked for as \
             this class on the right."
        ),
        scope: Scope::Run,
        plot: Plot::Strip(strip(&Values::images(real.shape(), pixels), 2 * shown)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

    #[test]
    fn agreement_is_counted_class_by_class() {
        let right = agreeing(&[0, 1, 1, 2], &[0, 1, 2, 2]);
        assert_eq!(right, [true, true, false, true]);
        assert_eq!(by_class(&[0, 1, 1, 2], &right, 4), [(1, 1), (1, 2), (1, 1), (0, 0)]);
        let Plot::Table { columns, rows } = table(&[(1, 2), (0, 0)], Some(&[(3, 3), (0, 4)])).plot
        else {
            panic!("a table")
        };
        assert_eq!(columns.len(), 4);
        assert_eq!(rows, [["0", "2", "50.0 %", "100.0 %"], ["1", "0", "–", "0.0 %"]]);
    }

    #[test]
    fn the_picture_needs_enough_of_every_class() {
        let images = |classes: usize, each: usize| {
            let bytes = vec![0; classes * each];
            let labels = (0..classes * each).map(|i| (i % classes) as u32).collect();
            Values::images(ImageShape::new(1, 1, 1), bytes).with_labels(Some(labels))
        };
        assert!(beside_real(&images(2, SHOWN), &images(2, SHOWN), 2).is_some());
        assert!(beside_real(&images(2, SHOWN - 1), &images(2, SHOWN), 2).is_none());
        assert!(beside_real(&images(2, SHOWN), &images(2, SHOWN), 3).is_none());
    }
}
