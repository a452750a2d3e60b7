//! Squares of a board on which points lie evenly.

use super::{Draw, Uniform};
use rand::{RngExt, rngs::ChaCha8Rng};

/// p(x) = 1 / (n a²) on n squares with sides of length a, and 0 elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Tiles {
    /// A square each: its stretch along both axes.
    tiles: Vec<[Uniform; 2]>,
    side: f64,
}

impl Tiles {
    /// Squares of this side with these lower left corners, which must not overlap.
    pub fn new(corners: &[[f64; 2]], side: f64) -> Self {
        assert!(!corners.is_empty(), "a board has at least one square");
        let tile = |corner: &[f64; 2]| corner.map(|from| Uniform::new(from, from + side));
        Self { tiles: corners.iter().map(tile).collect(), side }
    }

    /// log p(x) in nats: −∞ outside all squares.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        let inside =
            |tile: &[Uniform; 2]| (0..2).all(|axis| tile[axis].log_density(x[axis]).is_finite());
        if self.tiles.iter().any(inside) { -self.entropy() } else { f64::NEG_INFINITY }
    }

    /// ln(n a²) nats.
    pub fn entropy(&self) -> f64 {
        (self.tiles.len() as f64 * self.side.powi(2)).ln()
    }

    /// E[x_0 | x_t] for x_t = `alpha` x_0 + `sigma` ε: the mean over squares, as probable as x_t makes them, of each one's own.
    /// Without noise the nearest place of a square.
    pub fn denoise(&self, x_t: &[f64], alpha: f64, sigma: f64) -> Vec<f64> {
        let own =
            |tile: &[Uniform; 2]| [0, 1].map(|axis| tile[axis].denoise(x_t[axis], alpha, sigma));
        if sigma == 0.0 {
            let distance = |x: &[f64; 2]| (x_t[0] - alpha * x[0]).hypot(x_t[1] - alpha * x[1]);
            let nearest =
                self.tiles.iter().map(own).min_by(|a, b| distance(a).total_cmp(&distance(b)));
            return nearest.expect("at least one square").to_vec();
        }
        let log_evidence = |tile: &[Uniform; 2]| -> f64 {
            (0..2).map(|axis| tile[axis].log_evidence(x_t[axis], alpha, sigma)).sum()
        };
        let logs: Vec<f64> = self.tiles.iter().map(log_evidence).collect();
        let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (mut mean, mut total) = ([0.0; 2], 0.0);
        for (tile, log) in self.tiles.iter().zip(logs) {
            let (weight, own) = ((log - most).exp(), own(tile));
            mean = [0, 1].map(|axis| mean[axis] + weight * own[axis]);
            total += weight;
        }
        mean.map(|mean| mean / total).to_vec()
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Draw {
        let tile = &self.tiles[rng.random_range(0..self.tiles.len())];
        Draw { class: 0, point: tile.iter().map(|along| along.draw(rng)).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn board() -> Tiles {
        Tiles::new(&[[-2.0, -2.0], [0.0, 0.0], [2.0, -1.0]], 2.0)
    }

    /// The mean over a grid of all squares, weighed by the noise.
    fn by_quadrature(x_t: [f64; 2], alpha: f64, sigma: f64) -> [f64; 2] {
        let (mut mean, mut total) = ([0.0; 2], 0.0);
        for corner in [[-2.0, -2.0], [0.0, 0.0], [2.0, -1.0]] {
            for i in 0..400 {
                for j in 0..400 {
                    let place = |at: i32| (f64::from(at) + 0.5) / 200.0;
                    let x = [corner[0] + place(i), corner[1] + place(j)];
                    let squares = (x_t[0] - alpha * x[0]).powi(2) + (x_t[1] - alpha * x[1]).powi(2);
                    let weight = (-squares / (2.0 * sigma * sigma)).exp();
                    mean = [0, 1].map(|axis| mean[axis] + weight * x[axis]);
                    total += weight;
                }
            }
        }
        mean.map(|mean| mean / total)
    }

    #[test]
    fn its_denoiser_is_the_mean_by_quadrature() {
        for (alpha, sigma) in [(1.0, 0.1), (0.8, 0.6), (0.3, 2.0)] {
            for x_t in [[0.1, 0.1], [-0.3, 0.2], [1.9, 0.4], [-1.0, -1.5], [2.2, 0.0]] {
                let (found, exact) =
                    (board().denoise(&x_t, alpha, sigma), by_quadrature(x_t, alpha, sigma));
                let error = (found[0] - exact[0]).hypot(found[1] - exact[1]);
                assert!(error < 1e-3, "{x_t:?} {alpha} {sigma}: {found:?} {exact:?}");
            }
        }
    }

    #[test]
    fn far_from_every_square_the_nearest_place_is_meant() {
        for sigma in [0.0, 1e-3] {
            let found = board().denoise(&[3.0, 100.0], 1.0, sigma);
            assert!((found[0] - 2.0).hypot(found[1] - 2.0) < 1e-2, "{sigma}: {found:?}");
        }
        // Centres: (-1, -1), (1, 1), (3, 0).
        assert_eq!(board().denoise(&[0.5, 0.5], 0.0, 1.0), [1.0, 0.0]);
    }

    #[test]
    fn its_density_is_flat_on_the_squares() {
        assert_eq!(board().log_density(&[0.5, 0.5]), -12.0_f64.ln());
        assert_eq!(board().log_density(&[-0.5, 0.5]), f64::NEG_INFINITY);
    }
}
