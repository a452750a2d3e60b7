//! Models that say where things are in pictures.
//!
//! [`SegmenterConfig`] builds one that cuts out the object that is pointed at (SAM, Kirillov et al. 2023, arXiv:2304.02643).
//! They make no values.

mod encoder;
mod fourier;
mod segmenter;

pub use encoder::EncoderConfig;
pub use segmenter::SegmenterConfig;
