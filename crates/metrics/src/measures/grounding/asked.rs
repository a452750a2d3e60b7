//! What is asked of a grounder, and what it answers.

use super::average_precision::{Detection, iou};
use crate::{context::Context, features::host};
use genlab_core::{
    Ground,
    objects::{EDGES, edges},
};
use genlab_data::{
    Values,
    scenes::{Caption, Mask, Phrase, Scene, Scenes},
};

/// Overlap from which on a box is right.
const ENOUGH: f64 = 0.5;

/// A phrase of a picture's own caption.
pub(super) struct Target {
    /// The picture.
    pub(super) row: usize,
    pub(super) phrase: Phrase,
    /// Left, top, right and bottom edge of what is seen of its object, in pixels.
    pub(super) frame: [f64; EDGES],
    /// Whether something in front hides a part of it.
    pub(super) hidden: bool,
}

/// All phrases of all captions, in their order.
pub(super) fn targets(values: &Values) -> Vec<Target> {
    let Some(scenes) = &values.scenes else { return Vec::new() };
    let width = values.shape().width;
    let of_scene = |(row, scene): (usize, &Scene)| -> Vec<Target> {
        let target = |(phrase, mask): (&Phrase, Mask)| {
            let map: Vec<u8> = mask.visible.iter().map(|seen| u8::from(*seen)).collect();
            let frame = edges(&map, width, 1).map(f64::from);
            Target { row, phrase: *phrase, frame, hidden: mask.whole != mask.visible }
        };
        scene.caption.phrases.iter().zip(scenes.masks(row)).map(target).collect()
    };
    scenes.rows().iter().enumerate().flat_map(of_scene).collect()
}

/// What is answered about one phrase.
#[derive(Clone, Copy)]
pub(super) struct Answer {
    /// How sure the model is that the picture shows it.
    pub(super) score: f64,
    /// Left, top, right and bottom edge of the box that it gives, in pixels.
    pub(super) frame: [f64; EDGES],
}

impl Answer {
    /// Its overlap with what is seen of the object.
    pub(super) fn iou(&self, target: &Target) -> f64 {
        iou(self.frame, target.frame)
    }
}

/// Whether an overlap is enough to say that the object was found: 1 or 0.
pub(super) fn is_found(iou: f64) -> f64 {
    if iou >= ENOUGH { 1.0 } else { 0.0 }
}

/// What is answered about every phrase of `captions`, one for each picture.
fn answers(
    grounder: &dyn Ground,
    values: &Values,
    scenes: &Scenes,
    captions: &[&Caption],
    context: &Context<'_>,
) -> Vec<Vec<Answer>> {
    let (device, batch) = (&context.device, context.settings.batch.max(1));
    let of_part = |(number, part): (usize, &[&Caption])| -> Vec<Vec<Answer>> {
        let first = number * batch;
        let texts: Vec<String> = part.iter().map(|caption| caption.text()).collect();
        let words = scenes.vocabulary().tensor(&texts, device);
        let digits = scenes.digit_words(part.iter().copied(), device);
        let found =
            grounder.ground(values.tensor(first..first + part.len(), device), words, digits);
        let (scores, boxes) = (host::floats(found.scores), host::floats(found.boxes));
        let answer = |(score, frame): (&f32, &[f32])| Answer {
            score: f64::from(*score),
            frame: [0, 1, 2, 3].map(|edge| f64::from(frame[edge])),
        };
        let most = scenes.most();
        let rows = scores.chunks(most).zip(boxes.chunks(most * EDGES)).zip(part);
        rows.map(|((scores, boxes), caption)| {
            let all = scores.iter().zip(boxes.chunks(EDGES));
            all.take(caption.phrases.len()).map(answer).collect()
        })
        .collect()
    };
    captions.chunks(batch).enumerate().flat_map(of_part).collect()
}

/// The answers about all phrases of the pictures' own captions, as [`targets`] has them.
pub(super) fn own(grounder: &dyn Ground, values: &Values, context: &Context<'_>) -> Vec<Answer> {
    let Some(scenes) = &values.scenes else { return Vec::new() };
    let captions: Vec<&Caption> = scenes.rows().iter().map(|scene| &scene.caption).collect();
    answers(grounder, values, scenes, &captions, context).concat()
}

/// The scores of phrases that pictures do not show: those of the next picture's caption, for the last the first's.
pub(super) fn absent(grounder: &dyn Ground, values: &Values, context: &Context<'_>) -> Vec<f64> {
    let Some(scenes) = &values.scenes else { return Vec::new() };
    let rows = scenes.rows();
    let next = rows.iter().cycle().skip(1).take(rows.len());
    let captions: Vec<&Caption> = next.map(|scene| &scene.caption).collect();
    let answers = answers(grounder, values, scenes, &captions, context);
    let of_picture = |((scene, caption), answers): ((&Scene, &&Caption), Vec<Answer>)| {
        let shown = &scene.caption.phrases;
        let asked = caption.phrases.iter().zip(answers);
        let absent = asked.filter(|(phrase, _)| !shown.contains(phrase));
        absent.map(|(_, answer)| answer.score).collect::<Vec<f64>>()
    };
    rows.iter().zip(&captions).zip(answers).flat_map(of_picture).collect()
}

/// All boxes that are given: right ones, those beside the object, and those of phrases that are not there.
pub(super) fn detections(own: &[Answer], ious: &[f64], absent: &[f64]) -> Vec<Detection> {
    let own = own.iter().zip(ious);
    let own = own.map(|(answer, iou)| Detection { score: answer.score, right: *iou >= ENOUGH });
    own.chain(absent.iter().map(|score| Detection { score: *score, right: false })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_data::{LoadOptions, load};

    #[test]
    fn every_phrase_is_asked_for_with_the_frame_of_what_is_seen() {
        let test = load("scenes-48", &LoadOptions::default()).unwrap().test.take(50);
        let asked = targets(&test);
        let scenes = test.scenes.as_ref().expect("scenes").rows();
        assert_eq!(asked.len(), scenes.iter().map(|scene| scene.objects.len()).sum::<usize>());
        assert!(asked.iter().any(|target| target.hidden));
        for Target { frame: [left, top, right, bottom], .. } in asked {
            let sides = [right - left, bottom - top];
            assert!(sides.iter().all(|side| (1.0..=15.0).contains(side)), "{sides:?}");
        }
    }
}
