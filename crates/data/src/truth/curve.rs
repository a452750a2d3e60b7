//! Points around a curve in the plane, whose density is an integral over a line.

use super::{Draw, GaussianMixture, Mode};
use libm::{cos, sin};
use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use std::f64::consts::{PI, TAU};

/// p(x) = ∫ N(x; c(u), s² I) du over u in [0, 1): a place on the curve, and noise around it.
///
/// Density and denoiser take the integral by the rule of Gauss and Legendre, which makes it a mixture of Gaussians with
/// the rule's places and weights. The integrand is smooth on a scale of s, so the error falls faster than
/// any power of the number of places, and with those taken here it is that of rounding.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    shape: Shape,
    sd: f64,
    places: GaussianMixture,
}

/// Which curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Two half circles of radius 1 that reach into each other, as `make_moons` of scikit-learn. Classes are the moons.
    TwoMoons,
    /// A spiral of one and a half turns, t (cos t, sin t) for t from 1.5 π to 4.5 π as the plan of `make_swiss_roll` of
    /// scikit-learn, seven times smaller.
    SwissRoll,
}

impl Shape {
    /// How many pieces of equal weight it has.
    fn pieces(self) -> usize {
        match self {
            Self::TwoMoons => 2,
            Self::SwissRoll => 1,
        }
    }

    /// Where piece `piece` is for `u` in [0, 1].
    fn at(self, piece: usize, u: f64) -> [f64; 2] {
        match (self, piece) {
            (Self::TwoMoons, 0) => [cos(PI * u), sin(PI * u)],
            (Self::TwoMoons, _) => [1.0 - cos(PI * u), 0.5 - sin(PI * u)],
            (Self::SwissRoll, _) => {
                let t = 1.5 * PI * (1.0 + 2.0 * u);
                [t * cos(t) / 7.0, t * sin(t) / 7.0]
            }
        }
    }
}

impl Curve {
    /// With noise of the standard deviation `sd` in both directions, at least 0.05: narrower curves would need more
    /// places than are taken.
    pub fn new(shape: Shape, sd: f64) -> Self {
        assert!(sd >= 0.05, "{sd} is at least 0.05");
        Self { shape, sd, places: places(shape, sd, PLACES) }
    }

    /// log p(x) in nats.
    pub fn log_density(&self, x: &[f64]) -> f64 {
        self.places.log_density(x)
    }

    /// E[x_0 | x_t] for x_t = `alpha` x_0 + `sigma` ε.
    pub fn denoise(&self, x_t: &[f64], alpha: f64, sigma: f64) -> Vec<f64> {
        self.places.denoise(x_t, alpha, sigma)
    }

