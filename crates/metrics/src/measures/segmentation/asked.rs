//! What is asked of a segmenter, and what it answers.

use crate::{context::Context, features::host};
use burn::tensor::{Device, Int, Tensor, TensorData};
use genlab_core::{
    Mark, Noise, Prompts, Segment, Segmented,
    objects::{EDGES, edges},
};
use genlab_data::{
    Values,
    scenes::{Mask, Phrase, Scene},
};
use rand::{Rng, RngExt};

/// An object that is asked for.
pub(super) struct Target {
    /// The value that shows it.
    pub(super) row: usize,
    /// What its caption says of it.
    pub(super) phrase: Phrase,
    /// Where it is seen, `[H · W]`, somewhere at least.
    pub(super) visible: Vec<bool>,
    /// Whether something in front hides a part of it.
    pub(super) hidden: bool,
    /// The pixel that is clicked, one of those where it is seen.
    pub(super) click: usize,
    /// Among all objects of all values: the row of its draws.
    number: u64,
    /// Left, top, right and bottom edge of what is seen of it, in pixels.
    frame: [f32; EDGES],
}

/// The objects of values of which something is seen, each with a click on any pixel of that, drawn under `name`.
pub(super) fn targets(values: &Values, noise: Noise, name: &str) -> Vec<Target> {
    let Some(scenes) = &values.scenes else { return Vec::new() };
    let (width, most) = (values.shape().width, scenes.most());
    let of_scene = |(row, scene): (usize, &Scene)| -> Vec<Target> {
        let masks = scenes.masks(row).into_iter().zip(&scene.caption.phrases).enumerate();
        let target = |(place, (mask, phrase)): (usize, (Mask, &Phrase))| {
            let number = (row * most + place) as u64;
            let click = one_of(&mask.visible, &mut noise.row(name, 0, number))?;
            let map: Vec<u8> = mask.visible.iter().map(|seen| u8::from(*seen)).collect();
            Some(Target {
                row,
                phrase: *phrase,
                hidden: mask.whole != mask.visible,
                frame: edges(&map, width, 1),
                visible: mask.visible,
                click,
                number,
            })
        };
        masks.filter_map(target).collect()
    };
    scenes.rows().iter().enumerate().flat_map(of_scene).collect()
}

/// The place of one of these that are true, each as likely; None where none is.
fn one_of(among: &[bool], draws: &mut impl Rng) -> Option<usize> {
    let places: Vec<usize> = (0..among.len()).filter(|at| among[*at]).collect();
    (!places.is_empty()).then(|| places[draws.random_range(0..places.len() as u64) as usize])
}

/// What is answered about one object.
pub(super) struct Answer {
    /// The intersection over union of each candidate with what is seen of the object.
    ious: Vec<f64>,
    /// What the model takes these for.
    predicted: Vec<f64>,
    /// The candidate that it predicts to be the best.
    chosen: usize,
}

impl Answer {
    /// Of the candidate that is predicted to be the best.
    pub(super) fn iou(&self) -> f64 {
        self.ious[self.chosen]
    }

    /// Of the one that is.
    pub(super) fn best(&self) -> f64 {
        self.ious.iter().copied().fold(0.0, f64::max)
    }

    /// Predicted and true intersection over union of every candidate.
    pub(super) fn candidates(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.predicted.iter().copied().zip(self.ious.iter().copied())
    }

    /// Those of the candidate that is chosen.
    pub(super) fn chosen(&self) -> (f64, f64) {
        (self.predicted[self.chosen], self.iou())
    }

    /// The numbers of the candidates, the one that is predicted to be the best first.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.predicted.len()).collect();
        order.sort_by(|a, b| self.predicted[*b].total_cmp(&self.predicted[*a]));
        order
    }
}

/// Intersection over union; 0 where both are empty.
pub(super) fn iou(mask: impl Iterator<Item = bool>, truth: &[bool]) -> f64 {
    let (mut both, mut either) = (0_usize, 0_usize);
    for (mask, truth) in mask.zip(truth) {
        both += usize::from(mask && *truth);
        either += usize::from(mask || *truth);
    }
    both as f64 / either.max(1) as f64
}

/// Answers about these targets, one each.
pub(super) fn pointed(part: &[Target], answer: &Segmented) -> Vec<Answer> {
    let [_, candidates, height, width] = answer.masks.dims();
    let masks = host::floats(answer.masks.clone());
    let predicted = host::floats(answer.predicted.clone());
    let of_each = masks.chunks(candidates * height * width).zip(predicted.chunks(candidates));
    let one = |(target, (masks, predicted)): (&Target, (&[f32], &[f32]))| {
        let masks = masks.chunks(height * width);
        let predicted: Vec<f64> = predicted.iter().map(|v| f64::from(*v)).collect();
        // The first of those that are alike, as on the device.
        let best = (0..candidates).rev().max_by(|a, b| predicted[*a].total_cmp(&predicted[*b]));
        Answer {
            ious: masks.map(|mask| iou(mask.iter().map(|l| *l > 0.0), &target.visible)).collect(),
            predicted,
            chosen: best.expect("a segmenter has a candidate"),
        }
    };
    part.iter().zip(of_each).map(one).collect()
}

/// The values that show these targets, one each.
pub(super) fn pictures(values: &Values, part: &[Target], device: &Device) -> Tensor<4> {
    let rows: Vec<usize> = part.iter().map(|target| target.row).collect();
    values.select(&rows).tensor(0..rows.len(), device)
}

