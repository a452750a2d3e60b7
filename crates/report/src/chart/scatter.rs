//! Points in a plane.

use super::axis::Axis;
use super::drawing::{Chart, Frame, Key, Line, Words, colour};
use super::series::{Points, extents};
use crate::names::counted;
use std::fmt::Write;

/// Draws the points of each series in a colour of its own; None without a point.
pub(super) fn scatter(
    words: Words,
    series: &[(String, Points)],
    [x_label, y_label]: [&str; 2],
    own: usize,
) -> Option<Chart> {
    let frame = Frame::below(y_label);
    let [(left, right), (low, high)] = extents(series)?;
    let x = Axis::padded(left, right, frame.left, frame.right);
    let y = Axis::padded(low, high, frame.bottom, frame.top);
    let class = |index| format!("c{}", colour(index, series.len(), own));
    let dots = |(index, (_, points)): (usize, &(String, Points))| {
        let mut path = String::new();
        for point in points {
            write!(path, "M{:.1} {:.1}h0", x.place(point.0), y.place(point.1))
                .expect("a string takes any text");
        }
        Line { class: format!("dots {}", class(index)), path }
    };
    let named = series.iter().enumerate().filter(|(_, (name, _))| !name.is_empty());
    let key = |(index, (name, _)): (usize, &(String, Points))| Key {
        label: name.clone(),
        class: class(index),
    };
    let what =
        format!("{}.", counted(series.iter().map(|(_, points)| points.len()).sum(), "point"));
    Some(Chart {
        legend: named.map(key).collect(),
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        x_ticks: x.ticks(),
        lines: series.iter().enumerate().map(dots).collect(),
        ..Chart::empty(words, frame, &what).with_grid(y.ticks())
    })
}
