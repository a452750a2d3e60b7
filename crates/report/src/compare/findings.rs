//! What the numbers allow one to say, in sentences.

use super::group::Column;
use super::mark::Mark;
use super::section::LEADING;
use super::table::{Row, Table};
use crate::names::list;
use crate::stats::SEEDS_FOR_A_CLAIM;
use genlab_results::Direction;

/// The reference without any network that every comparison carries.
const BASELINE: &str = "pca-mixture";
const BASELINE_METRICS: [&str; 2] = ["samples/frechet", "samples/fid"];

/// The sentences: the baseline first, then the leaders, then what the seeds forbid.
pub(super) fn findings(columns: &[Column<'_>], tables: &[Table]) -> Vec<String> {
    let mut sentences = Vec::new();
    for table in tables {
        let scope = table.protocol.as_ref().map_or_else(String::new, |p| format!("{p}: "));
        let row = |name: &str| table.rows.iter().find(|row| row.key.name == name);
        let measured = BASELINE_METRICS.iter().find_map(|name| row(name));
        let baseline = measured.and_then(|row| baseline(table, row, columns));
        sentences.extend(baseline.map(|sentence| format!("{scope}{sentence}")));
        for row in LEADING.iter().filter_map(|name| row(name)) {
            sentences.extend(leader(table, row, columns).map(|s| format!("{scope}{s}")));
        }
    }
    sentences.extend(columns.iter().filter_map(prior));
    sentences.extend(seeds(columns));
    sentences
}

/// Names what stands between a model that cannot sample and the samples in its column.
fn prior(column: &Column<'_>) -> Option<String> {
    let prior = column.first().results.prior.as_ref()?;
    Some(format!(
        "{label} cannot sample by itself: its samples are {label} + {prior}, fitted on its codes.",
        label = column.label
    ))
}

/// Says plainly which models are behind a mixture of Gaussians in PCA space.
fn baseline(table: &Table, row: &Row, columns: &[Column<'_>]) -> Option<String> {
    let place = table.references.iter().position(|reference| reference.name == BASELINE)?;
    let reference = &row.references[place];
    let bar = reference.estimate?.mean;
    let scored: Vec<(&Column<'_>, f64, String)> = table
        .columns
        .iter()
        .zip(&row.cells)
        .filter_map(|(index, cell)| {
            let column = &columns[*index];
            let named = format!("{} ({})", column.label, cell.text);
            cell.estimate.map(|estimate| (column, estimate.mean, named))
        })
        .collect();
    let beaten: Vec<String> =
        scored.iter().filter(|(_, mean, _)| bar < *mean).map(|(.., named)| named.clone()).collect();
    let title = &table.references[place].title;
    let (all, value, metric) = (scored.len(), &reference.text, &row.title);
    match beaten.len() {
        _ if all == 0 => None,
        0 => Some(format!(
            "Every model with samples has a lower {metric} than the baseline without any network, \
             {title} ({value}).",
            metric = lower_first(metric),
        )),
        count => Some(format!(
            "The baseline without any network, {title}, has a lower {metric} ({value}) than {which}: \
             {names}.",
            which = match all {
                1 => "the only model with samples".to_owned(),
                all if all == count => "every model".to_owned(),
                all => format!("{count} of {all} models"),
            },
            metric = lower_first(metric),
            names = list(&beaten),
        )),
    }
}

/// Who leads a row, and whether the seeds allow the word "better".
fn leader(table: &Table, row: &Row, columns: &[Column<'_>]) -> Option<String> {
    let direction = match row.better? {
        Direction::Lower => "lowest",
        Direction::Higher => "highest",
    };
    let marked = |mark: Mark| {
        let cells = table.columns.iter().zip(&row.cells);
        cells.filter(move |(_, cell)| cell.mark == mark).map(|(index, cell)| {
            let column = &columns[*index];
            (column.label.clone(), format!("{} ({})", column.label, cell.text))
        })
    };
    let metric = lower_first(&row.title);
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
    let (_, leading) = marked(Mark::Leading).next()?;
    Some(format!("{leading} has the {direction} {metric}; too few seeds for a claim."))
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
            Some(format!("{who} {verb} one seed: no claim. A difference may be luck; {cure}"))
        }
        n if n < SEEDS_FOR_A_CLAIM => Some(format!("{n} seeds are too few for a claim; {cure}")),
        _ => None,
    }
}

/// A title inside a sentence: "Reconstruction MSE" loses its capital, "Fréchet distance" does not.
fn lower_first(title: &str) -> String {
    let first = title.split(' ').next().unwrap_or_default();
    if first == "Fréchet" || first.chars().filter(|c| c.is_uppercase()).count() > 1 {
        return title.to_owned();
    }
    let mut letters = title.chars();
    let first = letters.next().map(|c| c.to_lowercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
