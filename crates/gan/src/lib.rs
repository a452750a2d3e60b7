//! The generative adversarial network (Goodfellow et al. 2014, arXiv:1406.2661) with convolutional
//! networks in the manner of DCGAN (Radford et al. 2016, arXiv:1511.06434).
//!
//! Two networks, two optimisers. The generator uses group normalisation where DCGAN has batch
//! normalisation, so that a sample does not depend on the batch it is drawn in, and evaluation uses
//! the moving average of its weights.

mod config;
mod invert;
mod loss;
mod model;
mod net;

pub use config::{GanConfig, GanLoss};
pub use loss::{critic_loss, generator_loss};
