//! How far a share may be from that of all.

use super::matrix::Z95;

/// The 95 % interval of a share that holds for `count` draws (Wilson 1927, Journal of the American Statistical Association
/// 22, 209). Unlike mean ± 1.96 sd / √n it has a width where all of the draws agree, and stays within 0 and 1.
pub fn wilson(share: f64, count: usize) -> [f64; 2] {
    let (n, z2) = (count as f64, Z95 * Z95);
    let centre = (share + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half_width = Z95 * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt() / (1.0 + z2 / n);
    [(centre - half_width).max(0.0), (centre + half_width).min(1.0)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::{fs, path::Path};

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
        }
    }
}
