//! From a picture's places and what is asked of it to masks.

use super::prompt::Asked;
use crate::fourier::grid_features;
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Segmented,
    nn::{
        Activation, Attention, Conv2d, Conv2dConfig, ConvTranspose2d, ConvTranspose2dConfig,
        GroupNorm, LayerNorm, Linear, crop, gelu, sigmoid, silu,
    },
};

/// Masks for each prompt. A click may mean a whole, a part of it or a part of that: three are usually enough (section 3 of
/// arXiv:2304.02643, "Resolving ambiguity").
const CANDIDATES: usize = 3;

/// Size of a decoder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Channels of the maps that it reads, at the full, at half and at a quarter of the side; the last is the width of all
    /// tokens.
    pub(super) channels: [usize; 3],
    /// Largest number of groups of its group normalisation.
    pub(super) norm_groups: usize,
    /// Two-way blocks.
    pub(super) depth: usize,
    /// Heads of each attention.
    pub(super) heads: usize,
    /// Width of a block's hidden layer over that of tokens.
    pub(super) mlp_ratio: usize,
}

/// What is seen of B pictures, whatever is asked of them.
pub(super) struct Seen {
    /// `[B, T, width]`: the T places of a quarter of the side, row by row.
    pub(super) places: Tensor<3>,
    /// `[B, C_1, H/2, W/2]`.
    pub(super) half: Tensor<4>,
    /// `[B, C_0, H, W]`.
    pub(super) full: Tensor<4>,
    /// Rows and columns of places.
    pub(super) grid: [usize; 2],
    /// Rows and columns of pixels, before they were rounded up.
    pub(super) size: [usize; 2],
}

/// Two-way blocks between tokens and places, and masks as products of tokens with the enlarged picture (figure 14 of
/// arXiv:2304.02643). Maps of the encoder are added on the way up, as in SAM 2 (Ravi et al. 2024, arXiv:2408.00714,
/// section 4): strokes of one pixel are lost at a quarter of the side.
#[derive(Module, Debug)]
pub(super) struct Decoder {
    /// `[1 + CANDIDATES, width]`: the token that predicts how good the masks are, then one for each of them.
    queries: Param<Tensor<2>>,
    blocks: Vec<TwoWayBlock>,
    last: Attention,
    last_norm: LayerNorm,
    to_half: ConvTranspose2d,
    half: Conv2d,
    half_norm: GroupNorm,
    to_full: ConvTranspose2d,
    full: Conv2d,
    masks: Vec<Head>,
    quality: Head,
}

impl Decoder {
    pub(super) fn new(size: Size, device: &Device) -> Self {
        let [full, half, width] = size.channels;
        let pointwise = |channels| Conv2dConfig::new([channels, channels], [1, 1]).init(device);
        Self {
            queries: Initializer::Normal { mean: 0.0, std: 1.0 }
                .init([1 + CANDIDATES, width], device),
            blocks: (0..size.depth).map(|_| TwoWayBlock::new(size, device)).collect(),
            last: Attention::new(width, width, size.heads, device),
            last_norm: LayerNorm::new(width, device),
            to_half: ConvTranspose2dConfig::double_apart([width, half]).init(device),
            half: pointwise(half),
            half_norm: GroupNorm::new(size.norm_groups, half, device),
            to_full: ConvTranspose2dConfig::double_apart([half, full]).init(device),
            full: pointwise(full),
            masks: (0..CANDIDATES).map(|_| Head::new(width, full, device)).collect(),
            quality: Head::new(width, CANDIDATES, device),
        }
    }

    /// Maps of the full and of half the side, as they are added on the way up: once for each picture.
    pub(super) fn beside(&self, full: Tensor<4>, half: Tensor<4>) -> [Tensor<4>; 2] {
        [self.full.forward(full), self.half.forward(half)]
    }

