//! What answers cost.

use super::net::{Answers, middles};
use crate::{encoder::PLACE, focal::focal};
use burn::tensor::{Int, Tensor};
use genlab_core::objects::EDGES;

/// Below this an area is taken for it.
const LEAST: f64 = 1e-6;
/// Words that tell phrases apart: "small" or "a", a colour, a digit.
const SAID: usize = 3;

/// Which places say yes to which phrase, `[B, K, T]` of ones and zeros: those whose middle lies in the frame of its object, and
/// the one in which the middle of that frame lies, since an object may be narrower than a place. Frames `[B, K, 4]` in pixels;
/// none for phrases that `named` `[B, K]` has zeros for.
pub(super) fn positives(frames: Tensor<3>, named: Tensor<2>, grid: [usize; 2]) -> Tensor<3> {
    let [batch, count, _] = frames.dims();
    let device = frames.device();
    let places = grid[0] * grid[1];
    let middles = middles(grid, &device).reshape([1, EDGES, places]);
    let axis = |axis: usize| middles.clone().narrow(1, axis, 1);
    let edge = |edge: usize| frames.clone().narrow(2, edge, 1);
    // For x and for y, [B, K, T] each.
    let (inside, around): (Vec<Tensor<3>>, Vec<Tensor<3>>) = (0..2)
        .map(|side| {
            let (low, high, at) = (edge(side), edge(side + 2), axis(side));
            let from = at.clone() - low.clone();
            let inside = from.greater_equal_elem(0.0).float()
                * (high.clone() - at.clone()).greater_elem(0.0).float();
            let off = (low + high) / 2.0 - at;
            let half = PLACE as f64 / 2.0;
            let around =
                off.clone().greater_equal_elem(-half).float() * off.lower_elem(half).float();
            (inside, around)
        })
        .unzip();
    let both = |sides: Vec<Tensor<3>>| {
        sides.into_iter().fold(Tensor::ones([batch, count, places], &device), |a, b| a * b)
    };
    let (inside, around) = (both(inside), both(around));
    let either = inside.clone() + around.clone() - inside * around;
    either * named.unsqueeze_dim::<3>(2)
}

/// Generalised intersection over union (algorithm 1 of Rezatofighi et al. 2019, arXiv:1902.09630) of boxes `[B, K, 4, T]` with
/// one frame for each phrase, `[B, K, 4]`: `[B, K, T]` in (−1, 1], for the smallest box C around both
///
/// ```text
/// |A ∩ B| / |A ∪ B| − |C \ (A ∪ B)| / |C|
/// ```
pub(super) fn giou(boxes: &Tensor<4>, frames: &Tensor<3>) -> Tensor<3> {
    let [batch, count, _, places] = boxes.dims();
    let found = |edge: usize| boxes.clone().narrow(2, edge, 1).reshape([batch, count, places]);
    let truth = |edge: usize| frames.clone().narrow(2, edge, 1);
    let larger = |a: Tensor<3>, b: Tensor<3>| (a - b.clone()).clamp_min(0.0) + b;
    let smaller = |a: Tensor<3>, b: Tensor<3>| (a - b.clone()).clamp_max(0.0) + b;
    // Along x and along y.
    let length = |side: usize| {
        let high = smaller(found(side + 2), truth(side + 2));
        (high - larger(found(side), truth(side))).clamp_min(0.0)
    };
    let reach = |side: usize| {
        let high = larger(found(side + 2), truth(side + 2));
        high - smaller(found(side), truth(side))
    };
    let area = |edge: &dyn Fn(usize) -> Tensor<3>| (edge(2) - edge(0)) * (edge(3) - edge(1));
    let both = length(0) * length(1);
    let either = area(&found) + area(&truth) - both.clone();
    let around = (reach(0) * reach(1)).clamp_min(LEAST);
    both / either.clone().clamp_min(LEAST) + either / around - 1.0
}

/// What answers about phrases cost that the pictures show, and about some that they do not, `[1]` each.
pub(super) struct Cost {
    /// Focal loss of all scores, over the number of places that should say yes.
    pub(super) alignment: Tensor<1>,
    /// 1 − GIoU, the mean over these places.
    pub(super) boxes: Tensor<1>,
}

/// Eq. 1 and 3 of arXiv:2112.03857. `frames` `[B, K, 4]` and `named` `[B, K]` are of the phrases that are shown; `absent`
/// `[B, K]` has ones for those of the others' answers that are not.
pub(super) fn cost(
    shown: &Answers,
    frames: &Tensor<3>,
    named: Tensor<2>,
    others: &Answers,
    absent: Tensor<2>,
    grid: [usize; 2],
) -> Cost {
    let truth = positives(frames.clone(), named.clone(), grid);
    let right = truth.clone().sum().clamp_min(1.0);
    let yes = focal(shown.scores.clone(), truth.clone()) * named.unsqueeze_dim::<3>(2);
    let no = focal(others.scores.clone(), truth.zeros_like());
    let no = no * absent.unsqueeze_dim::<3>(2);
    let apart = (-giou(&shown.boxes, frames) + 1.0) * truth;
    Cost { alignment: (yes.sum() + no.sum()) / right.clone(), boxes: apart.sum() / right }
}

