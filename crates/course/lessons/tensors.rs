//! Tensors for checks, and numbers out of them.

#![allow(dead_code, reason = "no lesson needs all of it")]

use genlab::burn::tensor::{Device, Tensor, TensorData};

/// `[R, C]`.
pub fn matrix<const R: usize, const C: usize>(rows: [[f64; C]; R]) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, [R, C]), &Device::flex())
}

/// `[N, 1]`.
pub fn column(values: &[f64]) -> Tensor<2> {
    vector(values).reshape([values.len(), 1])
}

/// `[N]`.
pub fn vector(values: &[f64]) -> Tensor<1> {
    let numbers: Vec<f32> = values.iter().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::new(numbers, [values.len()]), &Device::flex())
}

/// The same values, with respect to which gradients are asked for.
pub fn tracked<const D: usize>(values: Tensor<D>) -> Tensor<D> {
    values.autodiff().require_grad()
}

/// All numbers of a tensor, row by row.
pub fn numbers<const D: usize>(tensor: Tensor<D>) -> Vec<f64> {
    let data = tensor.into_data().convert::<f32>();
    data.as_slice::<f32>().expect("converted to f32").iter().map(|&value| f64::from(value)).collect()
}

/// The gradient of the sum of `of` with respect to the tracked `at`: zeros where none arrives.
pub fn gradient<const D: usize, const E: usize>(at: &Tensor<D>, of: Tensor<E>) -> Vec<f64> {
    // On the graph in any case, so that there is something to go back through.
    let whole = of.sum() + at.clone().sum() * 0.0;
    numbers(at.grad(&whole.backward()).expect("it is tracked and on the graph"))
}

/// Gradient descent on `loss`, of a rate and a number of steps.
pub fn descend(
    start: Tensor<2>,
    rate: f64,
    steps: usize,
    loss: impl Fn(Tensor<2>) -> Tensor<1>,
) -> Vec<f64> {
    let mut at = start;
    for _ in 0..steps {
        let here = tracked(at.clone());
        let shape = at.dims();
        let slope: Vec<f32> =
            gradient(&here, loss(here.clone())).iter().map(|&value| value as f32).collect();
        at = at - Tensor::from_data(TensorData::new(slope, shape), &Device::flex()) * rate;
    }
    numbers(at)
}

/// The largest distance between numbers of the same place.
pub fn apart(a: &[f64], b: &[f64]) -> Vec<f64> {
    vec![a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)]
}

/// `count` numbers that lie like draws of the standard normal distribution: its quantiles, by halving an interval of the
/// distribution function.
pub fn quantiles(count: usize) -> Vec<f64> {
    (0..count).map(|i| quantile((i as f64 + 0.5) / count as f64)).collect()
}

fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if below(middle) < share { low = middle } else { high = middle }
    }
    (low + high) / 2.0
}

/// Φ(x), from the series of Abramowitz & Stegun 26.2.10, which converges for all x.
fn below(x: f64) -> f64 {
    if x.abs() > 8.0 {
        return if x > 0.0 { 1.0 } else { 0.0 };
    }
    let (mut term, mut sum) = (x, x);
    for k in 1..200 {
        term *= x * x / f64::from(2 * k + 1);
        sum += term;
    }
    0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}