    /// −E[log p(x)] in nats: along the curve by the rule of Gauss and Legendre, around it by the trapezoidal rule.
    pub fn entropy(&self) -> f64 {
        let offsets: Vec<f64> = (-12..=12).map(|i| f64::from(i) / 2.0).collect();
        let density = |z: f64| (-0.5 * z * z).exp() / TAU.sqrt() / 2.0;
        let around = |centre: &[f64]| -> f64 {
            let pairs = offsets.iter().flat_map(|&a| offsets.iter().map(move |&b| (a, b)));
            pairs
                .map(|(a, b)| {
                    let x = [centre[0] + self.sd * a, centre[1] + self.sd * b];
                    density(a) * density(b) * self.log_density(&x)
                })
                .sum()
        };
        let coarse = places(self.shape, self.sd, PLACES_OF_ENTROPY);
        -coarse.modes().iter().map(|mode| mode.weight * around(&mode.centre)).sum::<f64>()
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Draw {
        let class = rng.random_range(0..self.shape.pieces());
        let centre = self.shape.at(class, rng.random());
        let point = centre.map(|centre| centre + self.sd * rng.sample::<f64, _>(StandardNormal));
        Draw { class, point: point.to_vec() }
    }
}

/// Places of the rule on each piece.
const PLACES: usize = 512;

/// And of its coarser sister along which the entropy is taken: log p changes slowly along the curve.
const PLACES_OF_ENTROPY: usize = 64;

/// The rule's places on all pieces, as Gaussians.
fn places(shape: Shape, sd: f64, count: usize) -> GaussianMixture {
    let rule = gauss_legendre(count);
    let pieces = shape.pieces();
    let mode = |piece: usize, &(u, weight): &(f64, f64)| Mode {
        weight: weight / pieces as f64,
        centre: shape.at(piece, u).to_vec(),
        sd,
    };
    let modes = (0..pieces).flat_map(|piece| rule.iter().map(move |place| mode(piece, place)));
    GaussianMixture::new(modes.collect())
}

/// Places in [0, 1] and weights of the rule that is exact for polynomials of degree 2 `count` − 1: roots of Legendre's
/// polynomial by Newton's method (Press et al. 2007, "Numerical Recipes", section 4.6).
fn gauss_legendre(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    let root = |i: usize| {
        let mut x = cos(PI * (i as f64 + 0.75) / (n + 0.5));
        // Six steps are twice as many as the last root needs.
        let mut slope = 0.0;
        for _ in 0..6 {
            let (mut p, mut before) = (1.0, 0.0);
            for j in 0..count {
                let j = j as f64;
                (p, before) = (((2.0 * j + 1.0) * x * p - j * before) / (j + 1.0), p);
            }
            slope = n * (x * p - before) / (x * x - 1.0);
            x -= p / slope;
        }
        (f64::midpoint(1.0, -x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..count).map(root).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rule_is_exact_for_polynomials() {
        for (count, degree) in [(5, 9), (64, 100), (512, 1000)] {
            let rule = gauss_legendre(count);
            let total: f64 = rule.iter().map(|&(u, w)| w * u.powi(degree)).sum();
            let exact = 1.0 / (f64::from(degree) + 1.0);
            assert!((total / exact - 1.0).abs() < 1e-9, "{count} {degree}: {total} {exact}");
        }
    }

    #[test]
    fn more_places_do_not_change_the_density() {
        for shape in [Shape::TwoMoons, Shape::SwissRoll] {
            let curve = Curve::new(shape, 0.1);
            let fine = places(shape, 0.1, 1500);
            for x in [[0.0, 1.0], [1.0, 0.02], [-1.02, -0.05], [0.4, 0.5], [1.5, -1.2], [0.0, 2.0]]
            {
                let (found, exact) = (curve.log_density(&x), fine.log_density(&x));
                assert!((found - exact).abs() < 1e-6, "{shape:?} {x:?}: {found} {exact}");
            }
        }
    }

    #[test]
    fn the_density_of_a_moon_is_its_integral() {
        // 20,000 places of the midpoint rule on the upper moon, far from the lower one.
        let x = [-0.95, 0.2];
        let sum: f64 = (0..20_000)
            .map(|i| {
                let angle = PI * (f64::from(i) + 0.5) / 20_000.0;
                let squares = (x[0] - angle.cos()).powi(2) + (x[1] - angle.sin()).powi(2);
                (-squares / 0.02).exp() / (TAU * 0.01)
            })
            .sum();
        let found = Curve::new(Shape::TwoMoons, 0.1).log_density(&x);
        assert!((found - (0.5 * sum / 20_000.0).ln()).abs() < 1e-6, "{found}");
    }

    #[test]
    fn the_ends_of_the_curves_are_those_of_scikit_learn() {
        let near = |a: [f64; 2], b: [f64; 2]| (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-12;
        assert!(near(Shape::TwoMoons.at(0, 0.0), [1.0, 0.0]));
        assert!(near(Shape::TwoMoons.at(1, 0.0), [0.0, 0.5]));
        assert!(near(Shape::TwoMoons.at(1, 1.0), [2.0, 0.5]));
        assert!(near(Shape::SwissRoll.at(0, 0.0), [0.0, -1.5 * PI / 7.0]));
        assert!(near(Shape::SwissRoll.at(0, 1.0), [0.0, 4.5 * PI / 7.0]));
    }
}
