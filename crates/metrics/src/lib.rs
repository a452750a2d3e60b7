//! Every number that genlab reports.
//!
//! [`measures`] has one file per measure: the entries of its metrics, what it needs, how it is computed
//! and resampled. [`CATALOGUE`] is collected from their lists, and [`Evaluator`] asks a model for its
//! capabilities and hands each to the measures of that capability.
//!
//! Pure functions on slices and f64 matrices at the bottom; nothing here draws from any generator
//! but `genlab_core::noise`, prints, or touches a model's training.

mod canvas;
pub mod catalogue;
pub mod context;
pub mod evaluate;
pub mod features;
pub mod findings;
pub mod generators;
mod letters;
pub mod measures;
pub mod numerics;
pub mod picture;
pub mod requests;
pub mod settings;

pub use catalogue::CATALOGUE;
pub use evaluate::{Evaluation, Evaluator, ReferenceCache, Scored, Way, Ways};
pub use features::{judge::Judge, lpips::Lpips, weights::PinnedFile};
pub use settings::{Binarisation, Settings, Split};
