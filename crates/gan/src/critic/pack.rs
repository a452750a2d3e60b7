//! Several values judged as one.

use burn::tensor::Tensor;

/// Values `[B, C, H, W]` in packs of `size`, `[B / size, size · C, H, W]`, neighbours side by side along the
/// channels: section 3 of Lin et al. 2018 (PacGAN, arXiv:1712.04086). A critic that sees several samples at
/// once sees whether they are too much alike. Values beyond the last whole pack are left out; where there
/// are too few for one, they are repeated.
pub fn packed(values: Tensor<4>, size: usize) -> Tensor<4> {
    if size == 1 {
        return values;
    }
    let [batch, channels, height, width] = values.dims();
    let packs = (batch / size).max(1);
    let enough =
        if batch < size { values.repeat(&[size.div_ceil(batch), 1, 1, 1]) } else { values };
    let whole = enough.narrow(0, 0, packs * size);
    whole.reshape([packs, size * channels, height, width])
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn neighbours_stand_side_by_side_and_a_rest_is_left_out() {
        let points: [f32; 10] = std::array::from_fn(|i| i as f32);
        let points = Tensor::<1>::from_floats(points, &Device::flex()).reshape([5, 2, 1, 1]);
        let read = |x: Tensor<4>| (x.dims(), x.into_data().try_into_vec::<f32>().expect("f32"));
        let two = read(packed(points.clone(), 2));
        assert_eq!(two, ([2, 4, 1, 1], vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]));
        let (dims, seven) = read(packed(points.clone(), 7));
        assert_eq!((dims, &seven[10..]), ([1, 14, 1, 1], &[0.0, 1.0, 2.0, 3.0][..]));
        assert_eq!(read(packed(points.clone(), 1)), read(points));
    }
}
