//! How a network is told where something is.

use burn::tensor::{Device, Tensor, TensorData};

/// Slowest turn of an embedding, in places per radian.
const PERIOD: f64 = 10_000.0;

/// Fixed positions of a grid's places, row by row, `[rows · columns, size]`: half of the numbers tell the row and
/// half the column, each as sines then cosines of i ω_j with ω_j = 10000^(−j / (size/4)) (the embedding of
/// arXiv:1706.03762, section 3.5, along two axes, as in arXiv:2212.09748). `size` is a multiple of 4.
pub(super) fn grid_positions(grid: [usize; 2], size: usize, device: &Device) -> Tensor<2> {
    let [rows, columns] = grid;
    let half = size / 2;
    let axis = |length: usize, shape: [usize; 3]| {
        let values: Vec<f32> = (0..length).flat_map(|i| embedded(i as f64, half)).collect();
        Tensor::<3>::from_data(TensorData::new(values, shape), device).expand([rows, columns, half])
    };
    let along = vec![axis(rows, [rows, 1, half]), axis(columns, [1, columns, half])];
    Tensor::cat(along, 2).reshape([rows * columns, size])
}

/// Sines then cosines of one position, `size` numbers.
fn embedded(position: f64, size: usize) -> impl Iterator<Item = f32> {
    let count = size / 2;
    let angle = move |j: usize| position * PERIOD.powf(-(j as f64) / count as f64);
    let sines = (0..count).map(move |j| angle(j).sin() as f32);
    sines.chain((0..count).map(move |j| angle(j).cos() as f32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_the_sines_and_cosines_of_its_row_and_of_its_column() {
        let positions = grid_positions([2, 3], 8, &Device::flex());
        let found = positions.narrow(0, 5, 1).into_data().try_into_vec::<f32>().expect("f32");
        // Row 1, column 2; ω is 1 and 0.01.
        let angles = [[1.0_f32, 0.01], [2.0, 0.02]];
        let expected: Vec<f32> =
            angles.into_iter().flat_map(|[a, b]| [a.sin(), b.sin(), a.cos(), b.cos()]).collect();
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() < 1e-6, "{found:?}, {expected:?}");
        }
    }
}
