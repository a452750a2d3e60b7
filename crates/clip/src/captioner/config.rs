//! Settings of the captioner.

use super::{filter::FilterConfig, model::Captioning, net::Captioner, picture::PictureConfig};
use crate::config::{optimized, optimizer};
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, InitError, OptimizerConfig, Train,
    condition::Captions,
    nn::{TextConfig, init_module},
    settings::{optional_within, positive, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A model that says what pictures show.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CaptionerConfig {
    /// What reads pictures.
    pub image: PictureConfig,
    /// What reads and writes captions.
    pub text: TextConfig,
    /// Numbers of the vectors that pictures and captions are held together by.
    pub embedding_dim: usize,
    /// The temperature between them that training starts with; it is learned.
    pub temperature: f64,
    /// The captioner that checks captions before they are learned from; None: they are taken as they are.
    pub filter: Option<FilterConfig>,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
    /// Average of the weights, which is what is measured.
    pub ema: EmaConfig,
}

impl Default for CaptionerConfig {
    fn default() -> Self {
        Self {
            image: PictureConfig::default(),
            text: TextConfig::default(),
            embedding_dim: 64,
            // Section 2.5 of arXiv:2103.00020.
            temperature: 0.07,
            filter: None,
            optimizer: optimizer(),
            ema: EmaConfig::of(0.998),
        }
    }
}

impl Check for CaptionerConfig {
    fn check(&self) -> Result<(), Fault> {
        within("image", &self.image)?;
        within("text", &self.text)?;
        size("embedding_dim", self.embedding_dim)?;
        positive("temperature", self.temperature)?;
        optional_within("filter", self.filter.as_ref())?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)
    }
}

const SILENT: &str =
    "are missing: the dataset has none to learn from; choose scenes-32 or scenes-48";

impl CaptionerConfig {
    /// A freshly initialised model.
    ///
    /// # Errors
    /// When the data have no captions, or the run that filters them cannot be used.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, InitError> {
        let captions = Captions::of(self.text, "text", context);
        let captions = captions.map_err(|_| Fault::new("captions", SILENT))?;
        let net = |name: &str| {
            init_module(context.seed, name, &context.device, |device| {
                let (dim, temperature) = (self.embedding_dim, self.temperature);
                Captioner::new(&self.image, captions, dim, temperature, context.space, device)
            })
        };
        let filter = self.filter.as_ref().map(|filter| {
            let opened = filter.open(net("captioner/filter"), self, context);
            opened.map_err(|error| error.within("filter"))
        });
        let filter = filter.transpose()?;
        let net = optimized(net("captioner/net"), self.optimizer, self.ema.clone());
        Ok(Box::new(Captioning { net, filter }))
    }
}
