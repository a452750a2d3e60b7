//! Charts as inline SVG. Colours are classes `c1` to `c7` (Okabe and Ito's palette) that the page's
//! style sheet sets for light and dark; dashes tell curves apart without colour.

mod axis;
mod series;

use crate::format::{number, short_count};
use askama::Template;
use axis::{Axis, Scale, Tick};
pub(crate) use series::Start;
use series::{Points, range, smoothed, thinned};
use std::fmt::Write;

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 230.0;
const LEFT: f64 = 48.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 12.0;
const BOTTOM: f64 = 38.0;

/// One curve to draw.
pub(crate) struct Series {
    /// In the legend; empty for a curve that the legend skips.
    pub(crate) label: String,
    /// (images, value).
    pub(crate) points: Points,
    /// From the palette, 1 to 7.
    pub(crate) colour: usize,
    /// Solid or dashed.
    pub(crate) stroke: Stroke,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stroke {
    /// Drawn through.
    Solid,
    /// Dashed.
    Dashed,
}

impl Stroke {
    fn class(self) -> &'static str {
        match self {
            Self::Solid => "",
            Self::Dashed => "dashed",
        }
    }
}

/// A chart with its title, legend and remarks: one `figure`.
#[derive(Template)]
#[template(path = "chart.html")]
pub(crate) struct Chart {
    title: String,
    description: String,
    legend: Vec<Key>,
    remarks: Vec<String>,
    x_label: &'static str,
    x_ticks: Vec<Tick>,
    y_ticks: Vec<Tick>,
    lines: Vec<Line>,
    bars: Vec<Bar>,
    /// A horizontal line across the plot, for comparison.
    guide: Option<f64>,
    frame: Frame,
    /// Unique within the page.
    id: String,
    bar_class: String,
}

struct Key {
    label: String,
    class: String,
}

struct Line {
    class: String,
    path: String,
}

struct Bar {
    x: f64,
    y: f64,
    width: f64,
    height: f64,
    title: String,
}

struct Frame {
    left: f64,
    top: f64,
    right: f64,
    bottom: f64,
    width: f64,
    height: f64,
}

impl Frame {
    const fn new() -> Self {
        let (right, bottom) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
        Self { left: LEFT, top: TOP, right, bottom, width: WIDTH, height: HEIGHT }
    }
}

/// Draws curves over images seen; None without a point. `id` names the chart within its page.
pub(crate) fn lines(id: &str, title: &str, start: Start, curves: &[Series]) -> Option<Chart> {
    let frame = Frame::new();
    let shown = curves.iter().map(|curve| &curve.points[..]);
    let range = range(shown.clone(), start)?;
    let last = shown.flatten().map(|point| point.0).fold(0.0, f64::max);
    let x = Axis::exact(0.0, last, frame.left, frame.right);
    let y = Axis::fitting(range.low, range.high, range.median, frame.bottom, frame.top);
    let mut remarks = Vec::new();
    if y.scale == Scale::Log {
        remarks.push("Log scale.".to_owned());
    }
    if range.cut {
        remarks.push("The start of training runs off the scale.".to_owned());
    }
    let mut lines = Vec::new();
    for curve in curves {
        let class = format!("c{} {}", curve.colour, curve.stroke.class());
        let smooth = smoothed(&curve.points);
        if smooth.is_some() {
            lines.push(Line { class: format!("raw {class}"), path: path(&curve.points, &x, &y) });
        }
        let points = smooth.as_ref().unwrap_or(&curve.points);
        lines.push(Line { class, path: path(points, &x, &y) });
    }
    if lines.len() > curves.len() {
        remarks.push("Faint: every logged value; strong: running mean.".to_owned());
    }
    // Raw curves lie below all smooth ones.
    lines.sort_by_key(|line| !line.class.starts_with("raw"));
    let named = || curves.iter().filter(|curve| !curve.label.is_empty());
    let key = |curve: &Series| Key {
        label: curve.label.clone(),
        class: format!("c{} {}", curve.colour, curve.stroke.class()),
    };
    let last_value = |curve: &Series| {
        let value = curve.points.last().map_or_else(String::new, |point| number(point.1));
        format!("{} ends at {value}", curve.label)
    };
    Some(Chart {
        title: title.to_owned(),
        description: format!(
            "{title} over images seen. {}.",
            named().map(last_value).collect::<Vec<_>>().join("; ")
        ),
        // A legend that repeats the title says nothing.
        legend: named().filter(|curve| !curve.label.eq_ignore_ascii_case(title)).map(key).collect(),
        remarks,
        x_label: "training images seen",
        x_ticks: x.ticks(),
        y_ticks: y.ticks(),
        lines,
        bars: Vec::new(),
        guide: None,
        frame,
        id: id.to_owned(),
        bar_class: String::new(),
    })
}

/// What bars stand for.
pub(crate) struct Bars<'a> {
    /// Heights, at least 0.
    pub(crate) values: &'a [f64],
    /// Below the axis.
    pub(crate) x_label: &'static str,
    /// A value to hold the bars against, and its name.
    pub(crate) guide: Option<(f64, &'static str)>,
    /// From the palette.
    pub(crate) colour: usize,
}

/// Draws a bar per value; None without values.
pub(crate) fn bars(id: &str, title: &str, bars: &Bars<'_>) -> Option<Chart> {
    let frame = Frame::new();
    let values = bars.values;
    let guide = bars.guide.map_or(0.0, |(value, _)| value);
    let high = values.iter().copied().fold(guide, f64::max);
    let y = Axis::padded(0.0, high, frame.bottom, frame.top);
    let slot = (frame.right - frame.left) / values.len().max(1) as f64;
    let bar = |(index, value): (usize, &f64)| Bar {
        x: frame.left + slot * (index as f64 + 0.12),
        y: y.place(*value),
        width: slot * 0.76,
        height: (frame.bottom - y.place(*value)).max(0.0),
        title: format!("{index}: {}", number(*value)),
    };
    let stride = values.len().div_ceil(12).max(1);
    let tick = |index: usize| Tick {
        at: frame.left + slot * (index as f64 + 0.5),
        label: short_count(index as f64),
    };
    let top = values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    Some(Chart {
        title: title.to_owned(),
        description: format!(
            "{title}: {} bars, the largest is {} at {}.",
            values.len(),
            number(*top.1),
            top.0,
        ),
        legend: Vec::new(),
        remarks: bars
            .guide
            .iter()
            .map(|(value, name)| format!("Dashed: {name} ({}).", number(*value)))
            .collect(),
        x_label: bars.x_label,
        x_ticks: (0..values.len()).step_by(stride).map(tick).collect(),
        y_ticks: y.ticks(),
        lines: Vec::new(),
        bars: values.iter().enumerate().map(bar).collect(),
        guide: bars.guide.map(|(value, _)| y.place(value)),
        frame,
        id: id.to_owned(),
        bar_class: format!("c{}", bars.colour),
    })
}

fn path(points: &[(f64, f64)], x: &Axis, y: &Axis) -> String {
    let mut path = String::new();
    for (index, point) in thinned(points).into_iter().enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        // Far outside values are kept near the clip, so that the path has no absurd numbers.
        let place = y.place(point.1).clamp(-HEIGHT, 2.0 * HEIGHT);
        write!(path, "{command}{:.1} {place:.1}", x.place(point.0))
            .expect("a string takes any text");
    }
    path
}
