//! Which of two models a metric tells apart: every pair of columns, leading metrics only.

use super::group::Column;
use super::table::{Cell, Row, Table};
use crate::stats::SEEDS_FOR_A_CLAIM;
use genlab_results::Direction;
use serde::Serialize;

/// The pairwise table below a table of numbers.
pub(crate) struct Pairs<'a> {
    /// Titles of the metrics: one column each.
    pub(crate) metrics: Vec<&'a str>,
    /// One row per pair of models that share one of them.
    pub(crate) rows: Vec<Pair>,
    /// Whether some model has too few seeds to be told apart from another.
    pub(crate) few_seeds: bool,
}

/// Two models: indices into the comparison's columns.
pub(crate) struct Pair {
    pub(crate) left: usize,
    pub(crate) right: usize,
    /// One per metric.
    pub(crate) verdicts: Vec<Verdict>,
}

/// What one metric says about two models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// The left one is better: the intervals over seeds are clear of each other.
    LeftBetter,
    /// The right one is better.
    RightBetter,
    /// The intervals overlap, or there are too few seeds to say.
    NotDistinguishable,
    /// A model lacks the metric.
    Absent,
}

impl Pairs<'_> {
    /// How to read it.
    pub(crate) fn caption(&self) -> String {
        let rule = format!(
            "Better: the 95 % t-intervals over at least {SEEDS_FOR_A_CLAIM} seeds of each model do \
             not overlap. Pairs are not corrected for their number."
        );
        let few = " A model with fewer seeds is not distinguishable from any other.";
        rule + if self.few_seeds { few } else { "" }
    }
}

impl Pair {
    /// The verdict on metric `index` in words.
    pub(crate) fn text(&self, index: usize, columns: &[Column<'_>]) -> String {
        match self.verdicts[index] {
            Verdict::LeftBetter => format!("{} better", columns[self.left].label),
            Verdict::RightBetter => format!("{} better", columns[self.right].label),
            Verdict::NotDistinguishable => "not distinguishable".into(),
            Verdict::Absent => crate::format::ABSENT.into(),
        }
    }
}

/// The pairwise table of `table`; None where no two models share a leading metric.
pub(crate) fn pairs<'a>(table: &'a Table, columns: &[Column<'_>]) -> Option<Pairs<'a>> {
    let rows: Vec<&Row> = table
        .leading()
        .filter(|row| row.cells.iter().filter(|cell| cell.estimate.is_some()).count() > 1)
        .collect();
    let scored = || rows.iter().flat_map(|row| &row.cells).filter_map(|cell| cell.estimate);
    let few_seeds = scored().any(|estimate| estimate.seeds < SEEDS_FOR_A_CLAIM);
    if scored().all(|estimate| estimate.seeds < SEEDS_FOR_A_CLAIM) {
        return None;
    }
    let mut pairs = Vec::new();
    for (left, a) in table.columns.iter().enumerate() {
        for (right, b) in table.columns.iter().enumerate().skip(left + 1) {
            let may_win = columns[*a].is_finished() && columns[*b].is_finished();
            let verdict = |row: &&Row| verdict(row, [left, right], may_win);
            let verdicts: Vec<Verdict> = rows.iter().map(verdict).collect();
            if verdicts.iter().any(|verdict| *verdict != Verdict::Absent) {
                pairs.push(Pair { left: *a, right: *b, verdicts });
            }
        }
    }
    let metrics = rows.iter().map(|row| row.title.as_str()).collect();
    (!pairs.is_empty()).then_some(Pairs { metrics, rows: pairs, few_seeds })
}

fn verdict(row: &Row, places: [usize; 2], may_win: bool) -> Verdict {
    let [left, right] = places.map(|place| &row.cells[place]);
    let (Some(a), Some(b)) = (left.estimate, right.estimate) else { return Verdict::Absent };
    let enough = a.seeds.min(b.seeds) >= SEEDS_FOR_A_CLAIM;
    // Distances depend on how many samples they are taken over.
    let alike = row.n.len() == 1;
    let clear = may_win && alike && enough && !a.overlaps(&b) && reads_apart(left, right);
    match row.better {
        Some(direction) if clear => {
            if (direction == Direction::Lower) == (a.mean < b.mean) {
                Verdict::LeftBetter
            } else {
                Verdict::RightBetter
            }
        }
        _ => Verdict::NotDistinguishable,
    }
}

/// Whether a reader sees two numbers.
fn reads_apart(left: &Cell, right: &Cell) -> bool {
    left.text != right.text
}
