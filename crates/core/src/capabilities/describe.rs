//! Captions of values.

use burn::tensor::{Int, Tensor};

/// Says what values show.
pub trait Describe {
    /// A caption of each of values `[B, C, H, W]` of the dataset's space: numbers of words `[B, T]`, each the likeliest after
    /// those before it, and padding after the last.
    fn describe(&self, values: Tensor<4>) -> Tensor<2, Int>;

    /// ln p(caption | value) of captions `[B, T]`, numbers of words, the end of a caption among what is said: `[B]` nats.
    fn log_likelihood(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Tensor<1>;

    /// The probability that captions `[B, T]` belong to their values, in [0, 1]: `[B]`.
    fn matching(&self, values: Tensor<4>, captions: Tensor<2, Int>) -> Tensor<1>;

    /// Where in their values it looks as it says each word of captions `[B, T]`: the weight of each pixel's place,
    /// `[B, T, H, W]`, at least 0. None of a model without attention to places.
    fn attended(&self, _values: Tensor<4>, _captions: Tensor<2, Int>) -> Option<Tensor<4>> {
        None
    }
}
