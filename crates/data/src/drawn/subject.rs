//! `scenes-32-subject`: four pictures of one item that is no digit, in the scenes of `scenes-32`. A model that has learned
//! these is to learn it as a new subject (Ruiz et al. 2023, arXiv:2208.12242), whose word it has never read.

use super::{
    key,
    scenes::{self, DIGITS, HeldOut, first_of, pictures},
};
use crate::{
    dataset::Dataset,
    embedded,
    error::DataError,
    scenes::{Pairs, Rules, SUBJECT, Scene, Size},
    values::Values,
};

/// Its name.
pub(super) const NAME: &str = "scenes-32-subject";
/// The scenes whose digits the subject joins.
const SCENES: &str = "scenes-32";
/// As those of [`SCENES`].
const RULES: Rules = Rules { side: 32, objects: (1, 2), overlap: 0 };
/// The dataset that the item is from, and its row of the test images: a bag with a handle, whose outline no digit has.
const ITEMS: &str = "fashion-3k";
const ITEM: usize = 100;
/// Pictures that are learned from: three to five in the paper.
const PICTURES: usize = 4;
/// Pictures among which they are looked for.
const CANDIDATES: usize = 64;
/// Pictures of the validation and the test split.
const COUNTS: [usize; 2] = [256, 1_024];

/// Training pictures show the subject alone, each in another colour, every second one small; the others show it in all
/// colours, and half of them beside a digit. The space is that of [`SCENES`]: mean and standard deviation of four pictures
/// would be others, and a model of these scenes would take them for other pictures.
///
/// # Errors
/// When digits or items are damaged.
pub(super) fn load() -> Result<Dataset, DataError> {
    let digits = embedded::load(DIGITS).expect("an embedded dataset")?;
    let items = embedded::load(ITEMS).expect("an embedded dataset")?;
    let space = scenes::load(SCENES).expect("a dataset of scenes")?.space;
    let licence = format!("{}; {}", digits.licence, items.licence);
    let item = items.test.select(&[ITEM]);
    let draw = |digits: &Values, count: usize, split: u64| {
        pictures(&RULES, Pairs::All, joined(digits, &item), count, (key(NAME), split))
    };
    let candidates = draw(&digits.train, CANDIDATES, 0);
    let train = candidates.select(&chosen(&candidates)).cut_first();
    let validation = draw(&digits.validation, COUNTS[0], 1);
    let test = draw(&digits.test, COUNTS[1], 2);
    let dataset = Dataset::of_splits(NAME, None, [train, validation, test], &licence);
    let Dataset { train, validation, test, .. } = dataset;
    let [train, validation, test] =
        [train, validation, test].map(|values| Values { space, ..values });
    Ok(Dataset { space, train, validation, test, ..dataset })
}

/// The first `count` pictures of this split of the scenes that a subject joins, without it.
///
/// # Errors
/// When the digits that they show are damaged.
pub fn without_subject(split: HeldOut, count: usize) -> Result<Values, DataError> {
    first_of(SCENES, split, count).expect("a dataset of scenes")
}

/// Digits and, after them, an item that is called the subject.
fn joined(digits: &Values, item: &Values) -> Values {
    let bytes = |values: &Values| values.bytes().expect("images of levels").to_vec();
    let mut labels = digits.labels.clone().expect("digits have labels");
    labels.push(u32::from(SUBJECT));
    let all = [bytes(digits), bytes(item)].concat();
    Values::images(digits.shape(), all).with_labels(Some(labels))
}

