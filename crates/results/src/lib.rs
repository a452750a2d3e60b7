//! What a run leaves behind, as types: metrics and their catalogue, figures as data, the manifest of
//! pictures, and the one way to write a file.
//!
//! Whoever measures writes these types, whoever reports reads them, and neither knows the other. The
//! crate holds no tensor, no model's name and no metric's name.

pub mod atomic;
pub mod catalogue;
pub mod figure;
pub mod metric;
pub mod results;

pub use catalogue::{Catalogue, Direction, Entry, Rank, Section, Style};
pub use figure::{Artefact, Figure, ImageStrip, Plot, Scope};
pub use metric::{Metric, NotFinite};
pub use results::{JudgeInfo, Reference, Results, Role, SCHEMA_VERSION};