/// What is cut out by their clicks.
pub(super) fn point(
    segmenter: &dyn Segment,
    values: &Values,
    part: &[Target],
    device: &Device,
) -> Segmented {
    segmenter.segment(pictures(values, part, device), &clicks(values, part, device))
}

fn clicks(values: &Values, part: &[Target], device: &Device) -> Prompts {
    let pixels: Vec<usize> = part.iter().map(|target| target.click).collect();
    Prompts::clicks(middles(&pixels, values.shape().width, device))
}

/// The middles of pixels, `[n, 2]`.
fn middles(pixels: &[usize], width: usize, device: &Device) -> Tensor<2> {
    let middle = |at: &usize| [(at % width) as f32 + 0.5, (at / width) as f32 + 0.5];
    let places: Vec<f32> = pixels.iter().flat_map(middle).collect();
    Tensor::from_data(TensorData::new(places, [pixels.len(), 2]), device)
}

/// A second click.
#[derive(Clone, Copy)]
pub(super) struct Correction {
    /// Its pixel.
    pub(super) pixel: usize,
    /// What it says.
    pub(super) mark: Mark,
}

/// For each target any pixel that its mask has wrong; where none is wrong, any pixel where it is seen, as in training.
fn corrections(part: &[Target], masks: &[f32], context: &Context<'_>) -> Vec<Correction> {
    let pixels = masks.len() / part.len();
    let one = |(target, mask): (&Target, &[f32])| {
        let truth = &target.visible;
        let wrong: Vec<bool> =
            mask.iter().zip(truth).map(|(logit, seen)| (*logit > 0.0) != *seen).collect();
        let mut draws = context.noise().row("segmentation/second-click", 0, target.number);
        let pixel = one_of(&wrong, &mut draws)
            .or_else(|| one_of(truth, &mut draws))
            .expect("something of a target is seen");
        Correction { pixel, mark: if truth[pixel] { Mark::Inside } else { Mark::Outside } }
    };
    part.iter().zip(masks.chunks(pixels)).map(one).collect()
}

/// What is answered about one object by and by.
pub(super) struct Rounds {
    /// From a click.
    pub(super) point: Answer,
    /// From that, its mask and a click on an error of it.
    pub(super) second: Answer,
    /// From a box.
    pub(super) boxed: Answer,
}

/// The answers of one batch as the model gives them.
pub(super) struct Given {
    /// From clicks.
    pub(super) point: Segmented,
    /// From second ones.
    pub(super) second: Segmented,
    /// Where these were.
    pub(super) corrections: Vec<Correction>,
}

/// First and second clicks on these targets, at least one.
pub(super) fn clicked(
    segmenter: &dyn Segment,
    values: &Values,
    part: &[Target],
    context: &Context<'_>,
) -> Given {
    let (device, width) = (&context.device, values.shape().width);
    let (pictures, first) = (pictures(values, part, device), clicks(values, part, device));
    let point = segmenter.segment(pictures.clone(), &first);
    let best = point.best();
    let corrections = corrections(part, &host::floats(best.clone()), context);
    let pixels: Vec<usize> = corrections.iter().map(|click| click.pixel).collect();
    let marks: Vec<i32> = corrections.iter().map(|click| click.mark.number()).collect();
    let marks = Tensor::<1, Int>::from_data(TensorData::new(marks, [part.len()]), device);
    let second = first.and(middles(&pixels, width, device), marks).improving(best);
    Given { second: segmenter.segment(pictures, &second), point, corrections }
}

/// All that is asked about every target.
pub(super) fn rounds(
    segmenter: &dyn Segment,
    values: &Values,
    asked: &[Target],
    context: &Context<'_>,
) -> Vec<Rounds> {
    let device = &context.device;
    let of_part = |part: &[Target]| -> Vec<Rounds> {
        let Given { point, second, .. } = clicked(segmenter, values, part, context);
        let frames: Vec<f32> = part.iter().flat_map(|target| target.frame).collect();
        let frames = Tensor::from_data(TensorData::new(frames, [part.len(), EDGES]), device);
        let boxed = segmenter.segment(pictures(values, part, device), &Prompts::boxes(frames));
        let [point, second, boxed] = [point, second, boxed].map(|answer| pointed(part, &answer));
        let both = point.into_iter().zip(second).zip(boxed);
        both.map(|((point, second), boxed)| Rounds { point, second, boxed }).collect()
    };
    asked.chunks(context.settings.batch.max(1)).flat_map(of_part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{Phase, Seed};
    use genlab_data::{LoadOptions, load};

    #[test]
    fn every_object_is_asked_for_by_a_click_on_what_is_seen_of_it() {
        let test = load("scenes-48", &LoadOptions::default()).unwrap().test.take(50);
        let noise = Seed(1).during(Phase::Evaluate);
        let asked = targets(&test, noise, "test");
        let scenes = test.scenes.as_ref().expect("scenes").rows();
        let objects: usize = scenes.iter().map(|scene| scene.objects.len()).sum();
        assert_eq!(asked.len(), objects, "none is hidden altogether");
        assert!(asked.iter().all(|target| target.visible[target.click]));
        assert!(asked.iter().any(|target| target.hidden));
        let again = targets(&test.take(2), noise, "test");
        assert!(again.iter().zip(&asked).all(|(a, b)| (a.row, a.click) == (b.row, b.click)));
    }

    #[test]
    fn intersection_over_union_is_counted() {
        let mask = [true, true, false, false];
        assert_eq!(iou(mask.into_iter(), &[false, true, true, false]), 1.0 / 3.0);
        assert_eq!(iou(mask.into_iter(), &mask), 1.0);
        assert_eq!(iou([false; 4].into_iter(), &[false; 4]), 0.0);
    }
}
