//! The variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114; Rezende et al. 2014,
//! arXiv:1401.4082), with the β of Higgins et al. 2017.

mod config;
mod loss;
mod model;
mod net;

pub use config::{Likelihood, VaeConfig};
pub use loss::{gaussian_kl, gaussian_kl_per_dimension, prior_over_posterior, reparameterise};
