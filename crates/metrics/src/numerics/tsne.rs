//! t-SNE (van der Maaten & Hinton 2008): a plane in which neighbours stay neighbours.

use super::{matrix::Rows, pca::Pca};
use bhtsne::tSNE;
use rayon::ThreadPoolBuilder;

/// Neighbours that a point has in effect; the authors advise 5 to 50.
pub const PERPLEXITY: f64 = 30.0;
/// Steps of descent, the first 250 with exaggerated neighbourhoods.
const STEPS: usize = 750;
/// Standard deviation of the places that descent starts from.
const SPREAD: f64 = 1e-4;

/// Places of `rows` in the plane, `[n, 2]`, by the exact algorithm: n² work a step.
///
/// It starts from the first two principal components (Kobak & Berens 2019) instead of from noise, and runs on one thread,
/// so that it gives the same map each time. None when there are not at least three times as many rows as neighbours,
/// or they do not spread in two directions.
pub fn tsne(rows: &Rows) -> Option<Rows> {
    if (rows.len() as f64) < 3.0 * PERPLEXITY + 1.0 {
        return None;
    }
    let pca = Pca::fit(rows, 2)?;
    let scale = pca.variances.first()?.sqrt();
    if pca.variances.len() < 2 || scale <= 0.0 {
        return None;
    }
    let start = pca.transform(rows).values.iter().map(|x| x / scale * SPREAD).collect::<Vec<_>>();
    let points: Vec<&[f64]> = rows.iter().collect();
    let distance = |a: &&[f64], b: &&[f64]| {
        let squares = a.iter().zip(*b).map(|(x, y)| (x - y).powi(2));
        squares.sum::<f64>().sqrt()
    };
    let pool = ThreadPoolBuilder::new().num_threads(1).build().ok()?;
    let places = pool.install(|| {
        let mut map = tSNE::<f64, &[f64]>::new(&points);
        map.perplexity(PERPLEXITY).epochs(STEPS).initial_embedding(start).exact(distance);
        map.embedding()
    });
    places.iter().all(|x| x.is_finite()).then(|| Rows::new(2, places))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};

    /// Five clouds of 60 points in ten dimensions, far from each other.
    fn clouds() -> (Rows, Vec<usize>) {
        let mut rng = ChaCha8Rng::seed_from_u64(0);
        let centres: Vec<f64> = (0..50).map(|_| rng.random_range(-10.0..10.0)).collect();
        let of: Vec<usize> = (0..300).map(|i| i % 5).collect();
        let values = of.iter().flat_map(|&cloud| {
            centres[10 * cloud..10 * cloud + 10]
                .iter()
                .map(|c| c + rng.random_range(-1.0..1.0))
                .collect::<Vec<_>>()
        });
        (Rows::new(10, values.collect()), of)
    }

    #[test]
    fn nearest_neighbours_of_the_map_are_of_the_same_cloud() {
        let (rows, of) = clouds();
        let map = tsne(&rows).expect("a map");
        let far = |i: usize, j: usize| {
            let (a, b) = (map.row(i), map.row(j));
            (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2)
        };
        for i in 0..rows.len() {
            let others = (0..rows.len()).filter(|&j| j != i);
            let nearest =
                others.min_by(|&a, &b| far(i, a).total_cmp(&far(i, b))).expect("a neighbour");
            assert_eq!(of[nearest], of[i], "point {i}");
        }
    }

    #[test]
    fn the_same_rows_have_the_same_map() {
        let (rows, _) = clouds();
        assert_eq!(tsne(&rows), tsne(&rows));
    }

    #[test]
    fn few_or_flat_rows_have_none() {
        let (rows, _) = clouds();
        assert_eq!(tsne(&rows.take(90)), None);
        assert_eq!(tsne(&Rows::new(1, (0..200).map(f64::from).collect())), None);
        assert_eq!(tsne(&Rows::new(3, vec![1.0; 600])), None);
    }
}
