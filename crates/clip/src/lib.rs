//! Pictures and captions as vectors of one space: contrastive language-image pre-training (CLIP, Radford et al. 2021,
//! arXiv:2103.00020).
//!
//! It makes no values. It measures how well a picture and a caption go together, and finds the one for the other. Of labelled
//! images without captions the classes are learned from, a word each.
//!
//! The [`CaptionerConfig`] is of a model that also writes the caption (BLIP, Li et al. 2022, arXiv:2201.12086).

mod captioner;
mod config;
mod hard_negatives;
mod loss;
mod model;
mod net;

pub use captioner::{CaptionerConfig, FilterConfig, PictureConfig, Wording};
pub use config::ClipConfig;
pub use hard_negatives::HardNegatives;
pub use loss::floor;