/// Captions `[B, L]` and where their phrases are, `[B, K]`, ones in `named` for those that are phrases.
pub(super) struct Phrases {
    pub(super) captions: Tensor<2, Int>,
    pub(super) words: Tensor<2, Int>,
    pub(super) named: Tensor<2>,
}

impl Phrases {
    /// Those of the row before in the batch, for the first row those of the last.
    pub(super) fn of_another_row(&self) -> Self {
        Self {
            captions: self.captions.clone().roll_dim(1, 0),
            words: self.words.clone().roll_dim(1, 0),
            named: self.named.clone().roll_dim(1, 0),
        }
    }

    /// `[B, K]`: 1 for those of `others` that none of these says word for word.
    pub(super) fn lack(&self, others: &Self) -> Tensor<2> {
        let [batch, count] = self.words.dims();
        let own = self.said().reshape([batch, count, 1, SAID]);
        let other = others.said().reshape([batch, 1, count, SAID]);
        let differ = (own - other).abs().sum_dim(3).reshape([batch, count, count]);
        let alike = differ.equal_elem(0.0).float() * self.named.clone().unsqueeze_dim::<3>(2);
        others.named.clone() * (-alike.max_dim(1).squeeze_dim::<2>(1) + 1.0)
    }

    /// The numbers of the last words of each phrase, `[B, K · SAID]`.
    fn said(&self) -> Tensor<2> {
        let word = |before: i32| {
            let at = (self.words.clone() - before).clamp_min(0);
            self.captions.clone().gather(1, at).float()
        };
        let [batch, count] = self.words.dims();
        let words: Vec<Tensor<2>> = (0..SAID as i32).map(word).collect();
        Tensor::stack::<3>(words, 2).reshape([batch, count * SAID])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn generalised_overlap_is_that_of_the_closed_form() {
        let device = Device::flex();
        let frame = Tensor::from_floats([[[0.0, 0.0, 2.0, 2.0]]], &device);
        // The same; a corner of it; beside it by as much as it is wide; around it.
        let boxes: [([f32; 4], f32); 4] = [
            ([0.0, 0.0, 2.0, 2.0], 1.0),
            ([1.0, 1.0, 3.0, 3.0], 1.0 / 7.0 - 2.0 / 9.0),
            ([4.0, 0.0, 6.0, 2.0], -1.0 / 3.0),
            ([-1.0, -1.0, 3.0, 3.0], 0.25),
        ];
        for (edges, expected) in boxes {
            let found = Tensor::<1>::from_floats(edges, &device).reshape([1, 1, EDGES, 1]);
            let found = host(giou(&found, &frame))[0];
            assert!((found - expected).abs() < 1e-6, "{edges:?}: {found} for {expected}");
        }
    }

    #[test]
    fn places_within_a_frame_say_yes_and_so_does_one_for_an_object_between_places() {
        let device = Device::flex();
        // Two rows of three places. The second object lies between two middles, the third is not named.
        let frames = Tensor::from_floats(
            [[[1.0, 0.0, 7.0, 3.0], [7.0, 3.0, 9.0, 6.0], [0.0, 0.0, 12.0, 8.0]]],
            &device,
        );
        let named = Tensor::from_floats([[1.0, 1.0, 0.0]], &device);
        let found = host(positives(frames, named, [2, 3]));
        assert_eq!(found[..6], [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
        // Its middle is (8, 4.5).
        assert_eq!(found[6..12], [0.0, 0.0, 0.0, 0.0, 0.0, 1.0]);
        assert_eq!(found[12..], [0.0; 6]);
    }

    #[test]
    fn what_another_caption_names_as_well_is_not_absent() {
        let device = Device::flex();
        let phrases = Phrases {
            // "a red three above a small red four", "a red four above a red three".
            captions: Tensor::from_ints(
                [[2, 4, 6, 8, 2, 3, 4, 7], [2, 4, 7, 8, 2, 4, 6, 0]],
                &device,
            ),
            words: Tensor::from_ints([[2, 7], [2, 6]], &device),
            named: Tensor::ones([2, 2], &device),
        };
        let others = phrases.of_another_row();
        assert_eq!(host(others.words.clone().float()), [2.0, 6.0, 2.0, 7.0]);
        // A large red four is no small one, and the threes are the same.
        assert_eq!(host(phrases.lack(&others)), [1.0, 0.0, 0.0, 1.0]);
        assert_eq!(host(phrases.lack(&phrases)), [0.0; 4], "all of them are shown");
    }
}
