//! Curves made readable: smoothed, thinned out, cut where the start of training dwarfs the rest.

/// More points than this are thinned out; a chart is about 400 pixels wide.
const MAX_POINTS: usize = 500;
/// Fewer points than this are drawn as they are.
const SMOOTH_FROM: usize = 60;
/// Half the window of the running mean, as a share of the curve.
const HALF_WINDOW: f64 = 1.0 / 80.0;
/// A curve that strays less than this share of its range from its mean needs no mean.
const ROUGH: f64 = 0.004;
/// The start of training that may leave the scale.
const START: f64 = 0.05;
/// How much wider the full range must be before the start leaves the scale.
const DWARFED: f64 = 2.0;

/// (x, y) in the data's units.
pub(crate) type Points = Vec<(f64, f64)>;

/// The running mean over a window around each point, narrower at the start, where curves are steep, so that it never
/// lags there, and cut at the end, where one last value would be all of it else; None where the curve is short or smooth enough to be read as it is.
pub(crate) fn smoothed(points: &[(f64, f64)]) -> Option<Points> {
    if points.len() < SMOOTH_FROM {
        return None;
    }
    let (low, high) = extent(points.iter().map(|point| point.1))?;
    let half = (points.len() as f64 * HALF_WINDOW).ceil() as usize;
    let mean = |index: usize| {
        let half = half.min(index);
        let window = &points[index - half..=(index + half).min(points.len() - 1)];
        window.iter().map(|point| point.1).sum::<f64>() / window.len() as f64
    };
    let smooth: Points = (0..points.len()).map(|index| (points[index].0, mean(index))).collect();
    let strays = points.iter().zip(&smooth).map(|(raw, mean)| (raw.1 - mean.1).abs()).sum::<f64>();
    (strays / points.len() as f64 > ROUGH * (high - low)).then_some(smooth)
}

/// At most about `MAX_POINTS` points: the lowest and the highest of each stretch, so spikes survive.
pub(crate) fn thinned(points: &[(f64, f64)]) -> Points {
    if points.len() <= MAX_POINTS {
        return points.to_vec();
    }
    let stretch = points.len().div_ceil(MAX_POINTS / 2);
    let by_value = |a: &&(f64, f64), b: &&(f64, f64)| a.1.total_cmp(&b.1);
    let extremes = |part: &[(f64, f64)]| {
        let mut ends: Points = [part.iter().min_by(by_value), part.iter().max_by(by_value)]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        ends.sort_by(|a, b| a.0.total_cmp(&b.0));
        ends.dedup();
        ends
    };
    points.chunks(stretch).flat_map(extremes).collect()
}

/// Whether the first steps may leave the scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// Where they would flatten the rest.
    MayBeCut,
    /// Never: a schedule is read from its first value on.
    Shown,
}

/// The range of values to draw: without the first steps where they would flatten the rest.
pub(crate) struct Range {
    pub(crate) low: f64,
    pub(crate) high: f64,
    /// Whether the start of training lies outside.
    pub(crate) cut: bool,
    /// Half of the points lie below it.
    pub(crate) median: f64,
}

/// The range over all curves; None without a point.
pub(crate) fn range<'a>(
    curves: impl Iterator<Item = &'a [(f64, f64)]> + Clone,
    start: Start,
) -> Option<Range> {
    let last = curves.clone().flatten().map(|point| point.0).reduce(f64::max)?;
    let (low, high) = extent(curves.clone().flatten().map(|point| point.1))?;
    let mut values: Vec<f64> = curves.clone().flatten().map(|point| point.1).collect();
    values.sort_by(f64::total_cmp);
    let median = values[values.len() / 2];
    let later = curves.flatten().filter(|point| point.0 > last * START).map(|point| point.1);
    let whole = Range { low, high, cut: false, median };
    let Some((_, later_high)) = extent(later) else { return Some(whole) };
    let dwarfed =
        start == Start::MayBeCut && later_high > low && high - low > DWARFED * (later_high - low);
    let rest = Range { low, high: later_high, cut: true, median };
    Some(if dwarfed { rest } else { whole })
}

/// The extents of points along both axes; None without a point.
pub(super) fn extents(points: impl Iterator<Item = (f64, f64)> + Clone) -> Option<[(f64, f64); 2]> {
    Some([extent(points.clone().map(|point| point.0))?, extent(points.map(|point| point.1))?])
}

/// The least and the greatest; None without a value.
pub(super) fn extent(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
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
    fn a_running_mean_halves_the_noise_and_never_lags() {
        let zigzag = |i: i32| f64::from(i) + if i % 2 == 0 { 9.0 } else { -9.0 };
        let points: Points = (0..200).map(|i| (f64::from(i), zigzag(i))).collect();
        let smooth = smoothed(&points).unwrap();
        assert!(smooth[10..190].iter().all(|(x, y)| (x - y).abs() < 2.0));
        let straight: Points = (0..200).map(|i| (f64::from(i), f64::from(i))).collect();
        assert_eq!(smoothed(&straight), None, "a smooth curve needs no mean");
        assert_eq!(smoothed(&points[..20]), None);
    }

    #[test]
    fn a_start_that_dwarfs_the_rest_leaves_the_scale() {
        let mut points: Points =
            (0..100).map(|i| (f64::from(i), 100.0 - f64::from(i) * 0.1)).collect();
        assert!(!range([&points[..]].into_iter(), Start::MayBeCut).unwrap().cut);
        points[0].1 = 541.0;
        assert!(!range([&points[..]].into_iter(), Start::Shown).unwrap().cut);
        let range = range([&points[..]].into_iter(), Start::MayBeCut).unwrap();
        assert!(range.cut && range.high < 101.0);
    }
}
