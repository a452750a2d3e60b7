//! Solvers and spacings against diffusers and k-diffusion: the same steps through the same made-up denoiser,
//! by tests/oracles/solvers.py.

#![expect(clippy::print_stdout, reason = "the distances belong to the test's output")]

use burn::tensor::{Device, Tensor, TensorData};
use genlab_ddpm::{Moment, Oracle, Schedule, ScheduleConfig, Solver, Spacing};
use serde::Deserialize;

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    schedule: ScheduleConfig,
    spacing: Spacing,
    solver: Solver,
    steps: usize,
    start: Vec<f32>,
    fresh: Vec<Vec<f32>>,
    path: Vec<Vec<f64>>,
}

fn tensor(values: &[f32]) -> Tensor<4> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values.to_vec(), [count, 1, 1, 1]), &Device::flex())
}

/// `denoiser` of solvers.py.
fn denoise(x_t: Tensor<4>, at: Moment) -> Tensor<4> {
    let scale = 1.5 / (1.0 + at.ratio().powi(2)).sqrt();
    (x_t / at.alpha * scale).tanh() * 0.8 - 0.1
}

/// The largest distance between the two paths, of numbers beyond 1 relative to them.
fn distance(case: &Case) -> f64 {
    let schedule = Schedule::new(case.schedule);
    let moments = case.spacing.moments(&schedule, case.steps);
    assert_eq!(moments.len(), case.path.len(), "{:?}", case.spacing);
    let fresh = |step: u64| tensor(&case.fresh[step as usize]);
    let mut oracle = Oracle::new(&denoise, &fresh);
    let first = moments[0];
    // The libraries' variance-preserving paths begin from noise of variance 1, k-diffusion's from σ.
    let width = if first.alpha == 1.0 { first.sigma } else { 1.0 };
    let mut farthest = 0.0_f64;
    case.solver.solve(tensor(&case.start) * width, &moments, &mut oracle, |index, x| {
        let found = x.to_data().try_into_vec::<f32>().expect("f32");
        for (found, expected) in found.into_iter().zip(&case.path[index]) {
            let apart = (f64::from(found) - expected).abs() / expected.abs().max(1.0);
            farthest = farthest.max(apart);
        }
    });
    farthest
}

#[test]
fn paths_are_those_of_diffusers_and_of_k_diffusion() {
    let text = include_str!("../../../tests/oracles/fixtures/solvers.json");
    let fixture: Fixture = serde_json::from_str(text).expect("the script's JSON");
    assert!(fixture.cases.len() >= 28, "all cases of the script");
    for case in &fixture.cases {
        let apart = distance(case);
        println!("{:?}, {:?}, {:?}: {apart:.1e}", case.schedule, case.spacing, case.solver);
        assert!(apart < 1e-4, "{:?}, {:?}, {:?}", case.schedule, case.spacing, case.solver);
    }
}
