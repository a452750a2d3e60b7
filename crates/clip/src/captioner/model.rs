//! One step of training, and what the frozen captioner can do.

use super::{
    config::Wording,
    filter::{Filter, Filtered},
    loss::{Matched, log_likelihood, matching, mean},
    negatives::Negatives,
    net::Captioner,
};
use crate::{loss::contrast_among, model::captions};
use burn::{
    module::Module,
    tensor::{DType, Int, Tensor},
};
use genlab_classifier::Augmentation;
use genlab_core::{
    Align, Batch, CheckpointError, Describe, Generative, Noise, Optimized, Oracle, Progress,
    Scalars, StateReader, StateWriter, Train,
    nn::{Sight, sigmoid},
};
use std::ops::Range;

/// A captioner in training.
pub(super) struct Captioning {
    pub(super) net: Optimized<Captioner>,
    pub(super) filter: Option<Filter>,
    pub(super) wording: Wording,
    pub(super) augmentation: Augmentation,
}

/// What is learned from.
pub(super) struct Pairs {
    /// `[B, C, H, W]`
    pub(super) values: Tensor<4>,
    /// `[B, T]`
    pub(super) captions: Tensor<2, Int>,
    /// 1 for each row that counts, 0 for the others, `[B]`.
    pub(super) weights: Tensor<1>,
}

impl Pairs {
    /// Pictures with these captions, all of which count.
    fn of(values: Tensor<4>, captions: Tensor<2, Int>) -> Self {
        let weights = Tensor::ones([values.dims()[0]], &values.device());
        Self { values, captions, weights }
    }
}

/// What pairs score: means over those that count, `[1]` each. The others are no negatives of these.
pub(super) struct Losses {
    contrastive: Tensor<1>,
    matching: Tensor<1>,
    /// Nats per caption.
    language: Tensor<1>,
    /// Share of the pairs, matching and not, that are told rightly.
    matched: Tensor<1>,
}

impl Losses {
    /// The three losses of section 3.2 of arXiv:2201.12086; row i draws its negatives from row `rows.start + i` of `noise`.
    pub(super) fn of(net: &Captioner, pairs: Pairs, noise: Noise, rows: &Range<u64>) -> Self {
        let Pairs { values, captions, weights } = pairs;
        let picture = net.look(values);
        let contrast = contrast_among(
            net.picture_vectors(&picture),
            net.caption_vectors(captions.clone()),
            net.scale(),
            &weights,
        );
        let negatives = Negatives::drawn(&captions, &weights, &contrast.similarities, noise, rows);
        let logits = match_logits(net, &captions, &picture.sight, &negatives);
        let Matched { losses, right } = matching(logits, sides(&weights));
        let [wrong_captions, wrong_pictures] =
            [negatives.captions, negatives.pictures].map(|drawn| weights.clone() * drawn.wrong);
        let of_three = Tensor::cat(vec![weights.clone(), wrong_captions, wrong_pictures], 0);
        let words = net.text.predict(captions.clone(), &picture.sight);
        Self {
            contrastive: mean(contrast.of_pairs(), &weights),
            matching: mean(losses, &of_three),
            language: mean(log_likelihood(words, &captions).neg(), &weights),
            matched: mean(right, &of_three),
        }
    }

    fn total(&self) -> Tensor<1> {
        self.contrastive.clone() + self.matching.clone() + self.language.clone()
    }

    pub(super) fn scalars(self) -> Scalars {
        Scalars::new()
            .with("loss", self.total())
            .with("contrastive", self.contrastive)
            .with("matching", self.matching)
            .with("language", self.language)
            .with("matched", self.matched)
    }
}

/// 1 for pairs that match and −1 for those that do not, in the order of [`match_logits`], `[3 B]`.
fn sides(weights: &Tensor<1>) -> Tensor<1> {
    let ones = weights.ones_like();
    Tensor::cat(vec![ones.clone(), ones.clone().neg(), ones.neg()], 0)
}

/// The logits of a match of all pairs, of pictures with wrong captions and of captions with wrong pictures, `[3 B]`.
fn match_logits(
    net: &Captioner,
    captions: &Tensor<2, Int>,
    sight: &Sight,
    negatives: &Negatives,
) -> Tensor<1> {
    let [count, _] = captions.dims();
    let own = Tensor::<1, Int>::arange(0..count as i64, (&captions.device(), DType::I32));
    let said = vec![own.clone(), negatives.captions.rows.clone(), own.clone()];
    let seen = vec![own.clone(), own, negatives.pictures.rows.clone()];
    let captions = captions.clone().select(0, Tensor::cat(said, 0));
    net.match_logits(captions, &sight.select(&Tensor::cat(seen, 0)))
}

impl Train for Captioning {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let moved = self.augmentation.of(batch.values.clone(), at.noise(), batch.rows());
        let told = self.wording.of(batch, at.noise());
        let Pairs { values, captions, weights } = Pairs::of(moved, told);
        let filter = self.filter.as_ref();
        let Filtered { captions, weights, kept } = match filter {
            // Pictures as they are: what moved may have lost an edge.
            Some(filter) => filter.filtered(batch.values.clone(), captions),
            None => Filtered { captions, kept: weights.clone().mean(), weights },
        };
        let counted = weights.clone().mean();
        let pairs = Pairs { values, captions, weights };
        let losses = Losses::of(self.net.net(), pairs, at.noise(), &batch.rows());
        let (loss, scalars) = (losses.total(), losses.scalars());
        let scalars = match filter {
            Some(_) => scalars.with("kept", kept).with("counted", counted),
            None => scalars,
        };
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(Frozen { net: self.net.frozen() })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
        if let Some(filter) = &self.filter {
            filter.state(out);
        }
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)?;
        self.filter.as_mut().map_or(Ok(()), |filter| filter.restore(from))
    }
}

/// A captioner that learns no more.
struct Frozen {
    net: Captioner,
}

impl Generative for Frozen {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        let pairs = Pairs::of(batch.values.clone(), captions(batch));
        Losses::of(&self.net, pairs, noise, &batch.rows()).scalars()
    }

    fn aligner(&self) -> Option<&dyn Align> {
        Some(self)
    }

    fn describer(&self) -> Option<&dyn Describe> {
        Some(self)
    }

    fn oracles(&self) -> Vec<(&'static str, Oracle)> {
        vec![("language", Oracle::Captions)]
    }
}

impl Align for Frozen {
    fn values(&self, values: Tensor<4>) -> Tensor<2> {
        self.net.picture_vectors(&self.net.look(values))
    }

    fn captions(&self, captions: Tensor<2, Int>) -> Tensor<2> {
        self.net.caption_vectors(captions)
    }

    fn scale(&self) -> Tensor<1> {
        self.net.scale()
    }
}

impl Describe for Frozen {
    fn describe(&self, values: Tensor<4>) -> Tensor<2, Int> {
        self.net.text.write(&self.net.look(values).sight)
    }

    fn log_likelihood(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Tensor<1> {
        let logits = self.net.text.predict(captions.clone(), &self.net.look(values).sight);
        log_likelihood(logits, &captions)
    }

    fn matching(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Tensor<1> {
        sigmoid(self.net.match_logits(captions, &self.net.look(values).sight))
    }

    fn attended(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Option<Tensor<4>> {
        Some(self.net.attended(values, captions))
    }
}
