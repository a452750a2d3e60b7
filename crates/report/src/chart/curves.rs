//! Curves: scalars logged over training, and any others.

use super::axis::{Axis, Scale};
use super::bands::{Bands, bands};
use super::drawing::{Chart, Frame, Key, Line, Sign, Words};
use super::palette::Tint;
use super::series::{Points, Range, Start, extents, range, smoothed, thinned};
use crate::format::number;
use genlab_results::{Axes, Band};
use std::fmt::Write;

/// One curve to draw.
pub(crate) struct Series {
    /// In the legend; empty for a curve that the legend skips.
    pub(crate) label: String,
    /// (seen in training, value).
    pub(crate) points: Points,
    /// From the palette.
    pub(crate) colour: Tint,
    /// Solid, dashed or dotted.
    pub(crate) stroke: Stroke,
}

impl Series {
    fn class(&self) -> String {
        format!("{}{}", self.colour, self.stroke.class())
    }
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// Drawn through.
    Solid,
    /// Dashed.
    Dashed,
    /// Dotted.
    Dotted,
}

impl Stroke {
    fn class(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Dashed => " dashed",
            Self::Dotted => " dotted",
        }
    }
}

/// Draws scalars over what training has seen, `noun`, with the running mean of those that are rough;
/// None without a point. `id` names the chart within its page.
pub(crate) fn training(
    [id, title, noun]: [&str; 3],
    start: Start,
    curves: &[Series],
) -> Option<Chart> {
    let frame = Frame::below("");
    let shown = curves.iter().map(|curve| &curve.points[..]);
    let Range { low, high, cut, median } = range(shown.clone(), start)?;
    let last = shown.flatten().map(|point| point.0).fold(0.0, f64::max);
    let x = Axis::exact(0.0, last, frame.left, frame.right);
    let y = Axis::fitting(low, high, median, frame.bottom, frame.top);
    let mut lines = Vec::new();
    for curve in curves {
        let class = curve.class();
        let smooth = smoothed(&curve.points);
        if smooth.is_some() {
            let path = path(&curve.points, &x, &y);
            lines.push(Line { class: format!("line raw {class}"), path });
        }
        let points = smooth.as_ref().unwrap_or(&curve.points);
        lines.push(Line { class: format!("line {class}"), path: path(points, &x, &y) });
    }
    let words = Words {
        id: id.to_owned(),
        title: title.to_owned(),
        alt: format!("{title} over {noun} seen"),
        remark: String::new(),
    };
    let what = sentence(ends(curves).collect());
    let mut chart = Chart::empty(words, frame, &what).with_grid(y.ticks());
    if y.scale == Scale::Log {
        chart.remarks.push("Log scale.".to_owned());
    }
    if cut {
        chart.remarks.push("The start of training runs off the scale.".to_owned());
    }
    if lines.len() > curves.len() {
        chart.remarks.push("Faint: every logged value; strong: running mean.".to_owned());
    }
    // Raw curves lie below all smooth ones.
    lines.sort_by_key(|line| !line.class.starts_with("line raw"));
    let x_label = format!("training {noun} seen");
    Some(Chart {
        legend: legend(curves, title),
        x_label,
        x_ticks: x.ticks(),
        lines,
        axes: Some([x, y]),
        ..chart
    })
}

/// Draws curves as they are, over bands; None without a point.
pub(super) fn lines(
    words: Words,
    series: &[(String, Points)],
    behind: &[Band],
    [x_label, y_label]: [&str; 2],
    axes: Axes,
    own: Tint,
) -> Option<Chart> {
    let frame = Frame::below(y_label);
    let points = series.iter().flat_map(|(_, points)| points.iter().copied());
    let edges = behind.iter().flat_map(|band| &band.points);
    let edges = edges.flat_map(|(x, low, high)| [(*x, *low), (*x, *high)]);
    let [(left, right), (low, high)] = extents(points.chain(edges))?;
    let x = Axis::exact(left, right, frame.left, frame.right);
    let y = Axis::padded(low, high, frame.bottom, frame.top);
    let [x, y] = match axes {
        Axes::Linear => [x, y],
        Axes::Log => [x.on_log_scale(left, right), y.on_log_scale(low, high)],
    };
    let curve = |(index, (label, points)): (usize, &(String, Points))| {
        let (label, points) = (label.clone(), points.clone());
        let colour = Tint::of(index, series.len(), own);
        Series { label, points, colour, stroke: Stroke::Solid }
    };
    let curves: Vec<Series> = series.iter().enumerate().map(curve).collect();
    let line = |curve: &Series| Line {
        class: format!("line {}", curve.class()),
        path: path(&curve.points, &x, &y),
    };
    let Bands { areas, legend: keys, ends: edges } = bands(behind, series, own, [&x, &y]);
    let what = sentence(ends(&curves).chain(edges).collect());
    let mut chart = Chart::empty(words, frame, &what).with_grid(y.ticks());
    chart.remarks.extend(scales([x.scale, y.scale]).map(str::to_owned));
    Some(Chart {
        legend: legend(&curves, &chart.title).into_iter().chain(keys).collect(),
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        x_ticks: x.ticks(),
        areas,
        lines: curves.iter().map(line).collect(),
        axes: behind.is_empty().then_some([x, y]),
        ..chart
    })
}

/// Which axes, across and up, are on log scales, in words.
pub(super) fn scales(axes: [Scale; 2]) -> Option<&'static str> {
    match axes {
        [Scale::Linear, Scale::Linear] => None,
        [Scale::Log, Scale::Linear] => Some("Log scale across."),
        [Scale::Linear, Scale::Log] => Some("Log scale up."),
        [Scale::Log, Scale::Log] => Some("Log scales."),
    }
}

/// A legend that repeats the title says nothing.
fn legend(curves: &[Series], title: &str) -> Vec<Key> {
    let key = |curve: &Series| Key {
        label: curve.label.clone(),
        class: curve.class(),
        sign: Sign::Stroke,
    };
    named(curves).filter(|curve| !curve.label.eq_ignore_ascii_case(title)).map(key).collect()
}

/// Where each curve ends, in words.
fn ends(curves: &[Series]) -> impl Iterator<Item = String> {
    let last_value = |curve: &Series| {
        let value = curve.points.last().map_or_else(String::new, |point| number(point.1));
        format!("{} ends at {value}", curve.label)
    };
    named(curves).map(last_value)
}

fn sentence(parts: Vec<String>) -> String {
    parts.join("; ") + "."
}

fn named(curves: &[Series]) -> impl Iterator<Item = &Series> {
    curves.iter().filter(|curve| !curve.label.is_empty())
}

fn path(points: &[(f64, f64)], x: &Axis, y: &Axis) -> String {
    // Far outside values are kept near the clip, so that the path has no absurd numbers.
    let [near, far] = [2.0 * y.end - y.start, 2.0 * y.start - y.end];
    let mut path = String::new();
    for (index, point) in thinned(points).into_iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        let place = y.place(point.1).clamp(near.min(far), near.max(far));
        write!(path, "{command}{:.1} {place:.1}", x.place(point.0))
            .expect("a string takes any text");
    }
    path
}
