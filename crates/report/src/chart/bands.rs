//! Areas between two curves, behind the lines of a chart.

use super::axis::Axis;
use super::drawing::{Area, Key, Sign};
use super::palette::Tint;
use super::series::Points;
use crate::format::number;
use genlab_results::Band;
use std::cmp::Ordering;
use std::fmt::Write;

/// Opacity of one band. Where bands lie over one another it adds up.
const OPACITY: f64 = 0.17;
/// More points than this are thinned out, as those of lines are.
const MAX_POINTS: usize = 500;

/// What bands add to a chart.
#[derive(Default)]
pub(super) struct Bands {
    pub(super) areas: Vec<Area>,
    pub(super) legend: Vec<Key>,
    /// Where each ends, in words.
    pub(super) ends: Vec<String>,
}

/// Draws bands, the widest first. Those of one colour are taken to lie within each other, as quantiles
/// do: in the legend each is as strong as where it is seen.
pub(super) fn bands(
    bands: &[Band],
    series: &[(String, Points)],
    own: Tint,
    [x, y]: [&Axis; 2],
) -> Bands {
    let mut drawn = Bands::default();
    let colours = bands.iter().enumerate().map(|(index, band)| colour_of(index, band, series, own));
    let mut sorted: Vec<(&Band, Tint)> = bands.iter().zip(colours).collect();
    sorted.sort_by(|(a, _), (b, _)| width(b).partial_cmp(&width(a)).unwrap_or(Ordering::Equal));
    for (index, (band, colour)) in sorted.iter().enumerate() {
        let Some((_, low, high)) = band.points.last() else { continue };
        let class = colour.to_string();
        let around = sorted[..index].iter().filter(|(_, other)| other == colour).count();
        let seen = 1.0 - (1.0 - OPACITY).powf(around as f64 + 1.0);
        drawn.areas.push(Area {
            class: format!("bar {class}"),
            opacity: OPACITY,
            path: outline(&band.points, x, y),
        });
        if !band.name.is_empty() {
            let ends = format!("{} ends between {} and {}", band.name, number(*low), number(*high));
            drawn.ends.push(ends);
            drawn.legend.push(Key { label: band.name.clone(), class, sign: Sign::Area(seen) });
        }
    }
    drawn
}

/// The colour of the curve that a band belongs to by its name, or of the only one; else one of its own.
fn colour_of(index: usize, band: &Band, series: &[(String, Points)], own: Tint) -> Tint {
    let belongs = |name: &str| !name.is_empty() && band.name.starts_with(name);
    let curves = series.iter().enumerate().filter(|(_, (name, _))| belongs(name));
    match curves.max_by_key(|(_, (name, _))| name.len()) {
        Some((curve, _)) => Tint::of(curve, series.len(), own),
        None if series.len() < 2 => own,
        None => Tint::of(series.len() + index, series.len(), own),
    }
}

/// The mean distance of its edges.
fn width(band: &Band) -> f64 {
    let sum: f64 = band.points.iter().map(|(_, low, high)| high - low).sum();
    sum / band.points.len().max(1) as f64
}

/// There along the upper edge, and back along the lower one.
fn outline(points: &[(f64, f64, f64)], x: &Axis, y: &Axis) -> String {
    let stretch = points.len().div_ceil(MAX_POINTS).max(1);
    let widest = |part: &[(f64, f64, f64)]| {
        let low = part.iter().map(|point| point.1).fold(f64::INFINITY, f64::min);
        let high = part.iter().map(|point| point.2).fold(f64::NEG_INFINITY, f64::max);
        (part[0].0, low, high)
    };
    let points: Vec<_> = points.chunks(stretch).map(widest).collect();
    let there = points.iter().map(|(at, _, high)| (at, high));
    let back = points.iter().rev().map(|(at, low, _)| (at, low));
    let mut path = String::new();
    for (index, (at, value)) in there.chain(back).enumerate() {
        let command = if index == 0 { 'M' } else { 'L' };
        write!(path, "{command}{:.1} {:.1}", x.place(*at), y.place(*value))
            .expect("a string takes any text");
    }
    path + "z"
}
