//! The comparison as Markdown, for a README, an issue or a thesis.

use crate::compare::{Cell, Comparison, Mark, Pairs, Table, pairs};
use crate::format::count;
use crate::names;
use crate::panel::PanelTable;
use crate::run_data::RunData;
use genlab_results::{Catalogue, Direction};
use std::fmt::Write;

/// The tables of a comparison with its warnings and findings.
pub fn comparison(runs: &[RunData], catalogue: &Catalogue) -> String {
    body(&Comparison::new(runs, catalogue))
}

pub(crate) fn document(title: &str, comparison: &Comparison<'_>) -> String {
    format!("# {}\n\n{}", escaped(title), body(comparison))
}

fn body(comparison: &Comparison<'_>) -> String {
    let mut out = String::new();
    for warning in &comparison.warnings {
        line(&mut out, &format!("> **Warning.** {}\n", escaped(warning)));
    }
    for finding in &comparison.findings {
        line(&mut out, &format!("- {}", escaped(finding)));
    }
    for table in &comparison.tables {
        write_table(&mut out, table, comparison);
    }
    for table in &comparison.judged {
        write_judged(&mut out, table);
    }
    out
}

fn write_judged(out: &mut String, table: &PanelTable) {
    let cells =
        |cells: &[String]| cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join(" | ");
    line(out, &format!("\n## {}\n\n| {} |", escaped(&table.title), cells(&table.columns)));
    line(out, &format!("|---|{}", "---:|".repeat(table.columns.len() - 1)));
    for row in &table.rows {
        line(out, &format!("| {} |", cells(row)));
    }
    line(out, &format!("\n{}", table.caption));
}

fn write_table(out: &mut String, table: &Table, comparison: &Comparison<'_>) {
    let protocol =
        table.protocol.as_ref().map_or_else(String::new, |p| format!(": {}", escaped(p)));
    line(out, &format!("\n## {}{protocol}\n", table.section.title()));
    let columns = table.columns.iter().map(|index| {
        let column = &comparison.columns[*index];
        format!("{}<br>{}", escaped(&column.label), escaped(&column.seeds()))
    });
    let references = table.references.iter().map(|reference| {
        format!("*{}*<br>*{}*", escaped(&reference.title), names::role(reference.role))
    });
    let headers: Vec<String> =
        ["Metric".into(), "n".into()].into_iter().chain(columns).chain(references).collect();
    line(out, &format!("| {} |", headers.join(" | ")));
    line(out, &format!("|---|{}", "---:|".repeat(headers.len() - 1)));
    for row in &table.rows {
        let arrow = match row.better {
            Some(Direction::Lower) => " ↓",
            Some(Direction::Higher) => " ↑",
            None => "",
        };
        let known = [&row.split, &row.unit].into_iter().filter(|part| !part.is_empty());
        let known = known.map(|part| escaped(part)).collect::<Vec<_>>().join(", ");
        let known = if known.is_empty() { known } else { format!(" ({known})") };
        let title = format!("{}{arrow}{known}", escaped(&row.title));
        let n = row
            .n
            .iter()
            .filter(|n| **n > 0)
            .map(|n| count(*n as f64))
            .collect::<Vec<_>>()
            .join("; ");
        let cells = row.cells.iter().map(cell);
        let references = row.references.iter().map(|cell| cell.text.clone());
        let cells: Vec<String> = [title, n].into_iter().chain(cells).chain(references).collect();
        line(out, &format!("| {} |", cells.join(" | ")));
    }
    line(out, &format!("\n{}", table.caption()));
    if let Some(pairs) = pairs(table, &comparison.columns) {
        write_pairs(out, &pairs, comparison);
    }
}

fn write_pairs(out: &mut String, pairs: &Pairs<'_>, comparison: &Comparison<'_>) {
    let metrics: Vec<String> = pairs.metrics.iter().map(|title| escaped(title)).collect();
    line(out, &format!("\n| Pair | {} |", metrics.join(" | ")));
    line(out, &format!("|---|{}", "---|".repeat(metrics.len())));
    let columns = &comparison.columns;
    for pair in &pairs.rows {
        let [left, right] = [pair.left, pair.right].map(|index| escaped(&columns[index].label));
        let verdicts: Vec<String> =
            (0..metrics.len()).map(|index| escaped(&pair.text(index, columns))).collect();
        line(out, &format!("| {left} and {right} | {} |", verdicts.join(" | ")));
    }
    line(out, &format!("\n{}", pairs.caption()));
}

fn cell(cell: &Cell) -> String {
    match cell.mark {
        Mark::Best => format!("**{}** ★", cell.text),
        Mark::Leading => format!("**{}**", cell.text),
        Mark::Tied => format!("{} ≈", cell.text),
        Mark::None => cell.text.clone(),
    }
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("a string takes any text");
}

/// Texts from files: no markup, no HTML, one line.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\n' | '\r' => out.push(' '),
            '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '!' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_files_cannot_break_the_table() {
        assert_eq!(escaped("a|b\n<script>*"), "a\\|b &lt;script&gt;\\*");
    }
}
