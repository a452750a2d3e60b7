//! The variational bound of a denoiser, term by term. Needs values of 256 levels.
//!
//! ```text
//! −ln p(x) ≤ KL(q(z_1 | x) ‖ N(0, 1)) + E[−ln p(x | z_0)] + ∫ E‖x − x̂(x + s ε)‖² / s² d ln s
//! ```
//!
//! (Eq. 11 and 18 of Kingma et al. 2021, arXiv:2107.00630, with SNR = 1 / s²) where s runs over the levels of noise
//! that the model was trained on: z_0 has the least of it, z_1 the most.

use super::curve::Curve;
use crate::{context::Context, features::host::floats, findings::Findings};
use genlab_data::Values;
use genlab_results::{Direction::Lower, Entry, Rank, Section};
use std::f64::consts::LN_2;

const BASE: Entry =
    Entry { unit: "bits per dimension", section: Section::Likelihood, ..Entry::BASE };

const TOTAL: Entry = Entry {
    name: "bound/bits_per_dim",
    title: "Variational bound",
    better: Some(Lower),
    rank: Rank::Leading,
    gloss: "upper bound on −log₂ p(x), bits per number",
    meaning: "Upper bound on -log p(x) of held-out images of 256 grey levels: the sum of its three terms.",
    ..BASE
};

const PRIOR: Entry = Entry {
    name: "bound/prior",
    title: "Bound: prior",
    meaning: "KL of the noisiest values from the noise that sampling begins with.",
    ..BASE
};

const DIFFUSION: Entry = Entry {
    name: "bound/diffusion",
    title: "Bound: diffusion",
    meaning: "What taking noise away costs, over all levels.",
    ..BASE
};

const RECONSTRUCTION: Entry = Entry {
    name: "bound/reconstruction",
    title: "Bound: reconstruction",
    meaning: "What the grey levels cost, given the values with the least noise.",
    ..BASE
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 4] = [&TOTAL, &PRIOR, &DIFFUSION, &RECONSTRUCTION];

/// The bound and its terms.
pub(super) fn measure(curve: &Curve, context: &Context<'_>, out: &mut Findings) {
    let split = context.split();
    let Some(bytes) = split.bytes() else { return };
    let space = context.dataset.space;
    let standard = |byte: f64| (byte / 255.0 - space.mean) / space.sd;
    let square = bytes.iter().map(|&byte| standard(f64::from(byte)).powi(2)).sum::<f64>()
        / bytes.len() as f64;
    let terms = [
        prior(curve.ends[1], square),
        curve.levels.iter().map(|at| at.error / at.ratio.powi(2)).sum::<f64>() * curve.apart,
        reconstruction(curve, split, context),
    ];
    for (entry, nats) in [&PRIOR, &DIFFUSION, &RECONSTRUCTION].into_iter().zip(terms) {
        out.push(context.metric(entry, nats / LN_2, curve.count));
    }
    out.push(context.metric(&TOTAL, terms.iter().sum::<f64>() / LN_2, curve.count));
}

/// KL(N(α x, σ²) ‖ N(0, 1)) per number in nats, where α² + σ² = 1, σ / α is `ratio` and E[x²] is `square`.
fn prior(ratio: f64, square: f64) -> f64 {
    let signal = 1.0 / (1.0 + ratio.powi(2));
    0.5 * (signal * square - signal - (-signal).ln_1p())
}

/// −ln p(x | z_0) per number in nats: every grey level has a normal density of the least noise around it, and p
/// is its share of z_0 (Eq. 8 of appendix A there).
fn reconstruction(curve: &Curve, split: &Values, context: &Context<'_>) -> f64 {
    let (space, rows) = (context.dataset.space, 0..curve.count);
    let sigma = curve.ends[0] * space.sd;
    let shape = space.shape.batch(curve.count);
    let rows_of_noise = 0..curve.count as u64;
    let noise =
        context.noise().normal("evaluate/least-noise", 0, rows_of_noise, shape, &context.device);
    let noise = floats(noise);
    let numbers = rows.flat_map(|row| split.row_f64(row)).zip(noise);
    let nats = |(x, noise): (f64, f32)| surprise(x, x + sigma * f64::from(noise), sigma);
    numbers.map(nats).sum::<f64>() / (curve.count * space.shape.pixels()) as f64
}

/// −ln of the share that level `x` has of `z`, all in [0, 1]: log Σ_k e^(−(z − k/255)² / 2σ²) + (z − x)² / 2σ². Levels
/// beyond the reach of double precision are left out.
fn surprise(x: f64, z: f64, sigma: f64) -> f64 {
    let energy = |level: f64| (z - level).powi(2) / (2.0 * sigma.powi(2));
    let reach = (40.0_f64.sqrt() * 2.0 * sigma * 255.0).ceil().min(255.0);
    let middle = (z * 255.0).round().clamp(0.0, 255.0);
    let ends = [(middle - reach).max(0.0), (middle + reach).min(255.0)];
    let lowest = energy(middle / 255.0);
    let mut sum = 0.0;
    let mut level = ends[0];
    while level <= ends[1] {
        sum += (lowest - energy(level / 255.0)).exp();
        level += 1.0;
    }
    energy(x) - lowest + sum.ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prior_costs_what_the_closed_form_says() {
        // SciPy: the KL of N(α x, σ²) from N(0, 1) at α² = 0.2 and x² = 2.5 is 0.5 (0.8 + 0.5 − 1 − ln 0.8).
        assert!((prior(2.0, 2.5) - 0.5 * (0.8 + 0.5 - 1.0 - 0.8_f64.ln())).abs() < 1e-12);
        assert!((prior(100.0, 1.0) - 0.5e-4).abs() < 1e-8);
    }

    #[test]
    fn a_level_among_many_is_as_surprising_as_its_share_and_one_alone_is_sure() {
        let all = |z: f64, sigma: f64| {
            let density =
                |k: u32| (-(z - f64::from(k) / 255.0).powi(2) / (2.0 * sigma.powi(2))).exp();
            let sum: f64 = (0..256).map(density).sum();
            -(density(100) / sum).ln()
        };
        for sigma in [0.002, 0.02, 0.5] {
            let (x, z) = (100.0 / 255.0, 100.0 / 255.0 + sigma);
            assert!((surprise(x, z, sigma) - all(z, sigma)).abs() < 1e-9, "{sigma}");
        }
        assert!(surprise(0.2, 0.2, 1e-4) < 1e-9);
    }
}
