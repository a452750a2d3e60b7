//! Settings of the towers.

use crate::{HardNegatives, model::Clip, net::Towers};
use burn::module::Module;
use genlab_classifier::{Augmentation, ConvNetwork, Mirror, NetworkConfig};
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, Kind, Optimized, OptimizerConfig, Train, Words,
    condition::Captions,
    nn::{TextConfig, init_module},
    params::params_of,
    settings::{positive, size, within},
    vocabulary::words_of_classes,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Pictures and captions in one space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClipConfig {
    /// What reads pictures.
    pub image: NetworkConfig,
    /// What reads captions.
    pub text: TextConfig,
    /// Numbers of an embedding.
    pub embedding_dim: usize,
    /// The temperature that training starts with; it is learned.
    pub temperature: f64,
    /// How training pictures are changed. They cannot be mirrored, or left would be right.
    pub augmentation: Augmentation,
    /// What pictures are held against beside the captions of the other pictures of their batch.
    pub hard_negatives: HardNegatives,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
    /// Average of the weights, which is what is measured.
    pub ema: EmaConfig,
}

/// What layers are called that hold words or places, or write what is compared with captions: no maps between hidden layers.
const ENDS: [&str; 9] =
    ["embedding", "places", "first", "classes", "summary", "picture", "caption", "matches", "next"];

/// The same network, trained by this optimizer.
pub(crate) fn optimized<M: Module>(
    net: M,
    optimizer: OptimizerConfig,
    ema: EmaConfig,
) -> Optimized<M> {
    let ends = params_of(&net, &ENDS);
    Optimized::new_with_ends(net, optimizer, ema, &ends)
}

impl Default for ClipConfig {
    fn default() -> Self {
        // Objects of ten pixels: half the strides of a classifier of one digit.
        let convolutions = vec![[32, 1], [48, 2], [64, 1], [96, 2], [96, 1], [128, 2]];
        let conv = ConvNetwork { convolutions: Some(convolutions), features: Some(256) };
        Self {
            image: NetworkConfig::Conv(conv),
            text: TextConfig::default(),
            embedding_dim: 64,
            // Section 2.5 of arXiv:2103.00020.
            temperature: 0.07,
            augmentation: Augmentation::off(),
            hard_negatives: HardNegatives::None,
            optimizer: OptimizerConfig::muon(0.1),
            ema: EmaConfig::of(0.998),
        }
    }
}

const MIRRORED: &str =
    "is half, but in a mirrored picture left is right and digits are other signs; choose never";

/// That an augmentation can be used and mirrors nothing.
///
/// # Errors
/// When captions would not be true of what becomes of their pictures.
pub(crate) fn never_mirrored(augmentation: Augmentation) -> Result<(), Fault> {
    augmentation.check()?;
    match augmentation.mirror {
        Mirror::Half => Err(Fault::new("mirror", MIRRORED)),
        Mirror::Never => Ok(()),
    }
}

impl Check for ClipConfig {
    fn check(&self) -> Result<(), Fault> {
        within("image", &self.image)?;
        within("text", &self.text)?;
        size("embedding_dim", self.embedding_dim)?;
        positive("temperature", self.temperature)?;
        never_mirrored(self.augmentation).map_err(|fault| fault.within("augmentation"))?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)
    }
}

impl ClipConfig {
    /// A freshly initialised model. Of labelled images without captions it reads the classes.
    ///
    /// # Errors
    /// When its settings do not fit the data, or nothing is said of the data.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        let space = context.space;
        let words = words(context).ok_or_else(|| Fault::of_all(SILENT))?;
        self.require_relations(context)?;
        let captions = Captions { words, text: self.text };
        let architecture = self
            .image
            .architecture(space, self.embedding_dim)
            .map_err(|fault| fault.within("image"))?;
        let net = init_module(context.seed, "clip/net", &context.device, |device| {
            Towers::new(&architecture, captions, self.temperature, space, device)
        });
        let net = optimized(net, self.optimizer, self.ema.clone());
        self.augmentation.fits(space).map_err(|fault| fault.within("augmentation"))?;
        let (augmentation, hard_negatives) = (self.augmentation, self.hard_negatives);
        Ok(Box::new(Clip { net, augmentation, hard_negatives }))
    }

    /// # Errors
    /// When relations are to be turned round of data whose captions are classes.
    fn require_relations(&self, context: &InitContext) -> Result<(), Fault> {
        if self.hard_negatives == HardNegatives::None || context.words.is_some() {
            return Ok(());
        }
        Err(Fault::new("hard_negatives", WITHOUT_RELATIONS))
    }
}

/// The words of what is said of values: of their captions, or of the classes of images that have none.
fn words(context: &InitContext) -> Option<Words> {
    let classes = context.classes.filter(|_| context.space.kind == Kind::Images);
    context.words.or(classes.map(words_of_classes))
}

const WITHOUT_RELATIONS: &str = "is turned, but the dataset has classes for captions, which say no relation; set it to none, or choose scenes-32 or scenes-48";

const SILENT: &str = "learns from captions, and the dataset has neither these nor images with classes that could stand for \
                      them; choose scenes-32, scenes-48 or images with labels";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CaptionerConfig;
    use genlab_core::{ImageShape, Space, testing::context};

    #[test]
    fn pictures_are_never_mirrored() {
        let augmentation = Augmentation { shift: 0, mirror: Mirror::Half };
        let config = ClipConfig { augmentation, ..ClipConfig::default() };
        let fault = config.check().expect_err("refused").to_string();
        assert!(fault.starts_with("augmentation.mirror is half, but in a mirrored"), "{fault}");
    }

    #[test]
    fn classes_have_no_relations_to_turn_round() {
        let images = context(Space::images(ImageShape::new(3, 16, 16)));
        let config = ClipConfig { hard_negatives: HardNegatives::Turned, ..ClipConfig::default() };
        assert!(config.init(&images).is_ok());
        let labelled = InitContext { words: None, ..images };
        let fault = config.init(&labelled).err().expect("refused").to_string();
        assert!(
            fault.starts_with("hard_negatives is turned, but the dataset has classes"),
            "{fault}"
        );
        assert!(fault.ends_with("choose scenes-32 or scenes-48"), "{fault}");
    }

    #[test]
    fn data_without_captions_are_refused_with_what_to_choose() {
        let images = context(Space::images(ImageShape::new(3, 16, 16)));
        let labelled = InitContext { words: None, ..images };
        let silent = InitContext { classes: None, ..labelled.clone() };
        let points = context(Space::points(2, 0.0, 1.0));
        for nothing_said in [silent, points] {
            let refused = ClipConfig::default().init(&nothing_said).err().expect("refused");
            let fault = refused.to_string();
            assert!(
                fault.starts_with("the model learns from captions, and the dataset has neither"),
                "{fault}"
            );
            assert!(fault.ends_with("or images with labels"), "{fault}");
        }
        // Whoever writes captions has nothing to learn from classes.
        let refused = CaptionerConfig::default().init(&labelled).err().expect("refused");
        let fault = refused.to_string();
        assert!(fault.ends_with("the dataset has none; choose scenes-32 or scenes-48"), "{fault}");
    }
}
