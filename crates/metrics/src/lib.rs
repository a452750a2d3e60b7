//! Every number that genlab reports.
//!
//! Pure functions on slices and f64 matrices at the bottom; nothing here draws from any generator
//! but `genlab_core::noise`, prints, or touches a model's training.

pub mod baseline;
pub mod classes;
pub mod evaluate;
pub mod frechet;
mod host;
pub mod image;
pub mod judge;
pub mod kernel;
pub mod kl;
pub mod latent;
pub mod lpips;
pub mod matrix;
pub mod mixture;
pub mod neighbours;
pub mod pca;
pub mod registry;
pub mod result;
pub mod sparsity;
pub mod weights;

pub use evaluate::{Evaluation, Evaluator, Settings, Split};
pub use judge::Judge;
pub use lpips::Lpips;
pub use registry::{METRICS, MetricKind, describe};
pub use result::{Direction, JudgeInfo, Metric, NotReported, Reference, Results, SCHEMA_VERSION};
pub use weights::PinnedFile;
