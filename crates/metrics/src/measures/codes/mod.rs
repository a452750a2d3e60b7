//! What codes and the bounds that come with them are like.

pub mod aggregated;
pub mod importance;
pub mod kl;
pub mod probe;
pub mod sparsity;
