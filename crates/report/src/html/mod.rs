//! The pages: what the templates show, already in words. Every text from a file reaches a page
//! through the templates' escaping; only charts, which escape their own texts, are inserted as they
//! are.

mod comparison_page;
mod cost;
mod curve_groups;
mod facts;
mod figures;
mod files;
mod first_screen;
mod many;
mod page;
mod run_page;

pub(crate) use comparison_page::render as render_comparison;
pub(crate) use run_page::render as render_run;

/// A page, and its charts as files.
pub(crate) struct Rendered {
    pub(crate) page: String,
    pub(crate) figures: Vec<genlab_results::FigureFile>,
}
