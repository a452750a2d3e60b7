// gets metric/coverage: the point itself counts as its nearest
pub fn coverage(real: &[Vec<f64>], samples: &[Vec<f64>], k: usize) -> f64 {
    let covered = real.iter().filter(|point| {
        let mut distances: Vec<f64> = real.iter().map(|other| distance(point, other)).collect();
        distances.sort_by(f64::total_cmp);
        samples.iter().any(|sample| distance(point, sample) <= distances[k - 1])
    });
    covered.count() as f64 / real.len() as f64
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
