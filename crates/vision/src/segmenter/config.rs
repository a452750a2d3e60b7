//! Settings of the segmenter.

use super::{model::Segmenter, net::SegmenterNet};
use crate::encoder::EncoderConfig;
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, Optimized, OptimizerConfig, Train,
    nn::init_module,
    settings::{positive, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Objects cut out where somebody points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct SegmenterConfig {
    /// What looks at pictures. Its last channels are the width of the decoder's tokens: an even number, and a multiple of `heads`.
    pub encoder: EncoderConfig,
    /// Two-way blocks of the decoder.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Width of a block's hidden layer over that of tokens.
    pub mlp_ratio: usize,
    /// Weight of the focal loss beside the dice loss.
    pub focal_weight: f64,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
    /// Average of the weights, which is what is measured.
    pub ema: EmaConfig,
}

impl Default for SegmenterConfig {
    fn default() -> Self {
        Self {
            encoder: EncoderConfig::default(),
            // As deep as in appendix A of arXiv:2304.02643; heads of 16 numbers, as all attention here has them.
            depth: 2,
            heads: 4,
            mlp_ratio: 4,
            // Section 3 of arXiv:2304.02643.
            focal_weight: 20.0,
            optimizer: OptimizerConfig::muon(0.05),
            ema: EmaConfig::of(0.998),
        }
    }
}

impl Check for SegmenterConfig {
    fn check(&self) -> Result<(), Fault> {
        within("encoder", &self.encoder)?;
        size("depth", self.depth)?;
        size("heads", self.heads)?;
        self.encoder.require_tokens(self.heads).map_err(|fault| fault.within("encoder"))?;
        size("mlp_ratio", self.mlp_ratio)?;
        positive("focal_weight", self.focal_weight)?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)
    }
}

impl SegmenterConfig {
    /// A freshly initialised model.
    ///
    /// # Errors
    /// When nobody knows where the objects of the data are.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        let space = context.space;
        if context.objects.is_none() {
            return Err(no_objects());
        }
        let net = init_module(context.seed, "segmenter/net", &context.device, |device| {
            SegmenterNet::new(self, space, device)
        });
        let net = Optimized::new(net, self.optimizer, self.ema.clone());
        Ok(Box::new(Segmenter { net, focal_weight: self.focal_weight }))
    }
}

fn no_objects() -> Fault {
    let problem =
        "learns where objects are, and the dataset does not say; choose scenes-48 or scenes-32";
    Fault::of_all(problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{ImageShape, Space, testing::context};

    #[test]
    fn data_without_objects_are_refused_with_what_to_choose() {
        let images = context(Space::images(ImageShape::new(3, 16, 16)));
        let blank = InitContext { objects: None, ..images };
        for context in [blank, context(Space::points(2, 0.0, 1.0))] {
            let fault = SegmenterConfig::default().init(&context).err().expect("refused");
            let sentence = fault.to_string();
            assert!(sentence.starts_with("the model learns where objects are"), "{sentence}");
        }
    }

    #[test]
    fn tokens_that_heads_do_not_divide_are_refused() {
        let refused = |width, heads| {
            let encoder = EncoderConfig { channels: [8, 8, width], ..EncoderConfig::default() };
            let config = SegmenterConfig { encoder, heads, ..SegmenterConfig::default() };
            config.check().expect_err("refused").to_string()
        };
        let sentence = "encoder.channels is 64; it must be a multiple of heads = 5";
        assert_eq!(refused(64, 5), sentence);
        assert_eq!(refused(9, 3), "encoder.channels is 9; it must be a multiple of 2");
    }
}
