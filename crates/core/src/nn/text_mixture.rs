//! One transformer for all that is done with captions of pictures.

use super::{
    attention::{Attention, Seen},
    linear::Linear,
    text::{SD, TextConfig},
    transformer::{LayerNorm, TransformerBlock},
};
use crate::{condition::Captions, vocabulary::PADDING};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{DType, Device, Int, Tensor},
};

/// Reads captions, reads them beside pictures, and writes them: the mixture of encoder and decoder of section 3.1 of Li et
/// al. 2022 (BLIP, arXiv:2201.12086).
///
/// A learned token comes before the words and says which of the three is done. What reads beside a picture is what reads,
/// with a cross-attention to the picture after each self-attention. What writes is that again with self-attentions of its
/// own, in which no word sees those after it: all else is shared, as in section 3.2.
#[derive(Module, Debug)]
pub struct TextMixture {
    /// `[words, width]`
    embedding: Param<Tensor<2>>,
    /// Of the token before the words, one for each [`Task`], `[3, width]`.
    first: Param<Tensor<2>>,
    /// `[1 + T, width]`
    places: Param<Tensor<2>>,
    blocks: Vec<MixtureBlock>,
    norm: LayerNorm,
    /// To the logits of the next word.
    next: Linear,
}

/// What is done with a caption, by the row of its first token.
#[derive(Clone, Copy, Debug)]
enum Task {
    Read,
    Compare,
    Write,
}

/// How many tasks there are.
const TASKS: usize = 3;

/// What a [`TextMixture`] sees of some pictures. It is the same for every caption and every word, so it is computed once.
#[derive(Clone, Debug)]
pub struct Sight {
    /// One for each block.
    blocks: Vec<Seen>,
    /// Pictures.
    count: usize,
}

impl Sight {
    /// That of the pictures of these numbers, in their order.
    #[must_use]
    pub fn select(&self, rows: &Tensor<1, Int>) -> Self {
        let blocks = self.blocks.iter().map(|seen| seen.select(rows)).collect();
        Self { blocks, count: rows.dims()[0] }
    }
}

impl TextMixture {
    /// For these captions, beside pictures whose tokens have `seen` numbers.
    pub fn new(captions: Captions, seen: usize, device: &Device) -> Self {
        let Captions { words, text } = captions;
        let TextConfig { width, depth, .. } = text;
        let vectors =
            |count| Initializer::Normal { mean: 0.0, std: SD }.init([count, width], device);
        Self {
            embedding: vectors(words.numbers),
            first: vectors(TASKS),
            places: vectors(1 + words.length),
            blocks: (0..depth).map(|_| MixtureBlock::new(text, seen, device)).collect(),
            norm: LayerNorm::new(width, device),
            next: Linear::new(width, words.numbers, device),
        }
    }

    /// What captions `[B, T]` say, `[B, width]`: what the first token gathers.
    pub fn read(&self, captions: Tensor<2, Int>) -> Tensor<2> {
        self.gathered(Task::Read, captions, None)
    }

    /// What is seen of pictures, `[B, N, seen]` tokens.
    pub fn see(&self, pictures: Tensor<3>) -> Sight {
        let [count, ..] = pictures.dims();
        let seen = |block: &MixtureBlock| block.cross.seen(pictures.clone());
        Sight { blocks: self.blocks.iter().map(seen).collect(), count }
    }

    /// What captions `[B, T]` say of as many pictures, `[B, width]`: what the first token gathers of both.
    pub fn compare(&self, captions: Tensor<2, Int>, sight: &Sight) -> Tensor<2> {
        self.gathered(Task::Compare, captions, Some(sight))
    }

    /// The logits of every word of captions `[B, T]` given the picture and the words before it, `[B, T, words]`.
    pub fn predict(&self, captions: Tensor<2, Int>, sight: &Sight) -> Tensor<3> {
        let [batch, length] = captions.dims();
        let x = self.through(Task::Write, self.before(captions), Some(sight));
        let [_, _, width] = x.dims();
        let logits = self.next.forward(x.reshape([batch * length, width]));
        let [_, words] = logits.dims();
        logits.reshape([batch, length, words])
    }

    /// Where the last block looks at pictures of N tokens as every word of captions `[B, T]` is predicted: how much at each
    /// token, the mean over heads, `[B, T, N]`, with sum 1 over the tokens.
    pub fn attended(&self, captions: Tensor<2, Int>, sight: &Sight) -> Tensor<3> {
        let (last, others) = self.blocks.split_last().expect("there is a block at least");
        let x = others.iter().zip(&sight.blocks).fold(self.before(captions), |x, (block, seen)| {
            block.forward(Task::Write, x, Some(seen))
        });
        last.weights(Task::Write, x, &sight.blocks[others.len()])
    }

