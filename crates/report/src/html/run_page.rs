//! The report of one run.

use super::curve_groups;
use super::facts::{Fact, facts};
use super::{Arrow, Image, VERSION, page};
use crate::chart::{self, Bars, Chart};
use crate::compare::{ReferenceColumn, Row, Section, Table, single};
use crate::error::Result;
use crate::format::{ABSENT, Style, count};
use crate::names;
use crate::run_data::RunData;
use askama::Template;
use genlab_results::{JudgeInfo, Metric};

/// The numbers of the strip below the title, as far as the run has them.
const HEADLINES: [&str; 10] = [
    "samples/frechet",
    "samples/fid",
    "samples/coverage",
    "negative_elbo",
    "reconstruction/mse",
    "latent/probe_accuracy",
    "kl/total",
    "reconstruction/ssim",
    "cost/params",
    "cost/train_seconds",
];
/// The strip's length, and how many of its places belong to the cost.
const STRIP: usize = 6;
const COSTS: usize = 2;

#[derive(Template)]
#[template(path = "run.html")]
struct RunPage<'a> {
    version: &'static str,
    model: String,
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
    reconstructions: Vec<Image>,
    samples: Vec<Image>,
    neighbours: Vec<Image>,
    interpolation: Vec<Image>,
    denoising: Vec<Image>,
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

/// The page of one run.
///
/// # Errors
/// When the template fails, which is a bug.
pub(crate) fn render(run: &RunData) -> Result<String> {
    let results = &run.results;
    let model = names::model(&results.model);
    let images = |png: &Option<Vec<u8>>, title: &str, what: &str| -> Vec<Image> {
        let alt = format!("{what} of {model} on {}", results.dataset);
        Image::new(png.as_deref(), title, alt).into_iter().collect()
    };
    let pictures = &run.pictures;
    let mut samples = images(&pictures.grid, &model, "A grid of generated samples");
    let baseline = Image::new(
        pictures.baseline.as_deref(),
        "PCA + Gaussian mixture",
        "A grid of samples of a Gaussian mixture in PCA space, the baseline without a network"
            .into(),
    );
    samples.extend(baseline);
    let mut charts = curve_groups::of_run(&run.curves);
    charts.extend(distributions(run));
    page(
        "report.html",
        &RunPage {
            version: VERSION,
            dataset: &results.dataset,
            seed: results.seed,
            status: results.status.replace('_', " "),
            alarm: alarm(&results.status),
            judge: results.judge.as_ref(),
            strip: strip(run),
            notes: &results.notes,
            has_interval: results.metrics.iter().any(|metric| metric.ci95.is_some()),
            tables: single(run).iter().map(|table| numbers(table, run)).collect(),
            charts,
            reconstructions: images(
                &pictures.reconstructions,
                "Test images",
                "Pairs of rows, originals above reconstructions,",
            ),
            samples,
            neighbours: images(
                &pictures.neighbours,
                "",
                "Pairs of rows, samples above their nearest training images,",
            ),
            interpolation: images(&pictures.interpolation, "", "Interpolations between codes"),
            denoising: images(&pictures.denoising, "", "Samples from noise to image"),
            facts: facts(&run.provenance),
            config: run.config.as_deref(),
            model,
        },
    )
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

fn strip(run: &RunData) -> Vec<KeyNumber> {
    let has = |name: &&&str| run.results.metric(name).is_some();
    let (costs, others): (Vec<&str>, Vec<&str>) =
        HEADLINES.iter().filter(has).partition(|name| Section::of(name) == Section::Cost);
    let costs: Vec<&str> = costs.into_iter().take(COSTS).collect();
    let shown = others.into_iter().take(STRIP - costs.len()).chain(costs);
    shown.filter_map(|name| run.results.metric(name)).map(key_number).collect()
}

fn key_number(metric: &Metric) -> KeyNumber {
    let style = Style::of(&metric.name, &metric.qualified_unit());
    let arrow =
        metric.better.map(Arrow::new).map_or_else(String::new, |arrow| format!(" {}", arrow.sign));
    KeyNumber {
        title: format!("{}{arrow}", names::metric(&metric.name)),
        text: style.one(metric.value),
        unit: style.unit(&metric.qualified_unit()),
    }
}

fn numbers(table: &Table, run: &RunData) -> NumbersTable {
    let metric = |row: &Row| run.results.metrics.iter().find(|metric| row.key.is(metric));
    let interval = |row: &Row| metric(row).and_then(|metric| metric.ci95);
    let header = |reference: &ReferenceColumn| ReferenceHeader {
        title: reference.title.clone(),
        role: reference.role(),
    };
    let line = |row: &Row| {
        let style = metric(row)
            .map_or(Style::Plain, |metric| Style::of(&metric.name, &metric.qualified_unit()));
        NumbersRow {
            title: row.title.clone(),
            arrow: row.better.map(Arrow::new),
            caption: row.meaning,
            value: row.cells.first().map_or_else(String::new, |cell| cell.text.clone()),
            unit: row.unit.clone(),
            interval: interval(row).map_or_else(|| ABSENT.into(), |ends| style.interval(ends)),
            n: row.n.iter().filter(|n| **n > 0).map(|n| count(*n as f64)).collect(),
            split: row.split().to_owned(),
            references: row.references.iter().map(|cell| cell.text.clone()).collect(),
        }
    };
    NumbersTable {
        title: table.section.title(),
        references: table.references.iter().map(header).collect(),
        rows: table.rows.iter().map(line).collect(),
    }
}

/// Bars for what is an array and no curve.
fn distributions(run: &RunData) -> Vec<Chart> {
    let mut charts = Vec::new();
    if let Some(kl) = &run.results.kl_per_dimension {
        let mut sorted = kl.clone();
        sorted.sort_by(|a, b| b.total_cmp(a));
        let x_label = "latent dimension, largest first";
        let bars = Bars { values: &sorted, x_label, guide: None, colour: 3 };
        charts.extend(chart::bars("kl", "KL per latent dimension, nats per image", &bars));
    }
    charts.extend(class_chart(run, "classes", "Classes of the samples", 1));
    charts
}

/// Share of samples per class, against an even spread.
pub(super) fn class_chart(run: &RunData, id: &str, title: &str, colour: usize) -> Option<Chart> {
    let values = run.results.class_histogram.as_deref()?;
    let even = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let guide = Some((even, "an even spread"));
    chart::bars(id, title, &Bars { values, x_label: "class, as the judge reads it", guide, colour })
}
