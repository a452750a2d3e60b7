//! What a step of training asks: everything drawn, nothing read.

use burn::tensor::{Device, Int, Tensor};
use genlab_core::{Mark, Noise, Objects, Prompts, Segmented};
use std::ops::Range;

/// Which object of a value is asked for.
const OBJECT: &str = "segmenter/object";
/// Whether by a click or by a box.
const KIND: &str = "segmenter/kind";
/// Where on it is clicked.
const CLICK: &str = "segmenter/click";
/// How far the corners of a box are off.
const JITTER: &str = "segmenter/jitter";
/// Where of an answer's errors is clicked.
const CORRECTION: &str = "segmenter/correction";

/// Share of first prompts that are boxes, the others being clicks: section 3 of arXiv:2304.02643 draws either as often.
const BOXES: f64 = 0.5;
/// Standard deviation of the corners of boxes over the box's sides (appendix A of arXiv:2304.02643, "Training algorithm").
const SD: f64 = 0.1;

/// Object that is asked for of each of B values.
pub(super) struct Target {
    /// `[B, 1, H, W]`: 1 where it is seen, 0 elsewhere.
    pub(super) mask: Tensor<4>,
    /// `[B, 4]`: the edges of the smallest rectangle around that, in pixels.
    pub(super) frame: Tensor<2>,
}

/// The draws of the values at `rows`.
pub(super) struct Draws {
    pub(super) noise: Noise,
    pub(super) rows: Range<u64>,
    pub(super) device: Device,
}

impl Draws {
    /// An object of each value, of those of which something is seen each as likely.
    pub(super) fn target(&self, objects: &Objects) -> Target {
        let place = self.one_of(OBJECT, objects.seen());
        Target { mask: objects.masks(place.clone()), frame: objects.framed(place) }
    }

    /// A click on any pixel of the object that is seen, or a box around these whose corners are off.
    pub(super) fn first(&self, target: &Target) -> Prompts {
        let [batch, _, _, width] = target.mask.dims();
        let pixel = self.one_of(CLICK, target.mask.clone().flatten(1, 3));
        let click = Prompts::clicks(middle(pixel, width)).and_nothing();
        let corners = Prompts::boxes(self.jittered(target.frame.clone()));
        let kind = self.noise.uniform(KIND, 0, self.rows.clone(), [batch, 1], &self.device);
        let boxed = kind.lower_elem(BOXES).float();
        let further = (corners.places - click.places.clone()) * boxed.clone().unsqueeze_dim(2);
        let other = (corners.marks - click.marks.clone()) * boxed.int();
        Prompts { places: click.places + further, marks: click.marks + other, mask: None }
    }

    /// The same prompt, the mask of the answer that is predicted to be the best, and a click where it is wrong: on the object
    /// where that is missed, beside it where there is too much. Where nothing is wrong the click is on the object.
    pub(super) fn second(&self, first: Prompts, answer: &Segmented, truth: &Tensor<4>) -> Prompts {
        let ([_, _, _, width], mask) = (truth.dims(), answer.best());
        let truth: Tensor<2> = truth.clone().flatten(1, 3);
        let said: Tensor<2> = mask.clone().greater_elem(0.0).float().flatten(1, 3);
        let wrong = (said - truth.clone()).abs();
        let perfect = -wrong.clone().max_dim(1) + 1.0;
        let pixel = self.one_of(CORRECTION, wrong + perfect * truth.clone());
        let missed = truth.gather(1, pixel.clone().unsqueeze_dim(1)).squeeze_dim::<1>(1).int();
        let [inside, outside] = [Mark::Inside, Mark::Outside].map(Mark::number);
        let marks = missed * (inside - outside) + outside;
        first.and(middle(pixel, width), marks).improving(mask)
    }

    /// For each row of `choice` `[B, N]`, ones and zeros, the place of one of its ones, each as likely: that of the largest
    /// of as many draws. The first of all where there is none.
    fn one_of(&self, name: &str, choice: Tensor<2>) -> Tensor<1, Int> {
        let draw = self.noise.uniform(name, 0, self.rows.clone(), choice.dims(), &self.device);
        // From 1 on, or a draw of 0 would be none.
        ((draw + 1.0) * choice).argmax(1).squeeze_dim(1)
    }

    /// Frames `[B, 4]` whose edges are off by a normal draw of [`SD`] of their sides.
    fn jittered(&self, frames: Tensor<2>) -> Tensor<2> {
        let [batch, edges] = frames.dims();
        let sides = frames.clone().narrow(1, 2, 2) - frames.clone().narrow(1, 0, 2);
        let shape = [batch, edges];
        let draw = self.noise.normal(JITTER, 0, self.rows.clone(), shape, &self.device);
        frames + draw * sides.repeat_dim(1, 2) * SD
    }
}