    /// What is asked of each picture, cut out.
    pub(super) fn forward(&self, seen: &Seen, asked: Asked) -> Segmented {
        let [batch, _, width] = seen.places.dims();
        let queries = self.queries.val().unsqueeze_dim::<3>(0).repeat_dim(0, batch);
        let tokens = Tensor::cat(vec![queries, asked.places], 1);
        let located = grid_features(seen.grid, width, &seen.places.device().inner());
        let around = Around { asked: tokens.clone(), located: located.unsqueeze_dim::<3>(0) };
        let both = Both { tokens, places: seen.places.clone() + asked.mask };
        let Both { tokens, places } =
            self.blocks.iter().fold(both, |both, block| block.forward(both, &around));
        let looked = self.last.toward(around.asked(tokens.clone()), around.located(places.clone()));
        let tokens = self.last_norm.forward(tokens + looked);

        let token = |place: usize| tokens.clone().narrow(1, place, 1).squeeze_dim::<2>(1);
        let full = self.enlarged(places, seen);
        let [_, channels, height, width] = full.dims();
        let products: Vec<Tensor<2>> =
            (1..).zip(&self.masks).map(|(k, head)| head.forward(token(k))).collect();
        let masks = Tensor::stack::<3>(products, 1)
            .matmul(full.reshape([batch, channels, height * width]))
            .reshape([batch, CANDIDATES, height, width]);
        let predicted = sigmoid(self.quality.forward(token(0)));
        Segmented { masks: crop(masks, seen.size), predicted }
    }

    /// Places `[B, T, width]` to pixels `[B, C_0, H, W]`.
    fn enlarged(&self, places: Tensor<3>, seen: &Seen) -> Tensor<4> {
        let ([batch, _, width], [rows, columns]) = (places.dims(), seen.grid);
        let x = places.swap_dims(1, 2).reshape([batch, width, rows, columns]);
        let x = self.to_half.forward(x) + seen.half.clone();
        let x = self.half_norm.forward(x, Activation::Silu);
        silu(self.to_full.forward(x) + seen.full.clone())
    }
}

/// Tokens `[B, N, width]` and places `[B, T, width]`, which look at each other.
struct Both {
    tokens: Tensor<3>,
    places: Tensor<3>,
}

/// What is added to both wherever they are looked at, so that no layer forgets what was asked and where.
struct Around {
    /// `[B, N, width]`: the tokens as they came in.
    asked: Tensor<3>,
    /// `[1, T, width]`: where each place lies.
    located: Tensor<3>,
}

impl Around {
    fn asked(&self, tokens: Tensor<3>) -> Tensor<3> {
        tokens + self.asked.clone()
    }

    fn located(&self, places: Tensor<3>) -> Tensor<3> {
        places + self.located.clone()
    }
}

/// Tokens look at one another and at the places, think, and places look at them: one layer of figure 14 of
/// arXiv:2304.02643. Each step has a skip around it and a normalisation behind.
#[derive(Module, Debug)]
struct TwoWayBlock {
    own: Attention,
    own_norm: LayerNorm,
    to_places: Attention,
    to_places_norm: LayerNorm,
    mlp_in: Linear,
    mlp_out: Linear,
    mlp_norm: LayerNorm,
    to_tokens: Attention,
    to_tokens_norm: LayerNorm,
}

impl TwoWayBlock {
    fn new(size: Size, device: &Device) -> Self {
        let Size { channels: [_, _, width], heads, mlp_ratio, .. } = size;
        let attention = || Attention::new(width, width, heads, device);
        let norm = || LayerNorm::new(width, device);
        Self {
            own: attention(),
            own_norm: norm(),
            to_places: attention(),
            to_places_norm: norm(),
            mlp_in: Linear::new(width, mlp_ratio * width, device),
            mlp_out: Linear::new(mlp_ratio * width, width, device),
            mlp_norm: norm(),
            to_tokens: attention(),
            to_tokens_norm: norm(),
        }
    }

    fn forward(&self, Both { tokens, places }: Both, around: &Around) -> Both {
        let looked = self.own.forward(around.asked(tokens.clone()));
        let tokens = self.own_norm.forward(tokens + looked);
        let located = around.located(places.clone());
        let looked = self.to_places.toward(around.asked(tokens.clone()), located.clone());
        let tokens = self.to_places_norm.forward(tokens + looked);
        let [batch, count, width] = tokens.dims();
        let thought = gelu(self.mlp_in.forward(tokens.clone().reshape([batch * count, width])));
        let thought = self.mlp_out.forward(thought).reshape([batch, count, width]);
        let tokens = self.mlp_norm.forward(tokens + thought);
        let looked = self.to_tokens.toward(located, around.asked(tokens.clone()));
        Both { places: self.to_tokens_norm.forward(places + looked), tokens }
    }
}

/// Two affine layers with a SiLU between them.
#[derive(Module, Debug)]
struct Head {
    hidden: Linear,
    out: Linear,
}

impl Head {
    fn new(inputs: usize, outputs: usize, device: &Device) -> Self {
        Self {
            hidden: Linear::new(inputs, inputs, device),
            out: Linear::new(inputs, outputs, device),
        }
    }

    fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.out.forward(silu(self.hidden.forward(x)))
    }
}
