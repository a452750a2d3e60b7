//! A diffusion transformer (Peebles & Xie 2023, arXiv:2212.09748) with adaLN-Zero.

use super::{
    attention::Attention,
    backbone::{crop, pad_to_multiple},
    class_embedding::ClassEmbedding,
    interval::{Interval, SpanEmbedding, told},
    linear::Linear,
    patches::{fold_patches, unfold_patches},
    position::grid_positions,
    predicted::Predicted,
    time::sinusoidal_embedding,
};
use crate::{
    condition::Condition,
    settings::{Check, Fault, even, multiple, size},
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_kernels::{gelu, modulated_norm, silu};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The variance floor of the paper's layer normalisations.
const EPSILON: f64 = 1e-6;
/// What a block is told of the time: a shift, a scale and a gate for each of its two halves.
const MODULATIONS: usize = 6;

/// Size of a [`Dit`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct DitConfig {
    /// Side of the square patches that become tokens: 2 makes a quarter of the tokens of 1, and attention's
    /// share of the cost a sixteenth.
    pub patch_size: usize,
    /// Numbers per token, a multiple of 4 and of `heads`.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Width of a block's hidden layer over `width`.
    pub mlp_ratio: usize,
    /// Size of the time embedding, even and at least 4.
    pub time_embedding_dim: usize,
}

impl Default for DitConfig {
    fn default() -> Self {
        // Of 28x28 it has as many parameters as the diffusion model's default U-Net, within a percent.
        Self { patch_size: 4, width: 64, depth: 5, heads: 4, mlp_ratio: 4, time_embedding_dim: 64 }
    }
}

impl Check for DitConfig {
    fn check(&self) -> Result<(), Fault> {
        size("patch_size", self.patch_size)?;
        size("width", self.width)?;
        size("depth", self.depth)?;
        size("heads", self.heads)?;
        // Sines and cosines of rows and of columns take a quarter each.
        multiple("width", self.width, 4, "4")?;
        multiple("width", self.width, self.heads, format_args!("heads = {}", self.heads))?;
        size("mlp_ratio", self.mlp_ratio)?;
        even("time_embedding_dim", self.time_embedding_dim, 4)
    }
}

impl DitConfig {
    /// A network from images with `image_channels` to as many, told one of `classes` where there are
    /// some.
    pub fn init(&self, image_channels: usize, classes: Option<usize>, device: &Device) -> Dit {
        let Self { patch_size, width, time_embedding_dim: told, .. } = *self;
        let folded = image_channels * patch_size * patch_size;
        Dit {
            time_in: Linear::new(told, told, device),
            time_out: Linear::new(told, told, device),
            stem: Linear::new(folded, width, device),
            blocks: (0..self.depth).map(|_| Block::new(self, device)).collect(),
            modulation: Linear::zeros(told, 2 * width, device),
            head: Linear::zeros(width, folded, device),
            variance: None,
            class: classes.map(|classes| ClassEmbedding::new(classes, told, 1.0, device)),
            span: None,
            time_embedding_dim: told,
            patch_size,
        }
    }
}

/// Images and times to images.
#[derive(Module, Debug)]
pub struct Dit {
    time_in: Linear,
    time_out: Linear,
    stem: Linear,
    blocks: Vec<Block>,
    modulation: Linear,
    head: Linear,
    variance: Option<Linear>,
    class: Option<ClassEmbedding>,
    span: Option<SpanEmbedding>,
    time_embedding_dim: usize,
    patch_size: usize,
}

impl Dit {
    /// The same, told of spans of time as well.
    pub fn with_spans(self, device: &Device) -> Self {
        let size = self.time_embedding_dim;
        Self { span: Some(SpanEmbedding::new(size, size, device)), ..self }
    }

    /// The same, which also says how sure it is: by a second last layer, which starts at zero.
    pub fn with_variance(self, device: &Device) -> Self {
        let [width, folded] = self.head.weight.lazy_shape().dims();
        Self { variance: Some(Linear::zeros(width, folded, device)), ..self }
    }