    /// The caption of each picture whose every word is the likeliest after those before it, `[B, T]`: it ends at the first
    /// padding.
    pub fn write(&self, sight: &Sight) -> Tensor<2, Int> {
        let places = self.places.val();
        let (batch, length) = (sight.count, places.dims()[0] - 1);
        let padding = i64::from(PADDING);
        let device = places.device().inner();
        let mut caption = Tensor::<2, Int>::zeros([batch, length], (&device, DType::I32));
        // Nothing has ended yet.
        let mut ended = caption.clone().narrow(1, 0, 1).not_equal_elem(padding);
        for place in 0..length {
            let words = caption.clone().narrow(1, 0, place + 1);
            let likeliest = self.predict(words, sight).narrow(1, place, 1).inner().argmax(2);
            let next: Tensor<2, Int> = likeliest.cast(DType::I32).reshape([batch, 1]);
            let next = next.mask_fill(ended.clone(), padding);
            ended = ended.bool_or(next.clone().equal_elem(padding));
            caption = caption.slice_assign([0..batch, place..place + 1], next);
        }
        caption
    }

    fn gathered(&self, task: Task, captions: Tensor<2, Int>, sight: Option<&Sight>) -> Tensor<2> {
        let x = self.through(task, self.tokens(task, captions), sight);
        x.narrow(1, 0, 1).squeeze_dim::<2>(1)
    }

    /// What stands before each word of captions `[B, T]` as they are written, `[B, T, width]`: the last tells of no word.
    fn before(&self, captions: Tensor<2, Int>) -> Tensor<3> {
        let [_, length] = captions.dims();
        self.tokens(Task::Write, captions).narrow(1, 0, length)
    }

    /// The first token and the words of captions `[B, T]`, at their places: `[B, 1 + T, width]`.
    fn tokens(&self, task: Task, captions: Tensor<2, Int>) -> Tensor<3> {
        let [batch, length] = captions.dims();
        let words = self.embedding.val();
        let [_, width] = words.dims();
        let words =
            words.select(0, captions.reshape([batch * length])).reshape([batch, length, width]);
        let first = self.first.val().narrow(0, task as usize, 1).unsqueeze_dim::<3>(0);
        let first: Tensor<3> = first.expand([batch, 1, width]);
        let places = self.places.val().narrow(0, 0, 1 + length);
        Tensor::cat(vec![first, words], 1) + places.unsqueeze_dim::<3>(0)
    }

    /// All blocks and the normalisation: `[B, T, width]` to the same.
    fn through(&self, task: Task, x: Tensor<3>, sight: Option<&Sight>) -> Tensor<3> {
        let blocks = self.blocks.iter().enumerate();
        let x = blocks.fold(x, |x, (place, block)| {
            block.forward(task, x, sight.map(|sight| &sight.blocks[place]))
        });
        self.norm.forward(x)
    }
}

/// A block of a transformer with a second self-attention, for writing, and a cross-attention between its halves.
#[derive(Module, Debug)]
struct MixtureBlock {
    reading: TransformerBlock,
    writing: Attention,
    cross_norm: LayerNorm,
    cross: Attention,
}

impl MixtureBlock {
    fn new(text: TextConfig, seen: usize, device: &Device) -> Self {
        let TextConfig { width, heads, mlp_ratio, .. } = text;
        Self {
            reading: TransformerBlock::new(width, heads, mlp_ratio, device),
            writing: Attention::new(width, width, heads, device),
            cross_norm: LayerNorm::new(width, device),
            cross: Attention::new(width, seen, heads, device),
        }
    }

    fn forward(&self, task: Task, x: Tensor<3>, seen: Option<&Seen>) -> Tensor<3> {
        let x = self.attended(task, x);
        let x = match seen {
            Some(seen) => x.clone() + self.cross.look(self.cross_norm.forward(x), seen),
            None => x,
        };
        self.reading.transformed(x)
    }

    /// How much each token looks at each that is seen, the mean over heads: `[B, T, N]`.
    fn weights(&self, task: Task, x: Tensor<3>, seen: &Seen) -> Tensor<3> {
        let x = self.cross_norm.forward(self.attended(task, x));
        self.cross.weights(x, seen).mean_dim(1).squeeze_dim::<3>(1)
    }

