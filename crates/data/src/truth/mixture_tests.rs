//! Mixtures against closed forms, quadrature, and numbers from SciPy 1.17 and mpmath 1.4.

use super::*;

fn mixture(modes: &[(f64, &[f64], f64)]) -> GaussianMixture {
    let mode =
        |&(weight, centre, sd): &(f64, &[f64], f64)| Mode { weight, centre: centre.to_vec(), sd };
    GaussianMixture::new(modes.iter().map(mode).collect())
}

/// Three unlike Gaussians on a line.
fn line() -> GaussianMixture {
    mixture(&[(0.3, &[-2.0], 0.5), (0.5, &[0.0], 0.3), (0.2, &[3.0], 0.7)])
}

/// Two that overlap in the plane.
fn plane() -> GaussianMixture {
    mixture(&[(0.25, &[0.0, 0.0], 0.5), (0.75, &[1.0, 0.5], 0.4)])
}

#[track_caller]
fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() < tolerance, "{found} instead of {expected}");
}

/// The rectangle rule on [-`reach`, `reach`].
fn integral(reach: f64, step: f64, f: impl Fn(f64) -> f64) -> f64 {
    let nodes = (2.0 * reach / step) as usize;
    (0..=nodes).map(|i| step * f(i as f64 * step - reach)).sum()
}

#[test]
fn the_density_of_one_standard_normal_is_the_textbooks() {
    let normal = mixture(&[(1.0, &[0.0, 0.0, 0.0], 1.0)]);
    // -3/2 log 2π, and half the squared distance less.
    close(normal.log_density(&[0.0; 3]), -2.756_815_599_614_018, 1e-14);
    close(normal.log_density(&[1.0, 2.0, 2.0]), -2.756_815_599_614_018 - 4.5, 1e-14);
}

#[test]
fn densities_are_those_of_scipy_and_mpmath_even_far_out() {
    for (x, expected) in [
        (-1.2, -2.706_418_239_677_232),
        (0.1, -0.463_578_258_590_052_4),
        (1.5, -4.467_403_948_226_822),
        (40.0, -1_399.110_477_011_904),
    ] {
        close(line().log_density(&[x]), expected, 1e-12 * expected.abs().max(1.0));
    }
    close(plane().log_density(&[0.6, 0.1]), -1.048_715_955_548_206_8, 1e-14);
}

#[test]
fn densities_integrate_to_one() {
    close(integral(12.0, 0.01, |x| line().log_density(&[x]).exp()), 1.0, 1e-12);
    let plane = plane();
    let mass = integral(6.0, 0.05, |x| integral(6.0, 0.05, |y| plane.log_density(&[x, y]).exp()));
    close(mass, 1.0, 1e-12);
}

#[test]
fn the_denoiser_of_one_gaussian_is_its_linear_shrinkage() {
    // Prior N(3, 2²), x_t = 0.8 x_0 + 0.6 ε: gain 0.8·4 / (0.64·4 + 0.36) = 3.2 / 2.92.
    let found = mixture(&[(1.0, &[3.0], 2.0)]).denoise(&[5.0], 0.8, 0.6);
    close(found[0], 3.0 + 3.2 / 2.92 * (5.0 - 2.4), 1e-14);
}

#[test]
fn the_denoiser_is_the_posterior_mean_by_quadrature() {
    let line = line();
    for (alpha, sigma) in [(1.0, 0.3), (0.8, 0.6), (0.2, 0.98), (1.0, 5.0)] {
        for x_t in [-3.0, -0.7, 0.4, 2.0] {
            let joint = |x: f64| {
                let error: f64 = (x_t - alpha * x) / sigma;
                (line.log_density(&[x]) - 0.5 * error.powi(2)).exp()
            };
            let mean = integral(12.0, 0.005, |x| x * joint(x)) / integral(12.0, 0.005, joint);
            close(line.denoise(&[x_t], alpha, sigma)[0], mean, 1e-9);
        }
    }
}

