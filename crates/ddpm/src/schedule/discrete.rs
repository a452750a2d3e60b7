//! The T steps of denoising diffusion models, with the continuous time between them.

use std::f64::consts::FRAC_PI_2;

/// ᾱ_n = Π_{i ≤ n} (1 − β_i) for n = 0..=T, with ᾱ_0 = 1: α² at t = n / T, where σ² = 1 − α².
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    alpha_bar: Vec<f64>,
}

impl Table {
    /// β from 10⁻⁴ to 0.02 in even steps, scaled by 1000 / T.
    pub(super) fn linear(steps: usize) -> Self {
        let total = steps as f64;
        Self::new(steps, |n| {
            let along = (n - 1) as f64 / (total - 1.0).max(1.0);
            (1000.0 / total * (1e-4 + (0.02 - 1e-4) * along)).min(0.999)
        })
    }

    /// f(n) = cos²((n/T + s) / (1 + s) · π/2), s = 0.008; β_n = 1 − f(n) / f(n − 1), at most 0.999.
    pub(super) fn cosine(steps: usize) -> Self {
        let total = steps as f64;
        let f = |n: usize| ((n as f64 / total + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
        Self::new(steps, |n| (1.0 - f(n) / f(n - 1)).min(0.999))
    }

    fn new(steps: usize, beta: impl Fn(usize) -> f64) -> Self {
        let mut alpha_bar = vec![1.0];
        for n in 1..=steps {
            alpha_bar.push(alpha_bar[n - 1] * (1.0 - beta(n)));
        }
        Self { alpha_bar }
    }

    /// T.
    pub(super) fn steps(&self) -> usize {
        self.alpha_bar.len() - 1
    }

    /// α and σ at time `t` in [0, 1].
    pub(super) fn at(&self, t: f64) -> (f64, f64) {
        let alpha_bar = self.alpha_bar(t);
        (alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt())
    }

    /// The same in the precision of tensors, with squares that add up to 1 in it.
    pub(super) fn shares(&self, t: f64) -> [f32; 2] {
        let alpha_bar = self.alpha_bar(t) as f32;
        [alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt()]
    }

    /// ᾱ at time `t`. Between two steps ln ᾱ is a straight line: noise is added at a constant rate within
    /// each.
    fn alpha_bar(&self, t: f64) -> f64 {
        let place = t * self.steps() as f64;
        let nearest = place.round();
        if (place - nearest).abs() < 1e-9 {
            return self.alpha_bar[nearest as usize];
        }
        let (below, along) = (place.floor() as usize, place.fract());
        let [from, to] = [self.alpha_bar[below], self.alpha_bar[below + 1]].map(f64::ln);
        (from + (to - from) * along).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linear_schedule_has_the_papers_end_points() {
        let Table { alpha_bar } = Table::linear(1000);
        assert!((alpha_bar[1] - (1.0 - 1e-4)).abs() < 1e-12);
        assert!((1.0 - alpha_bar[1000] / alpha_bar[999] - 0.02).abs() < 1e-9);
        // Π (1 − β_n) of the paper's schedule, as computed in double precision by NumPy.
        assert!((alpha_bar[1000] - 4.035_829_765_375e-5).abs() < 1e-12, "{}", alpha_bar[1000]);
    }

    #[test]
    fn the_cosine_schedule_follows_its_cosine() {
        let Table { alpha_bar } = Table::cosine(1000);
        let f = |n: f64| ((n / 1000.0 + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
        for n in [1, 250, 500, 900] {
            assert!((alpha_bar[n] - f(n as f64) / f(0.0)).abs() < 1e-9);
        }
        assert!(alpha_bar[1000] > 0.0);
    }

    #[test]
    fn signal_shrinks_for_any_number_of_steps() {
        for steps in [1, 10, 50, 1000] {
            for Table { alpha_bar } in [Table::linear(steps), Table::cosine(steps)] {
                assert!(alpha_bar.windows(2).all(|w| w[1] < w[0]));
            }
        }
    }

    #[test]
    fn steps_are_exact_and_times_between_them_lie_between_them() {
        let table = Table::cosine(1000);
        for n in [0, 1, 7, 333, 999, 1000] {
            let (alpha, sigma) = table.at(n as f64 / 1000.0);
            assert_eq!(alpha, table.alpha_bar[n].sqrt());
            assert_eq!(sigma, (1.0 - table.alpha_bar[n]).sqrt());
        }
        let halfway = table.at(0.0415).0.powi(2);
        let geometric = (table.alpha_bar[41] * table.alpha_bar[42]).sqrt();
        assert!((halfway - geometric).abs() < 1e-12);
    }
}
