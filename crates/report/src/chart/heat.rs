//! A colour per cell of a table.

use super::axis::numbered;
use super::drawing::{Chart, Frame, Tiles, Words};
use super::series::extent;
use crate::format::number;
use std::fmt::Write;

/// Strengths of colour: more than an eye tells apart.
const LEVELS: usize = 24;
/// The palest of them still differs from the paper.
const PALEST: f64 = 0.06;

/// Draws the cells row after row, the top one first; None without a cell.
pub(super) fn heat_map(
    words: Words,
    columns: usize,
    values: &[f64],
    label: &str,
    colour: usize,
) -> Option<Chart> {
    let (low, high) = extent(values.iter().copied())?;
    let frame = Frame::below("");
    let rows = values.len().div_ceil(columns.max(1));
    let width = (frame.right - frame.left) / columns.max(1) as f64;
    let height = (frame.bottom - frame.top) / rows as f64;
    let mut levels = vec![String::new(); LEVELS];
    for (index, value) in values.iter().enumerate() {
        let (row, column) = (index / columns.max(1), index % columns.max(1));
        let share = if high > low { (value - low) / (high - low) } else { 1.0 };
        let level = (share * (LEVELS - 1) as f64).round() as usize;
        let (x, y) = (frame.left + column as f64 * width, frame.top + row as f64 * height);
        write!(levels[level], "M{x:.1} {y:.1}h{width:.1}v{height:.1}h-{width:.1}z")
            .expect("a string takes any text");
    }
    let tiles = levels.into_iter().enumerate().filter(|(_, path)| !path.is_empty());
    let tiles = tiles.map(|(level, path)| Tiles {
        class: format!("c{colour}"),
        opacity: PALEST + (1.0 - PALEST) * level as f64 / (LEVELS - 1) as f64,
        path,
    });
    let what = format!("{rows} rows of {columns} cells, from {} to {}.", number(low), number(high));
    let mut chart = Chart::empty(words, frame, &what);
    chart.remarks.push(format!("Pale: {}; strong: {}.", number(low), number(high)));
    Some(Chart {
        x_label: label.to_owned(),
        x_ticks: numbered(columns, frame.left, width),
        y_ticks: numbered(rows, frame.top, height),
        tiles: tiles.collect(),
        ..chart
    })
}
