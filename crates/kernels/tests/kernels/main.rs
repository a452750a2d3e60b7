//! Every kernel against the same thing made of burn's own operations.

mod contract;
mod conv;
mod dense;
#[cfg(feature = "tch")]
mod libtorch;
mod optim;
mod pointwise;
mod precision;
mod support;
mod transformer;
