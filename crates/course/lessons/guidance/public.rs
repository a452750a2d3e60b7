use genlab::burn::tensor::{Device, Int, Tensor};
use guidance::{guided, told};

#[test]
fn a_weight_of_one_is_the_model_that_is_told_the_class() {
    let device = Device::flex();
    let without = Tensor::<2>::from_floats([[0.5, -1.0]], &device);
    let with = Tensor::<2>::from_floats([[1.5, 2.0]], &device);
    let guided = guided(without, with, 1.0).into_data();
    assert_eq!(guided.as_slice::<f32>().unwrap(), [1.5, 2.0]);
}

#[test]
fn a_share_of_zero_replaces_no_label() {
    let device = Device::flex();
    let labels = Tensor::<1, Int>::from_ints([3, 1], &device);
    let uniform = Tensor::<1>::from_floats([0.0, 0.9], &device);
    let told = told(labels, uniform, 0.0, 10).into_data().convert::<i32>();
    assert_eq!(told.as_slice::<i32>().unwrap(), [3, 1]);
}
