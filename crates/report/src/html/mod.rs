//! The pages: what the templates show, already in words. Every text from a file reaches a page
//! through the templates' escaping; only charts, which escape their own texts, are inserted as they
//! are.

mod comparison_page;
mod curve_groups;
mod facts;
mod run_page;

pub(crate) use comparison_page::render as render_comparison;
pub(crate) use run_page::render as render_run;

use crate::error::{ReportError, Result};
use crate::format::count;
use crate::png;
use askama::Template;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use genlab_results::Direction;

/// Written into every page.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An image inside the page.
struct Image {
    title: String,
    caption: String,
    alt: String,
    uri: String,
    width: u32,
    height: u32,
    /// From the palette; 0 for none.
    colour: usize,
}

impl Image {
    /// An image from the bytes of a PNG file; None if there are none.
    fn new(png: Option<&[u8]>, title: &str, alt: String) -> Option<Self> {
        let (width, height) = png::size(png?)?;
        let uri = format!("data:image/png;base64,{}", STANDARD.encode(png?));
        let title = title.to_owned();
        Some(Self { title, caption: String::new(), alt, uri, width, height, colour: 0 })
    }
}

/// Which way a metric improves.
struct Arrow {
    sign: char,
    words: &'static str,
}

impl Arrow {
    fn new(direction: Direction) -> Self {
        match direction {
            Direction::Lower => Self { sign: '↓', words: "lower is better" },
            Direction::Higher => Self { sign: '↑', words: "higher is better" },
        }
    }
}

/// "judge features, test, n = 2 000": what a number is measured in and on. `n` has several values
/// where the columns of a table differ.
fn caption(unit: &str, split: &str, n: &[usize]) -> String {
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

fn page(name: &'static str, template: &impl Template) -> Result<String> {
    template.render().map_err(|error| ReportError::Render { page: name, reason: error.to_string() })
}