#[test]
fn the_denoiser_keeps_tweedies_formula() {
    // α E[x_0 | x_t] = x_t + σ² ∇ log p_t(x_t) (Efron 2011, doi:10.1198/jasa.2011.tm11181).
    let plane = plane();
    for (alpha, sigma) in [(1.0, 0.5), (0.6, 0.8)] {
        let noised = plane.noised(alpha, sigma);
        for x_t in [[0.3, 0.2], [-1.0, 2.0], [0.55, 0.25]] {
            let clean = plane.denoise(&x_t, alpha, sigma);
            for axis in 0..2 {
                let beside = |step: f64| {
                    let mut x = x_t;
                    x[axis] += step;
                    noised.log_density(&x)
                };
                let score = (beside(1e-5) - beside(-1e-5)) / 2e-5;
                close(alpha * clean[axis], x_t[axis] + sigma * sigma * score, 1e-8);
            }
        }
    }
}

#[test]
fn without_noise_nothing_is_changed_and_without_signal_the_mean_is_left() {
    let plane = plane();
    let same = plane.denoise(&[0.4, 0.9], 1.0, 0.0);
    close(same[0], 0.4, 1e-14);
    close(same[1], 0.9, 1e-14);
    let mean = plane.denoise(&[0.4, 0.9], 0.0, 1.0);
    close(mean[0], 0.75, 1e-14);
    close(mean[1], 0.375, 1e-14);
}

#[test]
fn the_density_of_what_is_noised_is_a_convolution() {
    let (line, alpha, sigma) = (line(), 0.8, 0.6);
    let normal = mixture(&[(1.0, &[0.0], sigma)]);
    let convolved = integral(12.0, 0.005, |x| {
        (line.log_density(&[x]) + normal.log_density(&[0.4 - alpha * x])).exp()
    });
    close(line.noised(alpha, sigma).log_density(&[0.4]), convolved.ln(), 1e-10);
}

#[test]
fn the_entropy_of_one_gaussian_is_its_closed_form() {
    // D/2 log(2πe s²).
    let e = std::f64::consts::E;
    for sd in [0.05_f64, 1.0, 30.0] {
        let expected = 0.5 * (TAU * e * sd.powi(2)).ln();
        close(mixture(&[(1.0, &[7.0], sd)]).entropy().unwrap(), expected, 1e-12);
        close(mixture(&[(1.0, &[7.0, -1.0], sd)]).entropy().unwrap(), 2.0 * expected, 1e-12);
    }
}

#[test]
fn the_entropy_of_modes_far_apart_is_that_of_one_and_of_the_choice() {
    let far = mixture(&[(0.25, &[0.0, 0.0], 0.1), (0.75, &[9.0, 0.0], 0.1)]);
    let one = (TAU * std::f64::consts::E * 0.01).ln();
    let choice = -(0.25 * 0.25_f64.ln() + 0.75 * 0.75_f64.ln());
    close(far.entropy().unwrap(), one + choice, 1e-12);
}

#[test]
fn the_entropy_of_overlapping_modes_is_that_of_mpmath_and_scipy() {
    let pair = mixture(&[(0.5, &[-1.0], 1.0), (0.5, &[1.0], 1.0)]);
    close(pair.entropy().unwrap(), 1.755_769_353_551_504_4, 1e-11);
    close(line().entropy().unwrap(), 1.552_161_510_576_277_9, 1e-11);
    let narrow_in_wide = mixture(&[(0.5, &[0.0], 1.0), (0.5, &[0.5], 0.05)]);
    close(narrow_in_wide.entropy().unwrap(), 0.461_791_534_642_181_6, 1e-11);
    // scipy.integrate.dblquad, which gives its error as 1e-12.
    close(plane().entropy().unwrap(), 1.476_808_839_205_796, 1e-10);
}

#[test]
fn an_entropy_that_takes_too_much_work_is_none() {
    assert_eq!(mixture(&[(1.0, &[0.0; 3], 1.0)]).entropy(), None);
    assert_eq!(mixture(&[(0.5, &[0.0; 2], 1.0), (0.5, &[0.0; 2], 1e-3)]).entropy(), None);
    assert_eq!(mixture(&[(0.5, &[0.0], 1.0), (0.5, &[0.0], 1e-9)]).entropy(), None);
}

#[test]
#[should_panic(expected = "weights sum to 1 and not to 0.8")]
fn weights_that_do_not_sum_to_one_are_refused() {
    mixture(&[(0.4, &[0.0], 1.0), (0.4, &[1.0], 1.0)]);
}

#[test]
#[should_panic(expected = "as many coordinates")]
fn a_point_of_another_dimension_is_refused() {
    line().log_density(&[0.0, 1.0]);
}