/// The middles `[B, 2]`, x and y, of pixels `[B]` of images with `width` of them in a row.
fn middle(pixels: Tensor<1, Int>, width: usize) -> Tensor<2> {
    let at = pixels.float();
    // In the middle of a pixel no rounding of the quotient can reach the next row.
    let row = ((at.clone() + 0.5) / width as f64).floor();
    let column = at - row.clone() * width as f64;
    Tensor::stack::<2>(vec![column, row], 1) + 0.5
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;
    use genlab_core::{Phase, Seed};

    const COUNT: usize = 2000;

    fn draws() -> Draws {
        let noise = Seed(4).during(Phase::Train);
        Draws { noise, rows: 10..10 + COUNT as u64, device: Device::flex() }
    }

    fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    fn marks(prompts: &Prompts, place: usize) -> Vec<f32> {
        host(prompts.marks.clone().narrow(1, place, 1).float())
    }

    fn places(prompts: &Prompts, place: usize) -> Vec<[f32; 2]> {
        let places = host(prompts.places.clone().narrow(1, place, 1));
        places.chunks(2).map(|xy| [xy[0], xy[1]]).collect()
    }

    /// The same for every row.
    fn rows<const D: usize>(numbers: &[f32], shape: [usize; D]) -> Tensor<D> {
        let shape: [usize; D] =
            std::array::from_fn(|dim| if dim == 0 { COUNT } else { shape[dim] });
        Tensor::from_data(TensorData::new(numbers.repeat(COUNT), shape), &Device::flex())
    }

    /// An L of four pixels in two rows of four.
    const CORNER: [f32; 8] = [0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0];

    fn corner() -> Target {
        let frame = rows(&[1.0, 0.0, 4.0, 2.0], [1, 4]);
        Target { mask: rows(&CORNER, [1, 1, 2, 4]), frame }
    }

    fn near(count: usize, of: usize, share: f64) {
        let (expected, found) = (of as f64 * share, count as f64);
        let sd = (expected * (1.0 - share)).sqrt();
        assert!((found - expected).abs() < 5.0 * sd + 1e-9, "{found} of {of} for {expected}");
    }

    #[test]
    fn every_object_that_is_seen_is_asked_for_as_often_and_no_other() {
        let map = rows(&[1.0, 1.0, 0.0, 3.0], [1, 2, 2]).int();
        let frames = rows(&[0., 0., 2., 1., 0., 0., 0., 0., 1., 1., 2., 2.], [1, 3, 4]);
        let words = Tensor::zeros([COUNT, 3], &Device::flex());
        let target = draws().target(&Objects { map, frames, words });
        let masks = host(target.mask);
        let of = |mask: [f32; 4]| masks.chunks(4).filter(|other| *other == mask).count();
        let (first, third) = (of([1.0, 1.0, 0.0, 0.0]), of([0.0, 0.0, 0.0, 1.0]));
        assert_eq!(first + third, COUNT, "the second is hidden");
        near(first, COUNT, 0.5);
        for (mask, frame) in masks.chunks(4).zip(host(target.frame).chunks(4)) {
            assert_eq!(frame[0], if mask[0] == 1.0 { 0.0 } else { 1.0 });
        }
    }

    #[test]
    fn a_first_prompt_is_a_click_anywhere_on_the_object_or_a_box_around_it() {
        let first = draws().first(&corner());
        let [kinds, others] = [0, 1].map(|place| marks(&first, place));
        let clicked = |row: &usize| kinds[*row] == Mark::Inside.number() as f32;
        let clicks: Vec<usize> = (0..COUNT).filter(clicked).collect();
        near(clicks.len(), COUNT, 0.5);
        let at = places(&first, 0);
        for pixel in [[1.5, 0.5], [1.5, 1.5], [2.5, 1.5], [3.5, 1.5]] {
            near(clicks.iter().filter(|row| at[**row] == pixel).count(), clicks.len(), 0.25);
        }
        assert!(clicks.iter().all(|row| others[*row] == Mark::Nothing.number() as f32));
        let boxes: Vec<usize> = (0..COUNT).filter(|row| !clicked(row)).collect();
        assert!(boxes.iter().all(|row| kinds[*row] == Mark::UpperLeft.number() as f32));
        assert!(boxes.iter().all(|row| others[*row] == Mark::LowerRight.number() as f32));
        // A tenth of three pixels around 1, and of two around 0.
        for (axis, mean, sd) in [(0, 1.0, 0.3), (1, 0.0, 0.2)] {
            let off: Vec<f64> = boxes.iter().map(|row| f64::from(at[*row][axis]) - mean).collect();
            let square = off.iter().map(|x| x * x).sum::<f64>() / off.len() as f64;
            assert!((square.sqrt() / sd - 1.0).abs() < 0.1, "{}", square.sqrt());
        }
    }

    /// The second prompts where an answer said these logits, and another candidate that is predicted to be worse nothing.
    fn after(logits: [f32; 8]) -> Prompts {
        let masks = rows(&[[-1.0; 8], logits].concat(), [1, 2, 2, 4]);
        let answer = Segmented { masks, predicted: rows(&[0.2, 0.7], [1, 2]) };
        let click = Prompts::clicks(rows(&[1.5, 0.5], [1, 2]));
        draws().second(click, &answer, &corner().mask)
    }

    #[test]
    fn a_second_click_is_where_the_best_mask_is_wrong() {
        // A pixel of the L is missed, and one beside it is too much.
        let second = after([2.0, 3.0, -1.0, -1.0, -1.0, 1.0, -1.0, 1.0]);
        let (kinds, at) = (marks(&second, 1), places(&second, 1));
        let of = |mark: Mark, pixel: [f32; 2]| {
            let is = |row: &usize| kinds[*row] == mark.number() as f32 && at[*row] == pixel;
            (0..COUNT).filter(is).count()
        };
        let (missed, too_much) = (of(Mark::Inside, [2.5, 1.5]), of(Mark::Outside, [0.5, 0.5]));
        assert_eq!(missed + too_much, COUNT);
        near(missed, COUNT, 0.5);
        let mask = host(second.mask.expect("that of the answer"));
        assert_eq!(mask[..8], [2.0, 3.0, -1.0, -1.0, -1.0, 1.0, -1.0, 1.0]);
    }

    #[test]
    fn where_nothing_is_wrong_the_second_click_is_on_the_object() {
        let second = after(CORNER.map(|shown| 2.0 * shown - 1.0));
        let (kinds, at) = (marks(&second, 1), places(&second, 1));
        assert!(kinds.iter().all(|kind| *kind == Mark::Inside.number() as f32));
        near(at.iter().filter(|pixel| **pixel == [3.5, 1.5]).count(), COUNT, 0.25);
    }
}
