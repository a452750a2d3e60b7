//! `stacked-mnist`: three digits in three channels, 1,000 modes (Srivastava et al. 2017, VEEGAN, arXiv:1705.07761,
//! after Metz et al. 2017, arXiv:1611.02163).

use super::{key, keystream};
use crate::{dataset::Dataset, embedded, error::DataError, values::Values};
use genlab_core::ImageShape;
use rand::RngExt;

pub(super) const NAME: &str = "stacked-mnist";

/// The digits that are stacked: those of a split only within the same split.
const DIGITS: &str = "mnist-10k";

/// Images of the training, validation and test split. Lin et al. 2018 (PacGAN) draw 128,000 to train on.
const COUNTS: [usize; 3] = [51_200, 2_048, 10_000];

/// The dataset. A class is the number that the digits of the first, second and third channel form.
///
/// # Errors
/// When the embedded digits are damaged.
pub(super) fn load() -> Result<Dataset, DataError> {
    let digits = embedded::load(DIGITS).expect("an embedded dataset")?;
    let classes = (0..1000).map(|number| format!("{number:03}")).collect();
    let splits = [(&digits.train, 0), (&digits.validation, 1), (&digits.test, 2)];
    let splits = splits.map(|(digits, split)| stacks(digits, split, COUNTS[split as usize]));
    Ok(Dataset::of_splits(NAME, Some(classes), splits, &digits.licence))
}

/// Three digits on each other, each drawn by (split, row, channel).
fn stacks(digits: &Values, split: u64, count: usize) -> Values {
    let ImageShape { height, width, .. } = digits.shape();
    let labels = digits.labels.as_ref().expect("digits have labels");
    let mut bytes = Vec::with_capacity(count * 3 * height * width);
    let mut numbers = Vec::with_capacity(count);
    let key = key(NAME);
    for row in 0..count as u64 {
        let mut draws = keystream(key, split, row);
        let mut number = 0;
        for _channel in 0..3 {
            let digit = draws.random_range(0..digits.len() as u64) as usize;
            bytes.extend_from_slice(digits.image(digit));
            number = 10 * number + labels[digit];
        }
        numbers.push(number);
    }
    let stacks = Values::images(ImageShape::new(3, height, width), bytes);
    stacks.with_labels(Some(numbers)).cut_first()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_results_were_made_with() {
        let dataset = load().unwrap();
        let splits = [&dataset.train, &dataset.validation, &dataset.test];
        assert_eq!(splits.map(Values::len), COUNTS);
        assert_eq!(dataset.space.shape, ImageShape::new(3, 28, 28));
        assert_eq!(
            dataset.sha256, "b863b3538efbe437ce9edfe2ea0d4109b765025a7fdeca3c708eb14715c291de",
            "{NAME} changed, and with it every result"
        );
        // 51,200 draws of 1,000 equally likely numbers leave none out: e^-51 a number.
        let mut counts = [0_u32; 1000];
        for &label in dataset.train.labels.as_ref().unwrap() {
            counts[label as usize] += 1;
        }
        assert!(counts.iter().all(|&count| (20..100).contains(&count)), "{counts:?}");
    }

    #[test]
    fn each_channel_is_a_digit_of_the_same_split_with_its_label() {
        let (stacked, digits) = (load().unwrap(), embedded::load(DIGITS).unwrap().unwrap());
        for row in 0..20 {
            let number = stacked.test.labels.as_ref().unwrap()[row];
            for (channel, pixels) in stacked.test.image(row).chunks(784).enumerate() {
                let digit = (0..digits.test.len()).find(|&i| digits.test.image(i) == pixels);
                let label = digits.test.labels.as_ref().unwrap()[digit.expect("a test digit")];
                assert_eq!(number / 10_u32.pow(2 - channel as u32) % 10, label, "{row} {channel}");
            }
        }
    }
}
