//! Units of a code against the atoms of the data.

use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Batch, Codes, Condition, Decode, Encode, Generative, Noise, Scalars, Seed};
use genlab_data::{Dataset, LoadOptions, load};
use genlab_metrics::{Evaluator, Settings};

/// Knows the atoms that values are made of.
pub(crate) struct Atoms(Vec<Vec<f64>>);

impl Atoms {
    /// `[atoms, numbers of a value]`.
    fn matrix(&self, device: &Device) -> Tensor<2> {
        let numbers: Vec<f32> = self.0.iter().flatten().map(|&v| v as f32).collect();
        let size = self.0[0].len();
        Tensor::from_data(TensorData::new(numbers, [self.0.len(), size]), device)
    }
}

impl Generative for Atoms {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Noise) -> Scalars {
        Scalars::new()
    }
    fn encoder(&self) -> Option<&dyn Encode> {
        Some(self)
    }
    fn decoder(&self) -> Option<&dyn Decode> {
        Some(self)
    }
}

impl Encode for Atoms {
    fn encode(&self, values: Tensor<4>, _condition: &Condition) -> Codes {
        let atoms = self.matrix(&values.device());
        Codes { mean: values.flatten::<2>(1, 3).matmul(atoms.transpose()), log_var: None }
    }
    fn is_sparse(&self) -> bool {
        true
    }
}

impl Decode for Atoms {
    fn latent_dim(&self) -> usize {
        self.0.len()
    }
    fn decode(&self, codes: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        let values = codes.clone().matmul(self.matrix(&codes.device()));
        let [count, size] = values.dims();
        values.reshape([count, size, 1, 1])
    }
}

/// Sparse combinations of known atoms, and who knows them.
pub(crate) fn planted() -> (Dataset, Atoms) {
    let planted = load("planted-dictionary", &LoadOptions::default()).expect("drawn");
    let atoms = planted.truth.as_ref().and_then(|truth| truth.atoms()).expect("atoms").to_vec();
    (planted, Atoms(atoms))
}

#[test]
fn who_knows_the_atoms_has_recovered_them_all() {
    let (planted, atoms) = planted();
    let settings = Settings { samples: 200, ..Settings::default() };
    let evaluator = Evaluator::new(&planted, None, &Device::flex(), Seed(0), settings);
    let metrics = evaluator.evaluate(&atoms, &|_| ()).metrics;
    for name in ["dictionary/recovered", "dictionary/mean_max_cosine"] {
        let metric = metrics.iter().find(|metric| metric.name == name).expect(name);
        assert!((metric.value - 1.0).abs() < 1e-5, "{name}: {}", metric.value);
    }
}
