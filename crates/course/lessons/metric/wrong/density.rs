// gets metric/coverage: this is density
pub fn coverage(real: &[Vec<f64>], samples: &[Vec<f64>], k: usize) -> f64 {
    let mut hits = 0;
    for point in real {
        let mut distances: Vec<f64> = real.iter().map(|other| distance(point, other)).collect();
        distances.sort_by(f64::total_cmp);
        hits += samples.iter().filter(|sample| distance(point, sample) <= distances[k]).count();
    }
    hits as f64 / (k * samples.len()) as f64
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}
