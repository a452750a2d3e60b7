//! Clipping by the global norm (Pascanu et al. 2013, arXiv:1211.5063), without reading the device.

use crate::params::FlatTensors;
use burn::tensor::Tensor;

/// Keeps the factor finite where all gradients are zero, as in PyTorch's `clip_grad_norm_`.
const FLOOR: f64 = 1e-6;

/// The Euclidean norm `[1]` of all gradients taken as one vector.
pub(super) fn global_norm(gradients: &FlatTensors) -> Tensor<1> {
    let squares = gradients.values().map(|g| g.clone().square().sum()).collect();
    Tensor::cat(squares, 0).sum().sqrt()
}

/// min(1, largest / norm), `[1]`: what makes gradients of that norm no longer than `largest`.
pub(super) fn factor(norm: Tensor<1>, largest: f64) -> Tensor<1> {
    (norm + FLOOR).recip().mul_scalar(largest).clamp_max(1.0)
}

/// The gradient times the factor, where there is one.
pub(super) fn scaled(gradient: Tensor<1>, factor: Option<Tensor<1>>) -> Tensor<1> {
    match factor {
        Some(factor) => gradient * factor,
        None => gradient,
    }
}
