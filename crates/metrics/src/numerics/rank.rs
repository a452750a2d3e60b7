//! Correlation of numbers, and of their ranks.

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

fn centred(values: &[f64]) -> Vec<f64> {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|v| v - mean).collect()
}

/// The rank of each value from the least.
fn ranks(values: &[f64]) -> Vec<f64> {
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
}
