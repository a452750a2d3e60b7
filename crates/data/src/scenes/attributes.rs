//! A caption in the order of the picture, as a judge reads it.

use super::caption::{Caption, Colour, DIGITS, Phrase, Relation, Size};

/// How many answers each question has that a judge is asked of a scene of one or two objects: how they are arranged (one,
/// side by side, one above the other); then digit, colour and size of the object on the left or on top; then those of the
/// other one.
pub const QUESTIONS: [usize; 7] = [
    3,
    DIGITS.len(),
    Colour::ALL.len(),
    Size::ALL.len(),
    DIGITS.len(),
    Colour::ALL.len(),
    Size::ALL.len(),
];
/// Questions that a scene of one object answers.
const OF_ONE: usize = 4;

impl Caption {
    /// The answers to [`QUESTIONS`], the first four of which a scene of one object has; None for more than two objects, and
    /// where one of them is no digit. Both captions of a scene have the same.
    pub fn answers(&self) -> Option<Vec<u32>> {
        if self.has_subject() {
            return None;
        }
        let (arrangement, first) = match self.relations[..] {
            [] => (0, 0),
            [Relation::LeftOf] => (1, 0),
            [Relation::RightOf] => (1, 1),
            [Relation::Above] => (2, 0),
            [Relation::Below] => (2, 1),
            _ => return None,
        };
        let mut answers = vec![arrangement];
        answers.extend(of(self.phrases[first]));
        answers.extend(self.phrases.get(1).into_iter().flat_map(|_| of(self.phrases[1 - first])));
        debug_assert!(answers.len() == OF_ONE || answers.len() == QUESTIONS.len());
        Some(answers)
    }

    /// Whether it mentions a pair of colour and digit that never occurs in training.
    pub fn is_held_out(&self) -> bool {
        self.phrases.iter().any(|phrase| phrase.is_held_out())
    }
}

fn of(phrase: Phrase) -> [u32; 3] {
    let place = |found: Option<usize>| found.expect("one of all") as u32;
    let colour = place(Colour::ALL.iter().position(|one| *one == phrase.colour));
    let size = place(Size::ALL.iter().position(|one| *one == phrase.size));
    [u32::from(phrase.digit), colour, size]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_captions_of_a_scene_have_the_same_answers() {
        let answers = |text: &str| Caption::parse(text).expect(text).answers();
        for (one, other, expected) in [
            (
                "a red three left of a small green seven",
                "a small green seven right of a red three",
                [1, 3, 0, 1, 7, 1, 0],
            ),
            (
                "a small blue one above a yellow two",
                "a yellow two below a small blue one",
                [2, 1, 2, 0, 2, 3, 1],
            ),
        ] {
            assert_eq!(answers(one), Some(expected.to_vec()));
            assert_eq!(answers(other), Some(expected.to_vec()));
        }
        assert_eq!(answers("a white nine"), Some(vec![0, 9, 5, 1]));
        assert_eq!(answers("a red one above a red two above a red three"), None);
    }
}
