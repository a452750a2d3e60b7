use ddim_step::{Level, ddim_step};
use genlab::burn::tensor::{Device, Tensor};

#[test]
fn without_noise_only_the_scale_changes() {
    let device = Device::flex();
    let x_t = Tensor::<2>::from_floats([[0.5, -1.0]], &device);
    let zeros = Tensor::<2>::zeros([1, 2], &device);
    let level = Level { from: 0.25, to: 1.0, eta: 0.0 };
    let x_s = ddim_step(x_t, zeros.clone(), zeros, level).into_data();
    assert_eq!(x_s.as_slice::<f32>().unwrap(), [1.0, -2.0]);
}
