//! Network blocks shared by the models, so that a difference in a report is a difference in method.

mod attention;
mod autoencoder;
mod backbone;
mod caption_embedding;
mod class_embedding;
mod conv;
mod dit;
mod init;
mod interval;
mod linear;
mod low_resolution_channels;
mod mlp;
mod past_embedding;
mod patches;
mod position;
mod predicted;
mod residual;
mod text;
mod text_mixture;
mod time;
mod time_mlp;
mod transformer;
mod unet;
mod vit;

pub use attention::Attention;
pub use autoencoder::Autoencoder;
pub use backbone::{
    BackboneConfig, ConvBackbone, Decoder, Encoder, MlpBackbone, crop, pad_to_multiple,
};
pub use caption_embedding::{CaptionEmbedding, told_vector};
pub use class_embedding::ClassEmbedding;
pub use conv::{
    Activation, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig, GroupNorm,
};
pub use dit::{Dit, DitConfig};
pub use genlab_kernels::{gelu, sigmoid, silu};
pub use init::init_module;
pub use interval::{Interval, SpanEmbedding};
pub use linear::Linear;
pub use mlp::{Mlp, MlpActivation};
pub use past_embedding::PastEmbedding;
pub use patches::by_pixels;
pub use predicted::Predicted;
pub use text::{TextConfig, TextEncoder};
pub use text_mixture::{Sight, TextMixture};
pub use time::sinusoidal_embedding;
pub use time_mlp::{TimeMlp, TimeMlpConfig};
pub use transformer::{LayerNorm, TransformerBlock};
pub use unet::{ControlBranch, UNet, UNetConfig};
pub use vit::{Positions, Vit, VitConfig};
