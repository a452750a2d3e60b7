//! Figures of data that are no images: points in a plane, and series.

use super::{Noise, figure};
use genlab_results::{Axes, Band, Field, Figure, Plot};
use std::f64::consts::{PI, TAU};

/// Gaussians on the ring.
const MODES: usize = 8;
const RADIUS: f64 = 2.0;
const SPREAD: f64 = 0.2;
/// The density is known within this distance from the middle, in this many cells a side.
const REACH: f64 = 3.0;
const CELLS: usize = 96;

fn centre(mode: usize) -> (f64, f64) {
    let angle = TAU * mode as f64 / MODES as f64;
    (RADIUS * angle.cos(), RADIUS * angle.sin())
}

/// `count` samples of a ring of eight Gaussians over its density; `error` is how bad the model is, 0 to
/// 1. With `classes` there is a series per Gaussian.
pub(crate) fn ring(count: usize, classes: usize, error: f64, noise: &mut Noise) -> Figure {
    let mut series = vec![(String::new(), Vec::new()); classes.max(1)];
    for (index, (name, _)) in series.iter_mut().enumerate().filter(|_| classes > 1) {
        *name = format!("class {index}");
    }
    for index in 0..count {
        let mode = index % MODES;
        let (x, y) = centre(mode);
        let spread = if noise.unit() < 0.1 * error { 1.0 } else { SPREAD * (1.0 + error) };
        let inward = 1.0 - 0.15 * error;
        let point = (inward * x + spread * noise.normal(), inward * y + spread * noise.normal());
        series[mode % classes.max(1)].1.push(point);
    }
    let (x_label, y_label) = ("first coordinate".into(), "second coordinate".into());
    let plot = Plot::Scatter { series, density: Some(density()), x_label, y_label };
    let caption = "A point per sample over the density that the data come from.";
    figure("plane", "Samples in the plane", caption, plot)
}

fn density() -> Field {
    let place = |cell: usize| REACH * ((2 * cell + 1) as f64 / CELLS as f64 - 1.0);
    let value = |at: usize| {
        let (x, y) = (place(at % CELLS), -place(at / CELLS));
        let near = |mode: usize| {
            let (a, b) = centre(mode);
            (-((x - a).powi(2) + (y - b).powi(2)) / (2.0 * SPREAD * SPREAD)).exp()
        };
        (0..MODES).map(near).sum::<f64>() / (MODES as f64 * TAU * SPREAD * SPREAD)
    };
    let values = (0..CELLS * CELLS).map(value).collect();
    Field { columns: CELLS, values, x: [-REACH, REACH], y: [-REACH, REACH] }
}

/// How many samples each Gaussian has, and how they lie.
pub(crate) fn modes(error: f64, noise: &mut Noise) -> Figure {
    let columns = ["Gaussian", "samples", "share", "distance"].map(str::to_owned).to_vec();
    let row = |mode: usize| {
        let share = 0.125 * (1.0 + 0.4 * error * noise.normal());
        let distance = 0.1 * error * (1.0 + 0.3 * noise.normal());
        let samples = format!("{:.0}", share * 2000.0);
        vec![format!("{mode}"), samples, format!("{share:.3}"), format!("{distance:.2}")]
    };
    let rows = (0..MODES).map(row).collect();
    let caption =
        "Samples by the Gaussian that they are nearest to, and how far their mean is off.";
    figure("modes", "Modes", caption, Plot::Table { columns, rows })
}

/// Quantiles of samples over those of real series.
pub(crate) fn fan(error: f64) -> Figure {
    let level = |t: f64| (t * TAU / 24.0).sin() + 0.02 * t;
    let spread = |t: f64| 0.25 + 0.2 * (t * PI / 48.0).sin();
    let curve = |shift: f64, z: f64| -> Vec<(f64, f64)> {
        (0..=48).map(f64::from).map(|t| (t, level(t - 4.0 * shift) + z * spread(t))).collect()
    };
    let band = |name: &str, shift: f64, z: f64| {
        let edges = curve(shift, -z).into_iter().zip(curve(shift, z));
        let points = edges.map(|((t, low), (_, high))| (t, low, high)).collect();
        Band { name: name.into(), points }
    };
    let series = vec![
        ("samples".to_owned(), curve(error, 0.0)),
        ("test series".to_owned(), curve(0.0, 0.0)),
    ];
    let bands = vec![
        band("samples, 50 %", error, 0.67 * (1.0 - 0.4 * error)),
        band("samples, 90 %", error, 1.64 * (1.0 - 0.4 * error)),
        band("test series, 90 %", 0.0, 1.64),
    ];
    let (x_label, y_label) = ("hour".into(), "value".into());
    let caption =
        "Medians, and where the middle half and nine tenths of the series lie at each hour.";
    let plot = Plot::Lines { series, bands, x_label, y_label, axes: Axes::Linear };
    figure("fan", "Quantiles over time", caption, plot)
}
