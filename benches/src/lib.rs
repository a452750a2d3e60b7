//! What genlab costs.
//!
//! `benches/` times models, kernels, metrics and data on the CPU; `src/bin/twin.rs` is genlab's
//! side of `pytorch/twin.py`, which trains the same networks in PyTorch and compares losses,
//! speed and memory. Both run a [`Subject`]: one model with its defaults, as `bench-runner` trains
//! it.

pub mod harness;
pub mod subject;

pub use subject::{MODELS, Subject};

/// `bench-runner`'s allocator: part of what is measured.
#[global_allocator]
static ALLOCATOR: genlab_kernels::Allocator = genlab_kernels::Allocator;
