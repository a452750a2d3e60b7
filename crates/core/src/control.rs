//! What pictures are controlled by: their ink, or its edges, computed from the pictures themselves.

use burn::tensor::{Tensor, ops::PadMode};

/// A pixel is ink where its largest channel exceeds this, of [0, 1]. The background of scenes has levels below 64/255, and
/// ink that covers all of a pixel has at least 200/255 in its largest channel: between the two a pixel counts from where
/// ink covers a third to a half of it.
const INK: f64 = 110.0 / 255.0;

/// The square of the least slope of an edge: half of the 4 that Sobel's operator finds on both sides of a straight one.
const EDGE: f64 = 4.0;

/// Which part of a picture a model is controlled by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ControlKind {
    /// Its ink.
    Mask,
    /// The edges of its ink.
    Edges,
}

impl ControlKind {
    /// Its name in settings.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mask => "mask",
            Self::Edges => "edges",
        }
    }

    /// That of `images` `[B, C, H, W]` in [0, 1], as `[B, 1, H, W]`: 1 where it is, 0 elsewhere.
    pub fn of(self, images: Tensor<4>) -> Tensor<4> {
        let mask = images.max_dim(1).greater_elem(INK).float();
        match self {
            Self::Mask => mask,
            Self::Edges => edges(mask),
        }
    }
}

/// Where a mask changes, by the slopes of Sobel's operator. Beyond its border it goes on as it ends there.
fn edges(mask: Tensor<4>) -> Tensor<4> {
    let padded = mask.pad((1, 1, 1, 1), PadMode::Edge);
    let down = slope(smooth(padded.clone(), 3), 2);
    let across = slope(smooth(padded, 2), 3);
    (down.square() + across.square()).greater_equal_elem(EDGE).float()
}

/// Sums of three neighbours along a dimension, the one between counted twice.
fn smooth(x: Tensor<4>, dim: usize) -> Tensor<4> {
    let [before, between, after] = neighbours(&x, dim);
    before + between * 2.0 + after
}

/// Differences of the two neighbours along a dimension.
fn slope(x: Tensor<4>, dim: usize) -> Tensor<4> {
    let [before, _, after] = neighbours(&x, dim);
    after - before
}

fn neighbours(x: &Tensor<4>, dim: usize) -> [Tensor<4>; 3] {
    let length = x.dims()[dim] - 2;
    [0, 1, 2].map(|first| x.clone().narrow(dim, first, length))
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    fn image(numbers: &[f32], shape: [usize; 4]) -> Tensor<4> {
        Tensor::from_data(TensorData::new(numbers.to_vec(), shape), &Device::flex())
    }

    fn host(x: Tensor<4>) -> Vec<f32> {
        x.into_data().try_into_vec::<f32>().expect("f32")
    }

    #[test]
    fn a_pixel_is_ink_by_its_largest_channel() {
        // Just below 110/255 of red, just above it of green, neither.
        let picture = image(&[0.431, 0.1, 0.2, 0.0, 0.432, 0.3], [1, 2, 1, 3]);
        let mask = ControlKind::Mask.of(picture);
        assert_eq!(mask.dims(), [1, 1, 1, 3]);
        assert_eq!(host(mask), [0.0, 1.0, 0.0]);
    }

    #[test]
    fn the_edges_of_a_half_plane_are_both_of_its_sides_and_the_border_is_none() {
        let rows = [0.0, 0.0, 1.0, 1.0, 1.0].repeat(4);
        let edges = host(ControlKind::Edges.of(image(&rows, [1, 1, 4, 5])));
        assert_eq!(edges, [0.0, 1.0, 1.0, 0.0, 0.0].repeat(4));
        let down = host(ControlKind::Edges.of(image(&rows, [1, 1, 4, 5]).swap_dims(2, 3)));
        assert_eq!(down, [[0.0; 4], [1.0; 4], [1.0; 4], [0.0; 4], [0.0; 4]].concat());
    }

    #[test]
    fn the_edges_of_a_dot_are_its_four_neighbours() {
        let mut dot = [0.0; 25];
        dot[12] = 1.0;
        let mut ring = [0.0; 25];
        for place in [7, 11, 13, 17] {
            ring[place] = 1.0;
        }
        assert_eq!(host(ControlKind::Edges.of(image(&dot, [1, 1, 5, 5]))), ring);
    }
}
