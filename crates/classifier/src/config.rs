//! Settings of the classifier.

use crate::{
    architecture::Architecture, augmentation::Augmentation, model::Classifier, net::ClassifierNet,
};
use genlab_core::{
    Check, EmaConfig, Fault, InitContext, Kind, LearningRateSchedule, Optimized, OptimizerConfig,
    Space, Train,
    nn::{VitConfig, init_module},
    settings::{at_least, at_most, optional, share, size, sizes, within},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// A classifier.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ClassifierConfig {
    /// What looks at values.
    pub network: NetworkConfig,
    /// Probability mass that a target spreads over all classes: without it features grow for as long as it is
    /// trained.
    pub label_smoothing: f64,
    /// How training images are changed each time they are seen.
    pub augmentation: Augmentation,
    /// How it is trained.
    pub optimizer: OptimizerConfig,
    /// Average of the weights, which is what judges.
    pub ema: EmaConfig,
}

/// What looks at values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NetworkConfig {
    /// 3×3 convolutions, for images.
    Conv(ConvNetwork),
    /// Affine layers on values in one row.
    Mlp(MlpNetwork),
    /// Attention between patches, for images.
    Vit(VitNetwork),
}

/// 3×3 convolutions, each followed by a ReLU, and one hidden layer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ConvNetwork {
    /// Output channels and stride of each; None: as many as the size of the images asks for, as
    /// [`Architecture::of`] has them.
    pub convolutions: Option<Vec<[usize; 2]>>,
    /// Dimension of the features; None: likewise.
    pub features: Option<usize>,
}

/// Affine layers, each followed by a ReLU.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct MlpNetwork {
    /// Widths of the layers before that of the features.
    pub hidden: Vec<usize>,
    /// Dimension of the features.
    pub features: usize,
}

/// A vision transformer and one hidden layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct VitNetwork {
    /// The transformer.
    pub transformer: VitConfig,
    /// Dimension of the features.
    pub features: usize,
}

impl Default for VitNetwork {
    fn default() -> Self {
        Self { transformer: VitConfig::default(), features: 64 }
    }
}

impl Default for MlpNetwork {
    fn default() -> Self {
        Self { hidden: vec![128], features: 64 }
    }
}

impl Default for ClassifierConfig {
    fn default() -> Self {
        Self {
            network: NetworkConfig::Conv(ConvNetwork::default()),
            label_smoothing: 0.05,
            augmentation: Augmentation::default(),
            optimizer: OptimizerConfig {
                learning_rate: 2e-3,
                schedule: LearningRateSchedule::Cosine,
                warmup: 0.1,
                ..OptimizerConfig::default()
            },
            ema: EmaConfig::of(0.998),
        }
    }
}

impl Check for ConvNetwork {
    fn check(&self) -> Result<(), Fault> {
        let layers = self.convolutions.iter().flatten();
        layers.copied().try_for_each(|[channels, stride]| {
            size("convolutions", channels)?;
            // A stride beyond the kernel skips pixels.
            at_least("convolutions", stride, 1)?;
            at_most("convolutions", stride, 3)
        })?;
        optional("features", self.features, size)
    }
}

impl Check for MlpNetwork {
    fn check(&self) -> Result<(), Fault> {
        sizes("hidden", &self.hidden)?;
        size("features", self.features)
    }
}

impl Check for VitNetwork {
    fn check(&self) -> Result<(), Fault> {
        within("transformer", &self.transformer)?;
        size("features", self.features)
    }
}

impl Check for NetworkConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Conv(network) => network.check(),
            Self::Mlp(network) => network.check(),
            Self::Vit(network) => network.check(),
        }
    }
}

impl Check for ClassifierConfig {
    fn check(&self) -> Result<(), Fault> {
        within("network", &self.network)?;
        share("label_smoothing", self.label_smoothing)?;
        within("augmentation", &self.augmentation)?;
        within("optimizer", &self.optimizer)?;
        within("ema", &self.ema)
    }
}

impl NetworkConfig {
    /// The network for values of this space.
    ///
    /// # Errors
    /// When it is made for images, and they are none.
    pub fn architecture(&self, space: Space, classes: usize) -> Result<Architecture, Fault> {
        let own = Architecture::of(space.shape, classes);
        match self {
            Self::Conv(network) => {
                space.require_images("network", "conv", "mlp")?;
                let layers = network.convolutions.as_ref().map(|layers| {
                    layers.iter().map(|[channels, stride]| (*channels, *stride)).collect()
                });
                Ok(Architecture {
                    convolutions: layers.map_or(own.convolutions, Cow::Owned),
                    features: network.features.unwrap_or(own.features),
                    ..own
                })
            }
            Self::Mlp(network) => Ok(Architecture {
                convolutions: Cow::Borrowed(&[]),
                layers: network.hidden.clone(),
                features: network.features,
                ..own
            }),
            Self::Vit(network) => {
                space.require_images("network", "vit", "mlp")?;
                Ok(Architecture {
                    transformer: Some(network.transformer),
                    convolutions: Cow::Borrowed(&[]),
                    features: network.features,
                    ..own
                })
            }
        }
    }
}

