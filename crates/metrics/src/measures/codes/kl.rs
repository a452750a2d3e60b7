//! The KL from the posterior to the prior, in all and by dimension. Needs a density with such a term,
//! or an encoder with a Gaussian posterior.

use super::measure::{CodeMeasure, Subject};
use crate::{findings::Findings, numerics::matrix::Rows};
use genlab_results::{Entry, Figure, Plot, Rank, Scope, Section};

const TOTAL: Entry = Entry {
    name: "kl/total",
    title: "KL to the prior",
    unit: "nats per image",
    section: Section::Likelihood,
    rank: Rank::Headline,
    gloss: "what a code says of its image, nats",
    meaning: "Information that the code carries about the image.",
    meaning_beyond_images: "Information that the code carries about what it encodes.",
    ..Entry::BASE
};

/// The total, and bars for the dimensions.
pub(super) struct KlToPrior;

impl CodeMeasure for KlToPrior {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&TOTAL]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        if let Some(kl) = subject.terms().and_then(|terms| terms.get("kl")) {
            out.push(subject.mean(&TOTAL, kl));
        }
        if !subject.has_standard_prior() {
            return;
        }
        let Some([mean, log_var]) = subject.posteriors() else { return };
        let per_dimension = gaussian_kl_per_dimension(mean, log_var);
        if subject.model.density().is_none() {
            let total = subject.context.metric(&TOTAL, per_dimension.iter().sum(), mean.len());
            out.push(total.map(|metric| metric.qualified(&subject.words())));
        }
        if per_dimension.iter().all(|v| v.is_finite()) {
            out.figures.push(bars(per_dimension));
        }
    }
}

fn bars(mut values: Vec<f64>) -> Figure {
    values.sort_by(|a, b| b.total_cmp(a));
    let x_label = "latent dimension, largest first".into();
    Figure {
        name: "kl_per_dimension".into(),
        section: "KL per latent dimension".into(),
        title: String::new(),
        caption: "In nats. A dimension near 0 says nothing about what is encoded.".into(),
        scope: Scope::Run,
        plot: Plot::Bars { values, x_label, guide: None },
    }
}

/// KL(N(m, σ²) ‖ N(0, 1)) in nats: ½ (m² + σ² − 1 − log σ²), Kingma and Welling 2014
/// (arXiv:1312.6114), appendix B.
fn gaussian_kl(mean: f64, log_var: f64) -> f64 {
    0.5 * (mean * mean + log_var.exp_m1() - log_var)
}

/// KL(N(m, diag exp(log_var)) ‖ N(0, I)) of each image in nats.
pub fn gaussian_kl_per_image(mean: &Rows, log_var: &Rows) -> Vec<f64> {
    assert_eq!((mean.dim, mean.len()), (log_var.dim, log_var.len()), "one variance per mean");
    let pairs = mean.iter().zip(log_var.iter());
    pairs.map(|(m, v)| m.iter().zip(v).map(|(m, v)| gaussian_kl(*m, *v)).sum()).collect()
}

/// The same of each dimension, averaged over images.
pub fn gaussian_kl_per_dimension(mean: &Rows, log_var: &Rows) -> Vec<f64> {
    assert_eq!((mean.dim, mean.len()), (log_var.dim, log_var.len()), "one variance per mean");
    let mut total = vec![0.0; mean.dim];
    for (means, log_vars) in mean.iter().zip(log_var.iter()) {
        for ((sum, m), log_var) in total.iter_mut().zip(means).zip(log_vars) {
            *sum += gaussian_kl(*m, *log_var);
        }
    }
    crate::numerics::matrix::divide(&mut total, mean.len() as f64);
    total
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kl_of_the_standard_normal_is_zero() {
        let zeros = Rows::new(3, vec![0.0; 12]);
        assert_eq!(gaussian_kl_per_dimension(&zeros, &zeros), [0.0; 3]);
    }

    #[test]
    fn kl_grows_by_half_the_squared_mean_and_by_the_variance() {
        let kl = gaussian_kl_per_dimension(
            &Rows::new(2, vec![2.0, 0.0]),
            &Rows::new(2, vec![0.0, 4.0_f64.ln()]),
        );
        assert!((kl[0] - 2.0).abs() < 1e-12);
        assert!((kl[1] - 0.5 * (4.0 - 1.0 - 4.0_f64.ln())).abs() < 1e-12);
        let (means, log_vars) =
            (Rows::new(1, vec![2.0, 0.0]), Rows::new(1, vec![0.0, 4.0_f64.ln()]));
        assert_eq!(gaussian_kl_per_image(&means, &log_vars), kl);
    }
}
