//! The report of one run.

use super::Rendered;
use super::curve_groups;
use super::facts::{Fact, events, facts};
use super::figures::{self, Section};
use super::files::Files;
use super::page::{Arrow, SCRIPT, VERSION, page, script_hash};
use crate::chart::Chart;
use crate::compare::{ReferenceColumn, Row, Table, single};
use crate::error::Result;
use crate::format::{self, ABSENT, count};
use crate::names;
use crate::run_data::RunData;
use askama::Template;
use genlab_results::{Catalogue, Entry, JudgeInfo, Metric, Rank, Section as Group};

/// How many headline numbers are shown, and how many of their places belong to the cost.
const STRIP: usize = 6;
const COSTS: usize = 2;

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage<'a> {
    version: &'static str,
    script: &'static str,
    script_hash: String,
    model: &'a str,
    dataset: &'a str,
    seed: u64,
    status: String,
    alarm: Option<&'static str>,
    judge: Option<&'a JudgeInfo>,
    strip: Vec<KeyNumber>,
    notes: &'a [String],
    has_interval: bool,
    tables: Vec<NumbersTable>,
    charts: Vec<Chart>,
    /// Samples, and how they grew, which are looked at first.
    samples: Vec<Section>,
    sections: Vec<Section>,
    events: Vec<String>,
    facts: Vec<Fact>,
    config: Option<&'a str>,
}

struct KeyNumber {
    title: String,
    text: String,
    unit: String,
}

struct NumbersTable {
    title: &'static str,
    references: Vec<ReferenceHeader>,
    rows: Vec<NumbersRow>,
}

struct ReferenceHeader {
    title: String,
    role: &'static str,
}

struct NumbersRow {
    title: String,
    arrow: Option<Arrow>,
    caption: &'static str,
    value: String,
    unit: String,
    interval: String,
    n: String,
    split: String,
    references: Vec<String>,
}

/// The page of one run, and its charts.
///
/// # Errors
/// When the template fails, which is a bug.
pub(crate) fn render(run: &RunData, catalogue: &Catalogue) -> Result<Rendered> {
    let results = &run.results;
    let (samples, sections) = figures::of_run(run).into_iter().partition(Section::is_of_samples);
    let content = RunPage {
        version: VERSION,
        script: SCRIPT,
        script_hash: script_hash(),
        model: results.title(),
        dataset: &results.dataset,
        seed: results.seed,
        status: results.status.replace('_', " "),
        alarm: alarm(&results.status),
        judge: results.judge.as_ref(),
        strip: strip(run, catalogue),
        notes: &results.notes,
        has_interval: results.metrics.iter().any(|metric| metric.ci95.is_some()),
        tables: single(run, catalogue).iter().map(|table| numbers(table, run)).collect(),
        charts: curve_groups::of_run(run, catalogue),
        samples,
        sections,
        events: events(&run.record),
        facts: facts(&run.record),
        config: run.config.as_deref(),
    };
    let mut files = Files::default();
    files.add("Curves", &content.charts)?;
    files.add_sections(&content.samples)?;
    files.add_sections(&content.sections)?;
    Ok(Rendered { page: page("report.html", &content)?, figures: files.into_inner() })
}

/// What a reader must see first about a run that did not finish.
fn alarm(status: &str) -> Option<&'static str> {
    match status {
        "finished" => None,
        "interrupted" => Some(
            "This run was interrupted before the end of its budget: its numbers are provisional. Run \
             the same command again to resume.",
        ),
        "diverged" => Some(
            "This run diverged: a loss was no longer finite. Its numbers describe the state before, \
             not a trained model. Try a smaller learning rate.",
        ),
        _ => Some("This run did not finish: its numbers are provisional."),
    }
}

/// The headline numbers, the leading ones first and costs last.
fn strip(run: &RunData, catalogue: &Catalogue) -> Vec<KeyNumber> {
    let mut found: Vec<(&Entry, &Metric)> = catalogue
        .iter()
        .filter(|entry| entry.rank != Rank::Detail)
        .filter_map(|entry| Some((entry, run.results.metric(entry.name)?)))
        .collect();
    found.sort_by_key(|(entry, _)| entry.rank);
    let (mut costs, mut others): (Vec<_>, Vec<_>) =
        found.into_iter().partition(|(entry, _)| entry.section == Group::Cost);
    costs.truncate(COSTS);
    others.truncate(STRIP - costs.len());
    others.into_iter().chain(costs).map(|(entry, metric)| key_number(entry, metric)).collect()
}

fn key_number(entry: &Entry, metric: &Metric) -> KeyNumber {
    let arrow =
        metric.better.map(Arrow::new).map_or_else(String::new, |arrow| format!(" {}", arrow.sign));
    KeyNumber {
        title: format!("{}{arrow}", entry.title),
        text: format::one(entry.style, metric.value),
        unit: format::unit_behind(
            entry.style,
            metric.value,
            &format::unit(entry.style, &metric.qualified_unit()),
        ),
    }
}

fn numbers(table: &Table, run: &RunData) -> NumbersTable {
    let header = |reference: &ReferenceColumn| ReferenceHeader {
        title: reference.title.clone(),
        role: names::role(reference.role),
    };
    let line = |row: &Row| NumbersRow {
        title: row.title.clone(),
        arrow: row.better.map(Arrow::new),
        caption: row.meaning,
        value: row.cells.first().map_or_else(String::new, |cell| cell.text.clone()),
        unit: match row.cells.first().and_then(|cell| cell.estimate) {
            Some(estimate) => format::unit_behind(row.style, estimate.mean, &row.unit),
            None => row.unit.clone(),
        },
        interval: row.interval(run).unwrap_or_else(|| ABSENT.into()),
        n: row.n.iter().filter(|n| **n > 0).map(|n| count(*n as f64)).collect(),
        split: row.split.clone(),
        references: row.references.iter().map(|cell| cell.text.clone()).collect(),
    };
    NumbersTable {
        title: table.section.title(),
        references: table.references.iter().map(header).collect(),
        rows: table.rows.iter().map(line).collect(),
    }
}
