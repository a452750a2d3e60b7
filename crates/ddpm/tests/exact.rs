//! Solvers with the exact denoiser of a Gaussian mixture in place of a network: what is wrong with a
//! sample is then the solver's error alone.

#![expect(clippy::print_stdout, reason = "the measured orders belong to the test's output")]

use burn::tensor::{Device, Tensor, TensorData};
use genlab_data::{GaussianMixture, Mode};
use genlab_ddpm::{
    Denoised, Moment, Oracle, Schedule, ScheduleConfig, Solver, Spacing, Variance, log_density,
};
use statrs::distribution::{ContinuousCDF, Normal};

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

/// E[x_0 | x_t] of every row: the means of the modes' posteriors, weighted by what each mode has of x_t.
fn denoise(x_t: Tensor<4>, at: Moment) -> Tensor<4> {
    let mixture = mixture();
    let parts = mixture.modes().iter().map(|mode| {
        let (centre, square) = (mode.centre[0], mode.sd.powi(2));
        let variance = at.alpha.powi(2) * square + at.sigma.powi(2);
        let apart = x_t.clone() - at.alpha * centre;
        let weight =
            apart.clone().square() / (-2.0 * variance) + (mode.weight / variance.sqrt()).ln();
        (weight, apart * (at.alpha * square / variance) + centre)
    });
    let (weights, means): (Vec<_>, Vec<_>) = parts.unzip();
    let weights = burn::tensor::activation::softmax(Tensor::cat(weights, 1), 1);
    (weights * Tensor::cat(means, 1)).sum_dim(1)
}

#[test]
fn the_denoiser_of_these_tests_is_that_of_the_mixture() {
    let schedule = Schedule::new(ScheduleConfig::FLOW);
    for t in [0.05, 0.4, 0.9] {
        let at = schedule.at(t);
        let found = values(denoise(tensor(START.to_vec()), at));
        for (x, found) in START.into_iter().zip(found) {
            let exact = mixture().denoise(&[f64::from(x)], at.alpha, at.sigma)[0];
            assert!((found - exact).abs() < 1e-5, "{x} at {t}: {found}, {exact}");
        }
    }
}

