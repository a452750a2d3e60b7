//! What both pages are made with.

use crate::error::{ReportError, Result};
use crate::format::count;
use askama::Template;
use base64::{Engine, engine::general_purpose::STANDARD};
use genlab_results::Direction;
use sha2::{Digest, Sha256};

/// Written into every page.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What pages can do besides being read; see docs/adr/0016.
pub(super) const SCRIPT: &str = include_str!("../../templates/report.js");

/// The one script that a browser may run in a page, by its hash.
pub(super) fn script_hash() -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(SCRIPT)))
}

/// Which way a metric improves.
pub(super) struct Arrow {
    pub(super) sign: char,
    pub(super) words: &'static str,
}

impl Arrow {
    pub(super) fn new(direction: Direction) -> Self {
        match direction {
            Direction::Lower => Self { sign: '↓', words: "lower is better" },
            Direction::Higher => Self { sign: '↑', words: "higher is better" },
        }
    }
}

/// "judge features, test, n = 2 000": what a number is measured in and on. `n` has several values
/// where the columns of a table differ.
pub(super) fn caption(unit: &str, split: &str, n: &[usize]) -> String {
    let mut parts: Vec<String> =
        [unit, split].into_iter().filter(|part| !part.is_empty()).map(str::to_owned).collect();
    match n {
        [] | [0] => {}
        [n] => parts.push(format!("n\u{a0}=\u{a0}{}", count(*n as f64))),
        several => parts.push(format!(
            "n differs ({}), so nothing is marked",
            several.iter().map(|n| count(*n as f64)).collect::<Vec<_>>().join(", ")
        )),
    }
    parts.join(", ")
}

/// The text of a page.
///
/// # Errors
/// When the template fails, which is a bug.
pub(super) fn page(name: &'static str, template: &impl Template) -> Result<String> {
    template.render().map_err(|error| ReportError::Render { page: name, reason: error.to_string() })
}
