//! The networks that read noisy values.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Check, Condition, Conditions, Fault, Space,
    nn::{Dit, DitConfig, Interval, Predicted, TimeMlp, TimeMlpConfig, UNet, UNetConfig},
    params::params_of,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What layers of every network are called that read values, what is told of them and of the time, or write values.
const ENDS: [&str; 13] = [
    "stem",
    "hint_in",
    "head",
    "variance",
    "time",
    "time_in",
    "time_out",
    "modulation",
    "class",
    "span",
    "summary",
    "embedding",
    "places",
];

/// Which network reads noisy values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NetworkConfig {
    /// For images.
    UNet(UNetConfig),
    /// A transformer on patches of images.
    Dit(DitConfig),
    /// Affine layers on flattened values: for points and short series.
    Mlp(TimeMlpConfig),
}

impl Default for NetworkConfig {
    fn default() -> Self {
        // Half the resolution and two levels: what a CPU trains in minutes.
        let unet = UNetConfig { channels: vec![32, 64], patch_size: 2, ..UNetConfig::default() };
        Self::UNet(unet)
    }
}

impl Check for NetworkConfig {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::UNet(unet) => unet.check(),
            Self::Dit(dit) => dit.check(),
            Self::Mlp(mlp) => mlp.check(),
        }
    }
}

impl NetworkConfig {
    /// # Errors
    /// When it is made for other values than those of `space`; the fault is that of `key`.
    pub(crate) fn fits(&self, key: &str, space: Space) -> Result<(), Fault> {
        match self {
            Self::UNet(_) => space.require_images(key, "u-net", "mlp"),
            Self::Dit(_) => space.require_images(key, "dit", "mlp"),
            Self::Mlp(_) => Ok(()),
        }
    }

    /// # Errors
    /// When it cannot be told what `conditions` say, which the settings call `key`.
    pub(crate) fn reads(&self, key: &str, conditions: Conditions) -> Result<(), Fault> {
        let name = match self {
            Self::UNet(unet) => return unet.reads("network", conditions),
            Self::Dit(_) => "network dit",
            Self::Mlp(_) => "network mlp",
        };
        let cure = "set network to u-net";
        conditions
            .without_low_resolution(key, name, cure)?
            .without_captions(key, name, cure)
            .map(drop)
    }

    /// A network for noisy values of `space`.
    pub(crate) fn init(&self, conditions: Conditions, space: Space, device: &Device) -> Network {
        match self {
            Self::UNet(unet) => Network::UNet(unet.init(conditions, space, device)),
            Self::Dit(dit) => {
                Network::Dit(dit.init(space.shape.channels, conditions.classes, device))
            }
            Self::Mlp(mlp) => Network::Mlp(mlp.init(conditions, space, device)),
        }
    }
}

/// A network that reads noisy values.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "burn boxes no module, and a model has one network")]
pub(crate) enum Network {
    UNet(UNet),
    Dit(Dit),
    Mlp(TimeMlp),
}

impl Network {
    /// The parameters of layers at its ends.
    pub(crate) fn ends(&self) -> Vec<String> {
        params_of(self, &ENDS)
    }

    /// The same, told of spans of time as well.
    pub(crate) fn with_spans(self, device: &Device) -> Self {
        match self {
            Self::UNet(unet) => Self::UNet(unet.with_spans(device)),
            Self::Dit(dit) => Self::Dit(dit.with_spans(device)),
            Self::Mlp(mlp) => Self::Mlp(mlp.with_spans(device)),
        }
    }

    /// The same, with a variance beside the target.
    pub(crate) fn with_variance(self, device: &Device) -> Self {
        match self {
            Self::UNet(unet) => Self::UNet(unet.with_variance(device)),
            Self::Dit(dit) => Self::Dit(dit.with_variance(device)),
            Self::Mlp(mlp) => Self::Mlp(mlp.with_variance(device)),
        }
    }

    /// x_t `[B, C, H, W]` around zero, what is told of t `[B]`, and what is told of each value, to the
    /// target `[B, C, H, W]`.
    pub(crate) fn forward(
        &self,
        x_t: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Tensor<4> {
        self.predict(x_t, times, condition).target
    }

    /// The same with its variance, where it has learned one.
    pub(crate) fn predict(
        &self,
        x_t: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Predicted<4> {
        match self {
            Self::UNet(unet) => unet.predict(x_t, times, condition),
            Self::Dit(dit) => dit.predict(x_t, times, condition),
            Self::Mlp(mlp) => {
                let shape = x_t.dims();
                let y = mlp.predict(x_t.flatten::<2>(1, 3), times, condition);
                y.map(|y| y.reshape(shape))
            }
        }
    }

    /// How much the place of each pixel of x_t looks at each word that is told of it, `[B, T, H, W]`; None of a network that looks
    /// at no words.
    pub(crate) fn attended(
        &self,
        x_t: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Option<Tensor<4>> {
        match self {
            Self::UNet(unet) => unet.attended(x_t, times, condition),
            Self::Dit(_) | Self::Mlp(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{ImageShape, params::named_params};

    #[test]
    fn parameters_are_called_by_their_place_in_the_network() {
        let device = Device::flex();
        let net = NetworkConfig::default().init(
            Conditions::default(),
            Space::images(ImageShape::new(1, 8, 8)),
            &device,
        );
        let names: Vec<String> = named_params(&net).into_iter().map(|param| param.name).collect();
        assert!(names.contains(&"stem.weight".to_owned()), "{names:?}");
    }

    #[test]
    fn what_tells_a_transformer_the_time_lies_at_its_ends_and_its_layers_do_not() {
        let config = NetworkConfig::Dit(DitConfig { depth: 1, ..DitConfig::default() });
        let space = Space::images(ImageShape::new(1, 8, 8));
        let ends = config.init(Conditions::default(), space, &Device::flex()).ends();
        for (name, is_end) in [
            ("stem.weight", true),
            ("modulation.weight", true),
            ("blocks.0.modulation.weight", true),
            ("blocks.0.attention.q.weight", false),
            ("blocks.0.mlp_in.weight", false),
        ] {
            assert_eq!(ends.iter().any(|end| end == name), is_end, "{name} in {ends:?}");
        }
    }
}
