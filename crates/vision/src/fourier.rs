//! Where something is, as numbers that a network can tell apart.

use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::noise::keystream;
use rand::RngExt;
use rand_distr::StandardNormal;
use std::f64::consts::TAU;

/// The key of the frequencies, written out: they are the same in every model, and no parameters of any.
const KEY: [u8; 32] = *b"genlab/vision/fourier-features/1";

/// Fourier features of places `[N, 2]` whose coordinates run from −1 to 1 over the picture, `[N, size]`, `size` even: the
/// Gaussian mapping of Tancik et al. 2020 (arXiv:2006.10739),
///
/// ```text
/// γ(v) = [cos 2πBv, sin 2πBv],    B_jk ~ N(0, 1)
/// ```
///
/// with a B that is drawn once and for all.
pub(crate) fn fourier_features(places: Tensor<2>, size: usize) -> Tensor<2> {
    let angles = places.clone().matmul(turns(size / 2, &places.device()));
    Tensor::cat(vec![angles.clone().cos(), angles.sin()], 1)
}

/// 2πBᵀ, `[2, count]` radians per unit. The first are the same however many there are.
fn turns(count: usize, device: &Device) -> Tensor<2> {
    let mut draws = keystream(KEY, 0, 0);
    let mut turn = || (TAU * draws.sample::<f64, _>(StandardNormal)) as f32;
    let both: Vec<f32> = (0..2 * count).map(|_| turn()).collect();
    Tensor::<2>::from_data(TensorData::new(both, [count, 2]), device).transpose()
}

/// The features of the middles of `rows · columns` places that cover the picture, row by row, `[rows · columns, size]`.
pub(crate) fn grid_features(
    [rows, columns]: [usize; 2],
    size: usize,
    device: &Device,
) -> Tensor<2> {
    let middle = |place: usize, count: usize| ((2 * place + 1) as f32 / count as f32) - 1.0;
    let place = |at: usize| [middle(at % columns, columns), middle(at / columns, rows)];
    let places: Vec<f32> = (0..rows * columns).flat_map(place).collect();
    let places = Tensor::from_data(TensorData::new(places, [rows * columns, 2]), device);
    fourier_features(places, size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(x: Tensor<2>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn places_that_are_near_have_features_that_are_alike() {
        let device = Device::flex();
        let places = Tensor::from_floats([[0.0, 0.0], [0.02, 0.0], [0.9, -0.4]], &device);
        let features = host(fourier_features(places, 64));
        let product = |a: usize, b: usize| {
            let row = |i: usize| &features[64 * i..64 * (i + 1)];
            row(a).iter().zip(row(b)).map(|(a, b)| a * b).sum::<f32>() / 32.0
        };
        // E cos(2π b·d) = exp(−2π² |d|²): 0.992 at a distance of 0.02.
        assert!((product(0, 0) - 1.0).abs() < 1e-5);
        assert!((product(0, 1) - 0.992).abs() < 0.01, "{}", product(0, 1));
        assert!(product(0, 2).abs() < 0.5, "{}", product(0, 2));
    }

    #[test]
    fn a_grid_is_the_middles_of_its_places() {
        let device = Device::flex();
        let grid = host(grid_features([2, 4], 8, &device));
        let last = host(fourier_features(Tensor::from_floats([[0.75, 0.5]], &device), 8));
        assert_eq!(grid.len(), 8 * 8);
        for (found, expected) in grid[8 * 7..].iter().zip(&last) {
            assert!((found - expected).abs() < 1e-5, "{found} for {expected}");
        }
    }
}