    /// `images` `[B, C, H, W]`, `times` `[B]` (the step number, any real) and what is told of each image,
    /// to `[B, C, H, W]`. Images are padded with zeros to whole patches, and cropped at the end.
    pub fn forward(
        &self,
        images: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Tensor<4> {
        self.predict(images, times, condition).target
    }

    /// The same with its variance, where it was built with one.
    pub fn predict(
        &self,
        images: Tensor<4>,
        times: impl Into<Interval>,
        condition: &Condition,
    ) -> Predicted<4> {
        let [batch, _, height, width] = images.dims();
        let Interval { time, span } = times.into();
        let time = sinusoidal_embedding(time, self.time_embedding_dim);
        let time = self.time_out.forward(silu(self.time_in.forward(time)));
        let told = told(time, (self.class.as_ref(), condition), (self.span.as_ref(), span));

        let patches = fold_patches(pad_to_multiple(images, self.patch_size), self.patch_size);
        let [_, folded, rows, columns] = patches.dims();
        let patches = patches.permute([0, 2, 3, 1]).reshape([batch * rows * columns, folded]);
        let x = self.stem.forward(patches);
        let [_, features] = x.dims();
        let positions = grid_positions([rows, columns], features, &x.device().inner());
        let x = x.reshape([batch, rows * columns, features]) + positions.unsqueeze_dim(0);
        let x = self.blocks.iter().fold(x, |x, block| block.forward(x, told.clone()));

        let [shift, scale] = chunks(self.modulation.forward(told));
        let x = modulated_norm(x, scale, shift, EPSILON);
        let x = x.reshape([batch * rows * columns, features]);
        let variance = self.variance.as_ref().map(|head| head.forward(x.clone()));
        Predicted { target: self.head.forward(x), variance }.map(|y| {
            let y = y.reshape([batch, rows, columns, folded]).permute([0, 3, 1, 2]);
            crop(unfold_patches(y, self.patch_size), [height, width])
        })
    }
}

/// Attention and two affine layers, each between a modulated normalisation and a gate: figure 3 of
/// arXiv:2212.09748, with adaLN-Zero. All gates start at zero, and so every block as the identity.
#[derive(Module, Debug)]
struct Block {
    modulation: Linear,
    attention: Attention,
    mlp_in: Linear,
    mlp_out: Linear,
}

impl Block {
    fn new(config: &DitConfig, device: &Device) -> Self {
        let DitConfig { width, heads, mlp_ratio, time_embedding_dim, .. } = *config;
        Self {
            modulation: Linear::zeros(time_embedding_dim, MODULATIONS * width, device),
            attention: Attention::new(width, width, heads, device),
            mlp_in: Linear::new(width, mlp_ratio * width, device),
            mlp_out: Linear::new(mlp_ratio * width, width, device),
        }
    }

