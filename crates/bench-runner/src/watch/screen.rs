//! One frame: what a run is and where it stands, its curves, its newest samples, its numbers, and the keys.

use super::{
    curves, picture,
    read::{Run, State},
    view::{Place, View},
};
use crate::{
    commands::list,
    terminal::{self, plain},
};
use genlab_results::{Metric, Rank};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::{Block, Borders, Paragraph},
};

/// Lines that numbers and events get, where there are [`TALL`] of them.
const LOWER: u16 = 6;
const TALL: u16 = 20;
/// Columns from which curves and picture stand side by side.
const WIDE: u16 = 56;
/// Columns between parts of a line.
const GAP: usize = 3;
/// A run of a list, and as many as fit into a fifth of the lines.
const LISTED: u16 = 5;

/// Draws all of it.
pub(super) fn draw(frame: &mut Frame, view: &View) {
    let area = frame.area();
    let listed = match view.runs.len() {
        0 | 1 => 0,
        several => (several as u16).min((area.height / LISTED).max(1)),
    };
    let lower = if area.height >= TALL { LOWER.max(area.height / 5) } else { 0 };
    let [head, above, body, below, last] = Layout::vertical([
        Constraint::Length(2),
        Constraint::Length(listed),
        Constraint::Fill(1),
        Constraint::Length(lower),
        Constraint::Length(1),
    ])
    .areas(area);
    keys(frame, last, view);
    let Some(run) = view.run() else { return };
    header(frame, head, run);
    runs(frame, above, view);
    let picture_width = if area.width >= WIDE { area.width * 2 / 5 } else { 0 };
    let widths = [Constraint::Fill(1), Constraint::Length(picture_width)];
    let [left, right] = Layout::horizontal(widths).areas(body);
    curves::draw(frame, left, run, view.curve, view.log_axis);
    samples(frame, right, run, view);
    let [left, right] = Layout::horizontal(widths).areas(below);
    lines(frame, left, "numbers", numbers(run, left));
    lines(frame, right, "events", events(run, view, right));
}

