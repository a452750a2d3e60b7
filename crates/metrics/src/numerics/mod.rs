//! Numerical methods in f64: linear algebra, principal components, optimisation, Gaussian mixtures, maps of neighbours,
//! pixels that hang together, centres of mass.

pub mod centre;
pub mod connected;
pub mod fit;
pub mod kde;
pub mod kmeans;
pub mod lbfgs;
pub mod matrix;
pub mod mixture;
pub mod pca;
pub mod rank;
pub mod share;
pub mod tsne;
