//! Curves of training and validation as dots of braille.

use super::read::Run;
use crate::terminal;
use genlab_report::Curve;
use ratatui::{
    Frame,
    layout::Rect,
    style::{Color, Style},
    symbols::Marker,
    text::{Line, Span},
    widgets::{Axis, Block, Borders, Chart, Dataset, GraphType, Paragraph},
};

/// Cells that a chart with axes needs.
const SMALLEST: (u16, u16) = (24, 4);
/// Splits with the colours of their curves.
const SPLITS: [(&str, Color); 2] = [("train", Color::Cyan), ("validation", Color::Yellow)];

/// What is drawn together: the curves of one scalar.
struct Scalar<'a> {
    name: String,
    /// The split, its colour and its curve.
    curves: Vec<(&'static str, Color, &'a Curve)>,
}

/// The scalars of a run in the order of its log. What has no split stands for itself.
fn scalars(run: &Run) -> Vec<Scalar<'_>> {
    let mut found: Vec<Scalar<'_>> = Vec::new();
    for curve in &run.curves.0 {
        let split = SPLITS.into_iter().find_map(|(split, colour)| {
            let name = curve.name.strip_prefix(split)?.strip_prefix('/')?;
            Some((split, colour, name))
        });
        let (split, colour, name) = split.unwrap_or(("", SPLITS[0].1, &curve.name));
        match found.iter_mut().find(|scalar| scalar.name == name) {
            Some(scalar) => scalar.curves.push((split, colour, curve)),
            None => {
                found.push(Scalar { name: name.to_owned(), curves: vec![(split, colour, curve)] });
            }
        }
    }
    found
}

/// Draws the scalar of that number, counted around.
pub(super) fn draw(frame: &mut Frame, area: Rect, run: &Run, number: usize, log_axis: bool) {
    let scalars = scalars(run);
    let Some(scalar) = (!scalars.is_empty()).then(|| &scalars[number % scalars.len()]) else {
        let block = Block::new().borders(Borders::TOP).title(" curves ");
        frame.render_widget(Paragraph::new(" no line logged yet").block(block), area);
        return;
    };
    let log_axis = log_axis && has_positive(scalar);
    let block = Block::new().borders(Borders::TOP).title(title(scalar, log_axis, area.width));
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        frame.render_widget(block, area);
        return;
    }
    let shown: Vec<(Color, Vec<(f64, f64)>)> =
        scalar.curves.iter().map(|(_, colour, curve)| (*colour, points(curve, log_axis))).collect();
    let all = || shown.iter().flat_map(|(_, points)| points);
    let last = all().map(|(x, _)| *x).fold(0.0, f64::max);
    let end = run.told.as_ref().map_or(last, |told| told.images as f64).max(last).max(1.0);
    let low = all().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    let high = all().map(|(_, y)| *y).fold(f64::NEG_INFINITY, f64::max);
    let [low, high] = if high > low { [low, high] } else { around(low) };
    let value = |y: f64| terminal::number(rounded(if log_axis { 10_f64.powf(y) } else { y }));
    let sets = shown.iter().map(|(colour, points)| {
        let set = Dataset::default().marker(Marker::Braille).graph_type(GraphType::Line);
        set.style(Style::new().fg(*colour)).data(points)
    });
    let chart = Chart::new(sets.collect())
        .block(block)
        .legend_position(None)
        .x_axis(Axis::default().bounds([0.0, end]).labels(["0".to_owned(), images(end)]))
        .y_axis(Axis::default().bounds([low, high]).labels([
            value(low),
            value(f64::midpoint(low, high)),
            value(high),
        ]));
    frame.render_widget(chart, area);
}

/// Name, and the newest value of each curve in its colour, as far as there is room.
fn title(scalar: &Scalar<'_>, log_axis: bool, width: u16) -> Line<'static> {
    let axis = if log_axis { ", log axis" } else { "" };
    let mut spans = vec![Span::raw(format!(" {}{axis} ", terminal::plain(&scalar.name)))];
    let mut room = usize::from(width).saturating_sub(spans[0].width());
    for (split, colour, curve) in &scalar.curves {
        let Some((_, value)) = curve.points.last() else { continue };
        let text = format!(" {} {} ", split, terminal::number(rounded(*value)));
        let span = Span::styled(text.replacen("  ", " ", 1), Style::new().fg(*colour));
        if span.width() <= room {
            room -= span.width();
            spans.push(span);
        }
    }
    Line::from(spans)
}

/// Whether there is anything that a logarithm can be taken of.
fn has_positive(scalar: &Scalar<'_>) -> bool {
    scalar.curves.iter().any(|(_, _, curve)| curve.points.iter().any(|(_, y)| *y > 0.0))
}

/// What is drawn of a curve: finite values, of positive ones their logarithm.
fn points(curve: &Curve, log_axis: bool) -> Vec<(f64, f64)> {
    let shown = |(x, y): &(f64, f64)| {
        let y = if log_axis { (*y > 0.0).then(|| y.log10())? } else { *y };
        (x.is_finite() && y.is_finite()).then_some((*x, y))
    };
    curve.points.iter().filter_map(shown).collect()
}

/// A range around a single value, or around nothing.
fn around(value: f64) -> [f64; 2] {
    let value = if value.is_finite() { value } else { 0.0 };
    let half = (value.abs() * 0.1).max(1e-9);
    [value - half, value + half]
}

/// Four digits, or a label of a whole number would be a long one.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// A number of images as a label.
fn images(count: f64) -> String {
    match count {
        1e6.. => format!("{:.3} M", count / 1e6).replace(".000", ""),
        1e4.. => format!("{:.1} k", count / 1e3).replace(".0", ""),
        _ => format!("{count:.0}"),
    }
}
