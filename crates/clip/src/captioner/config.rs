//! Settings of the captioner.

use super::{filter::FilterConfig, model::Captioning, net::Captioner, picture::PictureConfig};
use crate::{
    config::{never_mirrored, optimized},
    model::captions,
};
use burn::tensor::{Int, Tensor};
use genlab_classifier::Augmentation;
use genlab_core::{
    Batch, Check, EmaConfig, Fault, InitContext, Noise, OptimizerConfig, Train,
    condition::Captions,
    nn::{TextConfig, init_module},
    settings::{optional_within, positive, size, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// In which order a training caption mentions its objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Wording {
    /// That of the dataset, the same in every epoch: it can be learned by heart.
    Given,
    /// That or the opposite, drawn each time.
    #[default]
    Either,
}

impl Wording {
    /// The captions of a batch, `[B, T]`.
    pub(super) fn of(self, batch: &Batch, noise: Noise) -> Tensor<2, Int> {
        let given = captions(batch);
        let Some(other) = batch.reworded.clone().filter(|_| self == Self::Either) else {
            return given;
        };
        let shape = [given.dims()[0], 1];
        let drawn = noise.uniform("captioner/wording", 0, batch.rows(), shape, &given.device());
        let other_order = drawn.lower_elem(0.5).expand(given.dims());
        given.mask_where(other_order, other)
    }
}

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
    /// In which order a training caption mentions its objects.
    pub wording: Wording,
    /// How training pictures are changed. They cannot be mirrored, or left would be right.
    pub augmentation: Augmentation,
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
            wording: Wording::Either,
            augmentation: Augmentation::off(),
            optimizer: OptimizerConfig::muon(0.1),
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
        never_mirrored(self.augmentation).map_err(|fault| fault.within("augmentation"))?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)
    }
}

const SILENT: &str =
    "learns from captions, and the dataset has none; choose scenes-32 or scenes-48";

impl CaptionerConfig {
    /// A freshly initialised model.
    ///
    /// # Errors
    /// When the data have no captions, or the run that filters them cannot be used.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        let captions = Captions::of(self.text, "text", context);
        let captions = captions.map_err(|_| Fault::of_all(SILENT))?;
        let net = |name: &str| {
            init_module(context.seed, name, &context.device, |device| {
                let (dim, temperature) = (self.embedding_dim, self.temperature);
                Captioner::new(&self.image, captions, dim, temperature, context.space, device)
            })
        };
        let (wording, augmentation) = (self.wording, self.augmentation);
        augmentation.fits(context.space).map_err(|fault| fault.within("augmentation"))?;
        let filter = self.filter.as_ref().map(|filter| {
            let opened = filter.open(net("captioner/filter"), self, context);
            opened.map_err(|error| error.within("filter"))
        });
        let filter = filter.transpose()?;
        let net = optimized(net("captioner/net"), self.optimizer, self.ema.clone());
        Ok(Box::new(Captioning { net, filter, wording, augmentation }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{
        ImageShape, Space,
        testing::{batch, context, progress},
    };

    #[test]
    fn training_follows_the_wording() {
        let space = Space::images(ImageShape::new(1, 12, 12));
        let language = |wording| {
            let config = CaptionerConfig { wording, ..CaptionerConfig::default() };
            let mut model = config.init(&context(space)).expect("images with captions");
            let scalars = model.step(&batch(space, 8, 0), progress(0)).read();
            scalars.into_iter().find(|(name, _)| *name == "language").expect("it is logged").1
        };
        assert_ne!(language(Wording::Given).to_bits(), language(Wording::Either).to_bits());
    }

    #[test]
    fn either_wording_is_drawn_for_every_caption_by_itself() {
        let batch = batch(Space::images(ImageShape::new(1, 12, 12)), 64, 0);
        let host = |words: Tensor<2, Int>| words.into_data().try_into_vec::<i32>().expect("i32");
        let told = |wording: Wording| host(wording.of(&batch, progress(0).noise()));
        let given = host(captions(&batch));
        let other = host(batch.reworded.clone().expect("captions have another wording"));
        assert_eq!(told(Wording::Given), given);
        let length = given.len() / 64;
        let mut reworded = 0;
        for (row, words) in told(Wording::Either).chunks(length).enumerate() {
            let of = |all: &[i32]| all[row * length..(row + 1) * length].to_vec();
            let (given, other) = (of(&given), of(&other));
            assert!(words == given || words == other, "row {row}: {words:?}");
            reworded += usize::from(words == other);
        }
        assert!((16..=48).contains(&reworded), "{reworded} of 64");
    }
}
