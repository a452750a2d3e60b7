//! Learned variances: their costs against an independent calculation (tests/oracles/hybrid.py) and against closed forms.

use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Phase, Seed};
use genlab_ddpm::{
    Moment, Oracle, Schedule, ScheduleConfig, Solver, Variance,
    chain::{Levels, Step, chain, costs, ln_variances},
};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    steps: usize,
    mean: f64,
    sd: f64,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    n: usize,
    x_0: Vec<f32>,
    start: Vec<f32>,
    v: Vec<f32>,
    nats: f64,
}

fn tensor(rows: Vec<f32>, width: usize) -> Tensor<4> {
    let count = rows.len() / width;
    Tensor::from_data(TensorData::new(rows, [count, 1, 1, width]), &Device::flex())
}

fn values<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    let values = x.into_data().try_into_vec::<f32>().expect("f32");
    values.into_iter().map(f64::from).collect()
}

/// The steps of a schedule of discrete steps, from noise to data.
fn steps(config: ScheduleConfig, total: usize) -> Vec<Step> {
    let schedule = Schedule::new(config);
    let moments: Vec<Moment> =
        (0..=total).rev().map(|n| schedule.at(n as f64 / total as f64)).collect();
    chain(&moments)
}

#[test]
fn costs_are_those_of_improved_diffusion() {
    let text = include_str!("../../../tests/oracles/fixtures/hybrid.json");
    let Fixture { steps: total, mean, sd, cases } = serde_json::from_str(text).expect("a fixture");
    let all = steps(ScheduleConfig::Linear { steps: total, zero_terminal_snr: false }, total);
    let rows: Vec<Step> = cases.iter().map(|case| all[total - case.n]).collect();
    let of = |f: &dyn Fn(&Case) -> Vec<f32>| tensor(cases.iter().flat_map(f).collect(), 2);
    let ln_variance = ln_variances(&rows, of(&|case| case.v.clone()));
    let levels = Levels { ends: [0.0, 1.0].map(|level| (level - mean) / sd) };
    let (x_0, start) = (of(&|case| case.x_0.clone()), of(&|case| case.start.clone()));
    let found = values(costs(&rows, &x_0, start, ln_variance, Some(levels)));
    for (case, found) in cases.iter().zip(found) {
        let apart = (found - case.nats).abs() / case.nats.abs().max(1.0);
        assert!(apart < 2e-3, "step {}: {found}, {}", case.n, case.nats);
    }
}

#[test]
fn of_v_0_and_1_the_variances_are_the_two_fixed_ones() {
    let linear = ScheduleConfig::Linear { steps: 1000, zero_terminal_snr: false };
    let all = steps(linear, 1000);
    for n in [2, 3, 500, 1000] {
        let step = all[1000 - n];
        // Section 3.2 of arXiv:2006.11239 from its own β_n.
        let beta = |n: usize| 1e-4 + (0.02 - 1e-4) * (n as f64 - 1.0) / 999.0;
        let alpha_bar = |n: usize| (1..=n).map(|i| 1.0 - beta(i)).product::<f64>();
        let small = (1.0 - alpha_bar(n - 1)) / (1.0 - alpha_bar(n)) * beta(n);
        assert!((step.ln_variance(1.0) - beta(n).ln()).abs() < 1e-9, "{n}");
        assert!((step.ln_variance(0.0) - small.ln()).abs() < 1e-9, "{n}");
    }
    let before_last = all[998];
    assert_eq!(all[999].ln_small, before_last.ln_small, "the last step has no variance of its own");
}

/// What the ancestral sampler makes of a few starts in 20 steps with a made-up denoiser, where the network says `v`.
fn sampled(variance: Variance, v: f64) -> Vec<f64> {
    let schedule = Schedule::new(ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false });
    let moments: Vec<Moment> = (0..=20).rev().map(|n| schedule.at(f64::from(n) / 20.0)).collect();
    let shape = [16, 1, 1, 1];
    let noise = Seed(0).during(Phase::Sample);
    let start = |x_t: Tensor<4>, at: Moment| (x_t * at.alpha).tanh();
    let fresh = |step| noise.normal("test/fresh", step, 0..16, shape, &Device::flex());
    let say = || Tensor::full(shape, v, &Device::flex());
    let mut oracle = Oracle::new(&start, &fresh).with_variance(&say);
    let x = noise.normal("test/start", 0, 0..16, shape, &Device::flex());
    values(Solver::Ancestral { variance }.solve(x, &moments, &mut oracle, |_, _| ()))
}

#[test]
fn samples_of_v_0_and_1_are_those_of_the_fixed_variances() {
    for (fixed, v) in [(Variance::FixedSmall, 0.0), (Variance::FixedLarge, 1.0)] {
        let pairs: Vec<(f64, f64)> =
            sampled(fixed, 0.3).into_iter().zip(sampled(Variance::Learned, v)).collect();
        assert!(pairs.iter().all(|(a, b)| (a - b).abs() < 1e-5), "{fixed:?}: {pairs:?}");
    }
    assert!(sampled(Variance::Learned, 0.0) != sampled(Variance::Learned, 1.0));
}

#[test]
fn with_the_exact_denoiser_of_a_gaussian_costs_are_least_at_the_true_variance() {
    let (total, sd, count) = (10, 0.5, 40_000_usize);
    let all = steps(ScheduleConfig::Cosine { steps: total, zero_terminal_snr: false }, total);
    let noise = Seed(3).during(Phase::Evaluate);
    let draw =
        |name: &str| noise.normal(name, 0, 0..count as u64, [count, 1, 1, 1], &Device::flex());
    let (x_0, noise) = (draw("test/data") * sd, draw("test/noise"));
    for step in &all[..total - 1] {
        let Moment { alpha, sigma, .. } = step.from;
        let x_t = x_0.clone() * alpha + noise.clone() * sigma;
        let spread = (alpha * sd).powi(2) + sigma.powi(2);
        let start = x_t * (alpha * sd.powi(2) / spread);
        // x_s given x_t: a Gaussian whose variance is Var[x_s] − Cov[x_s, x_t]² / Var[x_t].
        let Moment { alpha: alpha_s, sigma: sigma_s, .. } = step.to;
        let of_s = (alpha_s * sd).powi(2) + sigma_s.powi(2);
        let together = alpha / alpha_s * of_s;
        let truth = of_s - together.powi(2) / spread;
        let [small, large] = [step.ln_small, step.ln_large];
        let optimum = (truth.ln() - small) / (large - small);
        assert!(optimum > 0.0 && optimum < 1.0, "{optimum}");
        let cost = |v: f64| {
            let ln_variance = ln_variances(&vec![*step; count], x_0.full_like(v));
            let costs = values(costs(&vec![*step; count], &x_0, start.clone(), ln_variance, None));
            costs.iter().sum::<f64>() / count as f64
        };
        // ½ ln(truth / β̃): what is left of the KL where the variance is right.
        let least = 0.5 * (truth.ln() - small);
        assert!((cost(optimum) - least).abs() < 0.03 * least + 1e-4, "{}, {least}", cost(optimum));
        assert!(cost(optimum - 0.1) > cost(optimum) && cost(optimum + 0.1) > cost(optimum));
    }
}
