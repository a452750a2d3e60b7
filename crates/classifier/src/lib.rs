//! A classifier: a network that tells the classes of a dataset apart, trained by cross-entropy with smoothed
//! targets (Szegedy et al. 2016, arXiv:1512.00567).
//!
//! It makes no values, so it is compared with no generative model. It judges them: its features are the space in
//! which samples are measured, and its gradient can guide a sampler.

mod architecture;
mod augmentation;
mod config;
mod loss;
mod model;
mod net;
#[cfg(test)]
mod twin_tests;

pub use architecture::Architecture;
pub use augmentation::{Augmentation, Mirror};
pub use config::{ClassifierConfig, ConvNetwork, MlpNetwork, NetworkConfig, VitNetwork};
pub use model::{Classifier, FrozenClassifier};
pub use net::ClassifierNet;
