//! The comparison for spreadsheets: `comparison.csv`.

use crate::ascii;
use crate::compare::{Cell, Comparison, Row, Table};
use crate::names;
use genlab_results::{Direction, JudgedRun, Panel};

/// The first line, by which a table of genlab's is known.
pub(crate) const HEADER: &str =
    "model,role,metric,split,mean,half_width_95,seeds,n,unit,better,protocol";

/// The text of `comparison.csv`, in ASCII: a row per column and metric, numbers unrounded and in the units of
/// `results.json`; and a row per run and judge, where several were asked. What a column lacks has no row.
pub(crate) fn comparison(comparison: &Comparison<'_>) -> String {
    let mut out = format!("{HEADER}\n");
    for table in &comparison.tables {
        for row in &table.rows {
            for (name, role, cell) in columns(table, row, comparison) {
                if let Some(line) = line(name, role, cell, row, table) {
                    out.push_str(&line);
                }
            }
        }
    }
    out.extend(comparison.panel.into_iter().flat_map(judged));
    out
}

/// A line for each run and each of several judges.
fn judged(panel: &Panel) -> impl Iterator<Item = String> {
    let written = move |(run, place): (&JudgedRun, usize)| {
        let (judge, metric) = (&panel.judges[place], &run.places[place].as_ref()?.metric);
        let hash: String = judge.sha256.chars().take(8).collect();
        Some(record(&[
            run.run.clone(),
            "run".to_owned(),
            metric.name.clone(),
            metric.split.clone(),
            metric.value.to_string(),
            String::new(),
            "1".to_owned(),
            metric.n.to_string(),
            metric.qualified_unit(),
            better(metric.better).to_owned(),
            format!("judge {} ({hash})", judge.name),
        ]))
    };
    let all =
        panel.runs.iter().flat_map(|run| (0..run.places.len()).map(move |place| (run, place)));
    all.filter_map(written)
}

/// The cells of a row, each with its column's name and what that stands for.
fn columns<'a>(
    table: &'a Table,
    row: &'a Row,
    comparison: &'a Comparison<'_>,
) -> impl Iterator<Item = (&'a str, &'static str, &'a Cell)> {
    let models = table.columns.iter().zip(&row.cells);
    let models =
        models.map(|(index, cell)| (comparison.columns[*index].label.as_str(), "model", cell));
    let references = table.references.iter().zip(&row.references);
    models.chain(
        references
            .map(|(reference, cell)| (reference.title.as_str(), names::role(reference.role), cell)),
    )
}

fn line(name: &str, role: &str, cell: &Cell, row: &Row, table: &Table) -> Option<String> {
    let estimate = cell.estimate?;
    let n: Vec<String> = cell.n.iter().filter(|n| **n > 0).map(ToString::to_string).collect();
    let fields = [
        name.to_owned(),
        role.to_owned(),
        row.key.name.clone(),
        row.key.split.clone(),
        estimate.mean.to_string(),
        estimate.half_width.map_or_else(String::new, |half| half.to_string()),
        estimate.seeds.to_string(),
        n.join(";"),
        row.stored_unit.clone(),
        better(row.better).to_owned(),
        table.protocol.clone().unwrap_or_default(),
    ];
    Some(record(&fields))
}

fn better(direction: Option<Direction>) -> &'static str {
    match direction {
        Some(Direction::Lower) => "lower",
        Some(Direction::Higher) => "higher",
        None => "",
    }
}

/// A line of these fields (RFC 4180), in ASCII.
pub(crate) fn record(fields: &[String]) -> String {
    let fields: Vec<String> = fields.iter().map(|text| field(text)).collect();
    fields.join(",") + "\n"
}

/// One field, in quotes where it must be. A spreadsheet would compute what begins like a formula and is no number.
fn field(text: &str) -> String {
    let text = ascii::text(text);
    let formula = text.starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let text = if formula { format!("'{text}") } else { text };
    if text.contains(['"', ',']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_commas_and_quotes_and_are_no_formulas() {
        let fields = ["a, \"b\"", "=1+1", "-1.5", "é\n"].map(str::to_owned);
        assert_eq!(record(&fields), "\"a, \"\"b\"\"\",'=1+1,-1.5,e \n");
    }
}