    /// `x` `[B, T, width]`, `told` `[B, C]` already activated, to `[B, T, width]`.
    fn forward(&self, x: Tensor<3>, told: Tensor<2>) -> Tensor<3> {
        let [batch, tokens, width] = x.dims();
        let [shift, scale, gate, mlp_shift, mlp_scale, mlp_gate] =
            chunks::<MODULATIONS>(self.modulation.forward(told));
        let h = self.attention.forward(modulated_norm(x.clone(), scale, shift, EPSILON));
        let x = x + h * gate.unsqueeze_dim(1);
        let h = modulated_norm(x.clone(), mlp_scale, mlp_shift, EPSILON);
        let h = gelu(self.mlp_in.forward(h.reshape([batch * tokens, width])));
        x + self.mlp_out.forward(h).reshape([batch, tokens, width]) * mlp_gate.unsqueeze_dim(1)
    }
}

/// `[B, N·width]` to N of `[B, width]`.
fn chunks<const N: usize>(x: Tensor<2>) -> [Tensor<2>; N] {
    let width = x.dims()[1] / N;
    std::array::from_fn(|i| x.clone().narrow(1, i * width, width))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::named_params;
    use burn::tensor::Distribution;

    fn small() -> DitConfig {
        DitConfig {
            patch_size: 2,
            width: 8,
            depth: 2,
            heads: 2,
            time_embedding_dim: 8,
            ..DitConfig::default()
        }
    }

    /// A network whose layers that start at zero do not.
    fn awake(classes: Option<usize>, channels: usize, device: &Device) -> Dit {
        let config = small();
        let told = config.time_embedding_dim;
        let mut net = config.init(channels, classes, device);
        for block in &mut net.blocks {
            block.modulation = Linear::new(told, MODULATIONS * config.width, device);
        }
        net.modulation = Linear::new(told, 2 * config.width, device);
        net.head =
            Linear::new(config.width, channels * config.patch_size * config.patch_size, device);
        net
    }

    fn noise(shape: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
    }

    fn values(x: Tensor<4>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn a_fresh_network_gives_zero() {
        let device = Device::flex();
        let net = small().init(1, None, &device);
        let times = Tensor::from_floats([1.0, 9.0], &device);
        let y = net.forward(noise([2, 1, 8, 8], &device), times, &Condition::default());
        assert!(values(y).iter().all(|y| *y == 0.0));
    }

    #[test]
    fn a_fresh_block_is_the_identity() {
        let device = Device::flex();
        let block = Block::new(&small(), &device);
        let x = noise([1, 2, 6, 8], &device).reshape([2, 6, 8]);
        let y = block.forward(x.clone(), Tensor::ones([2, 8], &device));
        assert_eq!(x.into_data(), y.into_data());
    }

    #[test]
    fn any_image_size_keeps_its_size() {
        let device = Device::flex();
        for [channels, height, width] in [[1, 8, 8], [3, 9, 4], [1, 23, 17]] {
            let net = awake(None, channels, &device);
            let images = noise([2, channels, height, width], &device);
            let times = Tensor::from_floats([1.0, 9.0], &device);
            let y = net.forward(images, times, &Condition::default());
            assert_eq!(y.dims(), [2, channels, height, width]);
        }
    }

    #[test]
    fn every_row_follows_its_own_time_and_class() {
        let device = Device::flex();
        let net = awake(Some(3), 1, &device);
        let images = noise([1, 1, 4, 4], &device).repeat_dim(0, 3);
        let times = |times| Tensor::<1>::from_floats(times, &device);
        let together = values(net.forward(
            images.clone(),
            times([1.0, 1.0, 50.0]),
            &Condition::of_classes(&[2, 0, 2], &device),
        ));
        let alone = values(net.forward(
            images.narrow(0, 0, 1),
            Tensor::from_floats([1.0], &device),
            &Condition::of_classes(&[2], &device),
        ));
        let [first, other_class, other_time] = [0, 1, 2].map(|i| &together[16 * i..16 * (i + 1)]);
        let apart =
            |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
        assert!(apart(first, &alone) < 1e-6, "{first:?}, {alone:?}");
        assert!(apart(first, other_class) > 1e-3, "{first:?}, {other_class:?}");
        assert!(apart(first, other_time) > 1e-3, "{first:?}, {other_time:?}");
    }

    #[test]
    fn places_are_told_apart_by_their_positions_alone() {
        let device = Device::flex();
        let net = awake(None, 1, &device);
        let times = Tensor::from_floats([1.0], &device);
        let y =
            values(net.forward(Tensor::ones([1, 1, 4, 4], &device), times, &Condition::default()));
        // The top left pixels of the four patches of a blank image.
        let corners = [y[0], y[2], y[8], y[10]];
        for (i, a) in corners.iter().enumerate() {
            assert!(corners[..i].iter().all(|b| (a - b).abs() > 1e-6), "{corners:?}");
        }
    }

    #[test]
    fn parameters_are_called_by_their_place() {
        let net = DitConfig { depth: 1, ..small() }.init(1, Some(2), &Device::flex());
        let mut names: Vec<_> = named_params(&net).into_iter().map(|param| param.name).collect();
        names.retain(|name| name.rsplit('.').next() != Some("bias"));
        let mut expected = [
            "blocks.0.attention.k.weight",
            "blocks.0.attention.out.weight",
            "blocks.0.attention.q.weight",
            "blocks.0.attention.v.weight",
            "blocks.0.mlp_in.weight",
            "blocks.0.mlp_out.weight",
            "blocks.0.modulation.weight",
            "class.table",
            "head.weight",
            "modulation.weight",
            "stem.weight",
            "time_in.weight",
            "time_out.weight",
        ];
        names.sort();
        expected.sort_unstable();
        assert_eq!(names, expected);
    }

    #[test]
    fn a_width_that_heads_do_not_divide_is_refused() {
        let fault = |width, heads| {
            let config = DitConfig { width, heads, ..DitConfig::default() };
            config.check().expect_err("refused").to_string()
        };
        assert_eq!(fault(6, 2), "width is 6; it must be a multiple of 4");
        assert_eq!(fault(64, 5), "width is 64; it must be a multiple of heads = 5");
    }
}
