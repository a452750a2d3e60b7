use gan_loss::{critic_loss, generator_loss};
use genlab::burn::tensor::{Device, Tensor};

fn number(x: Tensor<1>) -> f32 {
    x.into_data().as_slice::<f32>().unwrap()[0]
}

/// Knows nothing: its logits are 0.
fn ignorant(values: Tensor<2>) -> Tensor<1> {
    (values * 0.0).sum_dim(1).squeeze_dim(1)
}

#[test]
fn a_critic_that_knows_nothing_pays_2_ln_2() {
    let values = Tensor::<2>::from_floats([[0.1, 0.9], [0.3, 0.2]], &Device::flex());
    let loss = number(critic_loss(&ignorant, values.clone(), values));
    assert!((loss - 2.0 * 2.0_f32.ln()).abs() < 1e-6, "{loss}");
}

#[test]
fn and_a_generator_that_faces_it_pays_ln_2() {
    let values = Tensor::<2>::from_floats([[0.1, 0.9]], &Device::flex());
    let loss = number(generator_loss(&ignorant, values));
    assert!((loss - 2.0_f32.ln()).abs() < 1e-6, "{loss}");
}
