//! The comparison for a paper: `comparison.tex`.

use crate::ascii;
use crate::compare::{Cell, Column, Comparison, Mark, ReferenceColumn, Row, Table, headline, same};
use crate::format::ABSENT;
use crate::names;
use crate::panel::PanelTable;
use genlab_results::{Direction, Rank, Role};
use std::fmt::Write;

/// The headline numbers as a table of the package booktabs; one for each protocol and section where not all
/// columns may stand in one. What several judges say comes behind them.
pub(crate) fn document(title: &str, comparison: &Comparison<'_>) -> String {
    let mut out = String::from(
        "% Needs \\usepackage{booktabs} in the preamble. Too wide: wrap the tabular in\n\
         % \\resizebox{\\linewidth}{!}{...} of the package graphicx.\n",
    );
    write_numbers(&mut out, title, comparison);
    for (index, table) in comparison.judged.iter().enumerate() {
        write_judged(&mut out, table, &format!("tab:genlab-judges-{}", index + 1));
    }
    out
}

fn write_numbers(out: &mut String, title: &str, comparison: &Comparison<'_>) {
    let columns = &comparison.columns;
    if let Some(headline) = headline(columns, &comparison.tables) {
        let shown =
            Shown { title: title.to_owned(), ..Shown::of(headline.rows, headline.references) };
        write_table(out, &shown, columns, "tab:genlab");
        return;
    }
    for (index, table) in comparison.tables.iter().enumerate() {
        let rows = table.rows.iter().filter(|row| row.rank != Rank::Detail);
        let rows: Vec<(&Table, &Row)> = rows.map(|row| (table, row)).collect();
        if rows.is_empty() {
            continue;
        }
        let protocol =
            table.protocol.as_ref().map_or_else(String::new, |label| format!(", {label}"));
        let references = table.references.iter().filter(|one| one.role != Role::Noise).collect();
        let title = format!("{title}: {}{protocol}", table.section.title());
        let shown = Shown { title, ..Shown::of(rows, references) };
        write_table(out, &shown, columns, &format!("tab:genlab-{}", index + 1));
    }
}

fn write_judged(out: &mut String, table: &PanelTable, label: &str) {
    let cells =
        |cells: &[String]| cells.iter().map(|cell| escaped(cell)).collect::<Vec<_>>().join(" & ");
    let caption = escaped(&format!("{}. {}", table.title, table.caption));
    let rows = table.rows.iter().map(|row| cells(row));
    write_tabular(out, [&caption, label], &cells(&table.columns), table.columns.len() - 1, rows);
}

/// The rows of one table of the paper; all are of tables with the same columns.
struct Shown<'a> {
    title: String,
    rows: Vec<(&'a Table, &'a Row)>,
    references: Vec<&'a ReferenceColumn>,
}

impl<'a> Shown<'a> {
    fn of(rows: Vec<(&'a Table, &'a Row)>, references: Vec<&'a ReferenceColumn>) -> Self {
        Self { title: String::new(), rows, references }
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.rows.iter().flat_map(|(_, row)| &row.cells)
    }

    fn has(&self, mark: Mark) -> bool {
        self.cells().any(|cell| cell.mark == mark)
    }

    /// What was measured, and how to read it.
    fn caption(&self, members: &[&Column<'_>]) -> String {
        let mut parts = vec![format!("{}.", escaped(&self.title))];
        let splits = self.rows.iter().map(|(_, row)| row.split.as_str());
        if let Some(split) = same(splits.filter(|split| !split.is_empty())) {
            parts.push(format!("Measured on the {} split.", escaped(split)));
        }
        if let Some(seeds) = same(members.iter().map(|column| column.seeds())) {
            parts.push(format!("Each model: {}.", escaped(&seeds)));
        }
        if self.cells().any(|cell| cell.estimate.is_some_and(|e| e.half_width.is_some())) {
            parts.push("Mean $\\pm$ 95\\,\\% $t$-interval over seeds.".into());
        }
        let said = match (self.has(Mark::Best), self.has(Mark::Leading)) {
            (true, false) => "Bold: best, its interval clear of all others.",
            (false, true) => "Bold: best value, too few seeds for a claim.",
            (true, true) => {
                "Bold: best, its interval clear of all others; with $\\dagger$: best value, too few \
                 seeds for a claim."
            }
            (false, false) => "",
        };
        parts.extend(Some(said.to_owned()).filter(|said| !said.is_empty()));
        if self.has(Mark::Tied) {
            parts.push("$\\sim$: not distinguishable from the best.".into());
        }
        parts.join(" ")
    }

    fn cell(&self, cell: &Cell) -> String {
        let text = escaped(&cell.text);
        match cell.mark {
            Mark::Leading if self.has(Mark::Best) => format!("\\textbf{{{text}}}$^{{\\dagger}}$"),
            Mark::Best | Mark::Leading => format!("\\textbf{{{text}}}"),
            Mark::Tied => format!("{text}$^{{\\sim}}$"),
            Mark::None => text,
        }
    }

    /// The row's title with direction and unit, its numbers, and those of the references.
    fn line(&self, (table, row): &(&Table, &Row)) -> String {
        let arrow = match row.better {
            Some(Direction::Lower) => " $\\downarrow$",
            Some(Direction::Higher) => " $\\uparrow$",
            None => "",
        };
        let unit = if row.unit.is_empty() { String::new() } else { format!(", {}", row.unit) };
        let title = format!("{}{arrow}", escaped(&format!("{}{unit}", row.title)));
        let beside = self.references.iter().map(|wanted| {
            let place = table.references.iter().position(|one| one.name == wanted.name);
            escaped(place.and_then(|place| row.references.get(place)).map_or(ABSENT, |c| &c.text))
        });
        let own = row.cells.iter().map(|cell| self.cell(cell));
        std::iter::once(title).chain(own).chain(beside).collect::<Vec<_>>().join(" & ")
    }
}

fn write_table(out: &mut String, shown: &Shown<'_>, columns: &[Column<'_>], label: &str) {
    let members: Vec<&Column<'_>> =
        shown.rows[0].0.columns.iter().map(|index| &columns[*index]).collect();
    let own = members.iter().map(|column| {
        let head = escaped(&column.label);
        match same(members.iter().map(|column| column.seeds())) {
            Some(_) => head,
            None => format!("{head} ({})", escaped(&column.seeds())),
        }
    });
    let beside = shown
        .references
        .iter()
        .map(|one| format!("{} ({})", escaped(&one.title), names::role(one.role)));
    let heads: Vec<String> = own.chain(beside).collect();
    let caption = shown.caption(&members);
    let head = format!("Metric & {}", heads.join(" & "));
    let rows = shown.rows.iter().map(|row| shown.line(row));
    write_tabular(out, [&caption, label], &head, heads.len(), rows);
}

