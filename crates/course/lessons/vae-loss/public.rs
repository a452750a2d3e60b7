use genlab::burn::tensor::{Device, Tensor};
use vae_loss::kl;

fn numbers(x: Tensor<1>) -> Vec<f32> {
    x.into_data().try_into_vec().unwrap()
}

#[test]
fn the_prior_is_at_no_distance_from_itself() {
    let zeros = Tensor::<2>::zeros([2, 3], &Device::flex());
    assert_eq!(numbers(kl(zeros.clone(), zeros)), [0.0, 0.0]);
}

#[test]
fn a_mean_of_2_costs_2_nats() {
    let device = Device::flex();
    let mean = Tensor::<2>::from_floats([[2.0]], &device);
    assert_eq!(numbers(kl(mean, Tensor::zeros([1, 1], &device))), [2.0]);
}
