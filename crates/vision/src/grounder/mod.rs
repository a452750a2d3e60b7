//! Objects found that a caption names: Grounded Language-Image Pre-training (GLIP, Li et al. 2022, arXiv:2112.03857), small.

mod config;
mod fusion;
mod loss;
mod model;
mod net;

pub use config::GrounderConfig;