/// A table of these lines, with `numbers` columns behind that of their names.
fn write_tabular(
    out: &mut String,
    [caption, label]: [&str; 2],
    head: &str,
    numbers: usize,
    rows: impl Iterator<Item = String>,
) {
    let rules = "r".repeat(numbers);
    writeln!(
        out,
        "\\begin{{table}}\n  \\centering\n  \\small\n  \\caption{{{caption}}}\n  \\label{{{label}}}\n  \
         \\begin{{tabular}}{{@{{}}l{rules}@{{}}}}\n    \\toprule\n    {head} \\\\\n    \\midrule"
    )
    .expect("a string takes any text");
    for row in rows {
        writeln!(out, "    {row} \\\\").expect("a string takes any text");
    }
    out.push_str("    \\bottomrule\n  \\end{tabular}\n\\end{table}\n");
}

/// Signs that LaTeX has commands for.
const SIGNS: [(char, &str); 36] = [
    ('\\', "\\textbackslash{}"),
    ('~', "\\textasciitilde{}"),
    ('^', "\\textasciicircum{}"),
    ('<', "$<$"),
    ('>', "$>$"),
    ('|', "$|$"),
    ('"', "''"),
    ('\u{202f}', "\\,"),
    ('\u{a0}', "~"),
    ('—', "---"),
    ('–', "--"),
    ('−', "$-$"),
    ('×', "$\\times$"),
    ('±', "$\\pm$"),
    ('≈', "$\\approx$"),
    ('≤', "$\\leq$"),
    ('≥', "$\\geq$"),
    ('∞', "$\\infty$"),
    ('→', "$\\to$"),
    ('·', "$\\cdot$"),
    ('°', "$^{\\circ}$"),
    ('…', "\\ldots{}"),
    ('é', "\\'e"),
    ('₂', "$_2$"),
    ('µ', "$\\mu$"),
    ('μ', "$\\mu$"),
    ('α', "$\\alpha$"),
    ('β', "$\\beta$"),
    ('γ', "$\\gamma$"),
    ('ε', "$\\varepsilon$"),
    ('η', "$\\eta$"),
    ('θ', "$\\theta$"),
    ('λ', "$\\lambda$"),
    ('σ', "$\\sigma$"),
    ('φ', "$\\varphi$"),
    ('ψ', "$\\psi$"),
];

/// Text that LaTeX sets as it stands, of one line. Letters that no font of pdfLaTeX has become question marks.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    let mut exponent = String::new();
    for c in text.chars() {
        if let Some(raised) = ascii::plain(c) {
            exponent.push(raised);
            continue;
        }
        flush(&mut exponent, &mut out);
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => match SIGNS.iter().find(|(sign, _)| *sign == c) {
                Some((_, command)) => out.push_str(command),
                // Latin letters, with or without accents.
                None if c < '\u{180}' => out.push(c),
                None => out.push('?'),
            },
        }
    }
    flush(&mut exponent, &mut out);
    out
}

fn flush(exponent: &mut String, out: &mut String) {
    if !exponent.is_empty() {
        write!(out, "$^{{{exponent}}}$").expect("a string takes any text");
        exponent.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_from_files_are_set_and_not_obeyed() {
        assert_eq!(escaped("50 % of a_b & $x$ {#1}"), "50 \\% of a\\_b \\& \\$x\\$ \\{\\#1\\}");
        assert_eq!(
            escaped("\\input{x}\n~^"),
            "\\textbackslash{}input\\{x\\} \\textasciitilde{}\\textasciicircum{}"
        );
        assert_eq!(escaped("Fréchet 漢"), "Fr\\'echet ?");
    }

    #[test]
    fn numbers_are_set_as_mathematics() {
        assert_eq!(escaped("−1\u{202f}234 ± 5"), "$-$1\\,234 $\\pm$ 5");
        assert_eq!(escaped("1.500×10⁻⁷"), "1.500$\\times$10$^{-7}$");
    }
}