/// Text in a row as far as there is room, later parts left out whole.
fn fitting(parts: Vec<Span<'static>>, width: usize) -> Line<'static> {
    let mut line = Line::default();
    for part in parts.into_iter().filter(|part| !part.content.is_empty()) {
        let gap = if line.spans.is_empty() { 1 } else { GAP };
        if line.width() + gap + part.width() > width {
            break;
        }
        line.push_span(" ".repeat(gap));
        line.push_span(part);
    }
    line
}

/// What is said of a state, and its colour.
fn words(state: &State) -> (String, Color) {
    match state {
        State::Unbegun => ("not begun".into(), Color::DarkGray),
        State::Starting => ("starting".into(), Color::Cyan),
        State::Training => ("training".into(), Color::Cyan),
        State::Measuring => ("measuring".into(), Color::Cyan),
        State::Silent(age) => {
            (format!("no news for {}", terminal::duration(age.as_secs_f64())), Color::Red)
        }
        State::Ended(how) if how == "finished" => (how.clone(), Color::Green),
        State::Ended(how) if how == "interrupted" => ("stopped and saved".into(), Color::Yellow),
        State::Ended(how) => (plain(how), Color::Red),
    }
}

fn header(frame: &mut Frame, area: Rect, run: &Run) {
    let state = run.state();
    let (text, colour) = words(&state);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let mut first = vec![Span::styled(text, bold.fg(colour))];
    let mut second = Vec::new();
    if let Some(told) = &run.told {
        first.insert(0, Span::styled(told.model.clone(), bold));
        first.push(plain(&told.dataset).into());
        first.push(format!("seed {}", told.seed).into());
        let step = run.at.as_ref().map_or(0, |at| at.step);
        let share = 100.0 * step as f64 / told.steps.max(1) as f64;
        second.push(format!("step {step} of {}", told.steps).into());
        second.push(format!("{share:.0} %").into());
    }
    first.push(plain(&run.name).into());
    let rate = run.at.as_ref().and_then(|at| at.rate);
    second.push(rate.map_or_else(String::new, |rate| format!("{rate:.0} images/s")).into());
    if let Some(left) = run.left().filter(|_| state == State::Training) {
        second.push(format!("{} left", terminal::duration(left)).into());
    }
    if let Some(saved) = run.saved {
        second.push(format!("saved in step {saved}").into());
    }
    if let Some(age) = run.age().filter(|_| state == State::Training) {
        second.push(format!("line {} ago", terminal::duration(age.as_secs_f64())).into());
    }
    let width = usize::from(area.width);
    let text = vec![fitting(first, width), fitting(second, width)];
    frame.render_widget(Paragraph::new(text), area);
}

/// The runs around the one that is chosen.
fn runs(frame: &mut Frame, area: Rect, view: &View) {
    let rows = usize::from(area.height);
    let first = view.chosen.saturating_sub(rows / 2).min(view.runs.len().saturating_sub(rows));
    let row = |(index, run): (usize, &Run)| {
        let (text, colour) = words(&run.state());
        let mark = if index == view.chosen { "▸" } else { " " };
        let chosen = Style::new().add_modifier(Modifier::BOLD);
        let style = if index == view.chosen { chosen } else { Style::new() };
        let share = run.told.as_ref().map(|told| {
            let step = run.at.as_ref().map_or(0, |at| at.step);
            format!("{:>3} %", 100 * step / told.steps.max(1))
        });
        let number = run.results.as_ref().and_then(list::leading).map(|metric| {
            let Metric { name, value, better, .. } = metric;
            format!("{name}{} {}", terminal::arrow(*better), terminal::number(*value))
        });
        let parts = vec![
            Span::styled(format!("{mark} {}", plain(&run.name)), style),
            share.unwrap_or_default().into(),
            Span::styled(text, Style::new().fg(colour)),
            number.unwrap_or_default().into(),
        ];
        fitting(parts, usize::from(area.width))
    };
    let shown = view.runs.iter().enumerate().skip(first).take(rows);
    frame.render_widget(Paragraph::new(shown.map(row).collect::<Vec<_>>()), area);
}

/// The picture that is chosen.
fn samples(frame: &mut Frame, area: Rect, run: &Run, view: &View) {
    if area.is_empty() {
        return;
    }
    let shots = run.shots();
    let shown = shots.len().checked_sub(view.back + 1).map(|index| (index, shots[index]));
    let title = match shown {
        Some((index, shot)) if shots.len() > 1 => {
            format!(" {} ({} of {}) ", shot.title, index + 1, shots.len())
        }
        Some((_, shot)) => format!(" {} ", shot.title),
        None => " samples ".to_owned(),
    };
    let fits = title.chars().count() <= usize::from(area.width);
    let title = if fits { title } else { " samples ".to_owned() };
    let block = Block::new().borders(Borders::TOP).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    match shown {
        Some((_, shot)) => picture::draw(&shot.strip, view.palette, inner, frame.buffer_mut()),
        None => frame.render_widget(Paragraph::new("no samples yet"), inner),
    }
}

/// Lines below a title, as many as there is room for.
fn lines(frame: &mut Frame, area: Rect, title: &str, lines: Vec<String>) {
    if area.is_empty() {
        return;
    }
    let block = Block::new().borders(Borders::TOP).title(format!(" {title} "));
    let text: Vec<Line> = lines.into_iter().map(|line| Line::from(format!(" {line}"))).collect();
    frame.render_widget(Paragraph::new(text).block(block), area);
}

/// Headlines of a finished run; of any other what its newest line says, which need not hold everything.
fn numbers(run: &Run, area: Rect) -> Vec<String> {
    let pairs: Vec<(String, String)> = match &run.results {
        Some(results) => {
            let is_headline = |name: &str| {
                let entry = genlab_metrics::CATALOGUE.get(name);
                entry.is_some_and(|entry| entry.rank != Rank::Detail)
            };
            let shown = results.metrics.iter().filter(|metric| is_headline(&metric.name));
            let mut shown: Vec<&Metric> = shown.collect();
            // Samples first, and what they cost last.
            shown.sort_by_key(|metric| {
                (!metric.name.starts_with("samples/"), metric.name.starts_with("cost/"))
            });
            shown
                .iter()
                .map(|metric| {
                    let name = format!("{}{}", metric.name, terminal::arrow(metric.better));
                    (name, terminal::number(metric.value))
                })
                .collect()
        }
        None => run
            .curves
            .0
            .iter()
            .filter_map(|curve| {
                let (_, value) = curve.points.last()?;
                Some((plain(&curve.name), terminal::number(*value)))
            })
            .collect(),
    };
    columns(&pairs, usize::from(area.width), usize::from(area.height.saturating_sub(1)))
}

/// Names and values in as many columns as there is room for.
fn columns(pairs: &[(String, String)], width: usize, rows: usize) -> Vec<String> {
    let mut lines = vec![String::new(); rows.min(pairs.len())];
    for column in pairs.chunks(rows.max(1)) {
        let longest = |of: fn(&(String, String)) -> &String| {
            column.iter().map(|pair| of(pair).chars().count()).max().unwrap_or_default()
        };
        let (names, values) = (longest(|pair| &pair.0), longest(|pair| &pair.1));
        let before = lines.iter().map(|line| line.chars().count()).max().unwrap_or_default();
        let gap = if before == 0 { 0 } else { GAP };
        if before + gap + names + 1 + values + 1 > width {
            break;
        }
        for (line, (name, value)) in lines.iter_mut().zip(column) {
            let short = before + gap - line.chars().count();
            let pair = format!("{name:<names$} {value:>values$}");
            line.extend([" ".repeat(short), pair]);
        }
    }
    lines
}

/// What happened, what is wrong, what this process has said and what the last key led to: the newest below.
fn events(run: &Run, view: &View, area: Rect) -> Vec<String> {
    let rows = usize::from(area.height.saturating_sub(1));
    let told = run.record.events.iter().map(|event| format!("step {}: {}", event.step, event.text));
    let faults = run.faults().map(str::to_owned);
    let said = match view.place {
        Place::Elsewhere(_) => Vec::new(),
        Place::Here | Place::Below => terminal::held(rows),
    };
    let all: Vec<String> = told.chain(faults).chain(said).chain(view.answer.clone()).collect();
    let width = usize::from(area.width).saturating_sub(2);
    let mut lines: Vec<String> = all
        .iter()
        .flat_map(|text| terminal::wrapped(&broken(&plain(text), width), 0, width))
        .collect();
    if lines.is_empty() {
        lines.push("nothing so far".to_owned());
    }
    lines.split_off(lines.len().saturating_sub(rows))
}

/// The same with words that are too long for a line, such as paths, in parts.
fn broken(text: &str, width: usize) -> String {
    let part = |part: &[char]| part.iter().collect::<String>();
    let words = text.split_whitespace().map(|word| {
        let letters: Vec<char> = word.chars().collect();
        letters.chunks(width.max(1)).map(part).collect::<Vec<_>>().join(" ")
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What keys do, as far as there is room: what comes first matters most.
fn keys(frame: &mut Frame, area: Rect, view: &View) {
    let mut line = Line::default();
    for (key, what) in view.keys() {
        let text = format!(" {what} ");
        if line.width() + 1 + key.chars().count() + text.chars().count() > usize::from(area.width) {
            break;
        }
        line.push_span(Span::styled(
            format!(" {key}"),
            Style::new().add_modifier(Modifier::BOLD).fg(Color::Cyan),
        ));
        line.push_span(text);
    }
    frame.render_widget(Paragraph::new(line), area);
}
