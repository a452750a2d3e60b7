//! Whether pictures of scenes find their captions.

use super::{Pairs, SHOWN, contrast, nearest, number, product, shown, vectors};
use crate::{context::Context, findings::Findings, numerics::matrix::Rows};
use genlab_core::Align;
use genlab_data::scenes::{Caption, Colour, Phrase, Scene, Scenes, Size};
use genlab_results::{Direction::Higher, Entry, Rank, Section};
use std::collections::{HashMap, HashSet};

/// Captions among which a picture's own is looked for.
const CHOICE: usize = 100;

const RECALL: Entry = Entry {
    name: "alignment/recall_at_1",
    title: "Own caption first of 100",
    gloss: "pictures of two objects whose caption is found among 100",
    unit: "fraction of pictures",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Captions,
    rank: Rank::Headline,
    meaning: "Pictures of two objects whose own caption is nearer than those of 99 other pictures of two objects. Chance is 0.01.",
    ..Entry::BASE
};

const DIGIT: Entry = Entry {
    name: "alignment/digit",
    title: "Zero-shot digits",
    gloss: "pictures of one object whose digit the nearest caption says",
    meaning: "Pictures of one object of which the nearest of all 120 captions of one object says the digit. Chance is 0.1.",
    ..RECALL
};

const PHRASE: Entry = Entry {
    name: "alignment/phrase",
    title: "Zero-shot captions",
    gloss: "pictures of one object whose caption is the nearest of all",
    rank: Rank::Detail,
    meaning: "Pictures of one object whose own caption is the nearest of all 120. Chance is 1/120.",
    ..DIGIT
};

const UNSEEN: Entry = Entry {
    name: "alignment/unseen",
    title: "Zero-shot pairs never seen",
    gloss: "colour and digit right, of pairs never seen together",
    rank: Rank::Headline,
    meaning: "Pictures of one object with a pair of colour and digit that never occurs in training, of which the nearest of all \
              120 captions says both. Chance is 1/60.",
    ..DIGIT
};

const RELATION: Entry = Entry {
    name: "alignment/relation",
    title: "Relation told from its opposite",
    gloss: "true caption nearer than with the relation turned round",
    meaning: "Pictures of two objects whose caption is nearer than the same with its relation turned round: left of for right of, \
              above for below. Chance is 0.5.",
    ..RECALL
};

/// Every entry, in the order of reports.
pub(super) const ENTRIES: [&Entry; 5] = [&RECALL, &DIGIT, &PHRASE, &UNSEEN, &RELATION];

/// Measures a model on the scenes of the split, of which these are the unit vectors of the pictures.
pub(super) fn measure(
    aligner: &dyn Align,
    scenes: &Scenes,
    pictures: &Rows,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let captions: Vec<Caption> = scenes.rows().iter().map(|scene| scene.caption.clone()).collect();
    let read = |captions: &[Caption]| {
        let texts: Vec<String> = captions.iter().map(Caption::text).collect();
        let read =
            |texts: &[String]| aligner.captions(scenes.vocabulary().tensor(texts, &context.device));
        vectors(texts.chunks(context.settings.batch.max(1)).map(read))
    };
    let found = [
        (&RECALL, recall(pictures, &captions, &read)),
        (&RELATION, relations(pictures, scenes.rows(), &read)),
    ];
    for (entry, values) in found.into_iter().chain(zero_shot(pictures, &captions, &read)) {
        if values.is_empty() {
            out.absent(entry.name, "no picture of the split asks for it");
        } else {
            out.push(context.mean(entry, &values));
        }
    }
    let (distinct, said) = distinct(&captions);
    let pairs = Pairs { pictures, captions: &read(&distinct), said: &said };
    let two = |row: &usize| captions[*row].phrases.len() == 2;
    let rows: Vec<usize> = (0..captions.len()).filter(two).take(SHOWN).collect();
    let text = |row: usize| captions[row].text();
    out.figures.extend(shown(&pairs, &rows, &text, "pictures of two objects", context));
    contrast::measure(&pairs, aligner, context, out);
}

