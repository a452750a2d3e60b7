//! Noise that is added to data that stays as it is.

/// Noise of standard deviations up to `sigma_max`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Edm {
    pub(super) sigma_min: f64,
    pub(super) sigma_max: f64,
}

/// Those of Karras et al. 2022 (arXiv:2206.00364, table 1), whose data has standard deviation 0.5, on data
/// in standard units.
pub(super) fn default_sigma_min() -> f64 {
    0.004
}

pub(super) fn default_sigma_max() -> f64 {
    160.0
}

impl Edm {
    /// α = 1, σ = `sigma_max` t: in units of σ, time is σ itself (table 1 of arXiv:2206.00364).
    pub(super) fn at(self, t: f64) -> (f64, f64) {
        (1.0, self.sigma_max * t)
    }

    /// 100 (ln σ + 5): the paper's c_noise = ¼ ln σ (table 1), moved and stretched to the range of whole
    /// steps, for which embeddings are made.
    pub(super) fn network_time(self, t: f64) -> f64 {
        100.0 * ((self.sigma_max * t).ln() + 5.0)
    }

    /// The time at which σ is `sigma_min`.
    pub(super) fn first_time(self) -> f64 {
        self.sigma_min / self.sigma_max
    }
}
