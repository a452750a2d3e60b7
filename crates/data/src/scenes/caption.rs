//! What a scene's caption says, and its words.
//!
//! ```text
//! caption  = phrase { relation phrase }
//! phrase   = "a" [ "small" ] colour ( digit | "subject" )
//! relation = "left of" | "right of" | "above" | "below"
//! ```

use genlab_core::vocabulary::{UNKNOWN, Vocabulary};
use std::ops::RangeInclusive;

/// Letters of a word that is told to be wrong, at most.
const MOST_SHOWN: usize = 30;

/// Digits by their word.
pub(super) const DIGITS: [&str; 10] =
    ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];

/// What stands for a digit where an object is none: the item that some datasets show.
pub const SUBJECT: u8 = DIGITS.len() as u8;
/// Its word. No vocabulary has it, so that models read it as [`UNKNOWN`]: a number that
/// means nothing to them before they have seen the item.
const SUBJECT_WORD: &str = "subject";

/// Colours of objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "a colour is its name")]
pub enum Colour {
    Red,
    Green,
    Blue,
    Yellow,
    Purple,
    White,
}

impl Colour {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Red, Self::Green, Self::Blue, Self::Yellow, Self::Purple, Self::White];

    /// Its word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Blue => "blue",
            Self::Yellow => "yellow",
            Self::Purple => "purple",
            Self::White => "white",
        }
    }

    /// Red, green and blue of full ink.
    pub const fn rgb(self) -> [u8; 3] {
        match self {
            Self::Red => [235, 50, 50],
            Self::Green => [50, 200, 70],
            Self::Blue => [70, 120, 255],
            Self::Yellow => [240, 220, 50],
            Self::Purple => [190, 70, 230],
            Self::White => [245, 245, 245],
        }
    }
}

/// How large an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Size {
    /// 10 pixels along its longer side; captions say so.
    Small,
    /// 15 pixels; captions do not mention it.
    Large,
}

impl Size {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Small, Self::Large];

    /// Pixels along the longer side of an object.
    pub const fn pixels(self) -> usize {
        match self {
            Self::Small => 10,
            Self::Large => 15,
        }
    }
}

/// What a caption says of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Phrase {
    /// 0 to 9, or [`SUBJECT`].
    pub digit: u8,
    /// Its colour.
    pub colour: Colour,
    /// How large it is.
    pub size: Size,
}

impl Phrase {
    /// Whether objects of this colour and digit never occur in training: six of the sixty pairs, one of every colour, so
    /// that a model that draws them has put together what it has seen apart.
    pub fn is_held_out(self) -> bool {
        let place = Colour::ALL.iter().position(|one| *one == self.colour);
        place.is_some_and(|place| usize::from(self.digit) == (3 * place + 1) % DIGITS.len())
    }

    /// "a small red three".
    fn words(self) -> Vec<&'static str> {
        let mut words = vec!["a"];
        words.extend((self.size == Size::Small).then_some("small"));
        let noun = DIGITS.get(usize::from(self.digit)).copied().unwrap_or(SUBJECT_WORD);
        words.extend([self.colour.word(), noun]);
        words
    }

    fn parse(words: &mut &[&str]) -> Option<Self> {
        take(words, "a")?;
        let size = take(words, "small").map_or(Size::Large, |()| Size::Small);
        let [colour, noun, ..] = **words else { return None };
        *words = &words[2..];
        let colour = Colour::ALL.into_iter().find(|one| one.word() == colour)?;
        let mut nouns = DIGITS.iter().chain([&SUBJECT_WORD]);
        let digit = nouns.position(|word| *word == noun)? as u8;
        Some(Self { digit, colour, size })
    }
}

/// Where an object stands, seen from the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "a relation is its name")]
pub enum Relation {
    LeftOf,
    RightOf,
    Above,
    Below,
}

impl Relation {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::LeftOf, Self::RightOf, Self::Above, Self::Below];

    /// The same seen from the other object.
    #[must_use]
    pub const fn swapped(self) -> Self {
        match self {
            Self::LeftOf => Self::RightOf,
            Self::RightOf => Self::LeftOf,
            Self::Above => Self::Below,
            Self::Below => Self::Above,
        }
    }

    const fn words(self) -> &'static [&'static str] {
        match self {
            Self::LeftOf => &["left", "of"],
            Self::RightOf => &["right", "of"],
            Self::Above => &["above"],
            Self::Below => &["below"],
        }
    }

    fn parse(words: &mut &[&str]) -> Option<Self> {
        let relation = Self::ALL.into_iter().find(|one| words.starts_with(one.words()))?;
        *words = &words[relation.words().len()..];
        Some(relation)
    }
}

