//! Ways through a plane over a field of arrows.

use super::axis::Axis;
use super::drawing::{Chart, Key, Line, Sign, Words};
use super::palette::Tint;
use super::scatter::{Plane, shades};
use super::series::Points;
use crate::names::counted;
use genlab_results::{Arrow, Field};
use std::fmt::Write;

/// The longest arrow, as a share of the distance between neighbours.
const LONGEST: f64 = 0.9;
/// The barbs of an arrow, as a share of its length, and the cosine and sine of their angle to it.
const BARB: f64 = 0.36;
const TURN: (f64, f64) = (0.866, 0.5);
/// Arrows that are shorter, on the page, show no direction.
const SHORTEST: f64 = 1.0;

/// What paths and arrows are called, in this order.
pub(super) type Names<'a> = [&'a str; 2];

/// Draws paths over arrows over a density, both axes to one scale; None where the density has no cells.
pub(super) fn paths(
    words: Words,
    paths: &[Points],
    arrows: &[Arrow],
    names: Names<'_>,
    density: &Field,
    [x_label, y_label]: [&str; 2],
    own: Tint,
) -> Option<Chart> {
    density.rows()?;
    let Plane { frame, x, y } = Plane::of(density, y_label);
    let class = own.to_string();
    let ways = paths
        .iter()
        .map(|points| Line { class: format!("line way {class}"), path: way(points, &x, &y) });
    let ends = paths.iter().filter_map(|points| points.last()).fold(String::new(), |path, end| {
        format!("{path}M{:.1} {:.1}h0", x.place(end.0), y.place(end.1))
    });
    let field = Line { class: "arrows".to_owned(), path: drawn(arrows, &x, &y) };
    let lines = [field]
        .into_iter()
        .chain(ways)
        .chain([Line { class: format!("dots {class}"), path: ends }])
        .collect();
    let key = |label: &str, class: &str, sign| Key {
        label: label.to_owned(),
        class: class.to_owned(),
        sign,
    };
    let what = format!(
        "{} over {} and a density.",
        counted(paths.len(), "path"),
        counted(arrows.len(), "arrow")
    );
    Some(Chart {
        legend: vec![
            key(names[0], &class, Sign::Stroke),
            key("their ends", &class, Sign::Dot),
            key(names[1], "arrows", Sign::Stroke),
        ],
        x_label: x_label.to_owned(),
        y_label: y_label.to_owned(),
        x_ticks: x.ticks(),
        areas: shades(density, &frame),
        lines,
        ..Chart::empty(words, frame, &what).with_grid(y.ticks())
    })
}

/// A line through all points.
fn way(points: &[(f64, f64)], x: &Axis, y: &Axis) -> String {
    let mut path = String::new();
    for (index, point) in points.iter().enumerate() {
        let to = if index == 0 { 'M' } else { 'L' };
        write!(path, "{to}{:.1} {:.1}", x.place(point.0), y.place(point.1))
            .expect("a string takes any text");
    }
    path
}

/// Arrows as strokes with two barbs, the longest as long as fits between neighbours.
fn drawn(arrows: &[Arrow], x: &Axis, y: &Axis) -> String {
    let length = |arrow: &Arrow| arrow.along.0.hypot(arrow.along.1);
    let longest = arrows.iter().map(length).fold(0.0, f64::max);
    let apart = ((x.end - x.start) * (y.end - y.start)).abs() / arrows.len().max(1) as f64;
    let mut path = String::new();
    for arrow in arrows {
        let size = length(arrow);
        let drawn = LONGEST * apart.sqrt() * (size / longest).sqrt();
        if !(drawn >= SHORTEST && x.holds(arrow.from.0) && y.holds(arrow.from.1)) {
            continue;
        }
        // On the page heights grow downwards.
        let (across, down) = (drawn * arrow.along.0 / size, -drawn * arrow.along.1 / size);
        let middle = (x.place(arrow.from.0), y.place(arrow.from.1));
        let tip = (middle.0 + 0.5 * across, middle.1 + 0.5 * down);
        let barb = |side: f64| {
            let (cos, sin) = (TURN.0, side * TURN.1);
            (tip.0 - BARB * (cos * across - sin * down), tip.1 - BARB * (sin * across + cos * down))
        };
        let ([left, right], tail) = ([barb(1.0), barb(-1.0)], (tip.0 - across, tip.1 - down));
        write!(
            path,
            "M{:.1} {:.1}L{:.1} {:.1}M{:.1} {:.1}L{:.1} {:.1}L{:.1} {:.1}",
            tail.0, tail.1, tip.0, tip.1, left.0, left.1, tip.0, tip.1, right.0, right.1
        )
        .expect("a string takes any text");
    }
    path
}
