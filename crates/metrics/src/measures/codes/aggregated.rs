//! What the posteriors of many images make together: q(z) = 1/N Σⱼ q(z | xⱼ). Needs an encoder with a
//! Gaussian posterior.

use super::{
    kl::gaussian_kl_per_image,
    measure::{CodeMeasure, Subject},
};
use crate::{features::host, findings::Findings, numerics::matrix::Rows};
use genlab_results::{Entry, Section};
use rayon::prelude::*;

const MUTUAL_INFORMATION: Entry = Entry {
    name: "kl/mutual_information",
    title: "Mutual information",
    unit: "nats per image",
    section: Section::Likelihood,
    meaning: "What a code tells about which image it came from: at most ln n, and at most the KL.",
    meaning_beyond_images: "What a code tells about which example it came from: at most ln n, and at most the KL.",
    ..Entry::BASE
};

const AGGREGATED: Entry = Entry {
    name: "kl/aggregated",
    title: "KL of all codes to the prior",
    unit: "nats per image",
    section: Section::Likelihood,
    meaning: "KL of the mixture of all posteriors to the prior: what the KL holds beside the \
              information.",
    ..Entry::BASE
};

/// Beyond this share of its upper limit ln N, an estimate of the information says more about N.
const SATURATED: f64 = 0.9;

/// The KL's two parts: what codes say about their image, and how far all codes together are from the
/// prior. Their sum is the KL itself, since the second is what the first leaves of it.
pub(super) struct Aggregated;

impl CodeMeasure for Aggregated {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&MUTUAL_INFORMATION, &AGGREGATED]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some([mean, log_var]) = subject.posteriors() else { return };
        let (n, context) = (mean.len(), subject.context);
        let shape = [n, mean.dim];
        let noise =
            context.noise().normal("codes/information", 0, 0..n as u64, shape, &context.device);
        let noise = host::floats(noise);
        let parts = mean.values.iter().zip(&log_var.values).zip(&noise);
        let draws = parts.map(|((m, v), e)| m + (0.5 * v).exp() * f64::from(*e)).collect();
        let information = information(&Rows::new(mean.dim, draws), mean, log_var);
        let kl = match subject.terms().and_then(|terms| terms.get("kl")) {
            Some(kl) if !subject.has_standard_prior() => kl.to_vec(),
            _ => gaussian_kl_per_image(mean, log_var),
        };
        let rest: Vec<f64> = kl.iter().zip(&information).map(|(kl, i)| kl - i).collect();
        out.push(subject.mean(&MUTUAL_INFORMATION, &information));
        out.push(subject.mean(&AGGREGATED, &rest));
        let (found, most) = (information.iter().sum::<f64>() / n as f64, (n as f64).ln());
        if found > SATURATED * most {
            out.note(format!(
                "kl/mutual_information ({found:.2}) is near ln {n} = {most:.2}, the most that {n} \
                 images can show: it is a lower limit here, and kl/aggregated an upper one.",
            ));
        }
    }
}

/// ln q(zᵢ | xᵢ) − ln q(zᵢ) of each image in nats, for one draw zᵢ of each posterior
/// N(mean, diag exp(log_var)), all `[N, latent]`.
///
/// Its mean estimates the mutual information of code and image under the N images, the first term of
/// KL = I_q(x; z) + KL(q(z) ‖ p(z)) (Hoffman & Johnson 2016, "ELBO surgery"). The mixture over all N
/// posteriors is exact, a log-sum-exp in f64, so no value exceeds ln N. O(N² · latent).
pub fn information(codes: &Rows, mean: &Rows, log_var: &Rows) -> Vec<f64> {
    let (n, dim) = (mean.len(), mean.dim);
    for rows in [codes, log_var] {
        assert_eq!((rows.dim, rows.len()), (dim, n), "one draw and one variance per mean");
    }
    let precision: Vec<f64> = log_var.values.iter().map(|v| (-v).exp()).collect();
    // ln N(z; μ, σ²) without the (2π)^(−L/2) that both terms share.
    let peaks: Vec<f64> = log_var.iter().map(|row| -0.5 * row.iter().sum::<f64>()).collect();
    let log_density = |code: &[f64], j: usize| {
        let own = j * dim..(j + 1) * dim;
        let terms = code.iter().zip(&mean.values[own.clone()]).zip(&precision[own]);
        peaks[j] - 0.5 * terms.map(|((z, m), p)| (z - m) * (z - m) * p).sum::<f64>()
    };
    (0..n)
        .into_par_iter()
        .map_init(
            || vec![0.0; n],
            |densities, i| {
                let code = codes.row(i);
                densities.iter_mut().enumerate().for_each(|(j, d)| *d = log_density(code, j));
                densities[i] - log_mean_exp(densities)
            },
        )
        .collect()
}

/// ln of the mean of the exponentials.
pub(crate) fn log_mean_exp(values: &[f64]) -> f64 {
    let largest = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = values.iter().map(|v| (v - largest).exp()).sum();
    largest + (total / values.len() as f64).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mean(values: &[f64]) -> f64 {
        values.iter().sum::<f64>() / values.len() as f64
    }

    #[test]
    fn equal_posteriors_say_nothing_about_the_image() {
        let same = Rows::new(2, [0.3, -1.0].repeat(50));
        let draws = Rows::new(2, (0..100).map(|i| (f64::from(i) * 0.7).sin()).collect());
        assert!(information(&draws, &same, &same).iter().all(|v| v.abs() < 1e-12));
    }

    #[test]
    fn posteriors_that_do_not_overlap_name_their_image() {
        let centres = Rows::new(1, (0..40).map(f64::from).collect());
        let narrow = Rows::new(1, vec![-12.0; 40]);
        let found = information(&centres, &centres, &narrow);
        assert!(found.iter().all(|v| (v - 40.0_f64.ln()).abs() < 1e-12), "{found:?}");
    }

    #[test]
    fn two_overlapping_posteriors_share_what_the_integral_says() {
        // Means ±1, variance 1: I = h(½N(−1,1) + ½N(1,1)) − h(N(0,1)), by the trapezoid rule.
        let normal =
            |z: f64, m: f64| (-0.5 * (z - m).powi(2)).exp() / (2.0 * std::f64::consts::PI).sqrt();
        let integral: f64 = (-10_000..10_000)
            .map(|i| {
                let z = f64::from(i) * 1e-3;
                let q = normal(z, 1.0);
                1e-3 * q * (q / (0.5 * (q + normal(z, -1.0)))).ln()
            })
            .sum();
        // Many draws: each copy of the two posteriors keeps the mixture what it is.
        let copies = 2000;
        let means = Rows::new(1, [-1.0, 1.0].repeat(copies));
        let zeros = Rows::new(1, vec![0.0; 2 * copies]);
        // Deterministic draws: quantiles of the standard normal by its own cumulative sum.
        let mut quantiles = Vec::new();
        let (mut cumulative, mut z) = (0.0, -8.0);
        for k in 0..copies {
            let wanted = (k as f64 + 0.5) / copies as f64;
            while cumulative < wanted {
                cumulative += normal(z, 0.0) * 1e-4;
                z += 1e-4;
            }
            quantiles.push(z);
        }
        let draws = quantiles.iter().flat_map(|q| [q - 1.0, q + 1.0]).collect();
        let found = mean(&information(&Rows::new(1, draws), &means, &zeros));
        assert!((found - integral).abs() < 1e-3, "{found} is not {integral}");
    }
}
