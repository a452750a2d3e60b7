//! Sharper values: the logits of a decoder, multiplied.

use burn::tensor::Tensor;

/// σ(s l) of values x = σ(l) in [0, 1], by x^s / (x^s + (1 − x)^s): the logits themselves are not needed. s = 1 changes
/// nothing; above it grey levels move towards black and white, which undoes some of the blur of means.
pub fn sharpened(values: Tensor<4>, s: f64) -> Tensor<4> {
    if s == 1.0 {
        return values;
    }
    let (on, off) = (values.clone().powf_scalar(s), (-values + 1.0).powf_scalar(s));
    on.clone() / (on + off)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, activation::sigmoid};

    #[test]
    fn it_is_the_logistic_function_of_multiplied_logits() {
        let logits = Tensor::<1>::from_floats(
            [-40.0, -6.0, -1.0, 0.0, 0.3, 2.0, 7.0, 30.0],
            &Device::flex(),
        );
        let logits = logits.reshape([2, 1, 2, 2]);
        for s in [1.0, 1.5, 2.0, 3.0] {
            let apart = sharpened(sigmoid(logits.clone()), s) - sigmoid(logits.clone() * s);
            let apart = apart.abs().max().into_data().try_into_vec::<f32>().unwrap()[0];
            assert!(apart < 1e-6, "{s}: {apart}");
        }
    }
}
