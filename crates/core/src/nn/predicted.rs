//! What a network gives that says how sure it is.

use burn::tensor::Tensor;

/// What a network makes of noisy values: as many numbers as it reads, and as many again where it was built
/// `with_variance`.
#[derive(Clone, Debug)]
pub struct Predicted<const D: usize> {
    /// The target.
    pub target: Tensor<D>,
    /// What is said of its variance: any real number, 0 of a fresh network.
    pub variance: Option<Tensor<D>>,
}

impl<const D: usize> Predicted<D> {
    /// Both in another form.
    #[must_use]
    pub fn map<const E: usize>(self, f: impl Fn(Tensor<D>) -> Tensor<E>) -> Predicted<E> {
        Predicted { target: f(self.target), variance: self.variance.map(f) }
    }
}
