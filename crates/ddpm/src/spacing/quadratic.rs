//! Times whose roots are evenly spaced.

use super::uniform;

/// `steps` numbers from 1 down to 0, denser towards 0 (section 4.3 and appendix D.2 of Song et al. 2021,
/// arXiv:2010.02502; here up to the last time, their code ends at 0.8 of it).
pub(super) fn shares(steps: usize) -> impl Iterator<Item = f64> {
    uniform::shares(steps).map(|share| share.powi(2))
}
