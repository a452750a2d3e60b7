//! What a comparison shows before anything else: what was done, what must not be believed, samples side by side, and
//! the numbers that matter most.

use super::comparison_page::standing;
use super::figures;
use super::many::COLUMNS;
use super::page::Arrow;
use crate::chart::Tint;
use crate::compare::{self, Column, Comparison, Row, Table, same};
use crate::curves::Curve;
use crate::format::{ABSENT, count};
use crate::names;
use crate::png;
use crate::run_data::{Picture, RunData};
use crate::stats::SEEDS_FOR_A_CLAIM;
use genlab_results::{Catalogue, Scope};

/// Samples along each side of a strip.
const ACROSS: u32 = 6;
/// The share of training in which a curve should have become flat.
const END: f64 = 0.2;
/// A curve that falls by more than this share of its whole fall in the end of training is not flat.
const FLAT: f64 = 0.03;

/// Everything above the findings.
pub(super) struct FirstScreen<'a> {
    /// "100 000 training images each (11.1 epochs) · seed 0 · judge mnist-28, 99.4 % right".
    pub(super) line: String,
    /// What must be known before any number is believed, the first words apart.
    pub(super) banner: Option<Banner>,
    /// Samples of every model and of what they are held against.
    pub(super) strips: Vec<Strip>,
    /// The numbers that matter most; None of many settings, which have theirs in rows.
    pub(super) headline: Option<Headline<'a>>,
}

/// A warning that is computed.
pub(super) struct Banner {
    pub(super) bold: String,
    pub(super) rest: String,
}

/// The first samples of a model.
pub(super) struct Strip {
    pub(super) label: String,
    /// Beside the label: "no network".
    pub(super) note: &'static str,
    pub(super) colour: Option<Tint>,
    pub(super) uri: String,
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) alt: String,
}

/// A table of a few rows.
pub(super) struct Headline<'a> {
    pub(super) columns: Vec<HeadlineColumn<'a>>,
    pub(super) rows: Vec<HeadlineRow<'a>>,
    /// How to read it.
    pub(super) remark: String,
}

pub(super) struct HeadlineColumn<'a> {
    pub(super) label: &'a str,
    /// A model's; none of a reference.
    pub(super) colour: Option<Tint>,
}

pub(super) struct HeadlineRow<'a> {
    pub(super) title: &'a str,
    pub(super) arrow: Option<Arrow>,
    pub(super) gloss: &'a str,
    pub(super) cells: Vec<HeadlineCell<'a>>,
}

pub(super) struct HeadlineCell<'a> {
    pub(super) text: &'a str,
    pub(super) class: &'static str,
    /// Of its column, for screens too narrow for columns.
    pub(super) label: &'a str,
}