/// What a caption says: objects, and how each stands to the next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Caption {
    /// In the order in which they are mentioned, one at least.
    pub phrases: Vec<Phrase>,
    /// Between an object and the next: one fewer.
    pub relations: Vec<Relation>,
}

impl Caption {
    /// "a red three left of a small green seven".
    pub fn text(&self) -> String {
        let mut words = Vec::new();
        for (place, phrase) in self.phrases.iter().enumerate() {
            words.extend(phrase.words());
            words.extend(self.relations.get(place).map_or(&[][..], |one| one.words()));
        }
        words.join(" ")
    }

    /// Whether it mentions the item that is no digit.
    pub fn has_subject(&self) -> bool {
        self.phrases.iter().any(|phrase| phrase.digit == SUBJECT)
    }

    /// The place of the word for each object's digit among its words, counted from 0.
    pub fn digit_words(&self) -> Vec<usize> {
        let mut words = 0;
        let place = |(number, phrase): (usize, &Phrase)| {
            words += phrase.words().len();
            let place = words - 1;
            words += self.relations.get(number).map_or(0, |one| one.words().len());
            place
        };
        self.phrases.iter().enumerate().map(place).collect()
    }

    /// The same with every relation turned round: false of the same scene, unless objects of it look alike.
    #[must_use]
    pub fn turned(&self) -> Self {
        let relations = self.relations.iter().copied().map(Relation::swapped).collect();
        Self { relations, ..self.clone() }
    }

    /// The same with its objects in the opposite order, which says the same: "a green seven right of a red three" for "a red three
    /// left of a green seven".
    #[must_use]
    pub fn reworded(&self) -> Self {
        let phrases = self.phrases.iter().rev().copied().collect();
        let relations = self.relations.iter().rev().copied().map(Relation::swapped).collect();
        Self { phrases, relations }
    }

    /// What this text says; None where it is no sentence of the grammar.
    pub fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let mut rest = words.as_slice();
        let (mut phrases, mut relations) = (vec![Phrase::parse(&mut rest)?], Vec::new());
        while !rest.is_empty() {
            relations.push(Relation::parse(&mut rest)?);
            phrases.push(Phrase::parse(&mut rest)?);
        }
        Some(Self { phrases, relations })
    }
}

/// Which objects captions of a dataset mention.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nouns {
    /// Digits.
    Digits,
    /// Digits and the subject.
    WithSubject,
}

/// What is wrong with a text that is no caption of these nouns and of the number of objects that `objects` has.
pub(super) fn fault(text: &str, objects: RangeInclusive<usize>, nouns: Nouns) -> Option<String> {
    let vocabulary = vocabulary(*objects.end());
    let more = match nouns {
        Nouns::Digits => None,
        Nouns::WithSubject => Some(SUBJECT_WORD),
    };
    let known = |word: &str| {
        vocabulary.token(word) != UNKNOWN || more.is_some_and(|own| word.eq_ignore_ascii_case(own))
    };
    if let Some(word) = text.split_whitespace().find(|word| !known(word)) {
        let word: String = word.chars().take(MOST_SHOWN).collect();
        let words: Vec<&str> = vocabulary.known().iter().map(String::as_str).chain(more).collect();
        let words = words.join(", ");
        return Some(format!("{word:?} is no word of its captions, whose words are {words}"));
    }
    let (least, most) = objects.into_inner();
    match Caption::parse(&text.to_lowercase()).map(|caption| caption.phrases.len()) {
        None => {
            let noun = more.map_or_else(|| "DIGIT".to_owned(), |own| format!("DIGIT|{own}"));
            let object = format!("a [small] COLOUR {noun}");
            let relations = "left of|right of|above|below";
            Some(format!(
                "it does not have the form of its captions: {object} [{relations} {object}]"
            ))
        }
        Some(count) if !(least..=most).contains(&count) => {
            let objects = if count == 1 { "object" } else { "objects" };
            Some(format!("it has {count} {objects}, and captions have from {least} to {most}"))
        }
        Some(_) => None,
    }
}

