//! Objects cut out where somebody points: the Segment Anything Model (SAM, Kirillov et al. 2023, arXiv:2304.02643), small.

mod config;
mod decoder;
mod draw;
mod loss;
mod model;
mod net;
mod prompt;

pub use config::SegmenterConfig;
