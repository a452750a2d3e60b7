//! The rows of a table: which metric stands where.

use genlab_results::{Catalogue, Metric, Section};

/// What metrics share whose numbers can be compared: one row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowKey {
    /// The metric's name.
    pub(crate) name: String,
    /// The split it was measured on.
    pub(crate) split: String,
    /// What its unit cannot say, such as which likelihood it is.
    pub(crate) qualifier: Option<String>,
}

impl RowKey {
    /// Whether `metric` belongs into this row.
    pub(crate) fn is(&self, metric: &Metric) -> bool {
        self.name == metric.name && self.split == metric.split && self.qualifier == metric.qualifier
    }
}

/// The rows of a section, in the catalogue's order; test before validation before train.
pub(crate) fn rows<'a>(
    section: Section,
    metrics: impl Iterator<Item = &'a Metric>,
    catalogue: &Catalogue,
) -> Vec<RowKey> {
    let mut keys: Vec<RowKey> = Vec::new();
    for metric in metrics.filter(|metric| catalogue.section(&metric.name) == section) {
        if !keys.iter().any(|key| key.is(metric)) {
            let Metric { name, split, qualifier, .. } = metric.clone();
            keys.push(RowKey { name, split, qualifier });
        }
    }
    let split = |split: &str| ["test", "validation", "train"].iter().position(|s| *s == split);
    keys.sort_by_key(|key| (catalogue.place(&key.name), split(&key.split).unwrap_or(usize::MAX)));
    keys
}
