//! Denoising diffusion (Ho et al. 2020, arXiv:2006.11239): a U-Net learns to predict the noise in a
//! noisy image; sampling removes it step by step, by Ho's ancestral sampler or by DDIM (Song et al.
//! 2021, arXiv:2010.02502).

mod config;
mod loss;
mod model;
mod sampler;
mod schedule;

pub use config::{DdpmConfig, SamplerConfig};
pub use loss::{diffuse, simple_loss};
pub use sampler::{Inversion, Transition, predict_start, respaced_times};
pub use schedule::{BetaSchedule, NoiseSchedule};
