//! The shared ground of genlab: what a model is, how it is trained, and where its noise comes from.
//!
//! `core` knows no model's name. A model crate implements [`Train`] and [`Generative`]; everything
//! else (data, metrics, reports, the command line) sees only these two traits.

pub mod base;
pub mod batch;
pub mod capabilities;
pub mod checkpoint;
pub mod condition;
pub mod context;
pub mod control;
pub mod corruption;
pub mod digest;
pub mod ema;
pub mod files;
pub mod loss;
pub mod low_resolution;
pub mod model;
pub mod nn;
pub mod noise;
pub mod objects;
pub mod opened;
pub mod optim;
pub mod params;
pub mod scalars;
pub mod settings;
pub mod shape;
pub mod space;
pub mod state;
#[cfg(feature = "testing")]
pub mod testing;
pub mod trainer;
pub mod vocabulary;

pub use base::{Alike, Base, BaseConfig};
pub use batch::{Batch, Progress};
pub use capabilities::{
    Align, BestResponse, Classified, Classify, Codes, Criticise, Decode, Denoise, Density,
    Describe, Edit, Encode, EstimateLikelihood, Ground, Grounded, Invert, Likelihood, Mark,
    Observation, Oracle, Prompts, Reconstruct, Sample, SampleRequest, Segment, Segmented, Task,
    Term,
};
pub use condition::{CaptionConfig, Condition, ConditionConfig, Conditions, Past, Words};
pub use context::{InitContext, Start};
pub use control::ControlKind;
pub use corruption::Corruption;
pub use ema::EmaConfig;
pub use low_resolution::LowResolution;
pub use model::{Generative, Train};
pub use noise::{Noise, Phase, STARTING_NOISE, Seed};
pub use objects::Objects;
pub use opened::{NoRuns, OpenError, OpenRuns, OpenedRun};
pub use optim::{
    AdamConfig, LearningRateSchedule, Method, MuonAdamConfig, MuonConfig, Optimized,
    OptimizerConfig,
};
pub use scalars::Scalars;
pub use settings::{Check, Fault};
pub use shape::ImageShape;
pub use space::{Kind, Range, Space};
pub use state::{CheckpointError, StateReader, StateWriter};
