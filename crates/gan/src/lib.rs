//! The generative adversarial network (Goodfellow et al. 2014, arXiv:1406.2661), by default with
//! convolutional networks in the manner of DCGAN (Radford et al. 2016, arXiv:1511.06434).
//!
//! Two networks, two optimisers. What they play for ([`objective`]) and what keeps the critic from
//! growing steep ([`regulariser`]) are chosen apart and combine freely. The generator uses group
//! normalisation where DCGAN has batch normalisation, so that a sample does not depend on the batch it is
//! drawn in, and evaluation uses the moving average of its weights.

pub mod augmentation;
mod best_response;
mod config;
pub mod critic;
mod generator;
mod invert;
mod model;
pub mod objective;
pub mod regulariser;

pub use augmentation::Augmentation;
pub use config::GanConfig;
pub use objective::{Game, Objective};
pub use regulariser::Regularisers;