/// The words of all captions of at most so many objects.
pub(super) fn vocabulary(objects: usize) -> Vocabulary {
    let relations = ["left", "right", "of", "above", "below"];
    let colours = Colour::ALL.map(Colour::word);
    let words = ["a", "small"].into_iter().chain(colours).chain(DIGITS).chain(relations);
    // Four words of each object, two between an object and the next.
    Vocabulary::new(words, 4 * objects + 2 * (objects - 1))
}

fn take(words: &mut &[&str], word: &str) -> Option<()> {
    (words.first() == Some(&word)).then(|| *words = &words[1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_caption_is_understood_and_nothing_else_is() {
        for text in [
            "a red three",
            "a small white zero",
            "a red three left of a small green seven",
            "a blue one above a blue one right of a small purple nine below a yellow four",
        ] {
            let caption = Caption::parse(text).expect(text);
            assert_eq!(caption.text(), text);
            let vocabulary = vocabulary(caption.phrases.len());
            assert_eq!(vocabulary.text(&vocabulary.tokens(text)), text);
        }
        for text in ["", "a red", "red three", "a red three left", "a red three left of", "a a"] {
            assert_eq!(Caption::parse(text), None, "{text}");
        }
        let longest = "a small red three left of a small green seven";
        assert_eq!(vocabulary(2).length(), longest.split(' ').count());
        assert_eq!(vocabulary(2).size(), 2 + 2 + 6 + 10 + 5);
    }

    #[test]
    fn the_words_for_digits_are_where_they_are_said_to_be() {
        let text =
            "a blue one above a small blue one right of a small purple nine below a white four";
        let places = Caption::parse(text).expect("a caption").digit_words();
        assert_eq!(places, [2, 7, 13, 17]);
    }

    #[test]
    fn what_is_wrong_with_a_caption_is_said() {
        for (text, start) in [
            ("a pink three", "\"pink\" is no word of its captions, whose words are a, small, red"),
            ("a red 3", "\"3\" is no word"),
            ("", "it does not have the form of its captions: a [small] COLOUR DIGIT [left of|"),
            (
                "red three",
                "it does not have the form of its captions: a [small] COLOUR DIGIT [left of|",
            ),
            ("a red one above a red two above a red four", "it has 3 objects, and captions have"),
        ] {
            let found = fault(text, 1..=2, Nouns::Digits).expect(text);
            assert!(found.starts_with(start), "{found}");
        }
        assert_eq!(fault("A red three", 1..=2, Nouns::Digits), None);
        assert!(fault("a red three", 2..=4, Nouns::Digits).is_some());
        let found = fault("a red subject", 1..=2, Nouns::Digits).expect("no digit");
        assert!(found.starts_with("\"subject\" is no word of its captions"), "{found}");
        assert_eq!(fault("A red Subject", 1..=2, Nouns::WithSubject), None);
        let found = fault("red subject", 1..=2, Nouns::WithSubject).expect("no article");
        assert!(found.contains(": a [small] COLOUR DIGIT|subject ["), "{found}");
        let found = fault("a pink subject", 1..=2, Nouns::WithSubject).expect("no colour");
        assert!(found.ends_with("below, subject"), "{found}");
    }

    #[test]
    fn the_subject_is_said_and_understood_but_has_no_number_of_its_own() {
        let text = "a small red subject left of a blue two";
        let caption = Caption::parse(text).expect(text);
        assert_eq!((caption.phrases[0].digit, caption.text().as_str()), (SUBJECT, text));
        assert!(caption.has_subject() && caption.answers().is_none());
        assert_eq!(vocabulary(2).token(SUBJECT_WORD), UNKNOWN);
        let digits = Caption::parse("a red three").expect("a caption");
        assert!(!digits.has_subject() && digits.answers().is_some());
    }

    #[test]
    fn one_digit_of_every_colour_is_held_out() {
        for colour in Colour::ALL {
            let phrases = (0..10).map(|digit| Phrase { digit, colour, size: Size::Small });
            assert_eq!(phrases.filter(|phrase| phrase.is_held_out()).count(), 1, "{colour:?}");
        }
    }

    #[test]
    fn a_relation_seen_from_the_other_object_and_back_is_itself() {
        for relation in Relation::ALL {
            assert_ne!(relation.swapped(), relation);
            assert_eq!(relation.swapped().swapped(), relation);
        }
    }
}
