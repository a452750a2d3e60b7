//! The T steps of denoising diffusion models, with the continuous time between them.

use std::f64::consts::FRAC_PI_2;

/// ᾱ_n = Π_{i ≤ n} (1 − β_i) for n = 0..=T, with ᾱ_0 = 1: α² at t = n / T, where σ² = 1 − α².
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Table {
    alpha_bar: Vec<f64>,
}

impl Table {
    /// β from 10⁻⁴ to 0.02 in even steps, scaled by 1000 / T (section 4 of Ho et al. 2020,
    /// arXiv:2006.11239).
    pub(super) fn linear(steps: usize) -> Self {
        Self::of_betas(steps, |along| 1e-4 + (0.02 - 1e-4) * along)
    }

    /// √β from √0.00085 to √0.012 in even steps, β scaled by 1000 / T (the schedule of latent diffusion,
    /// Rombach et al. 2022, arXiv:2112.10752).
    pub(super) fn scaled_linear(steps: usize) -> Self {
        let [from, to] = [0.000_85_f64, 0.012].map(f64::sqrt);
        Self::of_betas(steps, |along| (from + (to - from) * along).powi(2))
    }

    /// f(t) = cos²((t + s) / (1 + s) · π/2), s = 0.008 (Eq. 17 of Nichol & Dhariwal 2021,
    /// arXiv:2102.09672).
    pub(super) fn cosine(steps: usize) -> Self {
        Self::of_signal(steps, |t| ((t + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2))
    }

    /// f(t) = s(3) − s(6 t − 3), where s is the logistic function (Algorithm 1 of Jabri et al. 2023,
    /// arXiv:2212.11972, from −3 to 3 at temperature 1).
    pub(super) fn sigmoid(steps: usize) -> Self {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        Self::of_signal(steps, |t| logistic(3.0) - logistic(6.0 * t - 3.0))
    }

    /// Shifted and stretched so that nothing of the signal is left at the end: √ᾱ_n becomes
    /// (√ᾱ_n − √ᾱ_T) √ᾱ_1 / (√ᾱ_1 − √ᾱ_T) (Algorithm 1 of Lin et al. 2024, arXiv:2305.08891).
    pub(super) fn without_signal_at_the_end(&self) -> Self {
        let root = |n: usize| self.alpha_bar[n].sqrt();
        let (first, last) = (root(1), root(self.steps()));
        let stretch = first / (first - last);
        let stretched = |n: usize| ((root(n) - last) * stretch).powi(2);
        let alpha_bar = (1..=self.steps()).map(stretched);
        Self { alpha_bar: [1.0].into_iter().chain(alpha_bar).collect() }
    }

    /// β_n = 1000 / T · β(along), at most 0.999, where `along` runs from 0 to 1.
    fn of_betas(steps: usize, beta: impl Fn(f64) -> f64) -> Self {
        let total = steps as f64;
        Self::new(steps, |n| 1000.0 / total * beta((n - 1) as f64 / (total - 1.0).max(1.0)))
    }

    /// β_n = 1 − f(n/T) / f((n − 1)/T), at most 0.999.
    fn of_signal(steps: usize, f: impl Fn(f64) -> f64) -> Self {
        let f = |n: usize| f(n as f64 / steps as f64);
        Self::new(steps, |n| 1.0 - f(n) / f(n - 1))
    }

    fn new(steps: usize, beta: impl Fn(usize) -> f64) -> Self {
        let mut alpha_bar = vec![1.0];
        for n in 1..=steps {
            alpha_bar.push(alpha_bar[n - 1] * (1.0 - beta(n).min(0.999)));
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
        let kinds = [Table::linear, Table::scaled_linear, Table::cosine, Table::sigmoid];
        for (kind, steps) in kinds.iter().flat_map(|kind| [2, 10, 50, 1000].map(|n| (kind, n))) {
            let table = kind(steps);
            assert!(table.alpha_bar.windows(2).all(|w| w[1] < w[0]));
            let table = table.without_signal_at_the_end();
            assert!(table.alpha_bar.windows(2).all(|w| w[1] < w[0]));
            assert_eq!(table.alpha_bar[steps], 0.0);
        }
    }

    #[test]
    fn other_tables_have_the_values_that_numpy_finds() {
        // np.cumprod(1 - np.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000) ** 2)
        let Table { alpha_bar } = Table::scaled_linear(1000);
        assert!((alpha_bar[500] - 0.277_669_650_456).abs() < 1e-9, "{}", alpha_bar[500]);
        assert!((alpha_bar[1000] - 0.004_660_098_513).abs() < 1e-9, "{}", alpha_bar[1000]);
        // (s(3) - s(6 t - 3)) / (s(3) - s(-3)): half of the signal is left halfway.
        let Table { alpha_bar } = Table::sigmoid(1000);
        assert!((alpha_bar[500] - 0.5).abs() < 1e-12, "{}", alpha_bar[500]);
        assert!((alpha_bar[250] - 0.850_853_547_930).abs() < 1e-9, "{}", alpha_bar[250]);
        // Algorithm 1 of arXiv:2305.08891 on the linear table.
        let Table { alpha_bar } = Table::linear(1000).without_signal_at_the_end();
        assert!((alpha_bar[1] - (1.0 - 1e-4)).abs() < 1e-12);
        assert!((alpha_bar[500] - 0.076_028_750_547).abs() < 1e-9, "{}", alpha_bar[500]);
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
