//! Which objects a scene has, and where they stand.

use super::{
    Object, Scene,
    caption::{Caption, Colour, DIGITS, Phrase, Relation, SUBJECT, Size},
    digits::Digits,
    render::Frame,
};
use rand::{Rng, RngExt};

/// How far centres must lie further apart along a relation's axis than across it, in half pixels: what is left of
/// what must be plain to see.
const CLEARLY: i32 = 6;
/// Placements tried with one set of objects before others are drawn.
const TRIES: usize = 500;

/// What scenes of a dataset have in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Pixels a side.
    pub(crate) side: usize,
    /// Objects of a scene at least and at most, each number as often.
    pub(crate) objects: (usize, usize),
    /// Share of the smaller frame of two objects that they have in common at most, in percent.
    pub(crate) overlap: usize,
}

/// Which colours and digits go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pairs {
    /// All but those that are held out.
    Seen,
    /// All of them.
    All,
}

/// One scene. Where the digits have a subject, one of its objects is it.
pub(crate) fn scene(rules: &Rules, pairs: Pairs, digits: &Digits, draws: &mut impl Rng) -> Scene {
    let count = draws.random_range(rules.objects.0..=rules.objects.1);
    loop {
        let mut phrases: Vec<Phrase> = (0..count).map(|_| phrase(pairs, draws)).collect();
        if digits.subject().is_some() {
            phrases[draws.random_range(0..count as u32) as usize].digit = SUBJECT;
        }
        let relations: Vec<Relation> =
            (1..count).map(|_| Relation::ALL[draws.random_range(0..4)]).collect();
        let sources: Vec<u32> = phrases
            .iter()
            .map(|phrase| {
                let rows = digits.rows(phrase.digit);
                rows[draws.random_range(0..rows.len() as u64) as usize]
            })
            .collect();
        let sizes: Vec<(usize, usize)> = phrases
            .iter()
            .zip(&sources)
            .map(|(phrase, source)| digits.extent(*source, phrase.size.pixels()))
            .collect();
        for _ in 0..TRIES {
            let frames: Vec<Frame> =
                sizes.iter().map(|size| frame(rules.side, *size, draws)).collect();
            if fit(rules, &frames, &relations) {
                let depths = depths(count, draws);
                let objects = (0..count).map(|place| Object {
                    frame: frames[place],
                    depth: depths[place],
                    source: sources[place],
                });
                return Scene {
                    objects: objects.collect(),
                    caption: Caption { phrases, relations },
                    wrong: None,
                };
            }
        }
    }
}

fn phrase(pairs: Pairs, draws: &mut impl Rng) -> Phrase {
    loop {
        let phrase = Phrase {
            digit: draws.random_range(0..DIGITS.len() as u8),
            colour: Colour::ALL[draws.random_range(0..Colour::ALL.len() as u32) as usize],
            size: Size::ALL[draws.random_range(0..2_u32) as usize],
        };
        if pairs == Pairs::All || !phrase.is_held_out() {
            return phrase;
        }
    }
}

fn frame(side: usize, (width, height): (usize, usize), draws: &mut impl Rng) -> Frame {
    let mut start = |length: usize| draws.random_range(0..=(side - length) as u32) as usize;
    Frame { left: start(width), top: start(height), width, height }
}

/// Who hides whom: a permutation that has nothing to do with who is mentioned first.
fn depths(count: usize, draws: &mut impl Rng) -> Vec<u8> {
    let mut depths: Vec<u8> = (0..count as u8).collect();
    for last in (1..count).rev() {
        depths.swap(last, draws.random_range(0..=last as u32) as usize);
    }
    depths
}

fn fit(rules: &Rules, frames: &[Frame], relations: &[Relation]) -> bool {
    let apart = frames.iter().enumerate().all(|(place, one)| {
        frames[..place].iter().all(|other| {
            let smaller = one.area().min(other.area());
            100 * one.overlap(other) <= rules.overlap * smaller
        })
    });
    let mut neighbours = frames.windows(2).zip(relations);
    apart && neighbours.all(|(pair, relation)| relation_of(pair[0], pair[1]) == Some(*relation))
}

/// How an object stands to another; None where that is not plain.
pub(crate) fn relation_of(one: Frame, other: Frame) -> Option<Relation> {
    let ((x, y), (to_x, to_y)) = (one.twice_centre(), other.twice_centre());
    let (right, down) = (to_x - x, to_y - y);
    if right.abs() >= down.abs() + CLEARLY {
        return Some(if right > 0 { Relation::LeftOf } else { Relation::RightOf });
    }
    let along = down.abs() >= right.abs() + CLEARLY;
    along.then_some(if down > 0 { Relation::Above } else { Relation::Below })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(left: usize, top: usize) -> Frame {
        Frame { left, top, width: 10, height: 10 }
    }

    #[test]
    fn a_relation_is_said_where_it_is_plain() {
        for (other, relation) in [
            (at(22, 10), Some(Relation::LeftOf)),
            (at(0, 12), Some(Relation::RightOf)),
            (at(11, 20), Some(Relation::Above)),
            (at(7, 1), Some(Relation::Below)),
            (at(20, 20), None),
            (at(10, 10), None),
        ] {
            assert_eq!(relation_of(at(10, 10), other), relation, "{other:?}");
            let back = relation_of(other, at(10, 10));
            assert_eq!(back, relation.map(Relation::swapped), "{other:?}");
        }
    }
}
