use forward_diffusion::{alpha_bars, noised};
use genlab::burn::tensor::{Device, Tensor};

#[test]
fn half_of_the_variance_and_half_of_that() {
    assert_eq!(alpha_bars(&[0.5, 0.5]), [0.5, 0.25]);
}

#[test]
fn at_the_two_ends_there_is_the_value_and_there_is_noise() {
    let device = Device::flex();
    let values = Tensor::<2>::from_floats([[0.1, 0.9], [0.2, 0.8]], &device);
    let noise = Tensor::<2>::from_floats([[1.5, -2.0], [0.5, 1.0]], &device);
    let alpha_bar = Tensor::<1>::from_floats([1.0, 0.0], &device);
    let noised = noised(values, noise, alpha_bar).into_data();
    assert_eq!(noised.as_slice::<f32>().unwrap(), [0.1, 0.9, 0.5, 1.0]);
}