/// The first pictures that show the subject alone, each in a colour that none before it has, large and small by turns.
fn chosen(candidates: &Values) -> Vec<usize> {
    let scenes = candidates.scenes.as_ref().expect("scenes").rows();
    let first = |scene: &Scene| scene.caption.phrases[0];
    let mut rows: Vec<usize> = Vec::new();
    for (row, scene) in scenes.iter().enumerate() {
        let size = if rows.len().is_multiple_of(2) { Size::Large } else { Size::Small };
        let is_new = rows.iter().all(|kept| first(&scenes[*kept]).colour != first(scene).colour);
        let fits = scene.objects.len() == 1 && first(scene).size == size && is_new;
        if fits && rows.len() < PICTURES {
            rows.push(row);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;
    use genlab_core::vocabulary::UNKNOWN;
    use std::collections::HashSet;

    fn rows(values: &Values) -> &[Scene] {
        values.scenes.as_ref().expect("scenes").rows()
    }

    #[test]
    fn it_is_what_results_were_made_with() {
        let dataset = load().unwrap();
        let splits = [&dataset.train, &dataset.validation, &dataset.test];
        assert_eq!(splits.map(Values::len), [PICTURES, COUNTS[0], COUNTS[1]]);
        assert_eq!(
            dataset.sha256, "71f172d75b192cabaaf1c1f01f6484fc58f4bfd36b651e6b863523d5659ee535",
            "{NAME} changed, and with it every result"
        );
    }

    #[test]
    fn four_pictures_show_the_subject_alone_in_four_colours_and_both_sizes() {
        let train = load().unwrap().train;
        let phrases: Vec<_> = rows(&train).iter().map(|scene| scene.caption.phrases[0]).collect();
        let alone = |scene: &Scene| scene.objects.len() == 1 && scene.caption.has_subject();
        assert!(rows(&train).iter().all(alone));
        let colours: HashSet<_> = phrases.iter().map(|phrase| phrase.colour).collect();
        assert_eq!((phrases.len(), colours.len()), (4, 4));
        assert_eq!(phrases.iter().filter(|phrase| phrase.size == Size::Small).count(), 2);
    }

    #[test]
    fn held_out_views_have_it_once_each_in_all_colours_and_often_beside_a_digit() {
        let test = load().unwrap().test;
        let subjects = |scene: &Scene| {
            let phrases = scene.caption.phrases.iter();
            phrases.filter(|phrase| phrase.digit == SUBJECT).map(|phrase| phrase.colour).collect()
        };
        let colours: Vec<Vec<_>> = rows(&test).iter().map(subjects).collect();
        assert!(colours.iter().all(|colours| colours.len() == 1));
        assert_eq!(colours.into_iter().flatten().collect::<HashSet<_>>().len(), 6);
        let two = rows(&test).iter().filter(|scene| scene.objects.len() == 2).count();
        assert!((400..625).contains(&two), "{two}");
    }

    #[test]
    fn models_of_the_scenes_that_it_joins_read_its_captions_and_know_no_word_for_it() {
        let (own, base) = (load().unwrap(), scenes::load(SCENES).expect("known").unwrap());
        assert_eq!(
            (own.space, own.words(), own.objects()),
            (base.space, base.words(), base.objects())
        );
        assert_eq!(own.test.space, base.space);
        let told = own.train.captions(0..PICTURES, &Device::flex()).expect("captions");
        let words: Vec<i32> = told.into_data().try_into_vec().unwrap();
        let unknown = |caption: &[i32]| caption.iter().filter(|w| **w == UNKNOWN as i32).count();
        let length = words.len() / PICTURES;
        assert!(words.chunks(length).all(|caption| unknown(caption) == 1));
        let digits = |split| without_subject(split, 50).unwrap().numbers;
        assert!(digits(HeldOut::Test) == base.test.take(50).numbers);
        assert!(digits(HeldOut::Validation) == base.validation.take(50).numbers);
        assert!(base.test.scenes.expect("scenes").subject().is_none());
    }

    #[test]
    fn its_outline_is_what_it_covers() {
        let test = load().unwrap().test;
        let scenes = test.scenes.as_ref().expect("scenes");
        let outlines = scenes.subject().expect("it has one");
        assert_eq!(outlines.each_ref().map(|one| (one.width, one.height)), [(10, 8), (15, 12)]);
        let row = (0..test.len()).find(|row| rows(&test)[*row].objects.len() == 1).expect("half");
        let (scene, mask) = (&rows(&test)[row], &scenes.masks(row)[0]);
        let outline = &outlines[usize::from(scene.caption.phrases[0].size == Size::Large)];
        let covered = outline.covered.iter().filter(|covered| **covered).count();
        assert_eq!(mask.whole.iter().filter(|covered| **covered).count(), covered);
        assert_eq!(scene.objects[0].frame.width, outline.width);
    }
}
