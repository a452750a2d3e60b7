//! A colour per cell of a table.

use super::axis::numbered;
use super::drawing::{Area, Chart, Frame, Words};
use super::palette::Tint;
use super::series::extent;
use crate::format::number;
use std::fmt::Write;

/// Strengths of colour: more than an eye tells apart.
const LEVELS: usize = 24;
/// The palest of them still differs from the paper.
const PALEST: f64 = 0.06;

/// Cells of one strength.
pub(super) struct Tiles {
    /// 0 for the weakest, 1 for the strongest.
    pub(super) strength: f64,
    pub(super) path: String,
}

/// The cells as tiles that fill the frame, row after row, the top one first: one path per strength
/// that occurs, the weakest first. `share` says how strong a value is, from 0 to 1.
pub(super) fn tiles(
    values: &[f64],
    columns: usize,
    frame: &Frame,
    share: impl Fn(f64) -> f64,
) -> Vec<Tiles> {
    let columns = columns.max(1);
    let rows = values.len().div_ceil(columns);
    let strongest = (LEVELS - 1) as f64;
    let level = |value: &f64| (share(*value).clamp(0.0, 1.0) * strongest).round() as usize;
    // Edges are rounded and sizes are not, so that neighbours meet.
    let edge =
        |start: f64, end: f64, share: f64| (10.0 * (start + (end - start) * share)).round() / 10.0;
    let across = |column: usize| edge(frame.left, frame.right, column as f64 / columns as f64);
    let down = |row: usize| edge(frame.top, frame.bottom, row as f64 / rows as f64);
    let mut levels = vec![String::new(); LEVELS];
    for (row, cells) in values.chunks(columns).enumerate() {
        let (top, height) = (down(row), down(row + 1) - down(row));
        let mut column = 0;
        // Neighbours of one strength are one tile: most of a density is empty or flat.
        for run in cells.chunk_by(|a, b| level(a) == level(b)) {
            let left = across(column);
            column += run.len();
            let width = across(column) - left;
            let path = &mut levels[level(&run[0])];
            write!(path, "M{left:.1} {top:.1}h{width:.1}v{height:.1}h-{width:.1}z")
                .expect("a string takes any text");
        }
    }
    let tiles = levels.into_iter().enumerate().filter(|(_, path)| !path.is_empty());
    tiles.map(|(level, path)| Tiles { strength: level as f64 / strongest, path }).collect()
}

/// Draws the cells row after row, the top one first; None without a cell.
pub(super) fn heat_map(
    words: Words,
    columns: usize,
    values: &[f64],
    label: &str,
    colour: Tint,
) -> Option<Chart> {
    let (low, high) = extent(values.iter().copied())?;
    let frame = Frame::below("");
    let rows = values.len().div_ceil(columns.max(1));
    let width = (frame.right - frame.left) / columns.max(1) as f64;
    let height = (frame.bottom - frame.top) / rows as f64;
    let share = |value| if high > low { (value - low) / (high - low) } else { 1.0 };
    let area = |tiles: Tiles| Area {
        class: format!("bar tile {colour}"),
        opacity: PALEST + (1.0 - PALEST) * tiles.strength,
        path: tiles.path,
    };
    let what = format!("{rows} rows of {columns} cells, from {} to {}.", number(low), number(high));
    let mut chart = Chart::empty(words, frame, &what);
    chart.remarks.push(format!("Pale: {}; strong: {}.", number(low), number(high)));
    Some(Chart {
        x_label: label.to_owned(),
        x_ticks: numbered(columns, frame.left, width),
        y_ticks: numbered(rows, frame.top, height),
        areas: tiles(values, columns, &frame, share).into_iter().map(area).collect(),
        ..chart
    })
}
