//! The binary as its users meet it, on `digits8x8` in seconds.

mod data;
mod errors;
mod runs;
mod support;
mod tensorboard;