/// Each caption once, and which of these every one is.
fn distinct(captions: &[Caption]) -> (Vec<Caption>, Vec<usize>) {
    let (mut known, mut distinct) = (HashMap::new(), Vec::new());
    let place = |caption| {
        *known.entry(caption).or_insert_with(|| {
            distinct.push(Caption::clone(caption));
            distinct.len() - 1
        })
    };
    let said = captions.iter().map(place).collect();
    (distinct, said)
}

/// How captions become unit vectors.
type Read<'a> = &'a dyn Fn(&[Caption]) -> Rows;

/// Whether the caption of each picture of two objects is the nearest of its hundred, in groups of pictures whose captions all
/// differ.
fn recall(pictures: &Rows, captions: &[Caption], read: Read<'_>) -> Vec<f64> {
    let mut found = Vec::new();
    let mut group: Vec<usize> = Vec::new();
    let mut said = HashSet::new();
    for (row, caption) in captions.iter().enumerate() {
        if caption.phrases.len() != 2 || !said.insert(caption) {
            continue;
        }
        group.push(row);
        if group.len() == CHOICE {
            let of: Vec<Caption> = group.iter().map(|row| captions[*row].clone()).collect();
            let vectors = read(&of);
            found.extend(
                group
                    .iter()
                    .enumerate()
                    .map(|(place, row)| number(nearest(pictures.row(*row), &vectors) == place)),
            );
            group.clear();
            said.clear();
        }
    }
    found
}

/// Whether each picture of two objects is nearer to its caption than to that of the opposite relation, where that is false.
fn relations(pictures: &Rows, scenes: &[Scene], read: Read<'_>) -> Vec<f64> {
    let asked = |(row, scene): (usize, &Scene)| {
        let turned = scene.turned().filter(|turned| turned.relations.len() == 1)?;
        Some((row, scene.caption.clone(), turned))
    };
    let asked: Vec<(usize, Caption, Caption)> =
        scenes.iter().enumerate().filter_map(asked).collect();
    if asked.is_empty() {
        return Vec::new();
    }
    let own: Vec<Caption> = asked.iter().map(|(_, own, _)| own.clone()).collect();
    let turned: Vec<Caption> = asked.iter().map(|(_, _, turned)| turned.clone()).collect();
    let (own, turned) = (read(&own), read(&turned));
    let of = |(place, (row, ..)): (usize, &(usize, Caption, Caption))| {
        number(
            product(pictures.row(*row), own.row(place))
                > product(pictures.row(*row), turned.row(place)),
        )
    };
    asked.iter().enumerate().map(of).collect()
}

/// Every caption of one object.
fn all_phrases() -> Vec<Phrase> {
    let sized = |digit: u8, colour: Colour| Size::ALL.map(|size| Phrase { digit, colour, size });
    let coloured = |digit: u8| Colour::ALL.into_iter().flat_map(move |colour| sized(digit, colour));
    (0..10).flat_map(coloured).collect()
}

