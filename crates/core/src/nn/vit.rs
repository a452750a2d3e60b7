//! A vision transformer (Dosovitskiy et al. 2021, arXiv:2010.11929).

use super::{
    backbone::pad_to_multiple,
    linear::Linear,
    patches::{by_pixels, fold_patches},
    position::grid_positions,
    transformer::{LayerNorm, TransformerBlock},
};
use crate::settings::{Check, Fault, multiple, size};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How tokens are told where they lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Positions {
    /// Fixed sines and cosines of row and column, added to each token.
    #[default]
    SinCos,
    /// Not at all: an image is a bag of patches.
    None,
}

/// Size of a [`Vit`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct VitConfig {
    /// Side of the square patches that become tokens: 2 makes four times as many tokens as 4, and attention's share of
    /// the cost sixteen times as large.
    pub patch_size: usize,
    /// Numbers per token, a multiple of `heads`, and of 4 where there are positions.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Heads of each attention.
    pub heads: usize,
    /// Width of a block's hidden layer over `width`.
    pub mlp_ratio: usize,
    /// How tokens are told where they lie.
    pub positions: Positions,
}

impl Default for VitConfig {
    fn default() -> Self {
        // 28x28 pixels are 49 tokens. The paper's smallest has patches of 16, a width of 768 and 12 blocks, for images
        // of 224x224; its ratio is 4 as well.
        Self {
            patch_size: 4,
            width: 64,
            depth: 4,
            heads: 4,
            mlp_ratio: 4,
            positions: Positions::default(),
        }
    }
}

impl Check for VitConfig {
    fn check(&self) -> Result<(), Fault> {
        size("patch_size", self.patch_size)?;
        size("width", self.width)?;
        size("depth", self.depth)?;
        size("heads", self.heads)?;
        if self.positions == Positions::SinCos {
            // Sines and cosines of rows and of columns take a quarter each.
            multiple("width", self.width, 4, "4")?;
        }
        multiple("width", self.width, self.heads, format_args!("heads = {}", self.heads))?;
        size("mlp_ratio", self.mlp_ratio)
    }
}

impl VitConfig {
    /// A network from images with `channels` to `width` numbers.
    pub fn init(&self, channels: usize, device: &Device) -> Vit {
        let Self { patch_size, width, depth, heads, mlp_ratio, positions } = *self;
        let block = |_| TransformerBlock::new(width, heads, mlp_ratio, device);
        Vit {
            stem: Linear::new(channels * patch_size * patch_size, width, device),
            blocks: (0..depth).map(block).collect(),
            norm: LayerNorm::new(width, device),
            patch_size,
            positions,
        }
    }

    /// Numbers of its affine layers for images with `channels`, but for their biases; as many as a `usize` holds where
    /// they are more.
    pub fn weights(&self, channels: usize) -> usize {
        let product =
            |factors: &[usize]| factors.iter().fold(1, |a: usize, b| a.saturating_mul(*b));
        // Queries, keys, values and what follows them, then the two layers of the MLP.
        let squares = self.mlp_ratio.saturating_mul(2).saturating_add(4);
        let blocks = product(&[self.depth, squares, self.width, self.width]);
        product(&[channels, self.patch_size, self.patch_size, self.width]).saturating_add(blocks)
    }
}

/// Images to features.
#[derive(Module, Debug)]
pub struct Vit {
    stem: Linear,
    blocks: Vec<TransformerBlock>,
    norm: LayerNorm,
    patch_size: usize,
    #[module(skip)]
    positions: Positions,
}

impl Vit {
    /// Images `[B, C, H, W]` to `[B, width]`: the mean of their tokens.
    pub fn forward(&self, images: Tensor<4>) -> Tensor<2> {
        self.tokens(images).mean_dim(1).squeeze_dim::<2>(1)
    }

