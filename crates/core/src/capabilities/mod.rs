//! What a frozen model can do, one small trait per file. Evaluation asks for a capability and never for
//! a model's name; what a model cannot do is absent.

mod align;
mod classify;
mod criticise;
mod decode;
mod denoise;
mod density;
mod describe;
mod edit;
mod encode;
mod estimate;
mod ground;
mod invert;
mod likelihood;
mod oracle;
mod reconstruct;
mod sample;
mod segment;

pub use align::Align;
pub use classify::{Classified, Classify};
pub use criticise::{BestResponse, Criticise};
pub use decode::Decode;
pub use denoise::Denoise;
pub use density::{Density, Observation, Term};
pub use describe::Describe;
pub use edit::{Edit, Task};
pub use encode::{Codes, Encode};
pub use estimate::EstimateLikelihood;
pub use ground::{Ground, Grounded};
pub use invert::Invert;
pub use likelihood::Likelihood;
pub use oracle::Oracle;
pub use reconstruct::Reconstruct;
pub use sample::{Sample, SampleRequest};
pub use segment::{Mark, Prompts, Segment, Segmented};
