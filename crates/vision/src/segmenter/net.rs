//! The network: a picture is seen once, and answers every prompt.

use super::{
    config::SegmenterConfig,
    decoder::{Decoder, Seen, Size},
    prompt::PromptReader,
};
use crate::encoder::{Encoder, PLACE};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{Prompts, Segmented, Space};

/// Figure 4 of arXiv:2304.02643.
#[derive(Module, Debug)]
pub(super) struct SegmenterNet {
    encoder: Encoder,
    prompts: PromptReader,
    decoder: Decoder,
    #[module(skip)]
    space: Space,
}

impl SegmenterNet {
    /// Of values of this space, which are images.
    pub(super) fn new(config: &SegmenterConfig, space: Space, device: &Device) -> Self {
        let SegmenterConfig { encoder, depth, heads, mlp_ratio, .. } = config;
        let [_, _, width] = encoder.channels;
        let size = Size {
            channels: encoder.channels,
            norm_groups: encoder.norm_groups,
            depth: *depth,
            heads: *heads,
            mlp_ratio: *mlp_ratio,
        };
        Self {
            encoder: Encoder::new(space.shape.channels, encoder, device),
            prompts: PromptReader::new(width, device),
            decoder: Decoder::new(size, device),
            space,
        }
    }

    /// What is to be seen of values `[B, C, H, W]`.
    pub(super) fn see(&self, values: Tensor<4>) -> Seen {
        let [_, _, height, width] = values.dims();
        let maps = self.encoder.forward(self.space.centred(values));
        let [_, _, rows, columns] = maps.quarter.dims();
        let [full, half] = self.decoder.beside(maps.full, maps.half);
        Seen {
            places: maps.quarter.flatten::<3>(2, 3).swap_dims(1, 2),
            half,
            full,
            grid: [rows, columns],
            size: [height, width],
        }
    }

    /// One prompt for each of the pictures that are seen, answered.
    pub(super) fn answer(&self, seen: &Seen, prompts: &Prompts) -> Segmented {
        let size = seen.grid.map(|places| places * PLACE);
        self.decoder.forward(seen, self.prompts.read(prompts, size))
    }
}