    /// Images `[B, C, H, W]` to a token for each patch, row by row, after the last normalisation: `[B, N, width]`. Images
    /// are padded with zeros to whole patches.
    pub fn tokens(&self, images: Tensor<4>) -> Tensor<3> {
        let x = self.blocks.iter().fold(self.patches(images), |x, block| block.forward(x));
        self.norm.forward(x)
    }

    /// How much each pixel's patch of images `[B, C, H, W]` contributes to the mean of their tokens, as far as attention
    /// tells: `[B, H, W]`, with sum 1 over the patches of an image.
    ///
    /// Attention rollout, Eq. 1 of Abnar & Zuidema 2020 (arXiv:2005.00928), of the mean over heads: A_L ⋯ A_1 with
    /// A_l = (W_l + I) / 2, here averaged over the tokens that look, as [`Self::forward`] averages them. It knows nothing
    /// of values and MLPs.
    pub fn rollout(&self, images: Tensor<4>) -> Tensor<3> {
        let [batch, _, height, width] = images.dims();
        let x = self.patches(images);
        let [_, tokens, _] = x.dims();
        let own = Tensor::<2>::eye(tokens, &x.device().inner()).unsqueeze_dim::<3>(0);
        let own: Tensor<3> = own.expand([batch, tokens, tokens]);
        let (_, rolled) = self.blocks.iter().fold((x, own.clone()), |(x, rolled), block| {
            let looks = (block.weights(x.clone()) + own.clone()) / 2.0;
            (block.forward(x), looks.matmul(rolled))
        });
        by_pixels(rolled.mean_dim(1), self.patch_size, [height, width]).squeeze_dim::<3>(1)
    }

