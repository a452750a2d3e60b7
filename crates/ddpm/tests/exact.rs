//! Solvers with the exact denoiser of a Gaussian mixture in place of a network: what is wrong with a
//! sample is then the solver's error alone.

#![expect(clippy::print_stdout, reason = "the measured orders belong to the test's output")]

use burn::tensor::{Device, Tensor, TensorData};
use genlab_data::{GaussianMixture, Mode};
use genlab_ddpm::{
    Denoised, Moment, Oracle, Schedule, ScheduleConfig, Solver, Variance, log_density,
};

/// Three modes of unlike weights and widths on a line.
fn mixture() -> GaussianMixture {
    let mode = |weight, centre, sd| Mode { weight, centre: vec![centre], sd };
    GaussianMixture::new(vec![mode(0.3, -1.0, 0.3), mode(0.5, 0.2, 0.5), mode(0.2, 1.5, 0.25)])
}

/// Starting noise that is spread as normal noise is: quantiles, so that no draw is needed.
const START: [f32; 8] = [-1.53, -0.89, -0.49, -0.16, 0.16, 0.49, 0.89, 1.53];

fn tensor(values: Vec<f32>) -> Tensor<4> {
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count, 1, 1, 1]), &Device::flex())
}

fn values(x: Tensor<4>) -> Vec<f64> {
    let values = x.into_data().try_into_vec::<f32>().expect("f32");
    values.into_iter().map(f64::from).collect()
}

/// E[x_0 | x_t] of every row.
fn denoise(x_t: Tensor<4>, at: Moment) -> Tensor<4> {
    let mixture = mixture();
    let start = |x: f64| mixture.denoise(&[x], at.alpha, at.sigma)[0] as f32;
    tensor(values(x_t).into_iter().map(start).collect())
}

/// What a solver makes of [`START`] by so many steps, evenly spaced in σ / α between two levels.
fn solved(solver: Solver, steps: usize) -> Vec<f64> {
    let schedule = Schedule::new(ScheduleConfig::Flow);
    let level = |i: usize| MOST + (LEAST - MOST) * i as f64 / steps as f64;
    let moments: Vec<Moment> =
        (0..=steps).map(|i| schedule.at(schedule.time_of_ratio(level(i)))).collect();
    let fresh = |_| panic!("a deterministic solver draws nothing");
    let mut oracle = Oracle::new(&denoise, &fresh);
    // x_t is α times x̄, which is spread as σ / α is.
    let first = moments[0];
    let start = START.map(|z| z * (first.alpha * MOST) as f32).to_vec();
    let x = solver.solve(tensor(start), &moments, &mut oracle, |_, _| ());
    values(x).into_iter().map(|x| x / moments[steps].alpha).collect()
}

/// Levels of noise, σ / α, that the paths run between: enough to have left the modes behind, and little
/// enough to see them.
const MOST: f64 = 4.0;
const LEAST: f64 = 0.2;

fn distance(a: &[f64], b: &[f64]) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
    (squares / a.len() as f64).sqrt()
}

/// The same paths by the classical Runge-Kutta method of fourth order in f64 with many steps.
fn exact() -> Vec<f64> {
    let mixture = mixture();
    // d x̄ / d σ̄ = (x̄ − x̂_0) / σ̄, with α = 1 and σ = σ̄ (Eq. 1 of arXiv:2206.00364).
    let slope = |x: f64, level: f64| (x - mixture.denoise(&[x], 1.0, level)[0]) / level;
    let steps = 4000;
    let h = (LEAST - MOST) / f64::from(steps);
    let path = |z: f32| {
        let mut x = f64::from(z) * MOST;
        for i in 0..steps {
            let level = MOST + h * f64::from(i);
            let first = slope(x, level);
            let second = slope(x + 0.5 * h * first, level + 0.5 * h);
            let third = slope(x + 0.5 * h * second, level + 0.5 * h);
            let fourth = slope(x + h * third, level + h);
            x += h / 6.0 * (first + 2.0 * second + 2.0 * third + fourth);
        }
        x
    };
    START.into_iter().map(path).collect()
}

