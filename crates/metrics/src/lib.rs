//! Every number that genlab reports.
//!
//! Pure functions on slices and f64 matrices at the bottom; nothing here draws from any generator
//! but `genlab_core::noise`, prints, or touches a model's training.

pub mod catalogue;
pub mod evaluate;
pub mod features;
pub mod generators;
pub mod measures;
pub mod numerics;

pub use catalogue::CATALOGUE;
pub use evaluate::{Binarisation, Evaluation, Evaluator, ReferenceCache, Settings, Split};
pub use features::{judge::Judge, lpips::Lpips, weights::PinnedFile};
