//! Correlation of numbers and of their ranks, and how well a score tells two kinds apart.

use super::matrix::mean_and_sd;
use std::cmp::Ordering;

/// Pearson's correlation of pairs; None where one side is all alike.
pub fn pearson(a: &[f64], b: &[f64]) -> Option<f64> {
    let [a, b] = [a, b].map(centred);
    let sum = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let spread = (sum(&a, &a) * sum(&b, &b)).sqrt();
    (spread > 0.0).then(|| sum(&a, &b) / spread)
}

/// Spearman's rank correlation of pairs, equal values sharing the mean of their ranks; None where one side is all alike.
pub fn spearman(a: &[f64], b: &[f64]) -> Option<f64> {
    pearson(&ranks(a), &ranks(b))
}

/// Kendall's tau-b of pairs (Kendall 1945, "The treatment of ties in ranking problems"), from −1 to 1. Two pairs count 1 where both
/// sides put them in the same order, −1 in opposite orders and 0 where they are equal on one side; their sum is divided by the
/// geometric mean of how many each side puts in an order. None where one side is all alike.
pub fn kendall(a: &[f64], b: &[f64]) -> Option<f64> {
    let order =
        |values: &[f64], i: usize, j: usize| f64::from(values[i].total_cmp(&values[j]) as i8);
    let (mut agreed, mut ordered) = (0.0, [0.0; 2]);
    for i in 0..a.len().min(b.len()) {
        for j in 0..i {
            let [left, right] = [order(a, i, j), order(b, i, j)];
            agreed += left * right;
            ordered[0] += left * left;
            ordered[1] += right * right;
        }
    }
    let spread = (ordered[0] * ordered[1]).sqrt();
    (spread > 0.0).then(|| agreed / spread)
}

/// How well a score tells two kinds apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Auroc {
    /// The area under the curve of true against false positives: the share of pairs of both kinds in which the positive one has
    /// the higher score, equal scores counting half.
    pub value: f64,
    /// Its standard error (DeLong et al. 1988, Biometrics 44, 837; of pairs Obuchowski 1997, Biometrics 53, 567).
    pub standard_error: f64,
}

/// That of a score which should be higher for `positives` than for `negatives`; None where there are not two of both.
pub fn auroc(positives: &[f64], negatives: &[f64]) -> Option<Auroc> {
    if positives.len() < 2 || negatives.len() < 2 {
        return None;
    }
    let [won, lost] = below(positives, negatives).map(|shares| mean_and_sd(&shares));
    let variance = won.1.powi(2) / positives.len() as f64 + lost.1.powi(2) / negatives.len() as f64;
    Some(Auroc { value: won.0, standard_error: variance.sqrt() })
}

/// That of a score which should be higher for the first of each pair than for the second, where there is one. Whoever errs about
/// one of a pair may err about the other, so the variance is that of a sum over pairs (Obuchowski 1997): with M firsts and N
/// seconds, and the share V of the seconds below a first, W of the firsts above a second, and the area A,
///
/// ```text
/// n / (n − 1) Σ ((V − A) / M + (W − A) / N)²        over all n = M pairs, without the second term where there is no second
/// ```
///
/// None where there are not two of both.
pub fn auroc_of_pairs(pairs: &[(f64, Option<f64>)]) -> Option<Auroc> {
    let (positives, seconds): (Vec<f64>, Vec<Option<f64>>) = pairs.iter().copied().unzip();
    let negatives: Vec<f64> = seconds.iter().copied().flatten().collect();
    if positives.len() < 2 || negatives.len() < 2 {
        return None;
    }
    let [won, lost] = below(&positives, &negatives);
    let [count, of_lost] = [won.len() as f64, lost.len() as f64];
    let value = won.iter().sum::<f64>() / count;
    // That of a negative is 1 less the share of positives below it.
    let mut lost = lost.into_iter();
    let of_pair = |(won, second): (&f64, &Option<f64>)| {
        let lost = second.and_then(|_| lost.next()).map_or(0.0, |below| 1.0 - below - value);
        ((won - value) / count + lost / of_lost).powi(2)
    };
    let squares: f64 = won.iter().zip(&seconds).map(of_pair).sum();
    Some(Auroc { value, standard_error: (squares * count / (count - 1.0)).sqrt() })
}

/// The share of the negatives below each positive, and of the positives below each negative, equal ones counting half.
fn below(positives: &[f64], negatives: &[f64]) -> [Vec<f64>; 2] {
    let all = ranks(&[positives, negatives].concat());
    let (of_positives, of_negatives) = all.split_at(positives.len());
    // A rank among all less that among its own kind counts the others below.
    let of = |all: &[f64], own: &[f64], others: &[f64]| -> Vec<f64> {
        let count = others.len() as f64;
        all.iter().zip(ranks(own)).map(|(all, own)| (all - own) / count).collect()
    };
    [of(of_positives, positives, negatives), of(of_negatives, negatives, positives)]
}

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|v| v - mean).collect()
}

