//! genlab as a library: one crate to depend on.
//!
//! ```no_run
//! use genlab::{Lab, models::vae::VaeConfig};
//!
//! let lab = Lab::open("digits8x8")?;
//! let vae = lab.train(20_000, |context| VaeConfig::default().init(context), |_, _| {})?;
//! let samples = lab.samples(vae.as_ref(), 64)?;
//! lab.save_png(&samples, "samples.png")?;
//! # Ok::<(), genlab::LabError>(())
//! ```
//!
//! [`Lab`] is the short way, without checkpoints, reports and resuming: those are the program's, `bench-runner`. What it
//! is made of is here as well, each crate under its short name, and `burn`, the one that all of them use.
//! `examples/` has a model and a metric of one's own.

mod lab;

pub use burn;
pub use genlab_core as core;
pub use genlab_data as data;
pub use genlab_kernels as kernels;
pub use genlab_metrics as metrics;
pub use genlab_report as report;
pub use genlab_results as results;
pub use lab::{Lab, LabError};

/// The models, and the classifier that judges them.
pub mod models {
    pub use genlab_ae as ae;
    pub use genlab_classifier as classifier;
    pub use genlab_ddpm as ddpm;
    pub use genlab_gan as gan;
    pub use genlab_sparse_ae as sparse_ae;
    pub use genlab_vae as vae;
}