/// The slope of log error over log step, by least squares.
fn order(solver: Solver, steps: &[usize]) -> f64 {
    let exact = exact();
    let points: Vec<(f64, f64)> = steps
        .iter()
        .map(|&steps| {
            let error = distance(&solved(solver, steps), &exact);
            println!("{solver:?}, {steps:4} steps: error {error:.3e}");
            ((1.0 / steps as f64).ln(), error.ln())
        })
        .collect();
    let n = points.len() as f64;
    let mean = |f: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(f).sum::<f64>() / n;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    let slope = mean(&|p| (p.0 - x) * (p.1 - y)) / mean(&|p| (p.0 - x).powi(2));
    println!("{solver:?}: order {slope:.3}");
    slope
}

#[test]
fn eulers_error_falls_with_the_first_power_of_the_step() {
    let slope = order(Solver::Euler, &[40, 80, 160, 320, 640]);
    assert!((slope - 1.0).abs() < 0.1, "{slope}");
}

#[test]
fn heuns_error_falls_with_the_second_power_of_the_step() {
    let slope = order(Solver::Heun, &[10, 20, 40, 80, 160]);
    assert!((slope - 2.0).abs() < 0.15, "{slope}");
}

#[test]
fn ddim_is_eulers_method_in_its_own_variable() {
    for steps in [7, 40] {
        let (ddim, euler) =
            (solved(Solver::Ddim { eta: 0.0 }, steps), solved(Solver::Euler, steps));
        assert!(distance(&ddim, &euler) < 1e-5, "{ddim:?} {euler:?}");
    }
}

#[test]
fn with_all_noise_fresh_samples_have_the_moments_of_the_mixture() {
    let count = 20_000;
    let schedule = Schedule::new(ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false });
    let moments = genlab_ddpm::Spacing::Trailing.moments(&schedule, 200);
    let noise = genlab_core::Seed(0).during(genlab_core::Phase::Sample);
    let shape = [count, 1, 1, 1];
    let draw = |name, step| noise.normal(name, step, 0..count as u64, shape, &Device::flex());
    let fresh = |step| draw("test/fresh", step);
    let mut oracle = Oracle::new(&denoise, &fresh);
    let start = draw("test/start", 0);
    let x = values(Solver::Ancestral { variance: Variance::FixedSmall }.solve(
        start,
        &moments,
        &mut oracle,
        |_, _| (),
    ));
    let mixture = mixture();
    let modes = mixture.modes();
    let mean: f64 = modes.iter().map(|mode| mode.weight * mode.centre[0]).sum();
    let square: f64 =
        modes.iter().map(|mode| mode.weight * (mode.centre[0].powi(2) + mode.sd.powi(2))).sum();
    let found = x.iter().sum::<f64>() / count as f64;
    let variance = x.iter().map(|x| (x - found).powi(2)).sum::<f64>() / count as f64;
    println!(
        "mean {found:.4} for {mean:.4}, variance {variance:.4} for {:.4}",
        square - mean * mean
    );
    assert!((found - mean).abs() < 0.03);
    assert!((variance / (square - mean * mean) - 1.0).abs() < 0.03);
}

#[test]
fn the_density_along_the_ode_is_that_of_the_mixture() {
    let mixture = mixture();
    let points: Vec<f32> = (0..25_u8).map(|i| -2.0 + f32::from(i) / 6.0).collect();
    let exact = |x_t: Tensor<4>, at: Moment| {
        let slope = |x: f64| {
            let side = |h: f64| mixture.denoise(&[x + h], at.alpha, at.sigma)[0];
            ((side(1e-5) - side(-1e-5)) / 2e-5) as f32
        };
        let slopes: Vec<f32> = values(x_t.clone()).into_iter().map(slope).collect();
        let divergence = Tensor::<1>::from_floats(slopes.as_slice(), &Device::flex());
        Denoised { start: denoise(x_t, at), divergence }
    };
    for config in
        [ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false }, ScheduleConfig::Flow]
    {
        let found = log_density(tensor(points.clone()), &Schedule::new(config), &exact);
        let found = found.into_data().try_into_vec::<f32>().expect("f32");
        let error = |(x, found): (&f32, f32)| {
            (f64::from(found) - mixture.log_density(&[f64::from(*x)])).abs()
        };
        let errors: Vec<f64> = points.iter().zip(found).map(error).collect();
        // The largest lie where there is next to no density.
        let largest = errors.iter().copied().fold(0.0, f64::max);
        let mean = errors.iter().sum::<f64>() / errors.len() as f64;
        println!("{config:?}: error {mean:.4} on average, {largest:.4} at most");
        assert!(mean < 0.01 && largest < 0.05, "{config:?}: {errors:?}");
    }
}
