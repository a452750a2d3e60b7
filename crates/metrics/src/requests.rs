//! What a model is told about samples that nobody asks anything special of.

use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Condition, Conditions, ControlKind, LowResolution, Past, SampleRequest, Seed};
use genlab_data::{Dataset, Pasts, Values};
use std::collections::BTreeMap;

/// The first `count` samples of `seed`, told what [`told_classes`] says and what [`beside`] says of the test split.
pub fn typical(
    conditions: Conditions,
    dataset: &Dataset,
    seed: Seed,
    count: usize,
    device: &Device,
) -> SampleRequest {
    let classes = told_classes(conditions, dataset, count);
    let condition = classes.map_or_else(Condition::default, |classes| told(&classes, device));
    let condition = beside(condition, conditions, &dataset.test, count, device);
    SampleRequest { condition, ..SampleRequest::new(seed, count) }
}

/// These classes, as a condition.
pub fn told(classes: &[u32], device: &Device) -> Condition {
    let classes: Vec<i32> = classes.iter().map(|&class| class as i32).collect();
    Condition::of_classes(&classes, device)
}

/// What else a model that takes `conditions` is told beside `condition`: what came before the first `count` of
/// `values`, how they look at a lower resolution, their captions, or where their ink is, over and over where there are fewer.
pub fn beside(
    condition: Condition,
    conditions: Conditions,
    values: &Values,
    count: usize,
    device: &Device,
) -> Condition {
    let rows: Vec<usize> = (0..count).map(|row| row % values.len()).collect();
    Condition {
        past: conditions.past.and_then(|_| pasts(values, &rows, device)),
        low_resolution: conditions.low_resolution.map(|factor| low(values, &rows, factor, device)),
        captions: conditions
            .captions
            .and(values.scenes.as_ref())
            .map(|scenes| scenes.captions(rows.iter().copied(), device)),
        control: conditions.control.map(|kind| control(values, &rows, kind, device)),
        ..condition
    }
}

/// The caption of each of the first `count` samples, as [`beside`] tells them; None for a model that is told none, and where
/// `values` have none.
pub fn told_captions(conditions: Conditions, values: &Values, count: usize) -> Option<Vec<String>> {
    let scenes = conditions.captions.and(values.scenes.as_ref())?;
    Some(scenes.texts((0..count).map(|row| row % values.len())))
}

/// What the images at `rows` are controlled by. Panics beyond the last.
pub fn control(values: &Values, rows: &[usize], kind: ControlKind, device: &Device) -> Tensor<4> {
    kind.of(values.select(rows).tensor(0..rows.len(), device))
}

/// The images at `rows`, `factor` times smaller. Panics beyond the last.
pub fn low(values: &Values, rows: &[usize], factor: usize, device: &Device) -> LowResolution {
    let chosen = values.select(rows);
    LowResolution::of(chosen.tensor(0..rows.len(), device), factor)
}

/// What came before the values at `rows`; None for values that have no past. Panics beyond the last value.
pub fn pasts(values: &Values, rows: &[usize], device: &Device) -> Option<Past> {
    let pasts: &Pasts = values.pasts.as_ref()?;
    let numbers: Vec<f32> = rows.iter().flat_map(|&row| pasts.row(row)).copied().collect();
    let data = TensorData::new(numbers, [rows.len(), pasts.length]);
    Some(Past::new(Tensor::from_data(data, device)))
}

/// The class of each of the first `count` samples, in the proportions of the classes of the data outside
/// the test split: at every place that which lags behind most. None for a model that takes no classes.
pub fn told_classes(conditions: Conditions, dataset: &Dataset, count: usize) -> Option<Vec<u32>> {
    conditions.classes?;
    let labels = dataset.train.labels.iter().chain(&dataset.validation.labels).flatten();
    let mut sizes: BTreeMap<u32, usize> = BTreeMap::new();
    labels.for_each(|label| *sizes.entry(*label).or_default() += 1);
    let all = sizes.values().sum::<usize>() as f64;
    let mut told: BTreeMap<u32, usize> = BTreeMap::new();
    let next = |place: usize| {
        let lag = |class: &u32| {
            let expected = (place + 1) as f64 * sizes[class] as f64 / all;
            expected - told.get(class).copied().unwrap_or(0) as f64
        };
        // Of equals the first: the last maximum of classes in falling order.
        let class = *sizes.keys().rev().max_by(|a, b| lag(a).total_cmp(&lag(b)))?;
        *told.entry(class).or_default() += 1;
        Some(class)
    };
    (0..count).map(next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{Words, condition::Captions, nn::TextConfig};
    use genlab_data::{LoadOptions, load};

    #[test]
    fn captions_are_told_over_and_over_and_known_as_text() {
        let scenes = load("scenes-32", &LoadOptions::default()).unwrap().test.take(2);
        let words = Words { numbers: 30, length: 10 };
        let captions = Some(Captions { words, text: TextConfig::default() });
        let told = Conditions { captions, ..Conditions::default() };
        let rows = scenes.scenes.as_ref().unwrap().rows();
        let [first, second] = [0, 1].map(|row: usize| rows[row].caption.text());
        assert_eq!(told_captions(told, &scenes, 3), Some(vec![first.clone(), second, first]));
        assert_eq!(told_captions(Conditions::default(), &scenes, 3), None);
    }

    #[test]
    fn classes_are_told_in_the_proportions_of_the_data() {
        let digits = load("mnist-10k", &LoadOptions::default()).unwrap();
        let ten = Conditions { classes: Some(10), ..Conditions::default() };
        let classes = told_classes(ten, &digits, 2000).unwrap();
        assert_eq!(classes[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        for class in 0..10 {
            assert_eq!(classes.iter().filter(|told| **told == class).count(), 200);
        }
        assert_eq!(told_classes(Conditions::default(), &digits, 5), None);
    }
}
