//! What is made of a value depends on that value alone, not on those beside it.

use super::{LENGTH, WORDS, captions, host, noise, objects};
use crate::{
    capabilities::{Align, Classify, Density, Describe, Ground, Prompts, Segment},
    condition::Condition,
    objects::EDGES,
    vocabulary::PADDING,
};
use burn::tensor::{Int, Tensor};

/// What a classifier makes of a value depends on that value alone, and has the sizes that it promises.
pub(super) fn classes_are_told_value_by_value(classifier: &dyn Classify, x: &Tensor<4>) {
    let [count, ..] = x.dims();
    let whole = classifier.classify(x.clone());
    assert_eq!(whole.features.dims(), [count, classifier.features()]);
    assert_eq!(whole.logits.dims(), [count, classifier.classes()]);
    let last = classifier.classify(x.clone().narrow(0, count - 1, 1));
    for (whole, last) in [(whole.features, last.features), (whole.logits, last.logits)] {
        let whole = host(whole.narrow(0, count - 1, 1));
        for (a, b) in whole.iter().zip(host(last)) {
            assert!((a - b).abs() < 1e-4, "a reading depends on its batch: {a} and {b}");
        }
    }
    if let Some(whole) = classifier.attended(x.clone()) {
        let [_, _, height, width] = x.dims();
        assert_eq!(whole.dims(), [count, height, width]);
        let last = classifier.attended(x.clone().narrow(0, count - 1, 1)).expect("as before");
        attention_is_by_value(&host(whole), &host(last));
    }
}

/// Weights of pixels are none below 0, and those of the last value are what they are of it `alone`.
fn attention_is_by_value(whole: &[f32], alone: &[f32]) {
    assert!(whole.iter().all(|weight| weight.is_finite() && *weight >= 0.0), "{whole:?}");
    for (a, b) in whole[whole.len() - alone.len()..].iter().zip(alone) {
        assert!((a - b).abs() < 1e-4, "a weight depends on its batch: {a} and {b}");
    }
    assert!(alone.iter().any(|weight| *weight > 0.0), "it looks nowhere");
}

/// What is made of a value or a caption depends on that alone, is a unit vector, and lies in the same space as the other; what
/// their products are multiplied by is positive.
pub(super) fn vectors_are_of_length_one_row_by_row(
    aligner: &dyn Align,
    x: &Tensor<4>,
    words: &Tensor<2, Int>,
) {
    let [count, ..] = x.dims();
    let scale = host(aligner.scale());
    assert!(scale.len() == 1 && scale[0] > 0.0, "{scale:?} is no inverse temperature");
    let (values, texts) = (aligner.values(x.clone()), aligner.captions(words.clone()));
    assert_eq!(values.dims(), texts.dims());
    let last = aligner.values(x.clone().narrow(0, count - 1, 1));
    let last_text = aligner.captions(words.clone().narrow(0, count - 1, 1));
    for (whole, last) in [(values, last), (texts, last_text)] {
        let [_, size] = whole.dims();
        let whole = host(whole);
        for row in whole.chunks(size) {
            let length = row.iter().map(|v| v * v).sum::<f32>().sqrt();
            assert!((length - 1.0).abs() < 1e-4, "a vector has length {length}");
        }
        for (a, b) in whole[(count - 1) * size..].iter().zip(host(last)) {
            assert!((a - b).abs() < 1e-4, "a vector depends on its batch: {a} and {b}");
        }
    }
}

/// What is said of a value, and how likely captions are, depends on that value alone; captions are made of words, and end once.
pub(super) fn values_are_described_one_by_one(describer: &dyn Describe, x: &Tensor<4>) {
    let [count, ..] = x.dims();
    let said = |x: Tensor<4>| -> Vec<i64> {
        let words: Tensor<2, Int> = describer.describe(x);
        assert_eq!(words.dims()[1], LENGTH);
        words.into_data().convert::<i64>().try_into_vec().expect("converted to i64")
    };
    let (whole, last) = (said(x.clone()), said(x.clone().narrow(0, count - 1, 1)));
    assert_eq!(whole[(count - 1) * LENGTH..], last, "a caption depends on its batch");
    for caption in whole.chunks(LENGTH) {
        assert!(caption.iter().all(|word| (0..WORDS as i64).contains(word)), "{caption:?}");
        let ends = |pair: &[i64]| pair[0] != i64::from(PADDING) || pair[1] == pair[0];
        assert!(caption.windows(2).all(ends), "{caption:?} goes on after its end");
    }
    let numbers = |x: Tensor<4>, words: Tensor<2, Int>| {
        let likely = host(describer.log_likelihood(x.clone(), words.clone()));
        assert!(likely.iter().all(|nats| *nats <= 0.0), "{likely:?} are no logarithms");
        let matching = host(describer.matching(x, words));
        assert!(matching.iter().all(|p| (0.0..=1.0).contains(p)), "{matching:?}");
        [likely, matching]
    };
    let words = captions(count);
    let whole = numbers(x.clone(), words.clone());
    let last = numbers(x.clone().narrow(0, count - 1, 1), words.clone().narrow(0, count - 1, 1));
    for (whole, last) in whole.iter().zip(last) {
        assert_eq!(whole.len(), count);
        let (a, b) = (whole[count - 1], last[0]);
        assert!((a - b).abs() < 1e-4, "a number depends on its batch: {a} and {b}");
    }
    let looked = |x: Tensor<4>, words: Tensor<2, Int>| describer.attended(x, words);
    if let Some(whole) = looked(x.clone(), words.clone()) {
        let [_, _, height, width] = x.dims();
        assert_eq!(whole.dims(), [count, LENGTH, height, width]);
        let last = looked(x.clone().narrow(0, count - 1, 1), words.narrow(0, count - 1, 1));
        attention_is_by_value(&host(whole), &host(last.expect("as before")));
    }
}

