//! Pictures and captions as vectors of one space: contrastive language-image pre-training (CLIP, Radford et al. 2021,
//! arXiv:2103.00020).
//!
//! It makes no values. It measures how well a picture and a caption go together, and finds the one for the other.

mod config;
mod loss;
mod model;
mod net;

pub use config::ClipConfig;
pub use loss::floor;
