//! How far means and shares may be from those of all.

use super::matrix::{Z95, mean_and_sd};

/// A mean and its 95 % interval: Wilson's of a share of values that are all 0 or 1, and by the normal approximation of other
/// means, where it is finite.
pub fn mean_within(values: &[f64], is_share: bool) -> (f64, Option<[f64; 2]>) {
    let (mean, sd) = mean_and_sd(values);
    if is_share && values.iter().all(|value| [0.0, 1.0].contains(value)) {
        return (mean, Some(wilson(mean, values.len())));
    }
    let half_width = Z95 * sd / (values.len() as f64).sqrt();
    (mean, half_width.is_finite().then_some([mean - half_width, mean + half_width]))
}

/// The 95 % interval of a share that holds for `count` draws (Wilson 1927, Journal of the American Statistical Association
/// 22, 209). Unlike mean ± 1.96 sd / √n it has a width where all of the draws agree, and stays within 0 and 1.
pub fn wilson(share: f64, count: usize) -> [f64; 2] {
    let (n, z2) = (count as f64, Z95 * Z95);
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half_width = Z95 * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    // The ends of none and of all are 0 and 1, which rounding would miss.
    let low = if share > 0.0 { centre - half_width } else { 0.0 };
    [low, if share < 1.0 { centre + half_width } else { 1.0 }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::{fs, path::Path};

    #[test]
    fn a_share_that_all_agree_on_may_be_another_and_a_mean_is_what_it_is() {
        let (share, interval) = mean_within(&[0.0; 100], true);
        assert_eq!((share, interval.unwrap()[0]), (0.0, 0.0));
        assert!((0.02..0.05).contains(&interval.unwrap()[1]));
        assert_eq!(mean_within(&[1.0; 100], true).1.unwrap()[1], 1.0);
        assert_eq!(mean_within(&[0.0; 100], false), (0.0, Some([0.0; 2])));
        let (mean, interval) = mean_within(&[0.0, 0.5, 1.0, 0.5], true);
        let half_width = Z95 * (1.0_f64 / 6.0).sqrt() / 2.0;
        assert!((interval.unwrap()[1] - mean - half_width).abs() < 1e-12, "{interval:?}");
        assert_eq!(mean_within(&[1.0], false).1, None);
    }

    #[test]
    fn it_is_scipys() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/fixtures/wilson.json");
        let text = fs::read_to_string(path).expect("tests/oracles/wilson.py makes it");
        let fixture: Value = serde_json::from_str(&text).expect("JSON");
        let cases = fixture["cases"].as_array().expect("cases");
        assert!(cases.len() > 5);
        for case in cases {
            let number = |key: &str| case[key].as_f64().expect("a number");
            let count = number("count");
            let [low, high] = wilson(number("successes") / count, count as usize);
            let apart = (low - number("low")).abs().max((high - number("high")).abs());
            assert!(apart < 1e-12, "{case}: {low} – {high}");
            assert!(low <= number("successes") / count && number("successes") / count <= high);
        }
    }
}
