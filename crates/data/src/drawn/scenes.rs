//! `scenes-32` and `scenes-48`: coloured digits whose captions, frames and masks are known; `scenes-32-noisy`, in which some
//! captions are wrong.

use super::{key, keystream};
use crate::{
    dataset::Dataset,
    embedded,
    error::DataError,
    scenes::{self, Digits, Pairs, Rules},
    values::Values,
};

/// The digits that scenes show: those of a split only within the same split.
pub(super) const DIGITS: &str = "mnist-10k";
/// Pictures of the training, validation and test split.
const COUNTS: [usize; 3] = [20_480, 1_024, 4_096];

/// One dataset of scenes.
struct Named {
    name: &'static str,
    /// The dataset whose pictures it has: itself, or another one.
    pictures: &'static str,
    rules: Rules,
    /// Share of the training captions that are another picture's.
    wrong: f64,
}

static DATASETS: [Named; 3] = [
    Named {
        name: "scenes-32",
        pictures: "scenes-32",
        rules: Rules { side: 32, objects: (1, 2), overlap: 0 },
        wrong: 0.0,
    },
    Named {
        name: "scenes-48",
        pictures: "scenes-48",
        rules: Rules { side: 48, objects: (2, 4), overlap: 30 },
        wrong: 0.0,
    },
    Named {
        name: "scenes-32-noisy",
        pictures: "scenes-32",
        rules: Rules { side: 32, objects: (1, 2), overlap: 0 },
        wrong: 0.3,
    },
];

fn named(name: &str) -> Option<&'static Named> {
    DATASETS.iter().find(|dataset| dataset.name == name)
}

/// The dataset of scenes of this name, if there is one.
///
/// # Errors
/// When the digits that they show are damaged.
pub(super) fn load(name: &str) -> Option<Result<Dataset, DataError>> {
    named(name).map(draw)
}

fn draw(&Named { name, pictures: drawn, rules, wrong }: &Named) -> Result<Dataset, DataError> {
    let digits = embedded::load(DIGITS).expect("an embedded dataset")?;
    let licence = digits.licence;
    let splits = [
        (digits.train, Pairs::Seen, 0),
        (digits.validation, Pairs::All, 1),
        (digits.test, Pairs::All, 2),
    ];
    let splits = splits.map(|(digits, pairs, split)| {
        pictures(&rules, pairs, digits, COUNTS[split as usize], (key(drawn), split))
    });
    let [mut train, validation, test] = splits;
    if wrong > 0.0 {
        let draws = |row| keystream(key(name), 0, row);
        train.scenes = train.scenes.map(|scenes| scenes.with_wrong_captions(wrong, draws));
    }
    Ok(Dataset::of_splits(name, None, [train, validation, test], &licence))
}

/// A split of scenes that nothing is learned from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeldOut {
    /// For choices.
    Validation,
    /// For reported numbers.
    Test,
}

/// The first `count` pictures of a split of the dataset `name`; None where there is no such dataset.
///
/// # Errors
/// When the digits that they show are damaged.
pub(super) fn first_of(
    name: &str,
    split: HeldOut,
    count: usize,
) -> Option<Result<Values, DataError>> {
    let Named { pictures: drawn, rules, .. } = named(name)?;
    let digits = embedded::load(DIGITS).expect("an embedded dataset");
    Some(digits.map(|digits| {
        let (digits, number) = match split {
            HeldOut::Validation => (digits.validation, 1),
            HeldOut::Test => (digits.test, 2),
        };
        pictures(rules, Pairs::All, digits, count, (key(drawn), number))
    }))
}

/// `count` scenes as those of the dataset `name`, all pairs among them, of other digits: what a judge learns from must not be
/// what it judges. None where there is no such dataset.
///
/// # Panics
/// When there are no images of some digit.
pub fn of_digits(name: &str, digits: Values, count: usize) -> Option<Values> {
    let Named { pictures: drawn, rules, .. } = named(name)?;
    Some(pictures(rules, Pairs::All, digits, count, (key(&format!("{drawn}/judge")), 0)))
}

