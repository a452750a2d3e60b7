//! Random tensors and comparisons.

use burn::tensor::{Device, Gradients, Tensor, TensorData};

/// The CPU with gradients.
pub(crate) fn tracked() -> Device {
    Device::flex().autodiff()
}

/// Reproducible values in (-1, 1) from a linear congruential generator.
pub(crate) fn values(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x2545_F491_4F6C_DD1D;
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// A random tensor on `device`.
pub(crate) fn random<const D: usize>(seed: u64, shape: [usize; D], device: &Device) -> Tensor<D> {
    let len = shape.iter().product();
    Tensor::from_data(TensorData::new(values(seed, len), shape), device)
}

/// A random tracked leaf.
pub(crate) fn leaf<const D: usize>(seed: u64, shape: [usize; D]) -> Tensor<D> {
    random(seed, shape, &tracked()).require_grad()
}

/// A random tracked leaf, of values in (-scale, scale).
pub(crate) fn wide_leaf<const D: usize>(seed: u64, shape: [usize; D], scale: f32) -> Tensor<D> {
    (random(seed, shape, &tracked()) * scale).detach().require_grad()
}

/// The elements in row-major order.
pub(crate) fn elements<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    x.into_data().try_to_vec().expect("f32")
}

/// The gradient of the leaf `x`.
#[track_caller]
pub(crate) fn grad<const D: usize>(x: &Tensor<D>, grads: &Gradients) -> Tensor<D> {
    x.grad(grads).expect("a tracked leaf")
}

/// Fails unless `ours` is `theirs` up to `tolerance` times the largest of theirs.
#[track_caller]
pub(crate) fn close<const D: usize>(
    what: &str,
    ours: Tensor<D>,
    theirs: Tensor<D>,
    tolerance: f32,
) {
    assert_eq!(ours.dims(), theirs.dims(), "{what}: shapes");
    let (ours, theirs) = (elements(ours), elements(theirs));
    close_at(what, &ours, &theirs, 1e-3, tolerance);
}

/// The same with a largest value that counts as at least `least`.
#[track_caller]
fn close_at(what: &str, ours: &[f32], theirs: &[f32], least: f32, tolerance: f32) {
    let scale = theirs.iter().fold(least, |m, v| m.max(v.abs()));
    for (i, (a, b)) in ours.iter().zip(theirs).enumerate() {
        assert!((a - b).abs() <= tolerance * scale, "{what}[{i}]: {a} is not {b} (scale {scale})");
    }
}

/// Fails unless both have the same bits.
#[track_caller]
pub(crate) fn identical<const D: usize>(what: &str, a: Tensor<D>, b: Tensor<D>) {
    let bits = |x| elements(x).into_iter().map(f32::to_bits).collect::<Vec<_>>();
    assert_eq!(bits(a), bits(b), "{what}: bits");
}

/// The gradients of two ways to compute the same.
pub(crate) struct Both {
    ours: Gradients,
    theirs: Gradients,
}

impl Both {
    /// Runs both backward from the same random upstream gradient.
    pub(crate) fn backward<const D: usize>(seed: u64, ours: Tensor<D>, theirs: Tensor<D>) -> Self {
        let upstream = random(seed, ours.dims(), &tracked());
        Self {
            ours: (ours * upstream.clone()).sum().backward(),
            theirs: (theirs * upstream).sum().backward(),
        }
    }

    /// Fails unless the leaf `x` has [`close`] gradients.
    #[track_caller]
    pub(crate) fn close<const D: usize>(&self, what: &str, x: &Tensor<D>, tolerance: f32) {
        close(what, grad(x, &self.ours), grad(x, &self.theirs), tolerance);
    }

    /// The same for gradients that are sums of so many values of either sign in (-1, 1): one that happens
    /// to come out small has the rounding of what such sums usually are.
    #[track_caller]
    pub(crate) fn close_sums(&self, what: &str, x: &Tensor<1>, terms: usize, tolerance: f32) {
        let [ours, theirs] = [&self.ours, &self.theirs].map(|grads| elements(grad(x, grads)));
        close_at(what, &ours, &theirs, 0.5 * (terms as f32).sqrt(), tolerance);
    }
}
