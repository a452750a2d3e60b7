//! The variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114; Rezende et al. 2014,
//! arXiv:1401.4082), with the β of Higgins et al. 2017. What the decoder says of a value, what is minimised and what codes
//! are like beforehand are choices of their own: `likelihood/`, `objective/`, `prior/`.

mod config;
mod frozen;
mod likelihood;
mod loss;
mod model;
mod net;
mod objective;
mod prior;

pub use config::{Sampled, VaeConfig};
pub use likelihood::{LEVELS, Likelihood, gaussian_nll_of_each, logistic_nll};
pub use loss::{gaussian_kl, gaussian_kl_per_dimension, prior_over_posterior, reparameterise};
pub use objective::{Objective, ciwae, free_bits, iwae};
pub use prior::Prior;

#[cfg(test)]
fn numbers<const D: usize>(x: burn::tensor::Tensor<D>) -> Vec<f64> {
    let floats = x.into_data().try_into_vec::<f32>().expect("f32");
    floats.into_iter().map(f64::from).collect()
}
