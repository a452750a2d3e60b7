//! The sparse autoencoder: a code wider than the image of which few units are on (Olshausen & Field 1996,
//! Nature 381; Ng 2011, CS294A lecture notes, "Sparse autoencoder").
//!
//! What keeps units off is a [`Sparsity`], what wakes those that are always off a [`Revival`]. Like any autoencoder it
//! cannot sample by itself: evaluation fits a prior on its codes and says so.

mod config;
mod decoder_norm;
mod loss;
mod matryoshka;
mod model;
mod net;
mod revival;
mod schedule;
mod sparsity;

pub use config::SparseAeConfig;
pub use decoder_norm::DecoderNorm;
pub use revival::{AuxK, Resample, Revival};
pub use sparsity::{Gated, JumpRelu, Kl, L1, MostActive, Sparsity};