/// The first `count` pictures of split number `split`.
pub(super) fn pictures(
    rules: &Rules,
    pairs: Pairs,
    digits: Values,
    count: usize,
    (key, split): ([u8; 32], u64),
) -> Values {
    scenes::draw(rules, pairs, Digits::new(digits), count, |row| keystream(key, split, row))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        BatchStream,
        scenes::{Caption, Phrase, Scene, Size},
    };
    use burn::tensor::{Device, Int, Tensor};
    use genlab_core::{ImageShape, Seed};
    use std::collections::HashSet;

    fn dataset(name: &str) -> Dataset {
        load(name).expect("known").unwrap()
    }

    fn rows(values: &Values) -> &[Scene] {
        values.scenes.as_ref().expect("scenes").rows()
    }

    #[test]
    fn they_are_what_results_were_made_with() {
        for (name, side, objects, sha256) in [
            (
                "scenes-32",
                32,
                1..=2,
                "b76dc676d363aafadb4da6af1ef8fe7396876c6e24ce04f7cf1c62971dcf782b",
            ),
            (
                "scenes-48",
                48,
                2..=4,
                "36f1af45e99f5f14342b5b57c7d35e34326dfad6c00812aaae86cdcbdf286276",
            ),
            (
                "scenes-32-noisy",
                32,
                1..=2,
                "f67d5d7f71b94757e3e858adfca39ac4f8c0756fccd056f61bc08bc1f18f6a10",
            ),
        ] {
            let dataset = dataset(name);
            let splits = [&dataset.train, &dataset.validation, &dataset.test];
            assert_eq!(splits.map(Values::len), COUNTS);
            assert_eq!(dataset.space.shape, ImageShape::new(3, side, side));
            assert_eq!(dataset.sha256, sha256, "{name} changed, and with it every result");
            let vocabulary = dataset.vocabulary().expect("words");
            for scene in splits.into_iter().flat_map(rows) {
                assert!(objects.contains(&scene.objects.len()), "{scene:?}");
                let text = scene.caption.text();
                assert_eq!(Caption::parse(&text).as_ref(), Some(&scene.caption));
                assert_eq!(vocabulary.text(&vocabulary.tokens(&text)), text);
            }
        }
    }

    #[test]
    fn held_out_pairs_are_in_no_training_scene_and_all_others_are() {
        let dataset = dataset("scenes-32");
        let seen = |values: &Values| -> HashSet<Phrase> {
            rows(values).iter().flat_map(|scene| scene.caption.phrases.clone()).collect()
        };
        let (train, test) = (seen(&dataset.train), seen(&dataset.test));
        assert_eq!((train.len(), test.len()), (108, 120));
        assert!(!train.iter().any(|phrase| phrase.is_held_out()));
    }

    #[test]
    fn objects_are_where_their_frames_and_masks_say_in_their_colours() {
        for name in ["scenes-32", "scenes-48"] {
            let dataset = dataset(name);
            let (side, scenes) = (dataset.space.shape.width, dataset.test.scenes.as_ref());
            let scenes = scenes.expect("scenes");
            for row in 0..200 {
                let (scene, levels) = (&scenes.rows()[row], dataset.test.image(row));
                for (place, mask) in scenes.masks(row).iter().enumerate() {
                    let (frame, phrase) =
                        (scene.objects[place].frame, scene.caption.phrases[place]);
                    assert_eq!(frame.width.max(frame.height), phrase.size.pixels());
                    assert!(frame.left + frame.width <= side && frame.top + frame.height <= side);
                    let covered = (0..side * side).filter(|at| mask.whole[*at]);
                    let inside = |at: usize| {
                        (frame.left..frame.left + frame.width).contains(&(at % side))
                            && (frame.top..frame.top + frame.height).contains(&(at / side))
                    };
                    assert!(covered.clone().all(inside), "{row}");
                    assert!(covered.count() >= phrase.size.pixels(), "{row}");
                    // Half ink over a dark background is nearer to the colour than to black.
                    let seen: Vec<usize> =
                        (0..side * side).filter(|at| mask.visible[*at]).collect();
                    assert!(!seen.is_empty(), "{row}: an object is hidden");
                    for (channel, full) in phrase.colour.rgb().into_iter().enumerate() {
                        let of = |at: &usize| f64::from(levels[channel * side * side + at]);
                        let mean = seen.iter().map(of).sum::<f64>() / seen.len() as f64;
                        assert!((mean - f64::from(full)).abs() < 110.0, "{row} {channel}: {mean}");
                    }
                }
            }
        }
    }

    #[test]
    fn objects_hide_each_other_in_large_scenes_alone() {
        let hidden = |name: &str| {
            let dataset = dataset(name);
            let scenes = dataset.test.scenes.expect("scenes");
            let hides =
                |row: &usize| scenes.masks(*row).iter().any(|mask| mask.whole != mask.visible);
            (0..500).filter(hides).count()
        };
        assert_eq!(hidden("scenes-32"), 0);
        assert!(hidden("scenes-48") > 50);
    }

    #[test]
    fn what_is_said_is_as_often_as_it_should_be() {
        let dataset = dataset("scenes-32");
        let scenes = rows(&dataset.test);
        let share = |of: &dyn Fn(&Scene) -> bool| {
            scenes.iter().filter(|scene| of(scene)).count() as f64 / scenes.len() as f64
        };
        let near = |share: f64, expected: f64| {
            let deviation = (expected * (1.0 - expected) / scenes.len() as f64).sqrt();
            assert!((share - expected).abs() < 5.0 * deviation, "{share} for {expected}");
        };
        near(share(&|scene| scene.objects.len() == 1), 0.5);
        for relation in crate::scenes::Relation::ALL {
            near(share(&|scene| scene.caption.relations == [relation]), 0.125);
        }
        let unseen = |scene: &Scene| scene.caption.phrases[0].is_held_out();
        near(share(&unseen), 0.1);
        // Two large objects fit in fewer ways: those drawn first are as likely as any.
        let small = |scene: &Scene| scene.caption.phrases[0].size == Size::Small;
        near(share(&small), 0.5);
    }

    #[test]
    fn three_in_ten_training_captions_are_wrong_and_nothing_else_is_other() {
        let (clean, noisy) = (dataset("scenes-32"), dataset("scenes-32-noisy"));
        assert!(clean.validation == noisy.validation && clean.test == noisy.test);
        assert!(clean.train.numbers == noisy.train.numbers);
        let scenes = rows(&noisy.train);
        for (scene, own) in scenes.iter().zip(rows(&clean.train)) {
            assert_eq!((&scene.objects, &scene.caption), (&own.objects, &own.caption));
            assert_eq!(own.told(), &own.caption);
            if let Some(wrong) = &scene.wrong {
                assert_ne!(wrong.answers(), own.caption.answers());
                assert_eq!(scene.told(), wrong);
            }
        }
        let wrong: Vec<usize> =
            (0..scenes.len()).filter(|row| scenes[*row].wrong.is_some()).collect();
        let share = wrong.len() as f64 / scenes.len() as f64;
        assert!((share - 0.3).abs() < 5.0 * (0.21 / scenes.len() as f64).sqrt(), "{share}");
        // They are told as they stand there, and held-out pairs stay out.
        assert!(wrong.iter().all(|row| !scenes[*row].told().is_held_out()));
        let row = wrong[0];
        let told = noisy.train.captions(row..row + 1, &Device::flex()).expect("captions");
        let words: Vec<i32> = told.into_data().try_into_vec().unwrap();
        let words: Vec<u32> = words.into_iter().map(|word| word as u32).collect();
        assert_eq!(noisy.vocabulary().expect("words").text(&words), scenes[row].told().text());
    }

    #[test]
    fn batches_have_every_caption_reworded_beside_it_and_turned_round_where_that_is_false() {
        let (device, values) = (Device::flex(), dataset("scenes-32").validation);
        let vocabulary = values.scenes.as_ref().expect("scenes").vocabulary();
        let texts = |captions: Option<Tensor<2, Int>>| {
            let captions = captions.expect("captions");
            let [_, length] = captions.dims();
            let words = captions.into_data().convert::<u32>().try_into_vec::<u32>().unwrap();
            words.chunks(length).map(|words| vocabulary.text(words)).collect::<Vec<_>>()
        };
        let drawn = BatchStream::new(&values, Seed(0), 200, &device).batch(0);
        for batch in [drawn, values.batch(0..200, &device)] {
            let (told, turned) = (texts(batch.captions), texts(batch.turned));
            for (told, other) in told.iter().zip(texts(batch.reworded)) {
                assert_eq!(other, Caption::parse(told).expect(told).reworded().text());
            }
            for (told, turned) in told.iter().zip(&turned) {
                let told = Caption::parse(told).expect(told);
                let alike = told.phrases.iter().all(|phrase| *phrase == told.phrases[0]);
                let expected = if alike { String::new() } else { told.turned().text() };
                assert_eq!(*turned, expected);
            }
            let asked = turned.iter().filter(|text| !text.is_empty()).count();
            assert!((60..140).contains(&asked), "{asked}");
        }
    }

    #[test]
    fn half_the_scenes_have_two_captions_that_are_true_of_them() {
        let dataset = dataset("scenes-32");
        let scenes = dataset.test.scenes.as_ref().expect("scenes");
        let two = scenes.rows().iter().filter(|scene| scene.objects.len() == 2).count();
        let expected = two as f64 / scenes.rows().len() as f64 * 2.0_f64.ln();
        let entropy = scenes.entropy_of_captions().expect("two objects at most");
        assert!((entropy - expected).abs() < 1e-9, "{entropy} for {expected}");
        let more = self::dataset("scenes-48").test;
        assert_eq!(more.scenes.as_ref().expect("scenes").entropy_of_captions(), None);
        for scene in scenes.rows().iter().take(300) {
            let captions = scene.captions();
            assert!(captions.contains(&scene.caption) && captions.len() == scene.objects.len());
            assert!(captions.iter().all(|one| one.answers() == scene.caption.answers()));
        }
    }

    #[test]
    fn rows_keep_what_they_show() {
        let dataset = dataset("scenes-32");
        let picked = dataset.test.select(&[7, 3]);
        assert_eq!(rows(&picked), [7, 3].map(|row| rows(&dataset.test)[row].clone()));
        assert_eq!(rows(&dataset.test.take(2)), &rows(&dataset.test)[..2]);
        let masks = |values: &Values, row| values.scenes.as_ref().expect("scenes").masks(row);
        assert_eq!(masks(&picked, 0), masks(&dataset.test, 7));
        let (rest, carved) = dataset.test.clone().carve(&[0, 2]);
        assert_eq!(
            (rows(&rest)[0].clone(), rows(&carved).len()),
            (rows(&dataset.test)[1].clone(), 2)
        );
        assert_eq!(rows(&rest).len(), rest.len());
    }
}