/// What is cut out of a value depends on it and on its own prompt alone, is as large as the value, and is said with a
/// prediction of how well it was cut.
pub(super) fn masks_are_cut_value_by_value(segmenter: &dyn Segment, x: &Tensor<4>) {
    let [count, _, height, width] = x.dims();
    let prompts = objects::asked(count);
    let whole = segmenter.segment(x.clone(), &prompts);
    let [rows, candidates, ..] = whole.masks.dims();
    assert_eq!(whole.masks.dims(), [rows, candidates, height, width]);
    assert_eq!((rows, whole.predicted.dims()), (count, [rows, candidates]));
    let predicted = host(whole.predicted.clone());
    assert!(predicted.iter().all(|v| (0.0..=1.0).contains(v)), "{predicted:?}");
    // A second round goes on from the first.
    let second = segmenter.segment(x.clone(), &prompts.clone().improving(whole.best()));
    assert_ne!(host(second.masks), host(whole.masks.clone()), "an earlier answer means nothing");
    let last = count - 1..count;
    let alone = segmenter.segment(x.clone().narrow(0, last.start, 1), &prompts.rows(last.clone()));
    let together = host(whole.masks.narrow(0, last.start, 1));
    for (a, b) in together.iter().zip(host(alone.masks)) {
        assert!((a - b).abs() < 1e-3, "a mask depends on its batch: {a} and {b}");
    }
    let moved = prompts.rows(last.clone());
    let moved = Prompts { places: moved.places + 2.0, ..moved };
    let moved = host(segmenter.segment(x.clone().narrow(0, last.start, 1), &moved).masks);
    assert_ne!(together, moved, "masks do not depend on where is clicked");
}

/// Where a phrase is found depends on its value, its caption and its word alone, and is a box within the picture.
pub(super) fn phrases_are_found_value_by_value(grounder: &dyn Ground, x: &Tensor<4>) {
    let [count, _, height, width] = x.dims();
    let (captions, words) = (captions(count), objects::words(count));
    let [_, phrases] = words.dims();
    let found = grounder.ground(x.clone(), captions.clone(), words.clone());
    assert_eq!(found.scores.dims(), [count, phrases]);
    assert_eq!(found.boxes.dims(), [count, phrases, EDGES]);
    let (scores, boxes) = (host(found.scores), host(found.boxes));
    assert!(scores.iter().all(|score| (0.0..=1.0).contains(score)), "{scores:?}");
    for edges in boxes.chunks(EDGES) {
        let ordered =
            |low: f32, high: f32, end: usize| 0.0 <= low && low <= high && high <= end as f32;
        let within = ordered(edges[0], edges[2], width) && ordered(edges[1], edges[3], height);
        assert!(within, "{edges:?} is no box within {width} by {height} pixels");
    }
    let (row, last) = (count - 1, x.clone().narrow(0, count - 1, 1));
    let ask = |captions: &Tensor<2, Int>, words: Tensor<2, Int>| {
        host(grounder.ground(last.clone(), captions.clone(), words).scores)
    };
    let (captions, words) = (captions.narrow(0, row, 1), words.narrow(0, row, 1));
    let alone = ask(&captions, words.clone());
    for (a, b) in scores[row * phrases..].iter().zip(&alone) {
        assert!((a - b).abs() < 1e-4, "a score depends on its batch: {a} and {b}");
    }
    let turned = ask(&captions, words.clone().flip([1]));
    for (a, b) in turned.iter().rev().zip(&alone) {
        assert!((a - b).abs() < 1e-5, "a score depends on what else is asked: {a} and {b}");
    }
    let other = ask(&captions.flip([1]), words);
    assert_ne!(other, alone, "scores do not depend on the caption");
}

/// A weight depends on its value's row and its draw alone, and its first draw is the bound's.
pub(super) fn importance_weights_own_their_noise(
    density: &dyn Density,
    x: &Tensor<4>,
    told: &Condition,
) {
    let weights = |x: Tensor<4>, told: &Condition, first, draws| -> Option<Vec<f32>> {
        let weights = density.log_weights(x, told, noise(4), first, draws)?;
        Some(weights.into_data().try_into_vec::<f32>().expect("f32"))
    };
    let Some(whole) = weights(x.clone(), told, 10, 0..4) else { return };
    assert_eq!(whole.len(), 3 * 4, "one weight for each value and draw");
    let part = weights(x.clone().narrow(0, 1, 2), &told.rows(1..3), 11, 2..4).expect("as before");
    for (a, b) in [&whole[6..8], &whole[10..12]].concat().iter().zip(&part) {
        assert!((a - b).abs() < 1e-3, "a weight depends on its batch: {a} and {b}");
    }
    assert_ne!(whole[0], whole[1], "two draws share their noise");
}
