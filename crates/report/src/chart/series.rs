//! Curves made readable: smoothed, thinned out, cut where the start of training dwarfs the rest.

/// More points than this are thinned out; a chart is about 400 pixels wide.
const MAX_POINTS: usize = 500;
/// Fewer points than this are drawn as they are.
const SMOOTH_FROM: usize = 60;
/// The window of the running mean, as a share of the curve.
const WINDOW: f64 = 1.0 / 40.0;
/// The start of training that may leave the scale.
const START: f64 = 0.03;
/// How much wider the full range must be before the start leaves the scale.
const DWARFED: f64 = 2.5;

/// (x, y) in the data's units.
pub(crate) type Points = Vec<(f64, f64)>;

/// An exponential running mean, without the pull towards zero at the start; None where the curve is
/// short enough to be read as it is.
pub(crate) fn smoothed(points: &[(f64, f64)]) -> Option<Points> {
    if points.len() < SMOOTH_FROM {
        return None;
    }
    let keep = 1.0 - 1.0 / (points.len() as f64 * WINDOW).max(1.5);
    let (mut sum, mut weight) = (0.0, 0.0);
    let mean = |(x, y): &(f64, f64)| {
        sum = keep * sum + y;
        weight = keep * weight + 1.0;
        (*x, sum / weight)
    };
    Some(points.iter().map(mean).collect())
}

/// At most about `MAX_POINTS` points: the lowest and the highest of each stretch, so spikes survive.
pub(crate) fn thinned(points: &[(f64, f64)]) -> Points {
    if points.len() <= MAX_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MAX_POINTS / 2);
    let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let extremes = |part: &[(f64, f64)]| {
        let mut ends: Points =
            [part.iter().min_by(by_value), part.iter().max_by(by_value)].into_iter().flatten().copied().collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        ends
    };
    points.chunks(stretch).flat_map(extremes).collect()
}

/// The range of values to draw: without the first steps where they would flatten the rest.
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Whether the start of training lies outside.
    pub(crate) cut: bool,
}

/// The range over all curves; None without a point.
pub(crate) fn range<'a>(curves: impl Iterator<Item = &'a [(f64, f64)]> + Clone) -> Option<Range> {
    let last = curves.clone().flatten().map(|point| point.0).reduce(f64::max)?;
    let (low, high) = extent(curves.clone().flatten().map(|point| point.1))?;
    let later = curves.flatten().filter(|point| point.0 > last * START).map(|point| point.1);
    let whole = Range { low, high, cut: false };
    let Some((later_low, later_high)) = extent(later) else { return Some(whole) };
    let dwarfed = later_high > later_low && high - low > DWARFED * (later_high - later_low);
    Some(if dwarfed { Range { low: later_low, high: later_high, cut: true } } else { whole })
}

fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |extent, value| {
        let (low, high) = extent.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_spikes_and_order() {
        let mut points: Points = (0..5000).map(|i| (f64::from(i), 1.0)).collect();
        points[1234].1 = 99.0;
        let thin = thinned(&points);
        assert!(thin.len() <= MAX_POINTS + 2);
        assert!(thin.contains(&(1234.0, 99.0)));
        assert!(thin.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn smoothing_keeps_a_constant_and_leaves_short_curves_alone() {
        let points: Points = (0..200).map(|i| (f64::from(i), 3.0)).collect();
        let smooth = smoothed(&points).unwrap();
        assert!(smooth.iter().all(|point| (point.1 - 3.0).abs() < 1e-12));
        assert_eq!(smoothed(&points[..20]), None);
    }

    #[test]
    fn a_start_that_dwarfs_the_rest_leaves_the_scale() {
        let mut points: Points = (0..100).map(|i| (f64::from(i), 100.0 - f64::from(i) * 0.1)).collect();
        assert!(!range([&points[..]].into_iter()).unwrap().cut);
        points[0].1 = 541.0;
        let range = range([&points[..]].into_iter()).unwrap();
        assert!(range.cut && range.high < 101.0);
    }
}
