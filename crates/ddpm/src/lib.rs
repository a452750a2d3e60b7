//! Diffusion in the parts that its papers have, each a choice of its own that combines with all others:
//! a schedule says how much signal and noise there is at each time, a target what the network gives,
//! a weighting and times how it is trained, guidance how strongly it follows what it is told, and a
//! spacing and a solver how samples are drawn (Karras et al. 2022, arXiv:2206.00364, table 1).
//!
//! With the defaults noise is added as in Karras et al. 2022 (arXiv:2206.00364), the network gives v of Salimans
//! & Ho 2022 (arXiv:2202.00512), and samples are drawn by SDE-DPM-Solver++(2M) (Lu et al. 2022,
//! arXiv:2211.01095). `experiments/mnist-10k/ddpm-2020.toml` is the denoising diffusion model of Ho et al.
//! 2020 (arXiv:2006.11239) in the same parts.

pub mod chain;
mod chain_bound;
mod classifier;
mod config;
mod control;
mod denoiser;
mod divergence;
mod early;
mod edit;
mod frozen;
mod guidance;
mod likelihood;
mod model;
mod network;
mod objective;
mod preservation;
mod process;
mod sampler;
mod schedule;
mod solver;
mod spacing;
mod target;
mod telling;
mod times;
mod weighting;

pub use config::DdpmConfig;
pub use control::ControlConfig;
pub use divergence::Denoised;
pub use guidance::Guidance;
pub use likelihood::log_density;
pub use network::NetworkConfig;
pub use objective::Objective;
pub use preservation::PreservationConfig;
pub use process::Process;
pub use sampler::SamplerConfig;
pub use schedule::{Moment, Schedule, ScheduleConfig};
pub use solver::{Oracle, Solver, Variance};
pub use spacing::Spacing;
pub use target::{Mix, Target};
pub use times::Times;
pub use weighting::Weighting;
