//! The binary as its users meet it, on `digits8x8` in seconds.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it needs should fail")]

mod around;
mod data;
mod doors;
mod edits;
mod errors;
mod export;
mod inputs;
mod judges;
mod kills;
mod looking;
mod losses;
mod metrics;
mod moving;
mod runs;
mod samplers;
mod scenes;
mod screen;
mod signals;
mod support;
mod sweeps;
mod tensorboard;