    /// The token of each patch before the first block, at its place: `[B, N, width]`.
    fn patches(&self, images: Tensor<4>) -> Tensor<3> {
        let batch = images.dims()[0];
        let patches = fold_patches(pad_to_multiple(images, self.patch_size), self.patch_size);
        let [_, folded, rows, columns] = patches.dims();
        let patches = patches.permute([0, 2, 3, 1]).reshape([batch * rows * columns, folded]);
        let x = self.stem.forward(patches);
        let [_, width] = x.dims();
        let x: Tensor<3> = x.reshape([batch, rows * columns, width]);
        match self.positions {
            Positions::SinCos => {
                let positions = grid_positions([rows, columns], width, &x.device().inner());
                x + positions.unsqueeze_dim::<3>(0)
            }
            Positions::None => x,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::named_params;
    use burn::tensor::Distribution;

    fn small(positions: Positions) -> VitConfig {
        let config = VitConfig::default();
        VitConfig { patch_size: 4, width: 8, depth: 2, heads: 2, positions, ..config }
    }

    fn noise(shape: [usize; 4], device: &Device) -> Tensor<4> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
    }

    /// The largest difference.
    fn apart(a: Tensor<2>, b: Tensor<2>) -> f32 {
        let [a, b] = [a, b].map(|x| x.into_data().try_into_vec::<f32>().expect("f32"));
        a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn without_positions_an_image_is_a_bag_of_patches() {
        let device = Device::flex();
        let images = noise([2, 1, 8, 12], &device);
        let [top, bottom] = [0, 4].map(|row| images.clone().narrow(2, row, 4));
        let moved = Tensor::cat(vec![bottom, top], 2);
        for (positions, alike) in [(Positions::None, true), (Positions::SinCos, false)] {
            let net = small(positions).init(1, &device);
            let change = apart(net.forward(images.clone()), net.forward(moved.clone()));
            assert_eq!(change < 1e-5, alike, "{positions:?}: {change}");
        }
    }

    #[test]
    fn images_of_any_size_give_width_numbers() {
        let device = Device::flex();
        for [channels, height, width] in [[1, 8, 8], [3, 9, 4], [1, 23, 17], [2, 1, 1]] {
            let net = small(Positions::SinCos).init(channels, &device);
            let y = net.forward(noise([2, channels, height, width], &device));
            assert_eq!(y.dims(), [2, 8]);
        }
    }

    #[test]
    fn part_of_a_patch_is_a_patch_with_zeros() {
        let device = Device::flex();
        let net = small(Positions::SinCos).init(1, &device);
        let odd = noise([2, 1, 7, 5], &device);
        let below = Tensor::zeros([2, 1, 1, 5], &device);
        let beside = Tensor::zeros([2, 1, 8, 3], &device);
        let whole = Tensor::cat(vec![Tensor::cat(vec![odd.clone(), below], 2), beside], 3);
        assert_eq!(apart(net.forward(odd), net.forward(whole)), 0.0);
    }

    #[test]
    fn what_patches_contribute_is_followed_through_all_blocks() {
        let device = Device::flex();
        let net = small(Positions::SinCos).init(1, &device);
        let images = noise([1, 1, 8, 12], &device) * 5.0;
        let found = net.rollout(images.clone());
        assert_eq!(found.dims(), [1, 8, 12]);
        let found: Vec<f32> = found.into_data().try_into_vec().expect("f32");

        // By hand: every token of the second block looks at those of the first, half of it at itself.
        let x = net.patches(images);
        let host = |x: Tensor<3>| x.into_data().try_into_vec::<f32>().expect("f32");
        let first = host(net.blocks[0].weights(x.clone()));
        let second = host(net.blocks[1].weights(net.blocks[0].forward(x)));
        let half = |weights: &[f32], from: usize, to: usize| {
            f32::midpoint(weights[from * 6 + to], f32::from(u8::from(from == to)))
        };
        let mut expected = [0.0_f32; 6];
        for (token, middle) in (0..6).flat_map(|token| (0..6).map(move |middle| (token, middle))) {
            for (patch, sum) in expected.iter_mut().enumerate() {
                *sum += half(&second, token, middle) * half(&first, middle, patch) / 6.0;
            }
        }
        for (at, found) in found.iter().enumerate() {
            let patch = at / 12 / 4 * 3 + at % 12 / 4;
            assert!((found - expected[patch]).abs() < 1e-6, "{found}, {expected:?} at {at}");
        }
        assert!((expected.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{expected:?}");
        let most = expected.iter().copied().fold(0.0, f32::max);
        assert!(most > 1.01 / 6.0, "all contribute alike: {expected:?}");
    }

    #[test]
    fn parameters_are_called_by_their_place_and_counted() {
        let config = VitConfig { depth: 1, ..small(Positions::SinCos) };
        let params = named_params(&config.init(3, &Device::flex()));
        let affine: Vec<_> = params.iter().filter(|param| param.shape.len() == 2).collect();
        let names: Vec<&str> = affine.iter().map(|param| param.name.as_str()).collect();
        let expected = [
            "stem.weight",
            "blocks.0.attention.q.weight",
            "blocks.0.attention.k.weight",
            "blocks.0.attention.v.weight",
            "blocks.0.attention.out.weight",
            "blocks.0.mlp_in.weight",
            "blocks.0.mlp_out.weight",
        ];
        assert_eq!(names, expected);
        let count: usize = affine.iter().map(|param| param.shape.iter().product::<usize>()).sum();
        assert_eq!(config.weights(3), count);
        let absurd = VitConfig { depth: usize::MAX, ..config };
        assert_eq!(absurd.weights(3), usize::MAX);
    }

    #[test]
    fn a_width_that_does_not_divide_is_refused() {
        let fault = |config: VitConfig| config.check().expect_err("refused").to_string();
        let config = VitConfig { width: 6, heads: 2, ..VitConfig::default() };
        assert_eq!(fault(config), "width is 6; it must be a multiple of 4");
        let none = Positions::None;
        assert_eq!(VitConfig { positions: none, ..config }.check(), Ok(()));
        let config = VitConfig { heads: 5, positions: none, ..config };
        assert_eq!(fault(config), "width is 6; it must be a multiple of heads = 5");
    }
}
