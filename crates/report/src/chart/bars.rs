//! A bar per value.

use super::axis::{Axis, numbered};
use super::drawing::{Bar, Chart, Frame, Words};
use super::palette::Tint;
use crate::format::number;
use crate::names::counted;

/// Draws a bar per value, all at least 0, and the guide as a line across; None without values.
pub(super) fn bars(
    words: Words,
    values: &[f64],
    x_label: &str,
    guide: Option<&(f64, String)>,
    colour: Tint,
) -> Option<Chart> {
    let frame = Frame::below("");
    let high = values.iter().copied().fold(guide.map_or(0.0, |(value, _)| *value), f64::max);
    let y = Axis::padded(0.0, high, frame.bottom, frame.top);
    let slot = (frame.right - frame.left) / values.len().max(1) as f64;
    let bar = |(index, value): (usize, &f64)| Bar {
        x: frame.left + slot * (index as f64 + 0.12),
        y: y.place(*value),
        width: slot * 0.76,
        height: (frame.bottom - y.place(*value)).max(0.0),
        class: colour.to_string(),
        title: format!("{index}: {}", number(*value)),
    };
    let top = values.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1))?;
    let bars = counted(values.len(), "bar");
    let what = format!("{bars}, the largest is {} at {}.", number(*top.1), top.0);
    let mut chart = Chart::empty(words, frame, &what).with_grid(y.ticks());
    let dashed = guide.map(|(value, name)| format!("Dashed: {name} ({}).", number(*value)));
    chart.remarks.extend(dashed);
    Some(Chart {
        x_label: x_label.to_owned(),
        x_ticks: numbered(values.len(), frame.left, slot),
        bars: values.iter().enumerate().map(bar).collect(),
        guide: guide.map(|(value, _)| y.place(*value)),
        ..chart
    })
}
