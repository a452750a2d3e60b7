//! How a network is told a class.

use crate::condition::Condition;
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{DType, Device, Int, Tensor},
};

/// One learned vector per class, and one for values about which nothing is told.
#[derive(Module, Debug)]
pub struct ClassEmbedding {
    /// `[1 + classes, size]`; the first row is that of untold values.
    pub table: Param<Tensor<2>>,
}

impl ClassEmbedding {
    /// Vectors of independent normal numbers with this standard deviation.
    pub fn new(classes: usize, size: usize, sd: f64, device: &Device) -> Self {
        let table = Initializer::Normal { mean: 0.0, std: sd }.init([1 + classes, size], device);
        Self { table }
    }

    /// What `batch` values are told, `[B, size]`.
    pub fn forward(&self, condition: &Condition, batch: usize) -> Tensor<2> {
        let table = self.table.val();
        let rows = match &condition.classes {
            Some(classes) => classes.clone() + 1,
            None => Tensor::<1, Int>::zeros([batch], (&table.device().inner(), DType::I32)),
        };
        table.select(0, rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_class_has_its_vector_and_so_has_none() {
        let device = Device::flex();
        let embedding = ClassEmbedding::new(3, 4, 1.0, &device);
        let told = embedding.forward(&Condition::of_classes(&[2, -1], &device), 2);
        let untold = embedding.forward(&Condition::default(), 1);
        let row = |x: &Tensor<2>, i: usize| {
            x.clone().narrow(0, i, 1).into_data().try_into_vec::<f32>().expect("f32")
        };
        let table = embedding.table.val();
        assert_eq!(row(&told, 0), row(&table, 3));
        assert_eq!(row(&told, 1), row(&table, 0));
        assert_eq!(row(&untold, 0), row(&table, 0));
    }
}
