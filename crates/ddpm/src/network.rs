//! The networks that read noisy values.

use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Check, Condition, Conditions, Fault, Space,
    nn::{TimeMlp, TimeMlpConfig, UNet, UNetConfig},
    params::named_params,
};
use serde::{Deserialize, Serialize};

/// What layers of every network are called that read values, what is told of them and of the time, or write values.
const ENDS: [&str; 6] = ["stem", "head", "time", "time_in", "time_out", "class"];

/// Which network reads noisy values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum NetworkConfig {
    /// For images.
    UNet(UNetConfig),
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
            Self::Mlp(_) => Ok(()),
        }
    }

    /// # Errors
    /// When it cannot be told what `conditions` say, which the settings call `key`.
    pub(crate) fn reads(&self, key: &str, conditions: Conditions) -> Result<(), Fault> {
        let Self::Mlp(_) = self else { return Ok(()) };
        conditions.without_low_resolution(key, "network mlp", "set network to u-net").map(drop)
    }

    /// A network for noisy values of `space`.
    pub(crate) fn init(&self, conditions: Conditions, space: Space, device: &Device) -> Network {
        match self {
            Self::UNet(unet) => Network::UNet(unet.init(conditions, space, device)),
            Self::Mlp(mlp) => Network::Mlp(mlp.init(conditions, space, device)),
        }
    }
}

/// A network that reads noisy values.
#[derive(Module, Debug)]
#[expect(clippy::large_enum_variant, reason = "burn boxes no module, and a model has one network")]
pub(crate) enum Network {
    UNet(UNet),
    Mlp(TimeMlp),
}

impl Network {
    /// The parameters of layers at its ends.
    pub(crate) fn ends(&self) -> Vec<String> {
        let at_end = |name: &String| name.split('.').any(|part| ENDS.contains(&part));
        named_params(self).into_iter().map(|param| param.name).filter(at_end).collect()
    }

    /// x_t `[B, C, H, W]` around zero, what is told of t `[B]`, and what is told of each value, to the
    /// target `[B, C, H, W]`.
    pub(crate) fn forward(
        &self,
        x_t: Tensor<4>,
        times: Tensor<1>,
        condition: &Condition,
    ) -> Tensor<4> {
        match self {
            Self::UNet(unet) => unet.forward(x_t, times, condition),
            Self::Mlp(mlp) => {
                let [batch, channels, height, width] = x_t.dims();
                let y = mlp.forward(x_t.flatten::<2>(1, 3), times, condition);
                y.reshape([batch, channels, height, width])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

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
}
