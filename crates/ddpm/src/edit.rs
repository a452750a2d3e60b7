//! From given values to new ones: where a sampler begins that does not begin from noise alone, and what is known of
//! some numbers says of the others.

use crate::schedule::Moment;
use burn::tensor::Tensor;

/// The last of a sampler's moments: `strength` of its steps, at least one (Meng et al. 2022, arXiv:2108.01073,
/// Algorithm 1, with t_0 in steps).
pub(crate) fn last(moments: &[Moment], strength: f64) -> &[Moment] {
    let steps = moments.len() - 1;
    let taken = ((strength * steps as f64).round() as usize).clamp(1, steps);
    &moments[steps - taken..]
}

/// From `at` down by those of a sampler's moments that have less noise.
pub(crate) fn below(moments: &[Moment], at: Moment) -> Vec<Moment> {
    let less = moments.iter().copied().filter(|moment| moment.ratio() < at.ratio());
    [at].into_iter().chain(less).collect()
}

/// Values of which some numbers are known.
pub(crate) struct Given {
    /// `[B, C, H, W]` around zero.
    pub(crate) values: Tensor<4>,
    /// 1 where a number is known, 0 where it is not; one row for each value, or for all.
    pub(crate) known: Tensor<4>,
    /// Steps of conjugate gradients.
    pub(crate) iterations: usize,
}

impl Given {
    /// E[x_0 | x_t, known numbers] where x_0 given x_t is Gaussian, by `denoise`, which gives x̂_0 = E[x_0 | x_t]
    /// (Boys et al. 2023, arXiv:2310.06721, Eq. 9, without noise in what is known):
    ///
    /// ```text
    /// x̂_0 + C Mᵀ (M C Mᵀ)⁻¹ M (v − x̂_0),    C = Cov[x_0 | x_t] = (σ² / α) ∂x̂_0 / ∂x_t
    /// ```
    ///
    /// M picks what is known. C is symmetric, so C w is the gradient of w · x̂_0; the inverse is by conjugate
    /// gradients, each step of which calls the network and differentiates it. With data that are one Gaussian C
    /// is exact, and as many iterations as numbers are known give the exact posterior. Otherwise it is a
    /// Gaussian guess, and few iterations are best because a network's Jacobian is only nearly a
    /// covariance. Known numbers that are merely put in their places (no iterations; Wang et al. 2022,
    /// arXiv:2212.00490) tell the others too little and too late.
    pub(crate) fn start(
        &self,
        x_t: Tensor<4>,
        at: Moment,
        denoise: &dyn Fn(Tensor<4>, Moment) -> Tensor<4>,
    ) -> Tensor<4> {
        let start = denoise(x_t.clone(), at);
        if self.iterations == 0 {
            return start;
        }
        let scale = at.sigma.powi(2) / at.alpha;
        let covariance = |w: &Tensor<4>| {
            let tracked = x_t.clone().autodiff().require_grad();
            let gradients = (denoise(tracked.clone(), at) * w.clone()).sum().backward();
            tracked.grad(&gradients).expect("x_t is a tracked leaf of x̂_0") * scale
        };
        let mut rest = (self.values.clone() - start.clone()) * self.known.clone();
        let mut direction = rest.clone();
        let mut moved = Tensor::zeros_like(&rest);
        let mut square = dot(&rest, &rest);
        for _ in 0..self.iterations {
            // C of the direction serves both M C Mᵀ and, summed, C Mᵀ of the solution.
            let along = covariance(&direction);
            let curvature = dot(&direction, &along);
            // A row that is solved, or that C is not positive for, goes no further.
            let step = square.clone() / curvature.clone().clamp_min(LEAST);
            let step = step.mask_fill(curvature.lower_equal_elem(LEAST), 0.0);
            moved = moved + along.clone() * step.clone();
            rest = rest - along * self.known.clone() * step;
            let next = dot(&rest, &rest);
            let keep = next.clone() / square.clamp_min(LEAST);
            direction = rest.clone() + direction * keep;
            square = next;
        }
        start + moved
    }

