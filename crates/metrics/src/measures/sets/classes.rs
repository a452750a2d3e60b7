//! What a classifier makes of samples. Needs a judge that knows the dataset's classes.

use super::{
    measure::{Draw, Resampled, SetMeasure, chosen},
    pair::Pair,
};
use crate::{
    features::judge::FeatureSpace,
    findings::Findings,
    numerics::matrix::{Rows, add, divide},
    picture::{in_a_row, strip},
};
use genlab_data::Values;
use genlab_results::{
    Direction::{Higher, Lower},
    Entry, Figure, Plot, Scope, Section, Style,
};
use rayon::prelude::*;

const MODES: Entry = Entry {
    name: "samples/modes",
    title: "Modes covered",
    unit: "classes",
    better: Some(Higher),
    section: Section::Samples,
    style: Style::Count,
    meaning: "Classes of the real images that hold at least one sample, as the judge reads them.",
    ..Entry::BASE
};

const CLASS_KL: Entry = Entry {
    name: "samples/class_kl",
    title: "Class KL",
    unit: "nats",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Samples,
    meaning: "KL of the samples' class histogram from the real images' (both as the judge reads \
              them).",
    ..Entry::BASE
};

const CLASS_KL_FORWARD: Entry = Entry {
    name: "samples/class_kl_forward",
    title: "Class KL, forward",
    unit: "nats",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Samples,
    meaning: "KL of the real images' class histogram from the samples', half a sample added to each \
              class.",
    ..Entry::BASE
};

const CLASSIFIER_SCORE: Entry = Entry {
    name: "samples/classifier_score",
    title: "Classifier score",
    unit: "1 to the number of classes",
    better: Some(Higher),
    range: [1.0, f64::INFINITY],
    section: Section::Samples,
    meaning: "Inception score with the judge as classifier: sure of each sample, even over classes.",
    ..Entry::BASE
};

/// Samples of each class in the picture of all classes.
const SHOWN: usize = 10;
/// Classes in that picture, at most.
const MOST_ROWS: usize = 20;
/// The level of a place without a sample: neither black nor white.
const NOTHING: u8 = 128;

/// The measure, with bars and a picture of the classes.
pub(super) struct Classes;

impl SetMeasure for Classes {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&MODES, &CLASS_KL, &CLASS_KL_FORWARD, &CLASSIFIER_SCORE]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let space = pair.readings().map(|[samples, _]| samples.space);
        if matches!(space, None | Some(FeatureSpace::Coordinates)) {
            return;
        }
        let Some([samples, real]) = probabilities(pair) else {
            out.note(
                "samples/classifier_score, modes and class_kl are absent: the judge tells no classes of this \
                 dataset apart.",
            );
            return;
        };
        let (found, expected) = (histogram(samples), histogram(real));
        let smoothed = smoothed(&found, samples.len());
        out.push(pair.metric(&MODES, modes(&found, &expected) as f64));
        out.push(pair.metric(&CLASS_KL, histogram_kl(&found, &expected)));
        out.push(pair.metric(&CLASS_KL_FORWARD, histogram_kl(&expected, &smoothed)));
        out.push(pair.metric(&CLASSIFIER_SCORE, classifier_score(samples)));
        out.figures.push(bars(found));
        out.figures.extend(by_class(&pair.samples.images, samples));
    }

    fn resampled(&self, pair: &Pair<'_>, draws: &[Draw]) -> Vec<Resampled> {
        let Some([samples, real]) = probabilities(pair) else { return Vec::new() };
        let on_draw = |draw: &Draw| {
            let samples = chosen(samples, &draw.samples);
            let (found, expected) = (histogram(&samples), histogram(&chosen(real, &draw.real)));
            let forward = histogram_kl(&expected, &smoothed(&found, samples.len()));
            [histogram_kl(&found, &expected), forward, classifier_score(&samples)]
        };
        let found: Vec<[f64; 3]> = draws.par_iter().map(on_draw).collect();
        let values = |part: usize| found.iter().map(|on_draw| on_draw[part]).collect();
        [&CLASS_KL, &CLASS_KL_FORWARD, &CLASSIFIER_SCORE]
            .into_iter()
            .enumerate()
            .map(|(part, entry)| Resampled { entry, values: values(part) })
            .collect()
    }
}

fn probabilities<'a>(pair: &Pair<'a>) -> Option<[&'a Rows; 2]> {
    let [samples, real] = pair.readings()?;
    Some([samples.probabilities.as_ref()?, real.probabilities.as_ref()?])
}

fn bars(values: Vec<f64>) -> Figure {
    let even = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let guide = Some((even, "an even spread".into()));
    let x_label = "class, as the judge reads it".into();
    Figure {
        name: "class_histogram".into(),
        section: "Classes of the samples".into(),
        title: String::new(),
        caption: "Share of the samples that the judge puts into each class. A missing bar is a \
                  missing mode."
            .into(),
        scope: Scope::Run,
        plot: Plot::Bars { values, x_label, guide },
    }
}

