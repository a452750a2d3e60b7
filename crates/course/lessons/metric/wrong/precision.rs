// gets metric/coverage: this is precision
pub fn coverage(real: &[Vec<f64>], samples: &[Vec<f64>], k: usize) -> f64 {
    let radius = |point: &[f64]| {
        let mut distances: Vec<f64> = real.iter().map(|other| distance(point, other)).collect();
        distances.sort_by(f64::total_cmp);
        distances[k]
    };
    let within = samples
        .iter()
        .filter(|sample| real.iter().any(|point| distance(point, sample) <= radius(point)));
    within.count() as f64 / samples.len() as f64
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
