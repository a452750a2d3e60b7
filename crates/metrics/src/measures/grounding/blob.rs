//! The baseline without a network: the largest group of pixels of nearly the phrase's colour.

use super::{
    asked::{Target, is_found},
    average_precision::iou,
};
use crate::numerics::connected::largest;
use genlab_core::{
    ImageShape,
    objects::{EDGES, edges},
};
use genlab_data::Values;

/// How many of 256 levels a channel may differ from the colour's full ink; the best on validation scenes is used.
pub(super) const TOLERANCES: [u8; 7] = [16, 32, 48, 64, 80, 96, 128];

/// The smallest rectangle around the largest group of pixels whose channels all differ by at most `tolerance` levels from
/// `colour`, of levels `[3, H, W]`: left, top, right and bottom edge, zeros where no pixel does.
fn frame(levels: &[u8], shape: ImageShape, colour: [u8; 3], tolerance: u8) -> [f64; EDGES] {
    let ImageShape { height, width, .. } = shape;
    let planes = || levels.chunks(height * width).zip(colour);
    let alike = |at: usize| planes().all(|(plane, full)| plane[at].abs_diff(full) <= tolerance);
    let group = largest([height, width], alike).unwrap_or_default();
    let map: Vec<u8> = group.into_iter().map(u8::from).collect();
    edges(&map, width, 1).map(f64::from)
}

/// Overlap of such a rectangle with each object.
pub(super) fn ious(values: &Values, asked: &[Target], tolerance: u8) -> Vec<f64> {
    let one = |target: &Target| {
        let colour = target.phrase.colour.rgb();
        iou(frame(values.image(target.row), values.shape(), colour, tolerance), target.frame)
    };
    asked.iter().map(one).collect()
}

/// The tolerance that finds the most of these objects, the least of those that find as many.
pub(super) fn best(values: &Values, asked: &[Target]) -> u8 {
    let found = |tolerance: u8| {
        let ious = ious(values, asked, tolerance);
        ious.into_iter().map(is_found).sum::<f64>()
    };
    let scored = TOLERANCES.map(|tolerance| (tolerance, found(tolerance)));
    let best = scored.into_iter().rev().max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map_or(TOLERANCES[0], |(tolerance, _)| tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_lies_around_the_largest_group_of_the_colour() {
        // A row of six pixels: two that are nearly white, one that is red, three of which the middle one is dim.
        let red = [250, 240, 255, 0, 0, 0];
        let rest = [250, 240, 0, 200, 150, 200];
        let shape = ImageShape::new(3, 1, 6);
        let levels = [red, rest, rest].concat();
        assert_eq!(frame(&levels, shape, [255; 3], 20), [0.0, 0.0, 2.0, 1.0]);
        assert_eq!(frame(&levels, shape, [255, 0, 0], 20), [2.0, 0.0, 3.0, 1.0]);
        assert_eq!(frame(&levels, shape, [0, 200, 200], 50), [3.0, 0.0, 6.0, 1.0]);
        assert_eq!(frame(&levels, shape, [0, 0, 255], 20), [0.0; 4], "none");
    }
}