    /// The same with known numbers as they are.
    pub(crate) fn placed(&self, start: Tensor<4>) -> Tensor<4> {
        start.clone() + (self.values.clone() - start) * self.known.clone()
    }
}

/// Below this a square counts as 0.
const LEAST: f64 = 1e-12;

/// The product of each row with the other's, `[B, 1, 1, 1]`.
fn dot(a: &Tensor<4>, b: &Tensor<4>) -> Tensor<4> {
    (a.clone() * b.clone()).sum_dim(1).sum_dim(2).sum_dim(3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        schedule::{Schedule, ScheduleConfig},
        solver::{Oracle, Solver},
        spacing::Spacing,
    };
    use burn::tensor::{Device, TensorData};
    use genlab_core::{LowResolution, Phase, Seed};

    const COUNT: usize = 150_000;
    type Matrix = [[f64; 4]; 4];

    const MEAN: [f64; 4] = [0.5, -0.3, 0.2, 0.0];
    const COVARIANCE: Matrix =
        [[1.0, 0.8, 0.3, 0.1], [0.8, 1.2, 0.5, 0.2], [0.3, 0.5, 0.9, 0.4], [0.1, 0.2, 0.4, 1.1]];

    /// By Gauss and Jordan, for matrices that need no pivots: positive ones.
    fn inverse(of: Matrix) -> Matrix {
        let mut left = of;
        let mut right = [[0.0; 4]; 4];
        (0..4).for_each(|i| right[i][i] = 1.0);
        for i in 0..4 {
            let pivot = left[i][i];
            for j in 0..4 {
                left[i][j] /= pivot;
                right[i][j] /= pivot;
            }
            for row in (0..4).filter(|row| *row != i) {
                let share = left[row][i];
                for j in 0..4 {
                    left[row][j] -= share * left[i][j];
                    right[row][j] -= share * right[i][j];
                }
            }
        }
        right
    }

    fn matrix(of: Matrix) -> Tensor<2> {
        let numbers: Vec<f32> = of.into_iter().flatten().map(|x| x as f32).collect();
        Tensor::from_data(TensorData::new(numbers, [4, 4]), &Device::flex())
    }

    /// E[x_0 | x_t] of a Gaussian: m + α S (α² S + σ² 1)⁻¹ (x_t − α m).
    fn denoise(mean: [f64; 4], covariance: Matrix, x_t: Tensor<4>, at: Moment) -> Tensor<4> {
        let mut spread = covariance;
        for (i, row) in spread.iter_mut().enumerate() {
            *row = row.map(|x| x * at.alpha.powi(2));
            row[i] += at.sigma.powi(2);
        }
        let gain = matrix(covariance).matmul(matrix(inverse(spread))) * at.alpha;
        let shape = x_t.dims();
        let mean = Tensor::<1>::from_floats(mean.map(|x| x as f32), &Device::flex());
        let mean: Tensor<2> = mean.reshape([1, 4]);
        let apart = x_t.reshape([shape[0], 4]) - mean.clone() * at.alpha;
        (apart.matmul(gain.transpose()) + mean).reshape(shape)
    }

    /// Mean and covariance of what the sampler makes of noise by this x̂_0, in 100 steps.
    fn drawn(solver: Solver, start: &dyn Fn(Tensor<4>, Moment) -> Tensor<4>) -> ([f64; 4], Matrix) {
        let schedule = Schedule::new(ScheduleConfig::default());
        let moments = Spacing::default().moments(&schedule, 100);
        let noise = Seed(3).during(Phase::Sample);
        let (shape, rows) = ([COUNT, 1, 2, 2], 0..COUNT as u64);
        let draw = |name, step| noise.normal(name, step, rows.clone(), shape, &Device::flex());
        let fresh = |step| draw("fresh", step);
        let mut oracle = Oracle::new(start, &fresh);
        let x = draw("start", 0) * moments[0].spread();
        let x = solver.solve(x, &moments, &mut oracle, |_, _| ());
        let x = x.into_data().try_into_vec::<f32>().expect("f32");
        let of = |f: &dyn Fn(&[f32]) -> f64| x.chunks(4).map(f).sum::<f64>() / COUNT as f64;
        let mean = [0, 1, 2, 3].map(|i| of(&|x| f64::from(x[i])));
        let apart = |x: &[f32], i: usize| f64::from(x[i]) - mean[i];
        let covariance =
            [0, 1, 2, 3].map(|i| [0, 1, 2, 3].map(|j| of(&|x| apart(x, i) * apart(x, j))));
        (mean, covariance)
    }

    /// How far drawn moments are from exact ones, in standard deviations and in variances.
    fn error(
        (mean, covariance): ([f64; 4], Matrix),
        exact_mean: [f64; 4],
        exact: Matrix,
    ) -> [f64; 2] {
        let widest = (0..4).map(|i| exact[i][i]).fold(0.0, f64::max);
        let of_mean = (0..4).map(|i| (mean[i] - exact_mean[i]).abs() / widest.sqrt());
        let of_covariance =
            (0..16).map(|i| (covariance[i / 4][i % 4] - exact[i / 4][i % 4]).abs() / widest);
        [of_mean.fold(0.0, f64::max), of_covariance.fold(0.0, f64::max)]
    }

    const VALUES: [f32; 4] = [1.2, 0.0, -0.4, 0.0];

    /// Numbers 0 and 2 are known to be those of [`VALUES`].
    fn given(iterations: usize) -> Given {
        let row = |row: [f32; 4]| {
            let row = Tensor::<1>::from_floats(row, &Device::flex()).reshape([1, 1, 2, 2]);
            row.repeat(&[COUNT, 1, 1, 1])
        };
        Given { values: row(VALUES), known: row([1.0, 0.0, 1.0, 0.0]), iterations }
    }

    /// Its posterior by the formula for Gaussians, by hand from the blocks of [`COVARIANCE`] (NumPy gives the same).
    fn posterior() -> ([f64; 4], Matrix) {
        let mut covariance = [[0.0; 4]; 4];
        covariance[1][1] = 0.476_543_209_876_543_2;
        covariance[3][3] = 0.920_987_654_320_987_7;
        covariance[1][3] = 0.001_234_567_901_234_579;
        covariance[3][1] = covariance[1][3];
        // Slopes of the unknown on the known, S_UK S_KK⁻¹.
        let slopes = [[57.0 / 81.0, 26.0 / 81.0], [-3.0 / 81.0, 37.0 / 81.0]];
        let apart = [1.2 - MEAN[0], -0.4 - MEAN[2]];
        let unknown =
            |i: usize, u: usize| MEAN[u] + slopes[i][0] * apart[0] + slopes[i][1] * apart[1];
        ([1.2, unknown(0, 1), -0.4, unknown(1, 3)], covariance)
    }

    #[test]
    fn inpainting_a_gaussian_gives_its_posterior_and_placing_alone_does_not() {
        let (mean, covariance) = posterior();
        let error_with = |iterations, eta| {
            let given = given(iterations);
            let start = |x: Tensor<4>, at| {
                given.placed(given.start(x, at, &|x, at| denoise(MEAN, COVARIANCE, x, at)))
            };
            error(drawn(Solver::Dpmpp2m { eta }, &start), mean, covariance)
        };
        for eta in [0.0, 1.0] {
            let [of_mean, of_covariance] = error_with(2, eta);
            assert!(of_mean < 0.01 && of_covariance < 0.01, "{of_mean} {of_covariance}");
        }
        assert!(error_with(0, 1.0)[1] > 0.05, "placing is not exact");
    }

    #[test]
    fn super_resolving_a_gaussian_gives_its_posterior_and_imposing_what_is_told_moves_nothing() {
        // The mean of all four numbers is told: 0.7. Posterior by hand: S 1 / (1' S 1) and what is left of S.
        let sums = COVARIANCE.map(|row| row.iter().sum::<f64>());
        let total: f64 = sums.iter().sum();
        let missing = 4.0 * 0.7 - MEAN.iter().sum::<f64>();
        let mean = [0, 1, 2, 3].map(|i| MEAN[i] + sums[i] / total * missing);
        let left = |i: usize, j: usize| COVARIANCE[i][j] - sums[i] * sums[j] / total;
        let covariance = [0, 1, 2, 3].map(|i| [0, 1, 2, 3].map(|j| left(i, j)));
        let low = Tensor::full([COUNT, 1, 1, 1], 0.7, &Device::flex());
        let low = LowResolution::new(low, 2);
        let start = |x: Tensor<4>, at| {
            let start = denoise(mean, covariance, x, at);
            let imposed = low.imposed(start.clone());
            let moved = (imposed.clone() - start).abs().max().into_data();
            let moved = moved.try_into_vec::<f32>().expect("f32")[0];
            assert!(moved < 1e-4, "{moved}");
            imposed
        };
        let [of_mean, of_covariance] =
            error(drawn(Solver::Dpmpp2m { eta: 1.0 }, &start), mean, covariance);
        assert!(of_mean < 0.01 && of_covariance < 0.01, "{of_mean} {of_covariance}");
    }

    #[test]
    fn denoising_from_any_time_draws_from_the_posterior_of_what_is_noisy() {
        // One noisy value, x_0 given which has the covariance (S⁻¹ + σ⁻² 1)⁻¹.
        let schedule = Schedule::new(ScheduleConfig::default());
        let all = Spacing::default().moments(&schedule, 100);
        let at = schedule.at(schedule.time_of_ratio(0.6));
        let moments = below(&all, at);
        assert!(moments.len() > 10 && moments[1].ratio() < 0.6);
        let noisy = Tensor::<1>::from_floats([0.4, -0.9, 1.0, 0.3], &Device::flex());
        let noisy: Tensor<4> = noisy.reshape([1, 1, 2, 2]);
        let exact = denoise(MEAN, COVARIANCE, noisy.clone() * at.alpha, at).into_data();
        let exact = exact.try_into_vec::<f32>().expect("f32");
        let mut precision = inverse(COVARIANCE);
        (0..4).for_each(|i| precision[i][i] += 1.0 / 0.36);
        let covariance = inverse(precision);
        let noise = Seed(4).during(Phase::Sample);
        let shape = [COUNT, 1, 2, 2];
        let fresh = |step| noise.normal("fresh", step, 0..COUNT as u64, shape, &Device::flex());
        let start = |x: Tensor<4>, at| denoise(MEAN, COVARIANCE, x, at);
        let mut oracle = Oracle::new(&start, &fresh);
        let x = noisy.repeat(&[COUNT, 1, 1, 1]) * at.alpha;
        let x = Solver::Dpmpp2m { eta: 1.0 }.solve(x, &moments, &mut oracle, |_, _| ());
        let x = x.into_data().try_into_vec::<f32>().expect("f32");
        for i in 0..4 {
            let of = |f: &dyn Fn(f64) -> f64| {
                x.chunks(4).map(|x| f(f64::from(x[i]))).sum::<f64>() / COUNT as f64
            };
            let mean = of(&|x| x);
            let variance = of(&|x| (x - mean).powi(2));
            let sd = covariance[i][i].sqrt();
            assert!((mean - f64::from(exact[i])).abs() < 0.01 * sd, "{i}: {mean} {}", exact[i]);
            assert!((variance / covariance[i][i] - 1.0).abs() < 0.01, "{i}: {variance}");
        }
    }

    #[test]
    fn a_strength_takes_its_share_of_the_last_steps() {
        let moments = Spacing::Trailing.moments(&Schedule::new(ScheduleConfig::FLOW), 10);
        assert_eq!(last(&moments, 1.0), moments);
        assert_eq!(last(&moments, 0.31), &moments[7..]);
        assert_eq!(last(&moments, 0.001), &moments[9..]);
    }
}
