//! The autoencoder: an encoder to a narrow code and a decoder back (Hinton & Salakhutdinov 2006,
//! Science 313).
//!
//! It minimises the reconstruction error and nothing else, so its codes follow no known
//! distribution: it cannot sample by itself. Evaluation fits a prior on its codes and says so.

mod coder;
mod config;
mod model;
pub mod variant;

pub use config::{AeConfig, CodeActivation};
