//! How badly the standard normal would miss codes that have no posterior. Needs an encoder without
//! one whose codes are not meant to be sparse, and twice as many images as dimensions.

use super::measure::{CodeMeasure, Subject};
use crate::{
    findings::Findings,
    numerics::matrix::{Rows, cholesky, trace},
};
use genlab_core::Encode;
use genlab_results::{Entry, Section};

const MOMENT_MATCHED: Entry = Entry {
    name: "kl/moment_matched",
    title: "Moment-matched KL",
    unit: "nats",
    section: Section::Likelihood,
    meaning: "KL to N(0, I) of one Gaussian with the codes' mean and covariance.",
    ..Entry::BASE
};

/// The measure.
pub(super) struct MomentMatched;

impl CodeMeasure for MomentMatched {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&MOMENT_MATCHED]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some(codes) = subject.codes() else { return };
        let sparse = subject.model.encoder().is_some_and(Encode::is_sparse);
        let n = codes.mean.len();
        if codes.log_var.is_some() || sparse || n < 2 * codes.mean.dim {
            return;
        }
        match moment_matched_kl(&codes.mean) {
            Some(value) => out.push(subject.context.metric(&MOMENT_MATCHED, value, n)),
            None => out.absent(
                MOMENT_MATCHED.name,
                "the codes do not vary in some direction, so no Gaussian with their covariance has a \
                 density",
            ),
        }
    }
}

/// KL(N(m, S) ‖ N(0, I)) for the mean and covariance of the codes themselves: how far a standard
/// normal prior would miss them. None when the covariance is singular, where the KL is infinite.
pub fn moment_matched_kl(codes: &Rows) -> Option<f64> {
    let moments = codes.moments();
    let spread = trace(moments.covariance.as_ref());
    let factor = cholesky(moments.covariance)?;
    let log_det: f64 = (0..codes.dim).map(|i| 2.0 * factor[(i, i)].ln()).sum();
    let mean: f64 = moments.mean.iter().map(|m| m * m).sum();
    Some(0.5 * (mean + spread - codes.dim as f64 - log_det))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moment_matched_kl_is_the_closed_form_and_infinite_for_flat_codes() {
        // Unbiased variance 2 and mean 1.
        let codes = Rows::new(1, vec![0.0, 2.0]);
        let expected = 0.5 * (1.0 + 2.0 - 1.0 - 2.0_f64.ln());
        assert!((moment_matched_kl(&codes).unwrap() - expected).abs() < 1e-12);
        assert_eq!(moment_matched_kl(&Rows::new(1, vec![1.0, 1.0])), None);
    }
}
