//! Models that say where things are in pictures.
//!
//! [`SegmenterConfig`] builds one that cuts out the object that is pointed at (SAM, Kirillov et al. 2023, arXiv:2304.02643),
//! [`GrounderConfig`] one that finds the objects that a caption names (GLIP, Li et al. 2022, arXiv:2112.03857).
//! They make no values.

mod encoder;
mod focal;
mod fourier;
mod grounder;
mod segmenter;

pub use encoder::EncoderConfig;
pub use grounder::GrounderConfig;
pub use segmenter::SegmenterConfig;