/// The first samples of each class, a row a class; None with more classes than a picture can show.
fn by_class(images: &Values, probabilities: &Rows) -> Option<Figure> {
    if probabilities.dim > MOST_ROWS {
        return None;
    }
    let (size, shown) = (images.shape().pixels(), in_a_row(images.space, SHOWN));
    let mut pixels = vec![NOTHING; probabilities.dim * shown * size];
    let mut counts = vec![0_usize; probabilities.dim];
    for (image, class) in choices(probabilities).enumerate().filter(|(i, _)| *i < images.len()) {
        if counts[class] < shown {
            let place = class * shown + counts[class];
            pixels[place * size..(place + 1) * size].copy_from_slice(images.image(image));
            counts[class] += 1;
        }
    }
    Some(Figure {
        name: "classes".into(),
        section: "Samples by class".into(),
        title: String::new(),
        caption: format!(
            "Each row shows the first {shown} samples that the judge puts into one class; grey where \
             there are fewer."
        ),
        scope: Scope::Run,
        plot: Plot::Strip(strip(&Values::images(images.shape(), pixels), shown)),
    })
}

/// The class of the largest probability of each row.
pub(super) fn choices(probabilities: &Rows) -> impl Iterator<Item = usize> {
    let best = |row: &[f64]| (0..row.len()).max_by(|&a, &b| row[a].total_cmp(&row[b]));
    probabilities.iter().map(move |row| best(row).unwrap_or(0))
}

/// Share of rows whose largest probability is each class: `[classes]`, sums to 1.
pub fn histogram(probabilities: &Rows) -> Vec<f64> {
    let mut counts = vec![0_usize; probabilities.dim];
    choices(probabilities).for_each(|class| counts[class] += 1);
    counts.iter().map(|&count| count as f64 / probabilities.len() as f64).collect()
}

/// KL(p ‖ q) in nats between two histograms; infinite where p has mass and q has none.
pub fn histogram_kl(p: &[f64], q: &[f64]) -> f64 {
    p.iter().zip(q).filter(|(p, _)| **p > 0.0).map(|(p, q)| p * (p / q).ln()).sum()
}

/// How many of the classes that real images show (`expected`) hold at least one sample: the modes
/// of Metz et al. 2017 (arXiv:1611.02163), with classes as modes.
pub fn modes(found: &[f64], expected: &[f64]) -> usize {
    found.iter().zip(expected).filter(|(found, expected)| **found > 0.0 && **expected > 0.0).count()
}

/// The histogram of `n` images with half an image added to each class (Krichevsky and Trofimov
/// 1981), so that no class is empty.
pub fn smoothed(histogram: &[f64], n: usize) -> Vec<f64> {
    let (n, classes) = (n as f64, histogram.len() as f64);
    histogram.iter().map(|share| (share * n + 0.5) / (n + 0.5 * classes)).collect()
}

/// exp of the mean KL between each row and the mean row: the Inception score's formula (Salimans et
/// al. 2016, arXiv:1606.03498) with another classifier. Between 1 and the number of classes.
pub fn classifier_score(probabilities: &Rows) -> f64 {
    let n = probabilities.len() as f64;
    let mut mean = vec![0.0; probabilities.dim];
    probabilities.iter().for_each(|row| add(&mut mean, row));
    divide(&mut mean, n);
    (probabilities.iter().map(|row| histogram_kl(row, &mean)).sum::<f64>() / n).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sure_and_even_classifier_scores_the_number_of_classes() {
        let rows = Rows::new(3, vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
        assert!((classifier_score(&rows) - 3.0).abs() < 1e-12);
        assert_eq!(histogram(&rows), [1.0 / 3.0; 3]);
    }

    #[test]
    fn a_classifier_that_cannot_tell_scores_one() {
        assert!((classifier_score(&Rows::new(2, vec![0.5; 8])) - 1.0).abs() < 1e-12);
    }

    #[test]
    fn kl_of_a_histogram_to_itself_is_zero_and_of_one_class_to_two_log_two() {
        assert_eq!(histogram_kl(&[0.3, 0.7], &[0.3, 0.7]), 0.0);
        assert!((histogram_kl(&[1.0, 0.0], &[0.5, 0.5]) - 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!(histogram_kl(&[0.5, 0.5], &[1.0, 0.0]), f64::INFINITY);
    }

    #[test]
    fn the_picture_has_a_row_a_class_and_grey_where_samples_are_missing() {
        let images = Values::images(genlab_core::ImageShape::new(1, 1, 1), vec![10, 20, 30]);
        let probabilities = Rows::new(2, vec![0.1, 0.9, 0.8, 0.2, 0.3, 0.7]);
        let figure = by_class(&images, &probabilities).unwrap();
        let Plot::Strip(strip) = figure.plot else { panic!("a strip") };
        assert_eq!((strip.count(), strip.columns), (2 * SHOWN, SHOWN));
        assert_eq!(strip.pixels[..2], [20, NOTHING]);
        assert_eq!(strip.pixels[SHOWN..SHOWN + 3], [10, 30, NOTHING]);
        assert!(
            by_class(&images, &Rows::new(MOST_ROWS + 1, vec![0.0; 3 * (MOST_ROWS + 1)])).is_none()
        );
    }

    #[test]
    fn a_mode_is_a_class_of_real_images_with_a_sample() {
        assert_eq!(modes(&[0.9, 0.0, 0.05, 0.05], &[0.3, 0.4, 0.3, 0.0]), 2);
    }

    #[test]
    fn smoothing_adds_half_an_image_to_each_class() {
        assert_eq!(smoothed(&[1.0, 0.0], 9), [0.95, 0.05]);
    }
}
