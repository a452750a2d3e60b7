//! Settings of the grounder.

use super::{model::Grounder, net::GrounderNet};
use crate::encoder::EncoderConfig;
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, Optimized, OptimizerConfig, Train,
    condition::Captions,
    nn::{TextConfig, init_module},
    settings::{multiple, positive, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Objects found that a caption names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GrounderConfig {
    /// What looks at pictures. Its last channels are the numbers of a place: an even number, and a multiple of `heads`.
    pub encoder: EncoderConfig,
    /// What reads captions.
    pub text: TextConfig,
    /// Layers in which places and words look at each other.
    pub depth: usize,
    /// Heads of attention from places to words and back; they divide the width of words as well.
    pub heads: usize,
    /// Weight of the loss of boxes beside that of alignment.
    pub box_weight: f64,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
    /// Average of the weights, which is what is measured.
    pub ema: EmaConfig,
}

/// What holds words and their places: no maps between hidden layers.
const ENDS: [&str; 2] = ["text.embedding", "text.places"];

impl Default for GrounderConfig {
    fn default() -> Self {
        Self {
            encoder: EncoderConfig::default(),
            text: TextConfig::default(),
            // A layer has as many multiplications as the encoder, since every picture is asked twice.
            depth: 1,
            heads: 4,
            // As in the configurations of GLIP and of its detector (Dai et al. 2021, arXiv:2106.08322).
            box_weight: 2.0,
            optimizer: OptimizerConfig::muon(0.05),
            ema: EmaConfig::of(0.998),
        }
    }
}

impl Check for GrounderConfig {
    fn check(&self) -> Result<(), Fault> {
        within("encoder", &self.encoder)?;
        within("text", &self.text)?;
        size("depth", self.depth)?;
        size("heads", self.heads)?;
        self.encoder.require_tokens(self.heads).map_err(|fault| fault.within("encoder"))?;
        multiple("width", self.text.width, self.heads, format_args!("heads = {}", self.heads))
            .map_err(|fault| fault.within("text"))?;
        positive("box_weight", self.box_weight)?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)
    }
}

impl GrounderConfig {
    /// A freshly initialised model.
    ///
    /// # Errors
    /// When the data have no captions, or nobody knows where the objects are that they name.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        let space = context.space;
        if context.objects.is_none() {
            return Err(nothing_named());
        }
        let captions = Captions::of(self.text, "text", context).map_err(|_| nothing_named())?;
        let net = init_module(context.seed, "grounder/net", &context.device, |device| {
            GrounderNet::new(self, captions, space, device)
        });
        let net = Optimized::new_with_ends(net, self.optimizer, self.ema.clone(), &ENDS);
        Ok(Box::new(Grounder { net, box_weight: self.box_weight }))
    }
}

fn nothing_named() -> Fault {
    let problem = "learns from captions and from where the objects in them are, and the dataset does not say both; \
                   choose scenes-48 or scenes-32";
    Fault::of_all(problem)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{ImageShape, Space, testing::context};

    #[test]
    fn data_without_captions_or_objects_are_refused_with_what_to_choose() {
        let images = || context(Space::images(ImageShape::new(3, 16, 16)));
        let silent = InitContext { words: None, ..images() };
        let blank = InitContext { objects: None, ..images() };
        for context in [silent, blank, context(Space::points(2, 0.0, 1.0))] {
            let fault = GrounderConfig::default().init(&context).err().expect("refused");
            let sentence = fault.to_string();
            assert!(sentence.starts_with("the model learns from captions and"), "{sentence}");
        }
    }

    #[test]
    fn widths_that_heads_do_not_divide_are_refused() {
        let refused = |config: GrounderConfig| config.check().expect_err("refused").to_string();
        let config = GrounderConfig { heads: 5, ..GrounderConfig::default() };
        assert_eq!(refused(config), "encoder.channels is 64; it must be a multiple of heads = 5");
        let text = TextConfig { width: 36, ..TextConfig::default() };
        let config = GrounderConfig { text, heads: 8, ..GrounderConfig::default() };
        assert_eq!(refused(config), "text.width is 36; it must be a multiple of heads = 8");
    }
}
