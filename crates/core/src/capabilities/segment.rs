//! Objects of values, cut out where a prompt says.

use burn::tensor::{DType, Device, Int, Tensor};
use std::ops::Range;

/// What a place of a prompt says of the object that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: the place is there so that all rows of a batch have as many.
    Nothing,
    /// A click beside it.
    Outside,
    /// A click on it.
    Inside,
    /// The upper left corner of a box around it.
    UpperLeft,
    /// The lower right corner of that box.
    LowerRight,
}

impl Mark {
    /// How many kinds there are.
    pub const COUNT: usize = 5;

    /// Its number, from 0 in the order above.
    pub const fn number(self) -> i32 {
        self as i32
    }
}

/// Which object each of B values is asked for: by places, and by an earlier answer where there is one.
#[derive(Clone, Debug)]
pub struct Prompts {
    /// `[B, P, 2]`: x and y of P places in pixels from the upper left corner of the value. The middle of pixel
    /// (row i, column j) is (j + ½, i + ½).
    pub places: Tensor<3>,
    /// `[B, P]`: what each place says, the number of its [`Mark`].
    pub marks: Tensor<2, Int>,
    /// `[B, 1, H, W]`: logits of the mask of an earlier answer, which this one is to improve on.
    pub mask: Option<Tensor<4>>,
}

impl Prompts {
    /// One click on each object, at `places` `[B, 2]`.
    pub fn clicks(places: Tensor<2>) -> Self {
        let [batch, _] = places.dims();
        let marks = marks(Mark::Inside, batch, &places.device()).reshape([batch, 1]);
        Self { places: places.unsqueeze_dim(1), marks, mask: None }
    }

    /// A box around each object: `frames` `[B, 4]` are its left, top, right and bottom edges.
    pub fn boxes(frames: Tensor<2>) -> Self {
        let [batch, _] = frames.dims();
        let corner = |mark| marks(mark, batch, &frames.device());
        let corners = vec![corner(Mark::UpperLeft), corner(Mark::LowerRight)];
        Self { marks: Tensor::stack(corners, 1), places: frames.reshape([batch, 2, 2]), mask: None }
    }

    /// The same with one more place each, at `places` `[B, 2]`, which say `marks` `[B]`.
    #[must_use]
    pub fn and(self, places: Tensor<2>, marks: Tensor<1, Int>) -> Self {
        Self {
            places: Tensor::cat(vec![self.places, places.unsqueeze_dim(1)], 1),
            marks: Tensor::cat(vec![self.marks, marks.unsqueeze_dim(1)], 1),
            mask: self.mask,
        }
    }

    /// The same with one more place each that says nothing.
    #[must_use]
    pub fn and_nothing(self) -> Self {
        let ([batch, _, _], device) = (self.places.dims(), self.places.device());
        self.and(Tensor::zeros([batch, 2], &device), marks(Mark::Nothing, batch, &device))
    }

    /// The same beside the mask of an earlier answer, logits `[B, 1, H, W]`.
    #[must_use]
    pub fn improving(self, mask: Tensor<4>) -> Self {
        Self { mask: Some(mask), ..self }
    }

    /// Those of the values at `rows`. Panics beyond the last value.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let (first, count) = (rows.start, rows.len());
        Self {
            places: self.places.clone().narrow(0, first, count),
            marks: self.marks.clone().narrow(0, first, count),
            mask: self.mask.as_ref().map(|mask| mask.clone().narrow(0, first, count)),
        }
    }
}

/// The same mark `batch` times, `[B]`.
fn marks(mark: Mark, batch: usize, device: &Device) -> Tensor<1, Int> {
    Tensor::full([batch], mark.number(), (device, DType::I32))
}

/// What a segmenter makes of values and prompts.
#[derive(Clone, Debug)]
pub struct Segmented {
    /// `[B, M, H, W]`: logits of M candidate masks. A pixel belongs to the object where its logit is above 0.
    pub masks: Tensor<4>,
    /// `[B, M]` in [0, 1]: what the model takes the intersection over union of each with the truth for.
    pub predicted: Tensor<2>,
}

impl Segmented {
    /// Which candidate of each value is predicted to be the best, `[B]` counted from 0.
    pub fn chosen(&self) -> Tensor<1, Int> {
        self.predicted.clone().inner().argmax(1).squeeze_dim(1)
    }

    /// That candidate's logits, `[B, 1, H, W]`, off the graph.
    pub fn best(&self) -> Tensor<4> {
        let [batch, candidates, height, width] = self.masks.dims();
        let masks = self.masks.clone().inner();
        let first = Tensor::<1, Int>::arange(0..batch as i64, (&masks.device(), DType::I32));
        let rows = first * (candidates as i32) + self.chosen();
        let masks = masks.reshape([batch * candidates, height * width]);
        masks.select(0, rows).reshape([batch, 1, height, width])
    }
}

/// Cuts objects out of values.
pub trait Segment {
    /// Values `[B, C, H, W]` of the dataset's space, one prompt each, to masks, each row by itself.
    fn segment(&self, values: Tensor<4>, prompts: &Prompts) -> Segmented;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_is_its_corners_and_places_are_added_behind() {
        let device = Device::flex();
        let prompts = Prompts::boxes(Tensor::from_floats([[1.0, 2.0, 5.0, 7.0]], &device));
        let prompts = prompts
            .and(Tensor::from_floats([[3.5, 4.5]], &device), Tensor::from_ints([1], &device))
            .and_nothing();
        let places: Vec<f32> = prompts.places.into_data().try_into_vec().expect("f32");
        assert_eq!(places, [1.0, 2.0, 5.0, 7.0, 3.5, 4.5, 0.0, 0.0]);
        let marks: Vec<i64> = prompts.marks.into_data().convert::<i64>().try_into_vec().unwrap();
        let expected = [Mark::UpperLeft, Mark::LowerRight, Mark::Outside, Mark::Nothing];
        assert_eq!(marks, expected.map(|mark| i64::from(mark.number())));
    }

    #[test]
    fn the_best_candidate_is_the_one_that_is_predicted_to_be() {
        let device = Device::flex();
        let masks = Tensor::<1, Int>::arange(0..12, &device).float().reshape([2, 3, 1, 2]);
        let predicted = Tensor::from_floats([[0.1, 0.3, 0.9], [0.5, 0.4, 0.2]], &device);
        let best: Vec<f32> =
            Segmented { masks, predicted }.best().into_data().try_into_vec().expect("f32");
        assert_eq!(best, [4.0, 5.0, 6.0, 7.0]);
    }
}
