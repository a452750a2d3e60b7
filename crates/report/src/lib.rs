//! Results made readable: HTML reports, Markdown tables, pictures, archives and TensorBoard logs.
//!
//! A report is one file that needs no network. It says what is not comparable before it compares,
//! shows units and directions beside every number, writes "—" where a model lacks a capability, and
//! uses the word "better" only where at least three seeds and their intervals allow it.
//!
//! The crate knows the result types of `genlab_metrics` and the files of a run directory, no model
//! and no tensor.

mod chart;
mod compare;
mod curves;
mod error;
mod format;
mod html;
mod machine;
mod names;
mod picture;
mod run_data;
mod stats;

pub mod markdown;
pub mod npz;
pub mod png;
pub mod run;
pub mod tensorboard;

pub use curves::{Curve, Curves};
pub use error::{ReportError, Result};
pub use picture::Picture;
pub use run_data::{Pictures, RunData};
