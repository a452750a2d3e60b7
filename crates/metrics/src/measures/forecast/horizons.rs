//! A table of forecasts by how far they look ahead.

use super::{Forecasts, by_horizon, coverage::Coverage, crps::Crps};
use genlab_data::Values;
use genlab_results::{Figure, Plot, Scope};
use serde::{Deserialize, Serialize};

/// The scores of one source of forecasts at each step ahead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Horizons {
    /// Whose they are.
    pub title: String,
    /// CRPS.
    pub crps: Vec<f64>,
    /// Share of the numbers within the 80 % intervals.
    pub coverage: Vec<f64>,
}

impl Horizons {
    /// Of these forecasts.
    pub fn new(title: &str, forecasts: &Forecasts, outcomes: &Values) -> Self {
        Self {
            title: title.into(),
            crps: by_horizon(&Crps, forecasts, outcomes),
            coverage: by_horizon(&Coverage, forecasts, outcomes),
        }
    }
}

/// Step by step the CRPS and the coverage of each.
pub fn table(sources: &[&Horizons]) -> Figure {
    let mut columns = vec!["steps ahead".to_owned()];
    columns.extend(sources.iter().map(|source| format!("CRPS, {}", source.title)));
    columns.extend(sources.iter().map(|source| format!("in 80 %, {}", source.title)));
    let steps = sources.iter().map(|source| source.crps.len()).min().unwrap_or(0);
    let row = |step: usize| {
        let crps = sources.iter().map(|source| format!("{:.4}", source.crps[step]));
        let coverage = sources.iter().map(|source| format!("{:.3}", source.coverage[step]));
        [(step + 1).to_string()].into_iter().chain(crps).chain(coverage).collect()
    };
    Figure {
        name: "horizons".into(),
        section: "Forecasts".into(),
        title: "By how far they look ahead".into(),
        caption:
            "CRPS, and the share of the numbers within the interval that should hold 80 % of them."
                .into(),
        scope: Scope::Run,
        plot: Plot::Table { columns, rows: (0..steps).map(row).collect() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_all_sources_at_one_step() {
        let source = |title: &str, crps: f64| Horizons {
            title: title.into(),
            crps: vec![crps, 2.0 * crps],
            coverage: vec![0.5, 0.75],
        };
        let figure = table(&[&source("a", 1.0), &source("b", 3.0)]);
        let Plot::Table { columns, rows } = figure.plot else { panic!("a table") };
        assert_eq!(columns, ["steps ahead", "CRPS, a", "CRPS, b", "in 80 %, a", "in 80 %, b"]);
        assert_eq!(rows[1], ["2", "2.0000", "6.0000", "0.750", "0.750"]);
    }
}
