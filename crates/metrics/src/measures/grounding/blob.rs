//! The baseline without a network: the group of pixels of nearly the phrase's colour that is nearest to its size.

use super::{
    asked::{Target, is_found},
    average_precision::iou,
};
use crate::numerics::connected::{TOLERANCES, groups};
use genlab_core::{
    ImageShape,
    objects::{EDGES, edges},
};
use genlab_data::Values;

/// The smallest rectangle around a group of pixels whose channels all differ by at most `tolerance` levels from `colour`, of
/// levels `[3, H, W]`: left, top, right and bottom edge, zeros where no pixel does. Of several groups it is the one whose
/// longer side is nearest to `longer` pixels, of those that are as near the one of the most pixels.
fn frame(
    levels: &[u8],
    shape: ImageShape,
    colour: [u8; 3],
    longer: usize,
    tolerance: u8,
) -> [f64; EDGES] {
    let ImageShape { height, width, .. } = shape;
    let planes = || levels.chunks(height * width).zip(colour);
    let alike = |at: usize| planes().all(|(plane, full)| plane[at].abs_diff(full) <= tolerance);
    let around = |group: Vec<bool>| {
        let pixels = group.iter().filter(|shown| **shown).count();
        let map: Vec<u8> = group.into_iter().map(u8::from).collect();
        (edges(&map, width, 1).map(f64::from), pixels)
    };
    let off = |[left, top, right, bottom]: [f64; EDGES]| {
        ((right - left).max(bottom - top) - longer as f64).abs()
    };
    let nearest = groups([height, width], alike)
        .into_iter()
        .map(around)
        .min_by(|(a, of_a), (b, of_b)| off(*a).total_cmp(&off(*b)).then(of_b.cmp(of_a)));
    nearest.map_or([0.0; EDGES], |(frame, _)| frame)
}

/// Overlap of such a rectangle with each object.
pub(super) fn ious(values: &Values, asked: &[Target], tolerance: u8) -> Vec<f64> {
    let one = |target: &Target| {
        let (colour, longer) = (target.phrase.colour.rgb(), target.phrase.size.pixels());
        let levels = values.image(target.row);
        iou(frame(levels, values.shape(), colour, longer, tolerance), target.frame)
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
    fn a_frame_lies_around_a_group_of_the_colour() {
        // A row of six pixels: two that are nearly white, one that is red, three of which the middle one is dim.
        let red = [250, 240, 255, 0, 0, 0];
        let rest = [250, 240, 0, 200, 150, 200];
        let shape = ImageShape::new(3, 1, 6);
        let levels = [red, rest, rest].concat();
        let found = |colour, tolerance| frame(&levels, shape, colour, 3, tolerance);
        assert_eq!(found([255; 3], 20), [0.0, 0.0, 2.0, 1.0]);
        assert_eq!(found([255, 0, 0], 20), [2.0, 0.0, 3.0, 1.0]);
        assert_eq!(found([0, 200, 200], 50), [3.0, 0.0, 6.0, 1.0]);
        assert_eq!(found([0, 0, 255], 20), [0.0; 4], "none");
    }

    #[test]
    fn of_several_groups_it_is_the_one_of_the_size_and_then_of_the_most_pixels() {
        // Groups of 2, 2 · 3 and 4 pixels.
        let picture = [*b"xx.xxx.xxxx", *b"...xxx....."].concat();
        let plane: Vec<u8> = picture.iter().map(|at| if *at == b'x' { 255 } else { 0 }).collect();
        let levels = plane.repeat(3);
        let found = |longer| frame(&levels, ImageShape::new(3, 2, 11), [255; 3], longer, 20);
        assert_eq!(found(1), [0.0, 0.0, 2.0, 1.0]);
        assert_eq!(found(3), [3.0, 0.0, 6.0, 2.0]);
        assert_eq!(found(9), [7.0, 0.0, 11.0, 1.0]);
        // Two groups of the same side.
        let two = [*b"xx.xx", *b"...xx"].concat();
        let plane: Vec<u8> = two.iter().map(|at| if *at == b'x' { 255 } else { 0 }).collect();
        let found = frame(&plane.repeat(3), ImageShape::new(3, 2, 5), [255; 3], 2, 20);
        assert_eq!(found, [3.0, 0.0, 5.0, 2.0]);
    }
}
