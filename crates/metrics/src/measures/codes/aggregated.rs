//! What the posteriors of many images make together: q(z) = 1/N Σⱼ q(z | xⱼ).

use crate::numerics::matrix::Rows;
use rayon::prelude::*;

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
