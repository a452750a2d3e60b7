//! The divergence of x̂_0, Σ_d ∂x̂_0,d / ∂x_t,d: exact number by number, or estimated by random probes.

use burn::tensor::Tensor;

/// x̂_0 of x_t, at one moment.
pub(crate) type AskStart<'a> = &'a dyn Fn(Tensor<4>) -> Tensor<4>;

/// x̂_0 at a point, `[B, C, H, W]`, and its divergence there, `[B]`.
pub struct Denoised {
    /// x̂_0.
    pub start: Tensor<4>,
    /// Σ_d ∂x̂_0,d / ∂x_t,d.
    pub divergence: Tensor<1>,
}

impl Denoised {
    /// As many gradients as a value has numbers: for values of few.
    pub(crate) fn exact(x_t: &Tensor<4>, denoise: AskStart<'_>) -> Self {
        let numbers = x_t.dims()[1..].iter().product();
        let column = |x: Tensor<4>, number| x.flatten::<2>(1, 3).narrow(1, number, 1);
        let parts = (0..numbers).map(|number| {
            let along = |start: Tensor<4>| column(start, number).sum();
            let (start, gradient) = gradient(x_t, denoise, &along);
            Self { start, divergence: column(gradient, number).squeeze_dim(1) }
        });
        parts.reduce(Self::plus).expect("a value has at least one number")
    }

    /// Hutchinson's estimate, the mean over probes ε of ε · ∂(ε · x̂_0) / ∂x_t (Eq. 40 of Song et al. 2021,
    /// arXiv:2011.13456; Grathwohl et al. 2019, arXiv:1810.01367, Eq. 7): a gradient a probe, whatever the size of a
    /// value. Its mean is the divergence wherever E[ε εᵀ] = 1. Of probes of ±1 it is exact where the Jacobian is
    /// diagonal, and has the variance 2 Σ_{i≠j} S_ij² / probes otherwise, S being the Jacobian's symmetric part.
    pub(crate) fn estimated(x_t: &Tensor<4>, probes: &[Tensor<4>], denoise: AskStart<'_>) -> Self {
        let parts = probes.iter().map(|probe| {
            let along = |start: Tensor<4>| (start * probe.clone()).sum();
            let (start, gradient) = gradient(x_t, denoise, &along);
            let products = (gradient * probe.clone()).flatten::<2>(1, 3);
            Self { start, divergence: products.sum_dim(1).squeeze_dim(1) }
        });
        let sum = parts.reduce(Self::plus).expect("an estimate has at least one probe");
        Self { divergence: sum.divergence / probes.len() as f64, ..sum }
    }

    fn plus(self, other: Self) -> Self {
        Self { divergence: self.divergence + other.divergence, ..self }
    }
}

/// x̂_0 of `x_t`, and the gradient by `x_t` of what `along` makes of it.
fn gradient(
    x_t: &Tensor<4>,
    denoise: AskStart<'_>,
    along: &dyn Fn(Tensor<4>) -> Tensor<1>,
) -> (Tensor<4>, Tensor<4>) {
    let tracked = x_t.clone().autodiff().require_grad();
    let start = denoise(tracked.clone());
    let gradients = along(start.clone()).backward();
    let gradient = tracked.grad(&gradients).expect("x_t is a tracked leaf of x̂_0");
    (start.inner(), gradient)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};
    use genlab_core::{Phase, Seed};

    const COUNT: usize = 20_000;

    /// A Jacobian that is neither diagonal nor symmetric.
    const JACOBIAN: [[f32; 4]; 4] = [
        [0.9, 0.5, -0.3, 0.2],
        [-0.1, 0.4, 0.6, 0.0],
        [0.3, 0.2, -0.7, 0.8],
        [0.5, -0.4, 0.1, 0.3],
    ];

    fn linear(x: Tensor<4>) -> Tensor<4> {
        let shape = x.dims();
        let numbers = JACOBIAN.concat();
        let matrix = Tensor::<2>::from_data(TensorData::new(numbers, [4, 4]), &Device::flex());
        x.reshape([shape[0], 4]).matmul(matrix.transpose()).reshape(shape)
    }

    fn probes(count: u64) -> Vec<Tensor<4>> {
        let noise = Seed(5).during(Phase::Evaluate);
        let shape = [COUNT, 1, 2, 2];
        let draw = |k| noise.signs("test/probe", k, 0..COUNT as u64, shape, &Device::flex());
        (0..count).map(draw).collect()
    }

    /// Mean and variance over rows.
    fn moments(found: &Denoised) -> [f64; 2] {
        let found = found.divergence.to_data().try_into_vec::<f32>().expect("f32");
        let count = found.len() as f64;
        let mean = found.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
        [mean, found.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / (count - 1.0)]
    }

    fn point() -> Tensor<4> {
        let row = Tensor::<1>::from_floats([0.3, -0.8, 1.1, 0.4], &Device::flex());
        row.reshape([1, 1, 2, 2]).repeat(&[COUNT, 1, 1, 1])
    }

    #[test]
    fn the_estimate_has_the_mean_and_the_variance_of_its_closed_form() {
        let [trace, mut variance] = [(0..4).map(|i| f64::from(JACOBIAN[i][i])).sum(), 0.0];
        for (i, j) in (0..16).map(|k| (k / 4, k % 4)).filter(|(i, j)| i != j) {
            variance += 2.0 * (0.5 * f64::from(JACOBIAN[i][j] + JACOBIAN[j][i])).powi(2);
        }
        for count in [1, 3] {
            let [mean, found] = moments(&Denoised::estimated(&point(), &probes(count), &linear));
            let error = (found / COUNT as f64).sqrt();
            assert!((mean - trace).abs() < 3.0 * error, "{mean} for {trace}, error {error}");
            let ratio = found / (variance / count as f64);
            assert!((ratio - 1.0).abs() < 0.05, "{count} probes: {ratio} of the variance");
        }
    }

    #[test]
    fn where_the_jacobian_changes_the_estimate_is_the_exact_divergence_on_average() {
        let denoise = |x: Tensor<4>| linear(linear(x).tanh()) * 0.7;
        let exact = Denoised::exact(&point().narrow(0, 0, 1), &denoise);
        let found = Denoised::estimated(&point(), &probes(1), &denoise);
        let (trace, [mean, variance]) = (only(&exact), moments(&found));
        let error = (variance / COUNT as f64).sqrt();
        assert!(error > 1e-4 && (mean - trace).abs() < 3.0 * error, "{mean}, {trace} ± {error}");
        let apart = (found.start.narrow(0, 7, 1) - exact.start).abs().max().into_data();
        assert!(apart.try_into_vec::<f32>().expect("f32")[0] < 1e-6);
    }

    fn only(found: &Denoised) -> f64 {
        f64::from(found.divergence.to_data().try_into_vec::<f32>().expect("f32")[0])
    }

    #[test]
    fn of_a_diagonal_jacobian_one_probe_of_signs_is_exact() {
        let denoise = |x: Tensor<4>| x.clone().sin() + x * 0.5;
        let trace: f64 = [0.3_f64, -0.8, 1.1, 0.4].into_iter().map(|x| x.cos() + 0.5).sum();
        let [mean, variance] = moments(&Denoised::estimated(&point(), &probes(1), &denoise));
        assert!((mean - trace).abs() < 1e-5 && variance < 1e-10, "{mean} {trace} {variance}");
        let exact = Denoised::exact(&point().narrow(0, 0, 1), &denoise);
        assert!((only(&exact) - trace).abs() < 1e-5);
    }
}