    /// The self-attention of a task: `[B, T, width]` to the same.
    fn attended(&self, task: Task, x: Tensor<3>) -> Tensor<3> {
        match task {
            Task::Read | Task::Compare => self.reading.attended(x),
            Task::Write => self.reading.attended_causally(&self.writing, x),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::Words;
    use burn::tensor::Distribution;

    const WORDS: usize = 7;
    const LENGTH: usize = 4;

    fn mixture(device: &Device) -> TextMixture {
        let text = TextConfig { width: 8, heads: 2, ..TextConfig::default() };
        let words = Words { numbers: WORDS, length: LENGTH };
        TextMixture::new(Captions { words, text }, 6, device)
    }

    fn pictures(count: usize, device: &Device) -> Tensor<3> {
        Tensor::random([count, 5, 6], Distribution::Normal(0.0, 1.0), device)
    }

    fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    fn apart(a: &[f32], b: &[f32]) -> f32 {
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
    }

    #[test]
    fn a_word_is_predicted_from_the_picture_and_the_words_before_it_alone() {
        let device = Device::flex();
        let mixture = mixture(&device);
        let sight = mixture.see(pictures(1, &device));
        let predict = |words: [[i32; LENGTH]; 1], sight: &Sight| {
            host(mixture.predict(Tensor::from_ints(words, &device), sight))
        };
        let said = predict([[2, 3, 4, 5]], &sight);
        assert_eq!(said.len(), LENGTH * WORDS);
        // The third word is another: it is no news to itself, nor to those before it.
        let other = predict([[2, 3, 6, 5]], &sight);
        assert_eq!(said[..3 * WORDS], other[..3 * WORDS]);
        assert!(apart(&said[3 * WORDS..], &other[3 * WORDS..]) > 1e-4);
        let elsewhere = predict([[2, 3, 4, 5]], &mixture.see(pictures(1, &device)));
        assert!(apart(&said[..WORDS], &elsewhere[..WORDS]) > 1e-4, "the picture is not seen");
        // The words of a shorter caption are predicted as those of a longer one.
        let part = Tensor::<2, Int>::from_ints([[2, 3]], &device);
        let part = host(mixture.predict(part, &sight));
        assert!(apart(&part, &said[..2 * WORDS]) < 1e-5);
    }

    #[test]
    fn a_word_looks_at_its_picture_by_the_words_before_it_alone() {
        let device = Device::flex();
        let mixture = mixture(&device);
        // Far from uniform.
        let pictures = pictures(1, &device) * 3.0;
        let [_, places, _] = pictures.dims();
        let attended = |words: [[i32; LENGTH]; 1], pictures: &Tensor<3>| {
            let words = Tensor::from_ints(words, &device);
            host(mixture.attended(words, &mixture.see(pictures.clone())))
        };
        let looked = attended([[2, 3, 4, 5]], &pictures);
        assert_eq!(looked.len(), LENGTH * places);
        for word in looked.chunks(places) {
            assert!((word.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{word:?}");
        }
        let other = attended([[2, 3, 6, 5]], &pictures);
        assert_eq!(looked[..3 * places], other[..3 * places]);
        assert!(apart(&looked[3 * places..], &other[3 * places..]) > 1e-4);
        // A picture whose places are turned round is looked at in the places turned round.
        let turned = attended([[2, 3, 4, 5]], &pictures.clone().flip([1]));
        let back: Vec<f32> = turned.chunks(places).flat_map(|w| w.iter().rev().copied()).collect();
        assert!(apart(&looked, &back) < 1e-5);
        assert!(apart(&looked, &turned) > 1e-3, "it looks everywhere alike");
    }

    #[test]
    fn reading_knows_no_picture_and_comparing_does() {
        let device = Device::flex();
        let mixture = mixture(&device);
        let captions = Tensor::<2, Int>::from_ints([[2, 3, 0, 0], [3, 2, 0, 0]], &device);
        let read = host(mixture.read(captions.clone()));
        assert!(apart(&read[..8], &read[8..]) > 1e-4, "the order of words is read");
        let sight = mixture.see(pictures(2, &device));
        let swapped = sight.select(&Tensor::from_ints([1, 0], &device));
        let [one, other] =
            [&sight, &swapped].map(|sight| host(mixture.compare(captions.clone(), sight)));
        assert!(apart(&one, &other) > 1e-4 && apart(&one, &read) > 1e-4);
    }

    #[test]
    fn what_is_written_is_the_likeliest_word_after_word_and_ends_once() {
        let device = Device::flex();
        let mixture = mixture(&device);
        let count = 40;
        let sight = mixture.see(pictures(count, &device));
        let caption = mixture.write(&sight);
        assert_eq!(caption.dims(), [count, LENGTH]);
        let logits = host(mixture.predict(caption.clone(), &sight));
        let words: Vec<i32> = caption.into_data().try_into_vec().expect("i32");
        for (caption, logits) in words.chunks(LENGTH).zip(logits.chunks(LENGTH * WORDS)) {
            let end = caption.iter().position(|word| *word == 0).unwrap_or(LENGTH);
            assert!(caption[end..].iter().all(|word| *word == 0), "{caption:?}");
            for (word, logits) in caption.iter().zip(logits.chunks(WORDS)).take(end + 1) {
                let most = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                assert!(most - logits[*word as usize] < 1e-5, "{caption:?}");
            }
        }
    }
}