/// What a solver makes of [`START`] by so many steps, evenly spaced in σ / α between two levels.
fn solved(solver: Solver, steps: usize) -> Vec<f64> {
    let schedule = Schedule::new(ScheduleConfig::FLOW);
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
fn the_error_of_dpm_solver_pp_2m_falls_with_the_second_power_of_the_step() {
    let slope = order(Solver::Dpmpp2m { eta: 0.0 }, &[40, 80, 160, 320]);
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

/// Mean and variance of what a solver makes of 40,000 starts by so many steps. The starts are quantiles of
/// the normal distribution: only fresh noise is drawn.
fn moments_of(solver: Solver, config: ScheduleConfig, spacing: Spacing, steps: usize) -> [f64; 2] {
    let count = 40_000_u16;
    let moments = spacing.moments(&Schedule::new(config), steps);
    let noise = genlab_core::Seed(0).during(genlab_core::Phase::Sample);
    let shape = [usize::from(count), 1, 1, 1];
    let fresh =
        |step| noise.normal("test/fresh", step, 0..u64::from(count), shape, &Device::flex());
    let mut oracle = Oracle::new(&denoise, &fresh);
    let normal = Normal::standard();
    let quantile = |i: u16| normal.inverse_cdf((f64::from(i) + 0.5) / f64::from(count)) as f32;
    let start = tensor((0..count).map(quantile).collect()) * moments[0].spread();
    let x = values(solver.solve(start, &moments, &mut oracle, |_, _| ()));
    let mean = x.iter().sum::<f64>() / f64::from(count);
    [mean, x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / f64::from(count)]
}

#[test]
fn all_fresh_noise_is_that_of_ancestral_sampling_whatever_the_method_is_called() {
    let schedule = Schedule::new(ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false });
    let moments = Spacing::Trailing.moments(&schedule, 10);
    let path = |solver: Solver| {
        let fresh = |step: u64| tensor(START.map(|z| (z + step as f32).sin()).to_vec());
        let mut oracle = Oracle::new(&denoise, &fresh);
        values(solver.solve(tensor(START.to_vec()), &moments, &mut oracle, |_, _| ()))
    };
    let ancestral = path(Solver::Ancestral { variance: Variance::FixedSmall });
    for solver in [Solver::Ddim { eta: 1.0 }, Solver::EulerAncestral { eta: 1.0 }] {
        assert!(distance(&path(solver), &ancestral) < 1e-5, "{solver:?}");
    }
}

#[test]
fn samples_have_the_moments_of_the_mixture_whatever_the_solver() {
    let mixture = mixture();
    let modes = mixture.modes();
    let mean: f64 = modes.iter().map(|mode| mode.weight * mode.centre[0]).sum();
    let square: f64 =
        modes.iter().map(|mode| mode.weight * (mode.centre[0].powi(2) + mode.sd.powi(2))).sum();
    let variance = square - mean * mean;
    let cosine = ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false };
    let edm = ScheduleConfig::Edm { sigma_min: 0.004, sigma_max: 160.0 };
    let karras = Spacing::Karras { rho: 7.0, sigma_min: 0.015, sigma_max: 40.0 };
    for (solver, config, spacing, steps) in [
        (Solver::Ddim { eta: 0.0 }, cosine, Spacing::Trailing, 200),
        (Solver::Ancestral { variance: Variance::FixedSmall }, cosine, Spacing::Uniform, 1000),
        (Solver::Ancestral { variance: Variance::FixedLarge }, cosine, Spacing::Uniform, 1000),
        (Solver::Euler, edm, karras, 400),
        (Solver::Heun, ScheduleConfig::FLOW, karras, 50),
        (Solver::Dpmpp2m { eta: 0.0 }, edm, karras, 50),
        (Solver::Dpmpp2m { eta: 1.0 }, cosine, karras, 100),
    ] {
        let [found, spread] = moments_of(solver, config, spacing, steps);
        println!(
            "{solver:?}: mean {found:.4} for {mean:.4}, variance {spread:.4} for {variance:.4}"
        );
        // One per cent, the mean's of the standard deviation.
        assert!((found - mean).abs() < 0.01 * variance.sqrt(), "{solver:?}: {found}");
        assert!((spread / variance - 1.0).abs() < 0.01, "{solver:?}: {spread}");
    }
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
        [ScheduleConfig::Cosine { steps: 1000, zero_terminal_snr: false }, ScheduleConfig::FLOW]
    {
        let found = log_density(tensor(points.clone()), &Schedule::new(config), 300, &exact);
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

#[test]
fn the_density_of_a_gaussian_is_its_closed_form_within_a_hundredth_of_a_bit_per_number() {
    const SD: [f32; 4] = [0.2, 0.6, 1.0, 1.7];
    let sd = || Tensor::<1>::from_floats(SD, &Device::flex()).reshape([1, 4, 1, 1]);
    let exact = |x_t: Tensor<4>, at: Moment| {
        let square = sd().square();
        let slope = square.clone() * at.alpha / (square * at.alpha.powi(2) + at.sigma.powi(2));
        let divergence = slope.clone().sum().expand([x_t.dims()[0]]);
        Denoised { start: x_t * slope, divergence }
    };
    let shares = [-1.5, -0.4, 0.0, 0.9, 2.2];
    let rows = shares.into_iter().flat_map(|share| SD.map(|sd| share * sd)).collect();
    let x = Tensor::from_data(TensorData::new(rows, [shares.len(), 4, 1, 1]), &Device::flex());
    for config in [ScheduleConfig::default(), ScheduleConfig::FLOW] {
        let found = log_density(x.clone(), &Schedule::new(config), 300, &exact);
        let found = found.into_data().try_into_vec::<f32>().expect("f32");
        for (share, found) in shares.iter().zip(found) {
            let normal = |sd: f32| {
                -0.5 * f64::from(*share).powi(2)
                    - f64::from(sd).ln()
                    - 0.5 * std::f64::consts::TAU.ln()
            };
            let exact: f64 = SD.into_iter().map(normal).sum();
            let bits = (f64::from(found) - exact) / 4.0 / std::f64::consts::LN_2;
            println!("{config:?}, {share} standard deviations away: {bits:.5} bits a number");
            assert!(bits.abs() < 0.01, "{config:?}: {found} for {exact}");
        }
    }
}
