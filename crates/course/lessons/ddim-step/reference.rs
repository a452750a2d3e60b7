//! A step of DDIM.

use genlab::burn::tensor::Tensor;

#[derive(Clone, Copy, Debug)]
pub struct Level {
    pub from: f64,
    pub to: f64,
    pub eta: f64,
}

pub fn ddim_step(x_t: Tensor<2>, predicted: Tensor<2>, fresh: Tensor<2>, level: Level) -> Tensor<2> {
    let Level { from, to, eta } = level;
    let start = (x_t - predicted.clone() * (1.0 - from).sqrt()) / from.sqrt();
    let variance = eta * eta * (1.0 - to) / (1.0 - from) * (1.0 - from / to);
    let direction = (1.0 - to - variance).max(0.0).sqrt();
    start * to.sqrt() + predicted * direction + fresh * variance.sqrt()
}
