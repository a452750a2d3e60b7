//! The numbers that matter most, of all columns in one table.

use super::group::Column;
use super::table::{ReferenceColumn, Row, Table};
use genlab_results::{Rank, Role, Section};

/// Rows at most.
const ROWS: usize = 8;

/// The most prominent rows, each with the table that it is taken from.
pub(crate) struct Headline<'a> {
    pub(crate) rows: Vec<(&'a Table, &'a Row)>,
    /// The first baseline and the real data, where some row has them.
    pub(crate) references: Vec<&'a ReferenceColumn>,
}

/// The most prominent rows of all tables, where every model stands in each of them.
pub(crate) fn headline<'a>(columns: &[Column<'_>], tables: &'a [Table]) -> Option<Headline<'a>> {
    if tables.iter().any(|table| table.columns.len() != columns.len()) {
        return None;
    }
    let mut all: Vec<(&Table, &Row)> =
        tables.iter().flat_map(|table| table.rows.iter().map(move |row| (table, row))).collect();
    all.retain(|(_, row)| matches!(row.rank, Rank::Leading | Rank::Headline));
    // What models cost comes before other headlines.
    all.sort_by_key(|(table, row)| (row.rank != Rank::Leading, table.section != Section::Cost));
    let mut rows: Vec<(&Table, &Row)> = Vec::new();
    for (table, row) in all {
        let known = rows.iter().any(|(_, other)| other.key.name == row.key.name);
        if !known && rows.len() < ROWS {
            rows.push((table, row));
        }
    }
    let mut references: Vec<&ReferenceColumn> = Vec::new();
    for role in [Role::Baseline, Role::Real] {
        let mut all = rows.iter().flat_map(|(table, _)| &table.references);
        references.extend(all.find(|reference| reference.role == role));
    }
    (!rows.is_empty()).then_some(Headline { rows, references })
}
