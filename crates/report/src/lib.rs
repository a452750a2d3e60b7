//! Results made readable: HTML reports, Markdown tables, pictures and TensorBoard logs.
//!
//! A report is one file that needs no network. It says what is not comparable before it compares,
//! shows units and directions beside every number, writes "—" where a model lacks a capability, and
//! uses the word "better" only where at least three seeds and their intervals allow it.
//!
//! The crate stands on `genlab_results` alone. It goes through what a run left behind and shows it
//! as the catalogue and the manifest say: it knows no model's, no metric's and no picture's name.

mod ascii;
mod chart;
mod compare;
mod csv;
mod curves;
mod error;
mod film;
mod format;
mod html;
mod latex;
mod log;
mod machine;
mod names;
mod run_data;
mod stats;

pub mod markdown;
pub mod panel;
pub mod png;
pub mod run;
pub mod tensorboard;

pub use curves::{Curve, Curves};
pub use error::{ReportError, Result};
pub use film::Film;
pub use log::Log;
pub use names::counted;
pub use run_data::{Picture, RunData};
pub use stats::Estimate;