impl ClassifierConfig {
    /// The defaults on values of this kind.
    pub fn for_kind(kind: Kind) -> Self {
        match kind {
            Kind::Images => Self::default(),
            Kind::Points | Kind::Series => Self {
                network: NetworkConfig::Mlp(MlpNetwork::default()),
                augmentation: Augmentation::off(),
                ..Self::default()
            },
        }
    }

    /// The defaults of a vision transformer, which is for images alone.
    pub fn vit() -> Self {
        let base = Self::default();
        Self {
            network: NetworkConfig::Vit(VitNetwork::default()),
            // Convolutions know that a stroke which moves is the same stroke; attention learns it from strokes that do.
            augmentation: Augmentation { shift: 2, ..base.augmentation },
            // Half of the convolutions' rate, and within those of the paper's table 3, which are from 3e-4 to 3e-3.
            optimizer: OptimizerConfig { learning_rate: 1e-3, ..base.optimizer },
            ..base
        }
    }

    /// A freshly initialised model.
    ///
    /// # Errors
    /// When its settings do not fit the data, or the data have no classes to tell apart.
    pub fn init(&self, context: &InitContext) -> Result<Box<dyn Train>, Fault> {
        Ok(Box::new(self.build(context)?))
    }

    /// The same by its own type, for those that need more of it than a model's.
    ///
    /// # Errors
    /// As [`Self::init`].
    pub fn build(&self, context: &InitContext) -> Result<Classifier, Fault> {
        let space = context.space;
        let architecture = self.network.architecture(space, classes(context)?)?;
        self.augmentation.fits(space).map_err(|fault| fault.within("augmentation"))?;
        let net = init_module(context.seed, "classifier/net", &context.device, |device| {
            ClassifierNet::init(&architecture, device)
        });
        let ends = [net.first(), "classes"];
        let net = Optimized::new_with_ends(net, self.optimizer, self.ema.clone(), &ends);
        let (smoothing, augmentation) = (self.label_smoothing, self.augmentation);
        Ok(Classifier { net, architecture, space, smoothing, augmentation })
    }
}

/// How many classes there are to tell apart.
fn classes(context: &InitContext) -> Result<usize, Fault> {
    let cure = "choose a dataset with labels of several classes, such as mnist-10k";
    let fault = |problem: &str| Fault::of_all(format!("{problem}; {cure}"));
    match context.classes {
        None => Err(fault("learns from labels, and the dataset has none")),
        Some(0 | 1) => Err(fault("needs two classes to tell apart, and the dataset has fewer")),
        Some(classes) => Ok(classes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::testing::context;

    fn refusal(config: &ClassifierConfig, context: &InitContext) -> String {
        config.init(context).err().expect("refused").to_string()
    }

    #[test]
    fn what_is_made_for_images_is_refused_on_points() {
        let points = context(Space::points(2, 0.0, 1.0));
        let sentence = refusal(&ClassifierConfig::default(), &points);
        assert!(sentence.starts_with("network is conv, but the values are points"), "{sentence}");
        let sentence = refusal(&ClassifierConfig::vit(), &points);
        assert!(sentence.starts_with("network is vit, but the values are points"), "{sentence}");
        let moving = ClassifierConfig {
            augmentation: Augmentation::default(),
            ..ClassifierConfig::for_kind(Kind::Points)
        };
        let sentence = refusal(&moving, &points);
        assert!(sentence.starts_with("augmentation.shift is 1, but the values"), "{sentence}");
    }

    #[test]
    fn data_without_classes_are_refused_with_what_to_choose() {
        let images = context(Space::images(genlab_core::ImageShape::new(1, 8, 8)));
        for (classes, expected) in [
            (None, "the model learns from labels, and the dataset has none; choose a"),
            (
                Some(1),
                "the model needs two classes to tell apart, and the dataset has fewer; choose a",
            ),
        ] {
            let sentence =
                refusal(&ClassifierConfig::default(), &InitContext { classes, ..images.clone() });
            assert!(sentence.starts_with(expected), "{sentence}");
        }
    }

    #[test]
    fn a_network_follows_the_size_of_images_where_nothing_else_is_said() {
        let space = Space::images(genlab_core::ImageShape::new(1, 8, 8));
        let of = |network: ConvNetwork| {
            NetworkConfig::Conv(network).architecture(space, 10).expect("images")
        };
        assert_eq!(of(ConvNetwork::default()), Architecture::small(space.shape, 10));
        let own = ConvNetwork { convolutions: Some(vec![[4, 2]]), features: Some(7) };
        let own = of(own);
        assert_eq!((own.convolutions.as_ref(), own.features), (&[(4, 2)][..], 7));
    }
}
