//! Made-up weights and pictures: functions of a tensor's name and an index, as in
//! `tests/oracles/networks.py`.

use super::{Weights, WeightsError};
use crate::features::host;
use burn::tensor::{Device, Tensor};
use genlab_core::{ImageShape, digest::sha256};
use serde_json::Value;
use std::{fs, path::Path};

/// `count` numbers in [0, 1): SplitMix64, seeded with the first 8 bytes of the name's SHA-256.
fn uniform(name: &str, count: usize) -> impl Iterator<Item = f64> {
    let seed = u64::from_str_radix(&sha256(name.as_bytes())[..16], 16).expect("16 digits");
    (1..=count as u64).map(move |i| {
        let mut z = seed.wrapping_add(i.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^= z >> 31;
        (z >> 11) as f64 * 2.0_f64.powi(-53)
    })
}

/// Weights for every name and shape.
pub(crate) struct MadeUp;

impl Weights for MadeUp {
    fn tensor(&self, name: &str, shape: &[usize]) -> Result<Vec<f32>, WeightsError> {
        let u = uniform(name, shape.iter().product());
        let values = |f: &dyn Fn(f64) -> f64| u.map(|u| f(u) as f32).collect();
        Ok(if name.starts_with("lin") {
            values(&|u| u)
        } else if shape.len() > 1 {
            let bound = (6.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
            values(&|u| (2.0 * u - 1.0) * bound)
        } else if name.ends_with("running_var") || name.ends_with("bn.weight") {
            values(&|u| u + 0.5)
        } else {
            values(&|u| u - 0.5)
        })
    }
}

/// One picture of 8-bit levels, `[1, C, H, W]` in [0, 1].
pub(crate) fn picture(name: &str, shape: ImageShape, device: &Device) -> Tensor<4> {
    let levels = uniform(name, shape.pixels()).map(|u| (u * 256.0).floor() as f32 / 255.0);
    host::images(levels.collect(), shape, device)
}

/// The cases of a fixture of `tests/oracles/networks.py`.
pub(crate) fn cases(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/oracles/fixtures")
        .join(format!("{name}.json"));
    let text = fs::read_to_string(path).expect("tests/oracles/networks.py makes the fixtures");
    let mut fixture: Value = serde_json::from_str(&text).expect("a fixture is JSON");
    let Value::Array(cases) = fixture["cases"].take() else { panic!("a list of cases") };
    cases
}

/// A list of numbers of a case.
pub(crate) fn numbers(case: &Value, key: &str) -> Vec<f64> {
    let values = case[key].as_array().expect("a list");
    values.iter().map(|value| value.as_f64().expect("a number")).collect()
}

/// The `[C, H, W]` of a case.
pub(crate) fn shape(case: &Value) -> ImageShape {
    let [channels, height, width] = numbers(case, "shape")[..] else { panic!("three sizes") };
    ImageShape::new(channels as usize, height as usize, width as usize)
}
