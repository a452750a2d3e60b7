//! How a network reads what is asked of a picture.

use crate::{encoder::PLACE, fourier::fourier_features};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor, activation::tanh},
};
use genlab_core::{
    Mark, Prompts,
    nn::{Conv2d, Conv2dConfig, pad_to_multiple, silu},
};

/// Channels between the two layers that read a mask: a place's pixels are as many.
const MASK_CHANNELS: usize = PLACE * PLACE;

/// Prompts of fewer places are filled up with ones that say nothing, to as many as prompts of training have at most: two of a
/// box or a click and one of a correction. Tokens have no order, so it does not matter where they stand.
const LEAST: usize = 3;

/// Prompts to vectors (section 3 and appendix A of arXiv:2304.02643, "Prompt encoder"): a place is its Fourier features and a
/// learned vector for what it says, a mask is a small convolution of it, and no mask is a learned vector.
#[derive(Module, Debug)]
pub(super) struct PromptReader {
    /// `[Mark::COUNT, width]`
    marks: Param<Tensor<2>>,
    /// `[width]`
    no_mask: Param<Tensor<1>>,
    mask_in: Conv2d,
    mask_out: Conv2d,
}

/// What B prompts of P places say.
pub(super) struct Asked {
    /// `[B, P, width]`, P at least [`LEAST`].
    pub(super) places: Tensor<3>,
    /// `[B, T, width]` for T places of the picture, or `[1, 1, width]` for all of them.
    pub(super) mask: Tensor<3>,
}

impl PromptReader {
    /// Vectors of `width` numbers, an even number.
    pub(super) fn new(width: usize, device: &Device) -> Self {
        let normal = Initializer::Normal { mean: 0.0, std: 1.0 };
        let mask_in = Conv2dConfig::new([1, MASK_CHANNELS], [PLACE, PLACE]);
        Self {
            marks: normal.init([Mark::COUNT, width], device),
            no_mask: normal.init([width], device),
            mask_in: mask_in.with_stride([PLACE, PLACE]).init(device),
            mask_out: Conv2dConfig::new([MASK_CHANNELS, width], [1, 1]).init(device),
        }
    }

    /// Prompts for pictures of `size` rows and columns, as they are seen.
    pub(super) fn read(&self, prompts: &Prompts, size: [usize; 2]) -> Asked {
        let mask = match &prompts.mask {
            Some(mask) => self.read_mask(mask.clone()),
            None => self.no_mask.val().unsqueeze::<3>(),
        };
        Asked { places: self.read_places(prompts, size), mask }
    }

    fn read_places(&self, prompts: &Prompts, [height, width]: [usize; 2]) -> Tensor<3> {
        let [_, given, _] = prompts.places.dims();
        let prompts = (given..LEAST).fold(prompts.clone(), |prompts, _| prompts.and_nothing());
        let [batch, count, _] = prompts.places.dims();
        let marks = prompts.marks.reshape([batch * count]);
        let says = marks.clone().not_equal_elem(Mark::Nothing.number()).float();
        let table = self.marks.val();
        let [_, numbers] = table.dims();
        // From −1 to 1 over the picture.
        let scale = Tensor::<1>::from_floats(
            [2.0 / width as f32, 2.0 / height as f32],
            &prompts.places.device(),
        );
        let places = prompts.places.reshape([batch * count, 2]) * scale.unsqueeze_dim(0);
        let features = fourier_features(places - 1.0, numbers) * says.unsqueeze_dim(1);
        (table.select(0, marks) + features).reshape([batch, count, numbers])
    }

    /// Logits `[B, 1, H, W]` to `[B, T, width]`. Masks are read as 2p − 1 = tanh(l / 2), since logits have no limits.
    fn read_mask(&self, mask: Tensor<4>) -> Tensor<3> {
        let mask = tanh(pad_to_multiple(mask, PLACE) / 2.0);
        let x = self.mask_out.forward(silu(self.mask_in.forward(mask)));
        x.flatten::<3>(2, 3).swap_dims(1, 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::TensorData;

    fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
        x.into_data().try_into_vec().expect("f32")
    }

    #[test]
    fn a_place_that_says_nothing_is_nowhere_and_every_other_is_where_it_is() {
        let device = Device::flex();
        let reader = PromptReader::new(8, &device);
        let read = |x: f32| {
            let click = Prompts::clicks(Tensor::from_floats([[x, 3.0]], &device)).and_nothing();
            let places = click.places.clone() + Tensor::from_floats([[[0.0], [x]]], &device);
            host(reader.read(&Prompts { places, ..click }, [16, 8]).places)
        };
        let (one, other) = (read(1.0), read(5.0));
        assert_eq!(one[8..], other[8..], "nothing");
        assert_ne!(one[..8], other[..8]);
    }

    #[test]
    fn places_that_say_nothing_need_not_be_given() {
        let device = Device::flex();
        let reader = PromptReader::new(8, &device);
        let click = Prompts::clicks(Tensor::from_floats([[1.0, 3.0]], &device));
        let read = |prompts: &Prompts| host(reader.read(prompts, [16, 8]).places);
        assert_eq!(read(&click), read(&click.clone().and_nothing().and_nothing()));
        assert_eq!(read(&click).len(), LEAST * 8);
    }

    #[test]
    fn a_mask_is_read_place_by_place_and_none_is_a_vector_for_all() {
        let device = Device::flex();
        let reader = PromptReader::new(6, &device);
        let click = Prompts::clicks(Tensor::from_floats([[1.0, 1.0]], &device));
        assert_eq!(reader.read(&click, [8, 12]).mask.dims(), [1, 1, 6]);
        let read = |levels: Vec<f32>| {
            let mask = Tensor::from_data(TensorData::new(levels, [1, 1, 7, 10]), &device);
            host(reader.read(&click.clone().improving(mask), [8, 12]).mask)
        };
        let mut levels = vec![-3.0; 70];
        let blank = read(levels.clone());
        assert_eq!(blank.len(), 6 * 6);
        // Two rows of three places; a dot in the upper right corner is in the third.
        levels[9] = 9.0;
        let dotted = read(levels);
        for place in 0..6 {
            let [a, b] = [&blank, &dotted].map(|x| &x[6 * place..6 * (place + 1)]);
            assert_eq!(a != b, place == 2, "{place}");
        }
    }
}
