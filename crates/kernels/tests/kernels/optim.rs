//! Adam and the moving average.

use burn::tensor::{Device, Tensor};
use genlab_kernels::{AdamSlot, AdamStep, adam_update, lerp};

use crate::support::{close, elements, identical, random, tracked};

fn at(step: u64) -> AdamStep {
    AdamStep { learning_rate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, step }
}

fn slot(seed: u64, shape: [usize; 2]) -> AdamSlot<2> {
    let device = Device::flex();
    let zeros = Tensor::zeros(shape, &device);
    AdamSlot { value: random(seed, shape, &device), first: zeros.clone(), second: zeros }
}

/// Algorithm 1 in f64.
fn reference(value: &[f32], gradients: &[Vec<f32>]) -> Vec<f32> {
    let (mut m, mut v) = (vec![0.0_f64; value.len()], vec![0.0_f64; value.len()]);
    let mut value: Vec<f64> = value.iter().map(|x| f64::from(*x)).collect();
    for (step, gradient) in (1..).zip(gradients) {
        for (i, g) in gradient.iter().map(|g| f64::from(*g)).enumerate() {
            m[i] = 0.9 * m[i] + 0.1 * g;
            v[i] = 0.999 * v[i] + 0.001 * g * g;
            let (m_hat, v_hat) =
                (m[i] / (1.0 - 0.9_f64.powi(step)), v[i] / (1.0 - 0.999_f64.powi(step)));
            value[i] -= 0.01 * m_hat / (v_hat.sqrt() + 1e-8);
        }
    }
    value.into_iter().map(|x| x as f32).collect()
}

#[test]
fn adam_follows_the_paper_with_and_without_a_scale() {
    for shape in [[3, 5], [300, 301]] {
        let device = Device::flex();
        let mut plain = slot(1, shape);
        let mut scaled = plain.clone();
        let start = elements(plain.value.clone());
        let mut gradients = Vec::new();
        for step in 1..=5 {
            let gradient: Tensor<2> = random(10 + step, shape, &device);
            gradients.push(elements(gradient.clone()));
            let half = Tensor::<1>::from_floats([0.5], &device);
            scaled = adam_update(scaled, gradient.clone() * 2.0, Some(half), at(step));
            plain = adam_update(plain, gradient, None, at(step));
        }
        identical("scaled", plain.value.clone(), scaled.value);
        let expected = reference(&start, &gradients);
        for (ours, theirs) in elements(plain.value).into_iter().zip(expected) {
            assert!((ours - theirs).abs() < 1e-5, "{ours} is not {theirs}");
        }
    }
}

#[test]
fn updates_leave_other_holders_of_the_buffers_alone() {
    let before = slot(2, [70, 1000]);
    let snapshot = elements(before.value.clone());
    let gradient = random(3, [70, 1000], &Device::flex());
    let after = adam_update(before.clone(), gradient, None, at(1));
    assert_eq!(elements(before.value.clone()), snapshot);
    assert_eq!(elements(before.first).iter().sum::<f32>(), 0.0);
    assert_ne!(elements(after.value.clone()), snapshot);
    let average = lerp(before.value.clone(), after.value, 0.5);
    assert_eq!(elements(before.value), snapshot);
    assert_ne!(elements(average), snapshot);
}

#[test]
fn lerp_agrees_with_burn() {
    let device = Device::flex();
    for shape in [[7, 9], [500, 400]] {
        let (a, b): (Tensor<2>, Tensor<2>) = (random(1, shape, &device), random(2, shape, &device));
        let expected = a.clone() + (b.clone() - a.clone()) * 0.3;
        close("lerp", lerp(a, b, 0.3), expected, 1e-6);
    }
}

#[test]
fn views_are_updated_as_if_they_were_copies() {
    let device = Device::flex();
    let whole: Tensor<2> = random(4, [8, 6], &device);
    let view = whole.clone().slice([2..5, 1..4]);
    let gradient: Tensor<2> = random(5, [3, 3], &device);
    let zeros = Tensor::zeros([3, 3], &device);
    let slot = AdamSlot { value: view.clone(), first: zeros.clone(), second: zeros };
    let after = adam_update(slot, gradient.clone().transpose(), None, at(1));
    // The first step moves by the learning rate against the gradient's sign.
    let expected = view - gradient.transpose().sign() * 0.01;
    close("view", after.value, expected, 1e-5);
}

#[test]
fn tracked_tensors_take_any_place_and_are_updated_like_plain_ones() {
    let run = |place: Option<u64>| {
        let tensor = |seed: u64| -> Tensor<2> {
            let device = if place == Some(seed) { tracked() } else { Device::flex() };
            random(seed, [5, 7], &device)
        };
        let slot = AdamSlot { value: tensor(1), first: tensor(2), second: tensor(3).abs() };
        let average = lerp(tensor(1), tensor(2), 0.3);
        let after = adam_update(slot, tensor(4), None, at(3));
        let plain = |x: Tensor<2>| Tensor::<2>::from_data(x.into_data(), &Device::flex());
        [after.value, after.first, after.second, average].map(plain)
    };
    for place in 1..=4 {
        for (tracked, plain) in run(Some(place)).into_iter().zip(run(None)) {
            close(&format!("{place}"), tracked, plain, 1e-6);
        }
    }
}
