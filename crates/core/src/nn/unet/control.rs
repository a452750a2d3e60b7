//! Control of a trained U-Net by a picture (Zhang et al. 2023, arXiv:2302.05543).

use super::blocks::{Encoded, Encoder, ResidualBlock, Told, WayDown};
use crate::nn::conv::{Conv2d, Conv2dConfig};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::silu;

/// A copy of a U-Net's way down that reads a picture c beside x, and adds what it makes of both to the maps of the network
/// itself, level by level (Eq. 2):
///
/// ```text
/// y_c = F(x; Θ) + Z(F(x + Z(c; Θ_z1); Θ_c); Θ_z2)
/// ```
///
/// Z are convolutions that start at zero, so that y_c starts as F(x; Θ). c joins x behind the copy's stem, through another
/// convolution before its Z (section 3.2). The network reads time and words, and tells both the copy (figure 3).
#[derive(Module, Debug)]
pub struct ControlBranch {
    hint_in: Conv2d,
    /// Θ_z1.
    hint_out: Conv2d,
    stem: Conv2d,
    down: Vec<ResidualBlock>,
    downsample: Vec<Conv2d>,
    middle: ResidualBlock,
    /// Θ_z2 of each level.
    zeros: Vec<Conv2d>,
    /// Θ_z2 of the middle.
    zero_middle: Conv2d,
}

impl ControlBranch {
    /// With this stem and way down through levels of these channels, for pictures of `folded` channels.
    pub(super) fn new(
        stem: Conv2d,
        WayDown { down, downsample, middle }: WayDown,
        channels: &[usize],
        folded: usize,
        device: &Device,
    ) -> Self {
        let [first, innermost] = [channels.first(), channels.last()]
            .map(|channels| *channels.expect("a U-Net has at least one level"));
        let zero = |channels| Conv2dConfig::new([channels, channels], [1, 1]).init_zeros(device);
        Self {
            hint_in: Conv2dConfig::same3([folded, first]).init(device),
            hint_out: Conv2dConfig::same3([first, first]).init_zeros(device),
            stem,
            down,
            downsample,
            middle,
            zeros: channels.iter().map(|channels| zero(*channels)).collect(),
            zero_middle: zero(innermost),
        }
    }

    /// What is added to the maps of every level and of the middle, for x and c as their stems read them.
    pub(super) fn forward(&self, x: Tensor<4>, control: Tensor<4>, told: &Told) -> Encoded {
        let Self { down, downsample, middle, .. } = self;
        let hint = self.hint_out.forward(silu(self.hint_in.forward(control)));
        let x = self.stem.forward(x) + hint;
        let Encoded { levels, middle } = Encoder { down, downsample, middle }.forward(x, told);
        let levels = self.zeros.iter().zip(levels);
        Encoded {
            levels: levels.map(|(zero, maps)| zero.forward(maps)).collect(),
            middle: self.zero_middle.forward(middle),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        condition::{Condition, Conditions},
        nn::{UNet, UNetConfig},
        params::{named_params, update_params},
        shape::ImageShape,
        space::Space,
    };
    use burn::tensor::{Device, Distribution, Int, Tensor, TensorData};

    /// The same with every parameter of `part` moved: layers that start at zero do not.
    fn moved(net: UNet, part: &str) -> UNet {
        update_params(net, &mut |name, _, value| {
            if !name.starts_with(part) {
                return value;
            }
            let places = Tensor::<1, Int>::arange(0..value.dims()[0] as i64, &value.device());
            value + (places.float() * 0.7).sin() * 0.1
        })
    }

    /// A network that is no longer fresh, and the same with a fresh branch.
    fn networks() -> (UNet, UNet) {
        let config = UNetConfig {
            channels: vec![8, 16],
            patch_size: 2,
            norm_groups: 2,
            time_embedding_dim: 8,
            ..UNetConfig::default()
        };
        let space = Space::images(ImageShape::new(3, 8, 8));
        let (device, nothing) = (Device::flex(), Conditions::default());
        let net = moved(config.init(nothing, space, &device), "");
        let branch = config.control(nothing, space, &device);
        (net.clone(), net.with_control(branch))
    }

    /// What it makes of one image twice, told these.
    fn made(net: &UNet, image: &Tensor<4>, condition: &Condition) -> Vec<f32> {
        let times = Tensor::from_floats([5.0, 5.0], &Device::flex());
        let y = net.forward(image.clone().repeat_dim(0, 2), times, condition);
        y.into_data().try_into_vec().expect("f32")
    }

    fn image() -> Tensor<4> {
        Tensor::random([1, 3, 8, 8], Distribution::Default, &Device::flex())
    }

    /// Two masks: every so many pixels are ink.
    fn masks(every: [usize; 2]) -> Condition {
        let mask = |every: usize| (0..64).map(move |i| f32::from(u8::from(i % every == 0)));
        let masks: Vec<f32> = every.into_iter().flat_map(mask).collect();
        Condition::of_control(Tensor::from_data(
            TensorData::new(masks, [2, 1, 8, 8]),
            &Device::flex(),
        ))
    }

    #[test]
    fn a_fresh_branch_changes_nothing_to_the_last_bit() {
        let (net, controlled) = networks();
        let image = image();
        let plain = made(&net, &image, &Condition::default());
        assert!(plain.iter().any(|v| v.abs() > 1e-3), "the network says nothing");
        assert_eq!(made(&controlled, &image, &masks([3, 5])), plain);
    }

    #[test]
    fn a_branch_begins_as_a_copy_of_the_way_down() {
        let (_, controlled) = networks();
        let params = named_params(&controlled);
        let values = |name: &str| {
            let param = params.iter().find(|param| param.name == name);
            let value = param.unwrap_or_else(|| panic!("no {name}")).value.clone();
            value.into_data().try_into_vec::<f32>().expect("f32")
        };
        let copies = params.iter().filter_map(|param| {
            let name = param.name.strip_prefix("control.")?;
            (!name.starts_with("hint_") && !name.starts_with("zero")).then_some(name)
        });
        let copies: Vec<&str> = copies.collect();
        for name in &copies {
            assert_eq!(values(&format!("control.{name}")), values(name), "{name}");
        }
        for part in
            ["stem.weight", "down.1.conv_out.weight", "downsample.0.bias", "middle.time.weight"]
        {
            assert!(copies.contains(&part), "{part} is not among {copies:?}");
        }
    }

    #[test]
    fn every_row_follows_its_own_control_and_without_one_the_network_itself() {
        let (net, controlled) = networks();
        let (controlled, image) = (moved(controlled, "control."), image());
        let plain = made(&net, &image, &Condition::default());
        assert_eq!(made(&controlled, &image, &Condition::default()), plain);
        let apart =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        let (one, other) =
            (made(&controlled, &image, &masks([3, 3])), made(&controlled, &image, &masks([3, 5])));
        let half = one.len() / 2;
        assert!(apart(&one[..half], &other[..half]) < 1e-5, "a row follows another's control");
        let changed = apart(&one[half..], &other[half..]);
        assert!(changed > 1e-4, "another control changes only {changed}");
        assert!(apart(&one, &plain) > 1e-4, "a control changes nothing");
    }
}