/// What the nearest of all captions of one object says of each picture of one, where that is a digit.
fn zero_shot(
    pictures: &Rows,
    captions: &[Caption],
    read: Read<'_>,
) -> [(&'static Entry, Vec<f64>); 3] {
    let phrases = all_phrases();
    let said: Vec<Caption> = phrases
        .iter()
        .map(|phrase| Caption { phrases: vec![*phrase], relations: Vec::new() })
        .collect();
    let vectors = read(&said);
    let (mut digits, mut wholes, mut unseen) = (Vec::new(), Vec::new(), Vec::new());
    for (row, caption) in captions.iter().enumerate() {
        let [own] = caption.phrases[..] else { continue };
        if !phrases.contains(&own) {
            continue;
        }
        let found = phrases[nearest(pictures.row(row), &vectors)];
        digits.push(number(found.digit == own.digit));
        wholes.push(number(found == own));
        if own.is_held_out() {
            unseen.push(number((found.digit, found.colour) == (own.digit, own.colour)));
        }
    }
    [(&DIGIT, digits), (&PHRASE, wholes), (&UNSEEN, unseen)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_data::scenes::Relation;

    /// A vector for each thing that a caption says, so that what is alike is near.
    fn read(captions: &[Caption]) -> Rows {
        let vector = |caption: &Caption| {
            let mut vector = vec![0.0; 2 * 18 + 4];
            for (place, phrase) in caption.phrases.iter().enumerate() {
                let colour = Colour::ALL.iter().position(|one| *one == phrase.colour).unwrap();
                vector[18 * place + usize::from(phrase.digit)] = 1.0;
                vector[18 * place + 10 + colour] = 1.0;
                vector[18 * place + 16 + usize::from(phrase.size == Size::Small)] = 1.0;
            }
            for relation in &caption.relations {
                let place = Relation::ALL.iter().position(|one| one == relation).unwrap();
                vector[36 + place] = 1.0;
            }
            vector
        };
        Rows::new(40, captions.iter().flat_map(vector).collect())
    }

    /// Scenes and their captions.
    fn scenes() -> (Vec<Scene>, Vec<Caption>) {
        scenes_of("scenes-32")
    }

    fn scenes_of(dataset: &str) -> (Vec<Scene>, Vec<Caption>) {
        let options = genlab_data::LoadOptions::default();
        let test = genlab_data::load(dataset, &options).unwrap().test;
        let scenes = test.scenes.unwrap().rows().to_vec();
        let captions = scenes.iter().map(|scene| scene.caption.clone()).collect();
        (scenes, captions)
    }

    #[test]
    fn captions_that_come_again_are_one() {
        let (_, captions) = scenes();
        let (distinct, said) = distinct(&captions);
        assert!(distinct.len() < captions.len());
        assert_eq!(distinct.iter().collect::<HashSet<_>>().len(), distinct.len());
        assert!(said.iter().zip(&captions).all(|(place, caption)| distinct[*place] == *caption));
    }

    #[test]
    fn whoever_reads_all_is_right_in_all() {
        let (scenes, captions) = scenes();
        let pictures = read(&captions);
        let all = |values: &[f64]| values.iter().all(|right| *right == 1.0);
        let recall = recall(&pictures, &captions, &read);
        assert!(recall.len() >= 1900 && recall.len().is_multiple_of(CHOICE) && all(&recall));
        let relations = relations(&pictures, &scenes, &read);
        let asked = scenes.iter().filter(|scene| scene.turned().is_some()).count();
        assert!(relations.len() == asked && asked > 1900 && all(&relations));
        let zero_shot = zero_shot(&pictures, &captions, &read);
        assert!(zero_shot.iter().all(|(_, values)| values.len() > 150 && all(values)));
    }

    #[test]
    fn who_shows_no_digit_is_asked_for_none() {
        let (_, captions) = scenes_of("scenes-32-subject");
        assert!(captions.iter().any(|caption| caption.phrases.len() == 1));
        let asked = zero_shot(&read(&captions), &captions, &read);
        assert!(asked.iter().all(|(_, values)| values.is_empty()));
    }

    #[test]
    fn whoever_does_not_read_relations_tells_none_and_colours_alone_no_digits() {
        let (scenes, captions) = scenes();
        let blind = |captions: &[Caption]| {
            let rows = read(captions);
            Rows::new(36, rows.iter().flat_map(|row| row[..36].to_vec()).collect())
        };
        let pictures = blind(&captions);
        assert!(relations(&pictures, &scenes, &blind).iter().all(|right| *right == 0.0));
        let coloured = |captions: &[Caption]| {
            let rows = read(captions);
            Rows::new(6, rows.iter().flat_map(|row| row[10..16].to_vec()).collect())
        };
        let [(_, digits), (_, wholes), _] = zero_shot(&coloured(&captions), &captions, &coloured);
        let share = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        assert!((0.05..0.15).contains(&share(&digits)), "{}", share(&digits));
        assert!(share(&wholes) < 0.1);
    }
}
