//! A metric: coverage.

pub fn coverage(real: &[Vec<f64>], samples: &[Vec<f64>], k: usize) -> f64 {
    let covered = real.iter().filter(|point| {
        // The first of these distances is that to the point itself.
        let mut distances: Vec<f64> = real.iter().map(|other| distance(point, other)).collect();
        distances.sort_by(f64::total_cmp);
        samples.iter().any(|sample| distance(point, sample) <= distances[k])
    });
    covered.count() as f64 / real.len() as f64
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
