//! What a run leaves behind, as types: metrics and their catalogue, figures as data, the manifest of
//! pictures, the record of how the run was made and what happened to it, the places of all files,
//! and the one way to write a file.
//!
//! Whoever measures writes these types, whoever reports reads them, and neither knows the other. The
//! crate holds no tensor, no model's name and no metric's name.

pub mod atomic;
pub mod catalogue;
pub mod directory;
pub mod event;
pub mod figure;
pub mod figure_files;
pub mod file;
pub mod metric;
pub mod oracle;
pub mod panel;
pub mod record;
pub mod reference;
pub mod results;
pub mod text;

pub use catalogue::{Catalogue, Direction, Entry, Rank, Section, Style};
pub use directory::RunDir;
pub use event::Event;
pub use figure::{Arrow, Artefact, Axes, Band, Field, Figure, ImageStrip, Plot, Scope};
pub use figure_files::FigureFile;
pub use file::FileError;
pub use metric::{Metric, NotFinite};
pub use oracle::Oracle;
pub use panel::{Agreement, JudgedRun, Panel, Place};
pub use record::{Commit, DataRecord, OpenedRecord, OpenedRole, RunRecord};
pub use reference::{Reference, Role};
pub use results::{AverageCandidate, ChosenAverage, JudgeInfo, Results, SCHEMA_VERSION};
