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

use crate::panel::{self, PanelTable};
use crate::run_data::RunData;
use genlab_results::{Catalogue, Panel};

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
    /// What several judges say of the runs; None where they were not asked.
    pub(crate) panel: Option<&'a Panel>,
    /// The same as tables.
    pub(crate) judged: Vec<PanelTable>,
}

impl<'a> Comparison<'a> {
    /// Groups the runs, fills the tables and draws the conclusions that the seeds allow.
    pub(crate) fn new(runs: &'a [RunData], catalogue: &Catalogue) -> Self {
        let (columns, mut warnings) = group::columns(runs);
        let (tables, mismatches) = protocol::tables(&columns, catalogue);
        warnings.splice(0..0, mismatches);
        let findings = findings::findings(&columns, &tables);
        let differences = group::differences(&columns);
        let (panel, judged) = (None, Vec::new());
        Self { columns, tables, differences, warnings, findings, panel, judged }
    }

    /// The same with what several judges say of the runs, and what they do not.
    pub(crate) fn with_panel(mut self, panel: &'a Panel, catalogue: &Catalogue) -> Self {
        self.warnings.extend(panel.notes.iter().cloned());
        self.findings.extend(panel::finding(panel));
        self.judged = panel::tables(panel, catalogue);
        self.panel = Some(panel).filter(|panel| !panel.judges.is_empty());
        self
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