/// The rank of each value from the least, which has 0; equal values share the mean of their ranks.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let alike = |a: &usize, b: &usize| values[*a].total_cmp(&values[*b]) == Ordering::Equal;
    let mut before = 0;
    for group in order.chunk_by(alike) {
        let rank = before as f64 + (group.len() - 1) as f64 / 2.0;
        for place in group {
            ranks[*place] = rank;
        }
        before += group.len();
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;
    use std::{fs, path::Path};

    #[test]
    fn a_score_is_as_good_as_the_share_of_pairs_that_it_orders() {
        let value = |a: &[f64], b: &[f64]| auroc(a, b).unwrap().value;
        // Of six pairs four are in order: 0.6 and 0.4 are below 0.7.
        assert!((value(&[0.8, 0.6, 0.4], &[0.7, 0.3]) - 4.0 / 6.0).abs() < 1e-12);
        assert_eq!(value(&[1.0, 1.0], &[1.0, 1.0, 1.0]), 0.5);
        assert_eq!(value(&[2.0, 3.0], &[1.0, 0.0]), 1.0);
        assert_eq!(auroc(&[1.0], &[0.0, 0.0]), None);
    }

    #[test]
    fn its_standard_error_is_that_of_shares_of_each_kind() {
        // Shares of the negatives below each positive: 1, 1/2, 1/2; of the positives above each negative: 1/3, 1.
        let found = auroc(&[0.8, 0.6, 0.4], &[0.7, 0.3]).unwrap();
        let variance: f64 = 1.0 / 12.0 / 3.0 + 2.0 / 9.0 / 2.0;
        let expected = variance.sqrt();
        assert!((found.standard_error - expected).abs() < 1e-12, "{found:?}");
    }

    #[test]
    fn where_both_of_a_pair_err_at_once_the_error_is_that_of_a_share_of_pairs() {
        // Of 400 pairs every fourth is turned round: 1 − m, with a variance of m (1 − m) / n.
        let pair = |row: usize| {
            if row.is_multiple_of(4) { (0.1, Some(0.9)) } else { (0.9, Some(0.1)) }
        };
        let pairs: Vec<(f64, Option<f64>)> = (0..400).map(pair).collect();
        let found = auroc_of_pairs(&pairs).unwrap();
        assert!((found.value - 0.75).abs() < 1e-12, "{found:?}");
        let expected = (0.25_f64 * 0.75 / 399.0).sqrt();
        assert!((found.standard_error - expected).abs() < 1e-12, "{found:?}");
        // As if they were independent it would be less.
        let (positives, negatives): (Vec<f64>, Vec<Option<f64>>) = pairs.into_iter().unzip();
        let negatives: Vec<f64> = negatives.into_iter().flatten().collect();
        let apart = auroc(&positives, &negatives).unwrap();
        assert!((apart.value - 0.75).abs() < 1e-12);
        assert!(apart.standard_error < 0.8 * expected, "{apart:?}");
    }

    #[test]
    fn a_pair_may_lack_its_second() {
        // Shares of the seconds below each first: 1, 1/2, 1/2; of the firsts above the seconds of the last two: 1/3, 1.
        let found = auroc_of_pairs(&[(0.8, None), (0.6, Some(0.7)), (0.4, Some(0.3))]).unwrap();
        assert!((found.value - 4.0 / 6.0).abs() < 1e-12, "{found:?}");
        let parts: [f64; 3] = [1.0 / 9.0, -1.0 / 18.0 - 1.0 / 6.0, -1.0 / 18.0 + 1.0 / 6.0];
        let variance = parts.map(|part| part * part).iter().sum::<f64>() * 1.5;
        assert!((found.standard_error - variance.sqrt()).abs() < 1e-12, "{found:?}");
        assert_eq!(auroc_of_pairs(&[(0.8, None), (0.6, Some(0.7))]), None);
    }

    #[test]
    fn it_is_scipys() {
        // scipy.stats.spearmanr of SciPy 1.17.1.
        let a = [1.0, 2.0, 2.0, 4.0, 7.0, 3.0];
        let b = [0.5, 0.5, 1.0, 3.0, 2.0, -1.0];
        let found = spearman(&a, &b).unwrap();
        assert!((found - 0.544_117_647_058_823_5).abs() < 1e-12, "{found}");
        assert_eq!(spearman(&a, &[1.0; 6]), None);
        assert_eq!(spearman(&[1.0, 2.0, 3.0], &[9.0, 4.0, 1.0]), Some(-1.0));
    }

    #[test]
    fn pearson_is_that_of_the_numbers_themselves() {
        // Deviations −1, 0, 1 and −3, −1, 4: 7 / √(2 · 26).
        let found = pearson(&[1.0, 2.0, 3.0], &[0.0, 2.0, 7.0]).expect("they differ");
        assert!((found - 7.0 / 52.0_f64.sqrt()).abs() < 1e-12, "{found}");
        assert_eq!(pearson(&[1.0, 2.0], &[3.0, 3.0]), None);
    }

    #[test]
    fn taus_are_scipys() {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oracles/fixtures/kendall.json");
        let text = fs::read_to_string(path).expect("tests/oracles/kendall.py makes it");
        let fixture: Value = serde_json::from_str(&text).expect("JSON");
        let cases = fixture["cases"].as_array().expect("cases");
        assert!(cases.iter().any(|case| case["tau"].is_null()), "no side is all alike");
        for case in cases {
            let side = |name: &str| -> Vec<f64> {
                let numbers = case[name].as_array().expect("an array").iter();
                numbers.map(|x| x.as_f64().expect("a number")).collect()
            };
            let found = kendall(&side("a"), &side("b"));
            match (found, case["tau"].as_f64()) {
                (Some(found), Some(expected)) => {
                    assert!((found - expected).abs() < 1e-12, "{found} for {expected}");
                }
                (found, expected) => assert_eq!(found, expected, "{case}"),
            }
        }
    }

    #[test]
    fn the_same_order_is_one_and_the_reverse_minus_one_whatever_the_distances() {
        let values = [1.0, 2.0, 30.0, 400.0, 5000.0];
        let reverse: Vec<f64> = values.iter().map(|v| 1.0 / v).collect();
        assert_eq!(kendall(&values, &values.map(f64::ln)), Some(1.0));
        assert_eq!(kendall(&values, &reverse), Some(-1.0));
        assert_eq!(kendall(&[1.0], &[2.0]), None);
        assert_eq!(ranks(&[3.0, 1.0, 3.0]), [1.5, 0.0, 1.5]);
    }
}
