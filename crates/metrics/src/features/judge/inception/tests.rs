//! Against pytorch-fid with made-up weights: `tests/oracles/networks.py` made the fixtures.

use super::*;
use crate::features::weights::testing::{MadeUp, cases, numbers, picture, shape};

fn name(case: &serde_json::Value) -> &str {
    case["name"].as_str().expect("a name")
}

#[test]
fn images_are_prepared_as_pytorch_fid_prepares_them() {
    let device = Device::flex();
    for case in cases("resize") {
        let shape = shape(&case);
        let found = host::floats(prepared(picture(name(&case), shape, &device)));
        let channel = SIDE * SIDE;
        assert_eq!(found.len(), 3 * channel);
        let stride = case["stride"].as_u64().expect("a stride") as usize;
        let found_here = found[..shape.channels * channel].iter().step_by(stride);
        let expected = numbers(&case, "values");
        assert_eq!(found_here.len(), expected.len());
        for (found, expected) in found_here.zip(expected) {
            assert!((f64::from(*found) - expected).abs() < 1e-5, "{found} is not {expected}");
        }
        if shape.channels == 1 {
            assert_eq!(found[..channel], found[channel..2 * channel]);
            assert_eq!(found[..channel], found[2 * channel..]);
        }
    }
}

#[test]
fn features_equal_pytorch_fids_at_every_input_size() {
    let device = Device::flex();
    let network = Inception::new(&MadeUp, &device).unwrap();
    for case in cases("inception") {
        let image = picture(name(&case), shape(&case), &device);
        let found = network.features(&image, &device).values;
        let (mean, sd) = crate::numerics::matrix::mean_and_sd(&found);
        let [expected_mean, expected_sd] = ["mean", "sd"].map(|key| case[key].as_f64().unwrap());
        assert!((mean / expected_mean - 1.0).abs() < 1e-5, "mean {mean} of {expected_mean}");
        assert!((sd / expected_sd - 1.0).abs() < 1e-5, "sd {sd} of {expected_sd}");
        let expected = numbers(&case, "features");
        assert_eq!(expected.len(), FEATURES / 8);
        for (found, expected) in found.iter().step_by(8).zip(expected) {
            let error = (found - expected).abs();
            assert!(error < 1e-4 * (expected + 0.01 * mean), "{found} is not {expected}");
        }
    }
}

#[test]
fn a_batch_changes_nothing() {
    let device = Device::flex();
    let layers = Layers::new(&plan::network(), plan::CHANNELS, &MadeUp, &device).unwrap();
    // The network takes any size: a small one is enough to tell images apart.
    let shape = genlab_core::ImageShape::new(3, 80, 80);
    let [a, b] = ["left", "right"].map(|name| picture(name, shape, &device));
    let alone = host::floats(layers.forward(b.clone()));
    let both = host::floats(layers.forward(Tensor::cat(vec![a, b], 0)));
    assert_eq!(both.len(), 2 * alone.len());
    for (alone, both) in alone.iter().zip(&both[alone.len()..]) {
        assert!((alone - both).abs() < 1e-3, "{alone} {both}");
    }
}
