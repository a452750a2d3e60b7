//! One step of training, and what the frozen network can do.

use super::{
    loss::{Phrases, cost},
    net::{Answers, GrounderNet},
};
use burn::{
    module::Module,
    tensor::{Int, Tensor},
};
use genlab_core::{
    Batch, CheckpointError, Generative, Ground, Grounded, Noise, Optimized, Progress, Scalars,
    StateReader, StateWriter, Train, nn::sigmoid, objects::EDGES,
};

pub(super) struct Grounder {
    pub(super) net: Optimized<GrounderNet>,
    pub(super) box_weight: f64,
}

/// What is minimised, and what is logged of it. Every picture is asked for the phrases of its own caption, and for those of
/// another one's, which it does not show: a caption alone never names what is not there.
fn objective(net: &GrounderNet, batch: &Batch, box_weight: f64) -> (Tensor<1>, Scalars) {
    let objects = batch.objects.as_ref().expect("batches have the objects that a model asks for");
    let captions = batch.captions.clone().expect("a dataset with objects has captions");
    let own = Phrases { captions, words: objects.words.clone(), named: objects.named() };
    let other = own.of_another_row();
    let seen = net.see(batch.values.clone());
    let answer = |asked: &Phrases| net.answer(&seen, asked.captions.clone(), asked.words.clone());
    let cost = cost(
        &answer(&own),
        &objects.frames,
        own.named.clone(),
        &answer(&other),
        own.lack(&other),
        seen.grid(),
    );
    let loss = cost.alignment.clone() + cost.boxes.clone() * box_weight;
    let scalars = Scalars::new()
        .with("loss", loss.clone())
        .with("alignment", cost.alignment)
        .with("box", cost.boxes);
    (loss, scalars)
}

impl Train for Grounder {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let (loss, scalars) = objective(self.net.net(), batch, self.box_weight);
        self.net.descend(loss, at);
        scalars
    }

    fn needs_objects(&self) -> bool {
        true
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(Frozen { net: self.net.frozen(), box_weight: self.box_weight })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

/// A grounder that learns no more.
struct Frozen {
    net: GrounderNet,
    box_weight: f64,
}

impl Generative for Frozen {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, _noise: Noise) -> Scalars {
        objective(&self.net, batch, self.box_weight).1
    }

    fn needs_objects(&self) -> bool {
        true
    }

    fn grounder(&self) -> Option<&dyn Ground> {
        Some(self)
    }
}

impl Ground for Frozen {
    /// What the place says that is surest of each phrase.
    fn ground(
        &self,
        values: Tensor<4>,
        captions: Tensor<2, Int>,
        words: Tensor<2, Int>,
    ) -> Grounded {
        let [_, _, height, width] = values.dims();
        let Answers { scores, boxes } = self.net.answer(&self.net.see(values), captions, words);
        let [batch, count, _] = scores.dims();
        let best = scores.clone().argmax(2);
        let score = sigmoid(scores.gather(2, best.clone()));
        let best = best.unsqueeze_dim::<4>(2).repeat_dim(2, EDGES);
        let boxes = boxes.gather(3, best).reshape([batch, count, EDGES]);
        Grounded { scores: score.reshape([batch, count]), boxes: within(boxes, [height, width]) }
    }
}

/// Boxes `[B, K, 4]` without what lies beyond a picture of this height and width.
fn within(boxes: Tensor<3>, [height, width]: [usize; 2]) -> Tensor<3> {
    let edge = |edge: usize, end: usize| boxes.clone().narrow(2, edge, 1).clamp(0.0, end as f64);
    Tensor::cat(vec![edge(0, width), edge(1, height), edge(2, width), edge(3, height)], 2)
}

#[cfg(test)]
mod tests {
    use crate::{EncoderConfig, GrounderConfig};
    use genlab_core::{nn::TextConfig, testing::contract};

    #[test]
    fn it_keeps_the_contract() {
        contract(&|context| GrounderConfig::default().init(context), Some(("loss", 60, 0.8)));
    }

    #[test]
    fn the_smallest_and_a_deep_one_keep_the_contract() {
        let encoder = EncoderConfig { channels: [3, 5, 4], blocks: 0, norm_groups: 1 };
        let text = TextConfig { width: 4, depth: 1, heads: 1, mlp_ratio: 1 };
        for depth in [1, 2] {
            let config = GrounderConfig {
                encoder: encoder.clone(),
                text,
                depth,
                heads: 1,
                ..GrounderConfig::default()
            };
            contract(&|context| config.init(context), None);
        }
    }
}
