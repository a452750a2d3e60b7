use genlab::burn::tensor::{Device, Tensor};
use reparameterisation::reparameterise;

#[test]
fn with_a_variance_of_one_the_noise_is_added() {
    let device = Device::flex();
    let mean = Tensor::<2>::from_floats([[1.0, 2.0]], &device);
    let noise = Tensor::<2>::from_floats([[0.5, -3.0]], &device);
    let codes = reparameterise(mean, Tensor::zeros([1, 2], &device), noise);
    assert_eq!(codes.into_data().as_slice::<f32>().unwrap(), [1.5, -1.0]);
}
