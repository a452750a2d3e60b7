//! How good a set of images is beside a set of real ones.

pub mod bootstrap;
pub mod classes;
pub mod extrapolate;
pub mod frechet;
pub mod kernel;
pub mod memorisation;
pub mod neighbours;
pub mod pixels;
mod resampled_neighbours;
pub mod samples;
pub mod sliced;
