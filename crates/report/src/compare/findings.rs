//! What the numbers allow one to say, in sentences.

use super::group::Column;
use super::mark::Mark;
use super::table::{Cell, ReferenceColumn, Row, Table};
use crate::names::list;
use crate::stats::SEEDS_FOR_A_CLAIM;
use genlab_results::{Direction, Role, Section};

/// Sentences at most, however many runs there are.
const MOST: usize = 5;
/// Models whose densities of codes are named in one sentence.
const NAMED: usize = 4;

/// The sentences: the baseline first, then the leaders, then what the seeds forbid.
pub(super) fn findings(columns: &[Column<'_>], tables: &[Table]) -> Vec<String> {
    let mut sentences = Vec::new();
    for table in tables {
        let scope = table.protocol.as_ref().map_or_else(String::new, |p| format!("{p}: "));
        // The first that a generator without a network has a number for: it draws no captions.
        let mut of_samples = table.leading().filter(|_| table.section == Section::Samples);
        let baseline = of_samples.find_map(|row| baseline(table, row, columns));
        sentences.extend(baseline.map(|sentence| format!("{scope}{sentence}")));
        for row in table.leading() {
            sentences.extend(leader(table, row, columns).map(|s| format!("{scope}{s}")));
        }
    }
    let ahead: Vec<String> = tables
        .iter()
        .flat_map(|table| table.leading().filter_map(|row| ahead(table, row, columns)))
        .collect();
    if !ahead.is_empty() {
        sentences.push(format!("Best values, of too few seeds for a claim: {}.", list(&ahead)));
    }
    let last: Vec<String> = priors(columns).into_iter().chain(seeds(columns)).collect();
    sentences.truncate(MOST.saturating_sub(last.len()));
    sentences.extend(last);
    sentences
}

/// Names what stands between models that cannot sample and the samples in their columns: of each seed what was
/// chosen for it.
fn priors(columns: &[Column<'_>]) -> Option<String> {
    let chosen = |column: &Column<'_>| -> Option<(String, String)> {
        let mut priors: Vec<&str> = Vec::new();
        for prior in column.runs.iter().filter_map(|run| run.results.prior.as_deref()) {
            if !priors.contains(&prior) {
                priors.push(prior);
            }
        }
        (!priors.is_empty()).then(|| (column.label.clone(), priors.join(" or ")))
    };
    let all: Vec<(String, String)> = columns.iter().filter_map(chosen).collect();
    let labels: Vec<String> = all.iter().map(|(label, _)| label.clone()).collect();
    match &all[..] {
        [] => None,
        [(label, prior)] => Some(format!(
            "{label} cannot sample by itself: its samples are {label} + {prior}, fitted on its codes."
        )),
        several => {
            let named: Vec<String> =
                several.iter().map(|(label, prior)| format!("{label} + {prior}")).collect();
            let named =
                if several.len() > NAMED { String::new() } else { format!(" ({})", list(&named)) };
            Some(format!(
                "{} cannot sample by themselves: their samples come through densities fitted on their codes{named}.",
                list(&labels)
            ))
        }
    }
}

/// Says plainly which models are behind a generator without a network: the best there is.
fn baseline(table: &Table, row: &Row, columns: &[Column<'_>]) -> Option<String> {
    let direction = row.better?;
    let ahead = |a: f64, b: f64| match direction {
        Direction::Lower => a < b,
        Direction::Higher => a > b,
    };
    let (reference, cell, bar) = best_baseline(table, row, ahead)?;
    let scored: Vec<(f64, String)> = table
        .columns
        .iter()
        .zip(&row.cells)
        .filter_map(|(index, cell)| {
            let named = format!("{} ({})", columns[*index].label, cell.text);
            cell.estimate.map(|estimate| (estimate.mean, named))
        })
        .collect();
    let beaten: Vec<String> = scored
        .iter()
        .filter(|(mean, _)| ahead(bar, *mean))
        .map(|(_, named)| named.clone())
        .collect();
    let (title, value, metric) = (&reference.title, &cell.text, &row.noun);
    let comparative = match direction {
        Direction::Lower => "lower",
        Direction::Higher => "higher",
    };
    let all = scored.len();
    match beaten.len() {
        _ if all == 0 => None,
        0 => Some(format!(
            "Every model with samples has a {comparative} {metric} than the best baseline without \
             any network, {title} ({value}).",
        )),
        count => Some(format!(
            "The best baseline without any network, {title}, has a {comparative} {metric} ({value}) \
             than {which}: {names}.",
            which = match all {
                1 => "the one model that it can be held against".to_owned(),
                all if all == count => "every model".to_owned(),
                all => format!("{count} of {all} models"),
            },
            names = list(&beaten),
        )),
    }
}

/// The baseline that is ahead of all others in a row, with its cell and its mean.
fn best_baseline<'a>(
    table: &'a Table,
    row: &'a Row,
    ahead: impl Fn(f64, f64) -> bool,
) -> Option<(&'a ReferenceColumn, &'a Cell, f64)> {
    let cells = table.references.iter().zip(&row.references);
    let scored = cells
        .filter(|(reference, _)| reference.role == Role::Baseline)
        .filter_map(|(reference, cell)| Some((reference, cell, cell.estimate?.mean)));
    scored.reduce(|best, other| if ahead(other.2, best.2) { other } else { best })
}

/// Who leads a row, and whether the seeds allow the word "better".
fn leader(table: &Table, row: &Row, columns: &[Column<'_>]) -> Option<String> {
    row.better?;
    let marked = |mark: Mark| {
        let cells = table.columns.iter().zip(&row.cells);
        cells.filter(move |(_, cell)| cell.mark == mark).map(|(index, cell)| {
            let column = &columns[*index];
            (column.label.clone(), format!("{} ({})", column.label, cell.text))
        })
    };
    let metric = &row.noun;
    let tied: Vec<String> = marked(Mark::Tied).map(|(_, named)| named).collect();
    if !tied.is_empty() {
        return Some(format!("{} are not distinguishable in {metric}.", list(&tied)));
    }
    if let Some((_, best)) = marked(Mark::Best).next() {
        let rivals: Vec<String> = table
            .columns
            .iter()
            .zip(&row.cells)
            .filter(|(index, cell)| {
                cell.mark == Mark::None && cell.estimate.is_some() && columns[**index].is_finished()
            })
            .map(|(index, _)| columns[*index].label.clone())
            .collect();
        return Some(format!(
            "{best} is better than {} in {metric}: the 95 % intervals over seeds do not overlap.",
            list(&rivals),
        ));
    }
    None
}

/// Whose value is the best of a row by too few seeds for a claim: "DDPM in coverage (0.79)".
fn ahead(table: &Table, row: &Row, columns: &[Column<'_>]) -> Option<String> {
    row.better?;
    let cells = table.columns.iter().zip(&row.cells);
    let (index, cell) = cells.into_iter().find(|(_, cell)| cell.mark == Mark::Leading)?;
    Some(format!("{} in {} ({})", columns[*index].label, row.noun, cell.text))
}

/// What the number of seeds forbids.
fn seeds(columns: &[Column<'_>]) -> Option<String> {
    let fewest = columns.iter().map(|column| column.counted().len()).min()?;
    let cure = "run with --seeds 3 or more before you call one model better than another.";
    match fewest {
        0 | 1 => {
            let single: Vec<String> = columns
                .iter()
                .filter(|column| column.counted().len() < 2)
                .map(|column| column.label.clone())
                .collect();
            let who = if single.len() == columns.len() {
                "Every model".to_owned()
            } else {
                list(&single)
            };
            let verb = if single.len() > 1 && who != "Every model" { "have" } else { "has" };
            Some(format!(
                "{who} {verb} only one seed, so nothing is claimed. A difference may be luck; {cure}"
            ))
        }
        n if n < SEEDS_FOR_A_CLAIM => Some(format!("{n} seeds are too few for a claim; {cure}")),
        _ => None,
    }
}
