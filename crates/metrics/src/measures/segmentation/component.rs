//! The baseline without a network: pixels that hang together and have nearly the colour of the click.

use super::asked::{Target, iou};
use crate::numerics::connected::{TOLERANCES, connected};
use genlab_data::Values;

/// Pixels that hang together with pixel `click`, side by side or corner to corner, and whose channels all differ by at most
/// `tolerance` levels from the click's. `levels` are `[C, H, W]`, `size` is height and width.
fn component(levels: &[u8], size: [usize; 2], click: usize, tolerance: u8) -> Vec<bool> {
    let [height, width] = size;
    let alike = |at: usize| {
        levels.chunks(height * width).all(|plane| plane[at].abs_diff(plane[click]) <= tolerance)
    };
    connected(size, click, alike)
}

/// Overlap of the component at each target's click with what is seen of it.
pub(super) fn ious(values: &Values, asked: &[Target], tolerance: u8) -> Vec<f64> {
    let shape = values.shape();
    let one = |target: &Target| {
        let size = [shape.height, shape.width];
        let mask = component(values.image(target.row), size, target.click, tolerance);
        iou(mask.into_iter(), &target.visible)
    };
    asked.iter().map(one).collect()
}

/// The tolerance whose components overlap most with these targets.
pub(super) fn best(values: &Values, asked: &[Target]) -> u8 {
    let sum = |tolerance: u8| ious(values, asked, tolerance).iter().sum::<f64>();
    let scored = TOLERANCES.map(|tolerance| (tolerance, sum(tolerance)));
    let best = scored.into_iter().max_by(|(_, a), (_, b)| a.total_cmp(b));
    best.map_or(TOLERANCES[0], |(tolerance, _)| tolerance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_is_what_hangs_together_within_the_tolerance() {
        // Two channels of two rows; corners count as neighbours.
        let levels = [[10_u8, 20, 90, 90, 99, 30], [5, 5, 5, 5, 5, 40]].concat();
        let found = |click, tolerance| component(&levels, [2, 3], click, tolerance);
        assert_eq!(found(0, 10), [true, true, false, false, false, false]);
        assert_eq!(found(0, 5), [true, false, false, false, false, false]);
        assert_eq!(found(3, 9), [false, false, true, true, true, false]);
        assert_eq!(found(3, 90), [true; 6]);
    }
}
