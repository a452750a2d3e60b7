//! `model.safetensors`.

use super::Order;
use crate::config::RunConfig;
use genlab_core::{
    Generative,
    checkpoint::{NamedTensor, safetensors_bytes},
    state::StateWriter,
};
use std::collections::BTreeMap;

/// What is noted beside the weights.
pub(super) fn notes(config: &RunConfig, order: Order) -> BTreeMap<&'static str, String> {
    BTreeMap::from([
        // What other libraries ask for before they read a file.
        ("format", "pt".to_owned()),
        ("genlab_version", env!("CARGO_PKG_VERSION").to_owned()),
        ("model", config.model.name().to_owned()),
        ("dataset", config.dataset_slug()),
        ("run", config.run_name()),
        ("settings_hash", config.hash()),
        ("order", order.name().to_owned()),
    ])
}

/// The weights that the model is judged by, under the names of its parameters.
pub(super) fn file(
    model: &dyn Generative,
    order: Order,
    notes: &BTreeMap<&'static str, String>,
) -> Vec<u8> {
    let mut out = StateWriter::default();
    model.weights(&mut out);
    let tensors: Vec<NamedTensor> =
        out.into_tensors().into_iter().map(|tensor| ordered(tensor, order)).collect();
    safetensors_bytes(&tensors, notes)
}

/// Matrices that are called weight are those of affine layers, `[in, out]` in burn; convolutions of both kinds, norms and
/// tables lie in PyTorch as they do there.
fn ordered((name, shape, values): NamedTensor, order: Order) -> NamedTensor {
    match shape[..] {
        [rows, columns] if order == Order::Pytorch && name.ends_with(".weight") => {
            let row = |column| (0..rows).map(move |row| row * columns + column);
            let transposed = (0..columns).flat_map(row).map(|at| values[at]).collect();
            (name, vec![columns, rows], transposed)
        }
        _ => (name, shape, values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_matrices_that_are_weights_are_transposed_and_only_for_pytorch() {
        let of = |name: &str, shape: &[usize]| -> NamedTensor {
            (name.to_owned(), shape.to_vec(), (0..6_u8).map(f32::from).collect())
        };
        let affine = of("net.code.weight", &[2, 3]);
        let transposed = vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0];
        let expected = ("net.code.weight".to_owned(), vec![3, 2], transposed);
        assert_eq!(ordered(affine.clone(), Order::Pytorch), expected);
        assert_eq!(ordered(affine.clone(), Order::Burn), affine);
        for other in [
            of("net.class.table", &[2, 3]),
            of("net.prior.mean", &[2, 3]),
            of("net.norm.weight", &[6]),
            of("net.stem.weight", &[1, 2, 3, 1]),
        ] {
            assert_eq!(ordered(other.clone(), Order::Pytorch), other);
        }
    }
}
