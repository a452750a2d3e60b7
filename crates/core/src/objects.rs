//! Where the objects of values are, for models that learn to find them or to cut them out.

use burn::tensor::{Int, Tensor};

/// Numbers of a frame: left, top, right and bottom edge.
pub const EDGES: usize = 4;

/// The objects that each value of a batch shows, in the order in which its caption mentions them. What lies in front hides
/// what lies behind, so that no pixel shows two.
#[derive(Clone, Debug)]
pub struct Objects {
    /// `[B, H, W]`: k + 1 where object k is seen, 0 where none is; integers of any width, bytes where the device has them.
    pub map: Tensor<3, Int>,
    /// `[B, K, 4]`: left, top, right and bottom edge of the smallest rectangle around what is *seen* of each object, in
    /// pixels from the upper left corner of the value. Zeros where a value has fewer than K objects, or nothing is seen of
    /// one. K is the most objects of any value of the dataset.
    pub frames: Tensor<3>,
    /// `[B, K]`: the place of the word for each object's digit among the words of the caption that the dataset has of the
    /// value, counted from 0. 0, where no caption has a digit, where a value has fewer than K objects, or its caption names
    /// fewer or is wrong.
    pub words: Tensor<2, Int>,
}

impl Objects {
    /// `[B, K]`: 1 for objects of which something is seen, 0 for others.
    pub fn seen(&self) -> Tensor<2> {
        let [batch, most, _] = self.frames.dims();
        let edge = |place| self.frames.clone().narrow(2, place, 1).reshape([batch, most]);
        edge(2).greater(edge(0)).float()
    }

    /// `[B, K]`: 1 for objects of which something is seen and that the caption names, 0 for others.
    pub fn named(&self) -> Tensor<2> {
        self.seen() * self.words.clone().greater_elem(0).float()
    }

    /// `[B, 1, H, W]`: 1 where object `places[b]`, `[B]` counted from 0, of value b is seen, 0 elsewhere.
    pub fn masks(&self, places: Tensor<1, Int>) -> Tensor<4> {
        let [batch, height, width] = self.map.dims();
        let numbers = (places.float() + 1.0).reshape([batch, 1, 1]);
        let own = (self.map.clone().float() - numbers).equal_elem(0.0);
        own.float().reshape([batch, 1, height, width])
    }

    /// `[B, 4]`: the frame of object `places[b]`, `[B]` counted from 0, of value b.
    pub fn framed(&self, places: Tensor<1, Int>) -> Tensor<2> {
        let [batch, _, _] = self.frames.dims();
        let places = places.reshape([batch, 1, 1]).repeat_dim(2, EDGES);
        self.frames.clone().gather(1, places).reshape([batch, EDGES])
    }
}

/// Left, top, right and bottom edge of the smallest rectangle around the pixels of a map, `width` in a row, that show
/// `object`; zeros where none does.
pub fn edges(map: &[u8], width: usize, object: u8) -> [f32; EDGES] {
    let places = map.iter().enumerate().filter(|(_, shown)| **shown == object).map(|(at, _)| at);
    let around = |edges: Option<[usize; EDGES]>, at: usize| {
        let (x, y) = (at % width, at / width);
        let [left, top, right, bottom] = edges.unwrap_or([x, y, x, y]);
        Some([left.min(x), top.min(y), right.max(x + 1), bottom.max(y + 1)])
    };
    places.fold(None, around).unwrap_or_default().map(|edge| edge as f32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{DType, Device, TensorData};

    /// Two values of three by two pixels: one with a bar and a dot, one with a dot alone.
    fn two() -> Objects {
        let map = vec![1_u8, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1, 0];
        let frames: Vec<f32> =
            map.chunks(6).flat_map(|map| [edges(map, 3, 1), edges(map, 3, 2)].concat()).collect();
        let device = Device::flex();
        Objects {
            map: Tensor::from_data(TensorData::new(map, [2, 2, 3]), (&device, DType::U8)),
            frames: Tensor::from_data(TensorData::new(frames, [2, 2, EDGES]), &device),
            words: Tensor::from_ints([[2, 7], [0, 3]], &device),
        }
    }

    fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    fn places(places: [i32; 2]) -> Tensor<1, Int> {
        Tensor::from_ints(places, &Device::flex())
    }

    #[test]
    fn an_object_is_seen_where_the_map_has_its_number() {
        let objects = two();
        assert_eq!(host(objects.seen()), [1.0, 1.0, 1.0, 0.0]);
        assert_eq!(host(objects.named()), [1.0, 1.0, 0.0, 0.0]);
        let masks = host(objects.masks(places([1, 0])));
        assert_eq!(masks, [0., 0., 0., 0., 0., 1., 0., 0., 0., 0., 1., 0.]);
        assert!(host(objects.masks(places([0, 1])))[6..].iter().all(|v| *v == 0.0), "nothing");
    }

    #[test]
    fn a_frame_lies_around_what_is_seen() {
        let frames = host(two().framed(places([0, 0])));
        assert_eq!(frames, [0.0, 0.0, 2.0, 1.0, 1.0, 1.0, 2.0, 2.0]);
        assert_eq!(host(two().framed(places([1, 1]))), [2., 1., 3., 2., 0., 0., 0., 0.]);
    }
}
