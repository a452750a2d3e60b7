use ae_loss::{cross_entropy, squared_error};
use genlab::burn::tensor::{Device, Tensor};

fn number(x: Tensor<1>) -> f32 {
    x.into_data().as_slice::<f32>().unwrap()[0]
}

#[test]
fn a_perfect_reconstruction_costs_nothing() {
    let values = Tensor::<2>::from_floats([[0.1, 0.9]], &Device::flex());
    assert_eq!(number(squared_error(values.clone(), values)), 0.0);
}

#[test]
fn a_logit_of_zero_costs_ln_2() {
    let device = Device::flex();
    let logits = Tensor::<2>::from_floats([[0.0]], &device);
    let values = Tensor::<2>::from_floats([[0.3]], &device);
    assert!((number(cross_entropy(logits, values)) - 2.0_f32.ln()).abs() < 1e-6);
}
