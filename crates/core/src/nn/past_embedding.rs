//! How a network is told what came before.

use super::linear::Linear;
use crate::{
    condition::{Condition, Past},
    space::Space,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};

/// An affine map of the past in standard units and of whether it is told: rows that are not told theirs
/// have a past of zeros, and are known by it.
#[derive(Module, Debug)]
pub struct PastEmbedding {
    layer: Linear,
    length: usize,
    mean: f64,
    sd: f64,
}

impl PastEmbedding {
    /// From `length` numbers before values of `space` to `size`.
    pub fn new(length: usize, size: usize, space: Space, device: &Device) -> Self {
        let Space { mean, sd, .. } = space;
        Self { layer: Linear::new(length + 1, size, device), length, mean, sd }
    }

    /// What `batch` values are told, `[B, size]`.
    pub fn forward(&self, condition: &Condition, batch: usize) -> Tensor<2> {
        let read = match &condition.past {
            Some(Past { numbers, told }) => {
                let told = told.clone().reshape([batch, 1]);
                let numbers = (numbers.clone() - self.mean) / self.sd * told.clone();
                Tensor::cat(vec![numbers, told], 1)
            }
            None => {
                Tensor::zeros([batch, self.length + 1], &self.layer.weight.val().device().inner())
            }
        };
        self.layer.forward(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_past_counts_where_it_is_told_and_in_standard_units() {
        let device = Device::flex();
        let told = |embedding: &PastEmbedding, numbers: [f32; 2], told: f32| {
            let numbers = Tensor::<1>::from_floats(numbers, &device).reshape([1, 2]);
            let told = Tensor::<1>::from_floats([told], &device);
            let condition =
                Condition { past: Some(Past { numbers, told }), ..Condition::default() };
            let y = embedding.forward(&condition, 1).into_data();
            y.try_into_vec::<f32>().expect("f32")
        };
        let embedding = PastEmbedding::new(2, 3, Space::series(4, 5.0, 2.0), &device);
        let standard = PastEmbedding { mean: 0.0, sd: 1.0, ..embedding.clone() };
        assert_eq!(told(&embedding, [7.0, 3.0], 1.0), told(&standard, [1.0, -1.0], 1.0));
        assert_ne!(told(&embedding, [7.0, 3.0], 1.0), told(&embedding, [7.0, 5.0], 1.0));
        let untold = embedding.forward(&Condition::default(), 1).into_data();
        let untold = untold.try_into_vec::<f32>().expect("f32");
        assert_eq!(told(&embedding, [7.0, 3.0], 0.0), untold);
    }
}
