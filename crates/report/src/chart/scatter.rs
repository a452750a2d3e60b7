//! Points in a plane, and what lies under them.

use super::axis::Axis;
use super::curves::scales;
use super::drawing::{Area, Chart, Frame, Key, Line, Sign, Words};
use super::heat::{Tiles, tiles};
use super::palette::Tint;
use super::series::{Points, extents};
use crate::format::count;
use crate::names::counted;
use genlab_results::Field;
use std::fmt::Write;

/// More points than this are drawn finer.
const MANY: usize = 600;
/// Values this many times as large as others are shown on a log scale.
const WIDE: f64 = 8.0;
/// How strong a density is at its maximum: points on it are still seen.
const STRONGEST: f64 = 0.62;

/// Draws the points of each series in a colour of its own, over the density where there is one; None
/// without either.
pub(super) fn scatter(
    words: Words,
    series: &[(String, Points)],
    density: Option<&Field>,
    [x_label, y_label]: [&str; 2],
    own: Tint,
) -> Option<Chart> {
    let density = density.filter(|field| field.rows().is_some());
    let plane = match density {
        Some(field) => Plane::of(field, y_label),
        None => Plane::around(series, y_label)?,
    };
    Some(dotted(words, series, density, [x_label, y_label], own, &plane))
}

/// Draws a few points of each series, on log scales where values differ by much; None without a point.
pub(crate) fn against(
    words: Words,
    series: &[(String, Points)],
    [x_label, y_label]: [&str; 2],
) -> Option<Chart> {
    let Plane { frame, x, y } = Plane::around(series, y_label)?;
    let points = series.iter().flat_map(|(_, points)| points.iter().copied());
    let [(left, right), (low, high)] = extents(points)?;
    let wide = |low: f64, high: f64| low > 0.0 && high > WIDE * low;
    let x = if wide(left, right) { x.on_log_scale(left, right) } else { x };
    let y = if wide(low, high) { y.on_log_scale(low, high) } else { y };
    let mut chart =
        dotted(words, series, None, [x_label, y_label], Tint::FIRST, &Plane { frame, x, y });
    chart.remarks.extend(scales([x.scale, y.scale]).map(str::to_owned));
    for line in &mut chart.lines {
        line.class.push_str(" few");
    }
    Some(chart)
}

fn dotted(
    words: Words,
    series: &[(String, Points)],
    density: Option<&Field>,
    [x_label, y_label]: [&str; 2],
    own: Tint,
    Plane { frame, x, y }: &Plane,
) -> Chart {
    let total: usize = series.iter().map(|(_, points)| points.len()).sum();
    let fine = if total > MANY { " fine" } else { "" };
    let class = |index| Tint::of(index, series.len(), own).to_string();
    let mut outside = 0;
    let mut dots = |(index, (_, points)): (usize, &(String, Points))| {
        let mut path = String::new();
        for point in points {
            if !(x.holds(point.0) && y.holds(point.1)) {
                outside += 1;
                continue;
            }
            write!(path, "M{:.1} {:.1}h0", x.place(point.0), y.place(point.1))
                .expect("a string takes any text");
        }
        Line { class: format!("dots{fine} {}", class(index)), path }
    };
    let lines = series.iter().enumerate().map(&mut dots).collect();
    let named = series.iter().enumerate().filter(|(_, (name, _))| !name.is_empty());
    let key = |(index, (name, _)): (usize, &(String, Points))| Key {
        label: name.clone(),
        class: class(index),
        sign: Sign::Dot,
    };
    let over = if density.is_some() { " over a density" } else { "" };
    let what = format!("{}{over}.", counted(total, "point"));
    let mut chart = Chart::empty(words, *frame, &what);
    if outside > 0 {
        let lie = if outside == 1 { "lies" } else { "lie" };
        let [outside, total] = [outside, total].map(|n| count(n as f64));
        chart.remarks.push(format!("{outside} of {total} points {lie} outside."));
    }
    Chart {
        legend: named.map(key).collect(),
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        x_ticks: x.ticks(),
        areas: density.map_or_else(Vec::new, |field| shades(field, frame)),
        lines,
        ..chart.with_grid(y.ticks())
    }
}

/// The part of a plane that is shown.
pub(super) struct Plane {
    pub(super) frame: Frame,
    pub(super) x: Axis,
    pub(super) y: Axis,
}

impl Plane {
    /// Exactly the field, both axes to one scale.
    pub(super) fn of(field: &Field, y_label: &str) -> Self {
        let ([left, right], [low, high]) = (field.x, field.y);
        let frame = Frame::to_scale(y_label, right - left, high - low);
        let x = Axis::exact(left, right, frame.left, frame.right);
        let y = Axis::exact(low, high, frame.bottom, frame.top);
        Self { frame, x, y }
    }

    /// All points with some air; None without a point.
    fn around(series: &[(String, Points)], y_label: &str) -> Option<Self> {
        let frame = Frame::below(y_label);
        let points = series.iter().flat_map(|(_, points)| points.iter().copied());
        let [(left, right), (low, high)] = extents(points)?;
        let x = Axis::padded(left, right, frame.left, frame.right);
        let y = Axis::padded(low, high, frame.bottom, frame.top);
        Some(Self { frame, x, y })
    }
}

/// The density from nothing to its maximum, without the cells that are next to nothing.
pub(super) fn shades(field: &Field, frame: &Frame) -> Vec<Area> {
    let most = field.values.iter().copied().fold(0.0, f64::max);
    let share = |value| if most > 0.0 { value / most } else { 0.0 };
    let area = |Tiles { strength, path }: Tiles| Area {
        class: "field tile".to_owned(),
        opacity: STRONGEST * strength,
        path,
    };
    let tiles = tiles(&field.values, field.columns, frame, share).into_iter();
    tiles.filter(|tiles| tiles.strength > 0.0).map(area).collect()
}
