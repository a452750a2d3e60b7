//! Captions of pictures: one model that holds pictures beside captions, tells pairs that match, and writes (BLIP, Li et al.
//! 2022, arXiv:2201.12086).

mod config;
mod filter;
mod loss;
mod model;
mod negatives;
mod net;
mod picture;
#[cfg(test)]
mod tests;

pub use config::{CaptionerConfig, Wording};
pub use filter::FilterConfig;
pub use picture::PictureConfig;
