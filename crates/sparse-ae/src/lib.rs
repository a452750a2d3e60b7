//! The sparse autoencoder: a code wider than the image, kept mostly off by an L1 penalty
//! (Ng 2011, CS294A lecture notes, "Sparse autoencoder"; Olshausen & Field 1996 for L1).
//!
//! The code is a ReLU, so a unit that is off is exactly zero. Like any autoencoder it cannot sample
//! by itself: evaluation fits a prior on its codes and says so.

mod config;
mod loss;
mod model;

pub use config::SparseAeConfig;
pub use loss::l1_penalty;
