//! Words as numbers.

use crate::condition::Words;
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

/// What stands after a text's last word.
pub const PADDING: u32 = 0;
/// What stands for every word that a vocabulary does not have.
pub const UNKNOWN: u32 = 1;
/// Numbers that are no word's.
const SPECIAL: usize = 2;

/// A number for each word of a small language: [`PADDING`] and [`UNKNOWN`], then the words in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vocabulary {
    words: Vec<String>,
    length: usize,
}

impl Vocabulary {
    /// Of these words, for texts of at most `length` of them.
    pub fn new<'a>(words: impl IntoIterator<Item = &'a str>, length: usize) -> Self {
        Self { words: words.into_iter().map(str::to_owned).collect(), length }
    }

    /// How many numbers there are, [`PADDING`] and [`UNKNOWN`] among them.
    pub fn size(&self) -> usize {
        self.words.len() + SPECIAL
    }

    /// Its words, in their order.
    pub fn known(&self) -> &[String] {
        &self.words
    }

    /// Numbers of every text, T: those of its words, then [`PADDING`].
    pub fn length(&self) -> usize {
        self.length
    }

    /// The `T` numbers of a text whose words are parted by spaces, whatever their case. Words beyond T are left out.
    pub fn tokens(&self, text: &str) -> Vec<u32> {
        let mut tokens: Vec<u32> =
            text.split_whitespace().take(self.length).map(|word| self.token(word)).collect();
        tokens.resize(self.length, PADDING);
        tokens
    }

    /// What is to be known of it to read texts by their numbers.
    pub fn words(&self) -> Words {
        Words { numbers: self.size(), length: self.length }
    }

    /// The numbers of several texts, `[n, T]`.
    pub fn tensor(&self, texts: &[String], device: &Device) -> Tensor<2, Int> {
        let words: Vec<i32> =
            texts.iter().flat_map(|text| self.tokens(text)).map(|word| word as i32).collect();
        let data = TensorData::new(words, [texts.len(), self.length]);
        Tensor::from_data(data, (device, DType::I32))
    }

    /// The text of these numbers, up to the first [`PADDING`]; a question mark for a word that is not known.
    pub fn text(&self, tokens: &[u32]) -> String {
        let word = |token: &u32| {
            let place = (*token as usize).checked_sub(SPECIAL);
            place.and_then(|place| self.words.get(place)).map_or("?", String::as_str)
        };
        let words: Vec<&str> =
            tokens.iter().take_while(|token| **token != PADDING).map(word).collect();
        words.join(" ")
    }

    /// The number of a word, [`UNKNOWN`] for one that it does not have.
    pub fn token(&self, word: &str) -> u32 {
        let place = self.words.iter().position(|known| known.eq_ignore_ascii_case(word));
        place.map_or(UNKNOWN, |place| (place + SPECIAL) as u32)
    }
}

/// Captions of values of which nothing but their classes is known, `[B]` to `[B, 2]`: one word, which is the class, and the
/// [`PADDING`] after it, without which there is nothing that the word could attend to. Words have the numbers of classes after
/// [`PADDING`] and [`UNKNOWN`].
pub fn captions_of_classes(classes: Tensor<1, Int>) -> Tensor<2, Int> {
    let words = (classes + SPECIAL as i32).unsqueeze_dim::<2>(1);
    let ends = words.full_like(PADDING);
    Tensor::cat(vec![words, ends], 1)
}

/// What is to be known of [`captions_of_classes`] to read them.
pub fn words_of_classes(classes: usize) -> Words {
    Words { numbers: classes + SPECIAL, length: 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_comes_back_and_what_is_not_known_is_said() {
        let vocabulary = Vocabulary::new(["a", "red", "three"], 4);
        assert_eq!((vocabulary.size(), vocabulary.length()), (5, 4));
        assert_eq!(vocabulary.tokens("a Red three"), [2, 3, 4, PADDING]);
        assert_eq!(vocabulary.text(&[2, 3, 4, PADDING]), "a red three");
        assert_eq!(vocabulary.tokens("a  mauve three"), [2, UNKNOWN, 4, PADDING]);
        assert_eq!(vocabulary.text(&[2, UNKNOWN, 4, 99]), "a ? three ?");
        assert_eq!(vocabulary.tokens("a a a a red"), [2; 4], "cut");
        assert_eq!(vocabulary.text(&vocabulary.tokens("")), "");
    }

    #[test]
    fn a_class_is_a_word_of_its_own() {
        let classes = Tensor::<1, Int>::from_ints([2, 0, 9], &Device::flex());
        let captions = captions_of_classes(classes);
        let words = words_of_classes(10);
        assert_eq!(captions.dims(), [3, words.length]);
        let numbers: Vec<u32> = captions.into_data().convert::<u32>().try_into_vec().expect("u32");
        assert_eq!(numbers, [4, PADDING, 2, PADDING, 11, PADDING]);
        assert!(numbers.iter().all(|number| (*number as usize) < words.numbers));
        // As a vocabulary of their names would have it.
        assert_eq!(Vocabulary::new(["zero", "one", "two"], 2).tokens("two"), numbers[..2]);
    }
}
