//! One step of training, and what the frozen segmenter can do.

use super::{
    draw::Draws,
    loss::{Cost, cost},
    net::SegmenterNet,
};
use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, CheckpointError, Generative, Noise, Optimized, Progress, Prompts, Scalars, Segment,
    Segmented, StateReader, StateWriter, Train,
};

pub(super) struct Segmenter {
    pub(super) net: Optimized<SegmenterNet>,
    pub(super) focal_weight: f64,
}

/// What is minimised, and what is logged of it: the mean over two rounds (appendix A of arXiv:2304.02643, "Training
/// algorithm", which has eleven) of prompts for one object of each value.
fn objective(
    net: &SegmenterNet,
    batch: &Batch,
    noise: Noise,
    focal_weight: f64,
) -> (Tensor<1>, Scalars) {
    let objects = batch.objects.as_ref().expect("batches have the objects that a model asks for");
    let draws = Draws { noise, rows: batch.rows(), device: batch.values.device() };
    let target = draws.target(objects);
    let seen = net.see(batch.values.clone());
    let prompts = draws.first(&target);
    let answer = net.answer(&seen, &prompts);
    let first = cost(&answer, target.mask.clone(), focal_weight);
    let prompts = draws.second(prompts, &answer, &target.mask);
    let second = cost(&net.answer(&seen, &prompts), target.mask, focal_weight);
    let both = |of: fn(&Cost) -> &Tensor<1>| (of(&first).clone() + of(&second).clone()) / 2.0;
    let (mask, quality) = (both(|cost| &cost.mask), both(|cost| &cost.quality));
    let loss = mask.clone() + quality.clone();
    let scalars = Scalars::new()
        .with("loss", loss.clone())
        .with("mask_loss", mask)
        .with("quality_error", quality)
        .with("first_iou", first.iou)
        .with("second_iou", second.iou);
    (loss, scalars)
}

impl Train for Segmenter {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let (loss, scalars) = objective(self.net.net(), batch, at.noise(), self.focal_weight);
        self.net.descend(loss, at);
        scalars
    }

    fn needs_objects(&self) -> bool {
        true
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(Frozen { net: self.net.frozen(), focal_weight: self.focal_weight })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

/// A segmenter that learns no more.
struct Frozen {
    net: SegmenterNet,
    focal_weight: f64,
}

impl Generative for Frozen {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        objective(&self.net, batch, noise, self.focal_weight).1
    }

    fn needs_objects(&self) -> bool {
        true
    }

    fn segmenter(&self) -> Option<&dyn Segment> {
        Some(self)
    }
}

impl Segment for Frozen {
    fn segment(&self, values: Tensor<4>, prompts: &Prompts) -> Segmented {
        self.net.answer(&self.net.see(values), prompts)
    }
}

#[cfg(test)]
mod tests {
    use crate::{EncoderConfig, SegmenterConfig};
    use genlab_core::testing::contract;

    #[test]
    fn it_keeps_the_contract() {
        contract(&|context| SegmenterConfig::default().init(context), Some(("loss", 60, 0.8)));
    }

    #[test]
    fn the_smallest_keeps_the_contract() {
        let encoder = EncoderConfig { channels: [3, 5, 4], blocks: 0, norm_groups: 1 };
        let config = SegmenterConfig {
            encoder,
            depth: 1,
            heads: 1,
            mlp_ratio: 1,
            ..SegmenterConfig::default()
        };
        contract(&|context| config.init(context), None);
    }
}