impl<'a> FirstScreen<'a> {
    /// With samples of the columns `shown`.
    pub(super) fn new(
        comparison: &'a Comparison<'_>,
        shown: &[Column<'_>],
        catalogue: &'a Catalogue,
    ) -> Self {
        let columns = &comparison.columns;
        Self {
            line: line(columns),
            banner: banner(columns),
            strips: strips(shown),
            headline: (columns.len() <= COLUMNS)
                .then(|| headline(columns, &comparison.tables, catalogue))
                .flatten(),
        }
    }
}

/// What was done, as far as all columns agree.
fn line(columns: &[Column<'_>]) -> String {
    let runs = || columns.iter().flat_map(|column| column.runs.iter().copied());
    let noun = names::common(runs().map(RunData::noun));
    let budget = same(runs().map(RunData::budget)).flatten().map(|seen| {
        let train = same(runs().map(|run| run.record.dataset.train)).filter(|train| *train > 0);
        let epochs = train.map_or_else(String::new, |train| {
            format!(" ({:.1} epochs)", seen as f64 / train as f64)
        });
        format!("{} training {noun} each{epochs}", count(seen as f64))
    });
    let seeds = same(columns.iter().map(|column| {
        column.runs.iter().map(|run| run.results.seed.to_string()).collect::<Vec<_>>()
    }));
    let seeds = seeds.map(|seeds| match &seeds[..] {
        [one] => format!("seed {one}"),
        several => format!("seeds {}", names::list(several)),
    });
    let judge = same(runs().map(|run| run.results.judge.clone())).flatten().map(|judge| {
        let right = judge.accuracy.map(|share| format!(", {:.1} % right", 100.0 * share));
        format!("judge {}{}", judge.name, right.unwrap_or_default())
    });
    let measured = same(runs().map(|run| {
        let split = run.settings.get("evaluation")?.get("split")?.as_str()?.to_owned();
        let data = &run.record.dataset;
        let size = if split == "validation" { data.validation } else { data.test };
        (size > 0).then_some((split, size))
    }));
    let measured =
        measured.flatten().map(|(split, size)| format!("{} {split} {noun}", count(size as f64)));
    let commit = same(runs().map(|run| run.record.git.clone())).flatten().map(|git| {
        let hash: String = git.hash.chars().take(7).collect();
        format!("commit {hash}{}", if git.dirty { " and changes" } else { "" })
    });
    [budget, seeds, judge, measured, commit].into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

fn banner(columns: &[Column<'_>]) -> Option<Banner> {
    let seeds = columns.iter().map(|column| column.counted().len()).min()?;
    let few = match seeds {
        1 => Some("One seed: differences may be luck."),
        2 => Some("Two seeds: differences may be luck."),
        _ => None,
    };
    let falling: Vec<String> = columns
        .iter()
        .filter(|column| column.counted().iter().all(|run| still_falls(run)))
        .map(|column| column.label.clone())
        .collect();
    let untrained = match &falling[..] {
        [] => String::new(),
        [one] => {
            format!("At this budget {one} is not trained out: its validation loss still falls.")
        }
        several => format!(
            "At this budget {} are not trained out: their validation losses still fall.",
            names::list(several)
        ),
    };
    match few {
        Some(bold) => {
            let again =
                format!("Train with --seeds {SEEDS_FOR_A_CLAIM} before calling a model better.");
            let rest = [again, untrained].join(" ").trim_end().to_owned();
            Some(Banner { bold: bold.to_owned(), rest })
        }
        None if untrained.is_empty() => None,
        None => Some(Banner { bold: "Not trained out.".to_owned(), rest: untrained }),
    }
}

/// Whether the validation loss of a run falls in the last fifth of its training by more than what is left at the end of
/// others, and more than it scatters.
fn still_falls(run: &RunData) -> bool {
    run.curves.get("validation/loss").is_some_and(falls)
}

fn falls(curve: &Curve) -> bool {
    let points = &curve.points;
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return false };
    let from = last.0 - END * last.0;
    let end: Vec<(f64, f64)> = points.iter().copied().filter(|point| point.0 >= from).collect();
    if end.len() < 3 {
        return false;
    }
    let n = end.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| end.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = end.iter().map(|point| (point.0 - x).powi(2)).sum();
    let slope = end.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / spread;
    let off = |point: &(f64, f64)| (point.1 - y - slope * (point.0 - x)).powi(2);
    let scatter = (end.iter().map(off).sum::<f64>() / n).sqrt();
    let fall = -slope * (end[end.len() - 1].0 - end[0].0);
    let whole = first.1 - last.1;
    whole > 0.0 && fall > FLAT * whole && fall > 2.0 * scatter
}

/// The first samples of every column, of the baselines and of real data, where samples are pictures.
fn strips(columns: &[Column<'_>]) -> Vec<Strip> {
    let samples = |run: &'_ RunData, scope: Scope| -> Vec<Picture> {
        let here = |picture: &&Picture| {
            let artefact = &picture.artefact;
            artefact.section == figures::SAMPLES
                && artefact.scope == scope
                && (artefact.title.is_empty() || scope == Scope::Shared)
        };
        run.pictures.iter().filter(here).cloned().collect()
    };
    let mut strips: Vec<Strip> = Vec::new();
    for column in columns {
        let run = column.first();
        let label = match &run.results.prior {
            Some(_) => format!("{} + density of codes", column.label),
            None => column.label.clone(),
        };
        for picture in samples(run, Scope::Run) {
            strips.extend(strip(&picture, label.clone(), "", Some(column.colour)));
        }
    }
    for column in columns {
        for picture in samples(column.first(), Scope::Shared) {
            let label = picture.artefact.title.clone();
            let note = if picture.artefact.file.contains("baseline") { "no network" } else { "" };
            if strips.iter().all(|strip| strip.label != label) {
                strips.extend(strip(&picture, label, note, None));
            }
        }
    }
    strips
}

fn strip(
    picture: &Picture,
    label: String,
    note: &'static str,
    colour: Option<Tint>,
) -> Option<Strip> {
    let png = png::first_tiles(&picture.png, ACROSS)?;
    let (width, height) = png::size(&png)?;
    let uri = figures::uri(&png);
    Some(Strip { alt: format!("samples of {label}"), label, note, colour, uri, width, height })
}

/// The most prominent rows of all tables, where every model stands in each of them.
fn headline<'a>(
    columns: &'a [Column<'_>],
    tables: &'a [Table],
    catalogue: &'a Catalogue,
) -> Option<Headline<'a>> {
    let compare::Headline { rows, references } = compare::headline(columns, tables)?;
    let model = |column: &'a Column<'_>| HeadlineColumn {
        label: &column.label,
        colour: Some(column.colour),
    };
    let mut heads: Vec<HeadlineColumn<'a>> = columns.iter().map(model).collect();
    heads.extend(references.iter().map(|one| HeadlineColumn { label: &one.title, colour: None }));
    let view = |(table, row): &(&'a Table, &'a Row)| {
        let own = table.columns.iter().zip(&row.cells).map(|(index, cell)| HeadlineCell {
            text: &cell.text,
            class: standing(cell).0,
            label: &columns[*index].label,
        });
        let beside = references.iter().map(|wanted| {
            let place = table.references.iter().position(|one| one.name == wanted.name);
            let text = place
                .and_then(|place| row.references.get(place))
                .map_or(ABSENT, |cell| &*cell.text);
            let class = if text == ABSENT { "reference absent" } else { "reference" };
            HeadlineCell { text, class, label: &wanted.title }
        });
        let entry = catalogue.get(&row.key.name);
        HeadlineRow {
            title: &row.title,
            arrow: row.better.map(Arrow::new),
            gloss: entry.map(|entry| entry.gloss).filter(|g| !g.is_empty()).unwrap_or(&row.unit),
            cells: own.chain(beside).collect(),
        }
    };
    let rows: Vec<HeadlineRow<'a>> = rows.iter().map(view).collect();
    let marked = rows.iter().flat_map(|row| &row.cells).any(|cell| cell.class == "leading");
    let marked = if marked { "Bold: best value, too few seeds for a claim. " } else { "" };
    let numbers: usize = tables.iter().map(|table| table.rows.len()).sum();
    let remark = format!("{marked}All {numbers} numbers, intervals and references: below.");
    Some(Headline { columns: heads, rows, remark })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(loss: impl Fn(f64) -> f64) -> Curve {
        let points = (1..=50).map(|at| f64::from(at) * 100.0).map(|x| (x, loss(x))).collect();
        Curve { name: "validation/loss".to_owned(), points }
    }

    #[test]
    fn a_curve_that_still_falls_is_told_from_a_flat_one_and_from_noise() {
        assert!(falls(&curve(|x| 10.0 - x / 1000.0)));
        assert!(!falls(&curve(|x| 1.0 + 9.0 * (-x / 300.0).exp())));
        assert!(!falls(&curve(|x| 1.0 + 9.0 * (-x / 300.0).exp() + 0.2 * (x / 70.0).sin())));
        assert!(!falls(&curve(|x| 1.0 + x / 1000.0)), "a curve that rises");
        assert!(!falls(&Curve { name: String::new(), points: vec![(1.0, 2.0)] }));
    }
}
