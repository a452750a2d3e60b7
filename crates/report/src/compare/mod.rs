//! From run directories to tables and sentences; no markup.

mod findings;
mod group;
mod headline;
mod mark;
mod pairs;
mod protocol;
mod rows;
mod table;

pub(crate) use group::{Column, Difference};
pub(crate) use headline::{Headline, headline};
pub(crate) use mark::Mark;
pub(crate) use pairs::{Pair, Pairs, Verdict, pairs};
pub(crate) use table::{Cell, ReferenceColumn, Row, Table};

use crate::run_data::RunData;
use genlab_results::Catalogue;

/// Several runs held against each other.
pub(crate) struct Comparison<'a> {
    /// One per model and configuration.
    pub(crate) columns: Vec<Column<'a>>,
    /// One per section and protocol.
    pub(crate) tables: Vec<Table>,
    /// Settings that tell the columns apart.
    pub(crate) differences: Vec<Difference>,
    /// What must not be compared, and what is missing.
    pub(crate) warnings: Vec<String>,
    /// What the numbers say, in sentences.
    pub(crate) findings: Vec<String>,
}

impl<'a> Comparison<'a> {
    /// Groups the runs, fills the tables and draws the conclusions that the seeds allow.
    pub(crate) fn new(runs: &'a [RunData], catalogue: &Catalogue) -> Self {
        let (columns, mut warnings) = group::columns(runs);
        let (tables, mismatches) = protocol::tables(&columns, catalogue);
        warnings.splice(0..0, mismatches);
        let findings = findings::findings(&columns, &tables);
        let differences = group::differences(&columns);
        Self { columns, tables, differences, warnings, findings }
    }
}

/// The tables of one run: its only column holds the numbers.
pub(crate) fn single(run: &RunData, catalogue: &Catalogue) -> Vec<Table> {
    let (columns, _) = group::columns(std::slice::from_ref(run));
    protocol::tables(&columns, catalogue).0
}

/// What all are; None where they differ or there are none.
pub(crate) fn same<T: PartialEq>(mut all: impl Iterator<Item = T>) -> Option<T> {
    let first = all.next()?;
    all.all(|other| other == first).then_some(first)
}
