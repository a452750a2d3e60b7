//! Every number that genlab reports.
//!
//! Pure functions on slices and f64 matrices at the bottom; nothing here draws from any generator
//! but `genlab_core::noise`, prints, or touches a model's training.

pub mod aggregated;
pub mod baseline;
pub mod bootstrap;
pub mod classes;
mod contacts;
pub mod evaluate;
pub mod extrapolate;
pub mod frechet;
mod host;
pub mod image;
pub mod importance;
pub mod judge;
pub mod kernel;
pub mod kl;
pub mod latent;
mod lbfgs;
pub mod lpips;
pub mod matrix;
pub mod memory;
pub mod mixture;
pub mod neighbours;
pub mod pca;
pub mod pixels;
pub mod probe;
pub mod registry;
pub mod result;
pub mod samples;
pub mod sliced;
pub mod sparsity;
pub mod weights;

pub use evaluate::{Binarisation, Evaluation, Evaluator, ReferenceCache, Settings, Split};
pub use judge::Judge;
pub use lpips::Lpips;
pub use registry::{METRICS, MetricKind, describe};
pub use result::{Direction, JudgeInfo, Metric, NotReported, Reference, Results, SCHEMA_VERSION};
pub use weights::PinnedFile;
