//! Generators without training by gradient descent: densities fitted on codes and on pixels.

pub mod baseline;
pub mod latent;
