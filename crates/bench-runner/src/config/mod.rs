//! Settings of a run: what there is, how they are given, and how they are kept.

mod census;
mod described;
mod differences;
mod draft;
mod evaluation;
mod flags;
mod judge;
mod layer;
mod meaning;
#[cfg(test)]
mod properties;
mod resolve;
mod run_config;
mod spelled;
mod stored;
mod words;

pub(crate) use described::described;
pub(crate) use judge::{JudgeConfig, inception_file};
pub(crate) use resolve::{measured_with, resolve};
pub(crate) use run_config::RunConfig;
pub(crate) use spelled::{laid, spelled};
