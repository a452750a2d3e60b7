//! Generators without training by gradient descent: densities fitted on codes and on pixels.

pub mod autoregression;
pub mod baseline;
pub mod latent;
pub mod prior;
pub mod sharpness;
mod stored;

/// Training images that densities are fitted on, at most.
pub const FIT_IMAGES: usize = 10_000;
