//! p(z) = Σ_k w_k N(z; m_k, S_k) with full covariances, by expectation maximisation from k-means (Dempster, Laird and
//! Rubin 1977).

use super::REGULARISATION;
use crate::numerics::{
    fit::{FitError, FitSettings},
    matrix::Rows,
    mixture::Mixture,
};
use genlab_core::Seed;

/// Rounds of EM, at most: the density moves little after them, and fifty Gaussians in fifty dimensions take a tenth of
/// a second each.
const ROUNDS: usize = 30;
/// Nats of mean log-density below which a round is the last.
const TOLERANCE: f64 = 5e-3;

/// Of `components` Gaussians.
pub(super) fn fit(codes: &Rows, components: usize, seed: Seed) -> Result<Mixture, FitError> {
    let settings = FitSettings {
        reg_covar: REGULARISATION,
        max_iter: ROUNDS,
        tolerance: TOLERANCE,
        ..FitSettings::new(components)
    };
    Mixture::fit(codes, &settings, seed)
}
