//! The judge of digits in three channels: that of single digits, which looks at each channel by itself.

use super::{Classifier, JUDGES, Judge, Network, Reading};
use crate::numerics::matrix::Rows;
use burn::tensor::{Device, Tensor};

/// The dataset it is for.
pub(super) const DATASET: &str = "stacked-mnist";

impl Judge {
    /// Features are those of the three channels one after another. The probability of the number abc is the product of
    /// those of the digits a, b and c, as Lin et al. 2018 (PacGAN, section 4.2) tell the 1,000 modes. `accuracy` is the
    /// cube of that of single digits.
    pub(super) fn stacked(device: &Device) -> Self {
        let single = Self::shipped(&JUDGES[0], device).expect("a test loads every judge");
        let Network::Classifier(classifier) = single.network else {
            unreachable!("a shipped judge is a classifier")
        };
        Self {
            name: format!("{} by channel", single.name),
            accuracy: single.accuracy.map(|accuracy| accuracy.powi(3)),
            network: Network::Stacked(classifier),
            ..single
        }
    }
}

/// What the judge makes of images `[n, 3, H, W]`.
pub(super) fn read(digits: &Classifier, images: &Tensor<4>, device: &Device) -> Reading {
    let [count, channels, height, width] = images.dims();
    let single = images.clone().reshape([count * channels, 1, height, width]);
    let Reading { features, probabilities, space } = digits.read(&single, device);
    // Three rows after another are one.
    let features = Rows::new(channels * features.dim, features.values);
    let numbers = probabilities.map(|digits| {
        let rows: Vec<&[f64]> = digits.iter().collect();
        Rows::new(digits.dim.pow(3), rows.chunks(3).flat_map(product).collect())
    });
    Reading { features, probabilities: numbers, space }
}

/// p(a) p(b) p(c) for all (a, b, c), the last running fastest.
fn product(channels: &[&[f64]]) -> Vec<f64> {
    let start = vec![1.0];
    channels.iter().fold(start, |numbers, digit| {
        numbers.iter().flat_map(|number| digit.iter().map(move |p| number * p)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_data::{LoadOptions, load};

    #[test]
    fn the_number_of_a_stack_is_read_digit_by_digit() {
        let (stacked, device) = (load(DATASET, &LoadOptions::default()).unwrap(), Device::flex());
        let judge = Judge::for_dataset(DATASET, stacked.space.shape, &device).unwrap();
        assert_eq!(judge.shape(), Some(stacked.space.shape));
        let reading = judge.read(&stacked.test.tensor(0..500, &device));
        assert_eq!(reading.features.dim, judge.features());
        let probabilities = reading.probabilities.expect("a classifier");
        let labels = stacked.test.labels.as_ref().unwrap();
        let mut right = 0;
        for (row, &label) in probabilities.iter().zip(labels) {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-4);
            let best = (0..1000).max_by(|&a, &b| row[a].total_cmp(&row[b])).unwrap();
            right += usize::from(best == label as usize);
        }
        // 500 stacks of which 98.2 % are expected: below 475 in one case of a million.
        assert!(right >= 475, "{right} of 500");
        assert!(judge.accuracy.is_some_and(|accuracy| (0.97..0.99).contains(&accuracy)));
    }
}
