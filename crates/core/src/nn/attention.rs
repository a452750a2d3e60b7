//! Attention of places to one another, and to words.

use super::linear::Linear;
use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, activation::softmax, module, ops::AttentionModuleOptions},
};
use genlab_kernels::attention;

/// Multi-head attention (Vaswani et al. 2017, arXiv:1706.03762, section 3.2.2).
///
/// Queries, keys and values have a layer each: slices of one would each send back a gradient of the whole.
#[derive(Module, Debug)]
pub struct Attention {
    q: Linear,
    k: Linear,
    v: Linear,
    out: Linear,
    heads: usize,
}

/// What an attention has made of tokens that are looked at: keys and values, `[B, heads, S, width / heads]` each.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    keys: Tensor<4>,
    values: Tensor<4>,
}

impl Seen {
    /// Its rows of these numbers, in their order.
    pub(super) fn select(&self, rows: &Tensor<1, Int>) -> Self {
        let of = |x: &Tensor<4>| x.clone().select(0, rows.clone());
        Self { keys: of(&self.keys), values: of(&self.values) }
    }
}

impl Attention {
    /// Of tokens of `width` numbers to those of `seen`; `heads` divides `width`.
    pub fn new(width: usize, seen: usize, heads: usize, device: &Device) -> Self {
        let layer = |inputs| Linear::new(inputs, width, device);
        Self { q: layer(width), k: layer(seen), v: layer(seen), out: layer(width), heads }
    }

    /// The same with a last layer that starts at zero, so that all of it starts as nothing.
    pub(super) fn zeros(width: usize, seen: usize, heads: usize, device: &Device) -> Self {
        Self { out: Linear::zeros(width, width, device), ..Self::new(width, seen, heads, device) }
    }

    /// Self-attention: `[B, T, width]` to the same.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.toward(x.clone(), x)
    }

    /// Self-attention in which no token sees those after it: `[B, T, width]` to the same.
    ///
    /// The fast kernel has no mask, so this is burn's own: for the few words of a caption.
    pub(super) fn causal(&self, x: Tensor<3>) -> Tensor<3> {
        let [q, k, v] = [&self.q, &self.k, &self.v].map(|layer| self.by_head(layer, x.clone()));
        let options =
            AttentionModuleOptions { is_causal: true, ..AttentionModuleOptions::default() };
        self.joined(module::attention(q, k, v, None, None, options))
    }

    /// Cross-attention: tokens `[B, T, width]` look at others `[B, S, seen]`, to `[B, T, width]`.
    pub fn toward(&self, x: Tensor<3>, seen: Tensor<3>) -> Tensor<3> {
        let keys = self.by_head(&self.k, seen.clone());
        self.joined(attention(self.by_head(&self.q, x), keys, self.by_head(&self.v, seen)))
    }

    /// What there is to see of tokens `[B, S, seen]`, for those that are looked at more than once.
    pub(super) fn seen(&self, tokens: Tensor<3>) -> Seen {
        let keys = self.by_head(&self.k, tokens.clone());
        Seen { keys, values: self.by_head(&self.v, tokens) }
    }

    /// Cross-attention to what was seen, as [`Self::toward`].
    pub(super) fn look(&self, x: Tensor<3>, seen: &Seen) -> Tensor<3> {
        let Seen { keys, values } = seen.clone();
        self.joined(attention(self.by_head(&self.q, x), keys, values))
    }

    /// How much each of tokens `[B, T, width]` looks at each that was seen in [`Self::look`], head by head: the softmax of Eq. 1,
    /// `[B, heads, T, S]`, at least 0 and with sum 1 over what was seen.
    ///
    /// The fast kernel keeps none of them, so they are computed again: for pictures, not for training.
    pub(super) fn weights(&self, x: Tensor<3>, seen: &Seen) -> Tensor<4> {
        let queries = self.by_head(&self.q, x);
        let [.., width] = queries.dims();
        let scores = queries.matmul(seen.keys.clone().swap_dims(2, 3));
        softmax(scores / (width as f64).sqrt(), 3)
    }

    /// Tokens `[B, T, ..]` through a layer and apart: `[B, heads, T, width / heads]`.
    fn by_head(&self, layer: &Linear, of: Tensor<3>) -> Tensor<4> {
        let [batch, tokens, inputs] = of.dims();
        let y = layer.forward(of.reshape([batch * tokens, inputs]));
        let [_, width] = y.dims();
        y.reshape([batch, tokens, self.heads, width / self.heads]).swap_dims(1, 2)
    }

    /// What all heads give, together and through the last layer: `[B, T, width]`.
    fn joined(&self, heads: Tensor<4>) -> Tensor<3> {
        let [batch, count, tokens, each] = heads.dims();
        let width = count * each;
        let y = self.out.forward(heads.swap_dims(1, 2).reshape([batch * tokens, width]));
        y.reshape([batch, tokens, width])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Distribution, Tolerance};

    fn noise(shape: [usize; 3], device: &Device) -> Tensor<3> {
        Tensor::random(shape, Distribution::Normal(0.0, 1.0), device)
    }

    #[test]
    fn what_was_seen_is_looked_at_as_the_tokens_are() {
        let device = Device::flex();
        let attention = Attention::new(8, 6, 2, &device);
        let (x, tokens) = (noise([2, 3, 8], &device), noise([2, 5, 6], &device));
        let rows = Tensor::from_ints([1, 0], &device);
        let seen = attention.seen(tokens.clone());
        for (seen, tokens) in
            [(seen.clone(), tokens.clone()), (seen.select(&rows), tokens.select(0, rows.clone()))]
        {
            let (found, expected) =
                (attention.look(x.clone(), &seen), attention.toward(x.clone(), tokens));
            let tolerance = Tolerance::absolute(1e-6);
            found.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
        }
    }

    #[test]
    fn values_by_their_weights_are_what_looking_gives() {
        let device = Device::flex();
        let attention = Attention::new(8, 6, 2, &device);
        // Far from uniform.
        let (x, tokens) = (noise([2, 3, 8], &device) * 2.0, noise([2, 7, 6], &device) * 2.0);
        let seen = attention.seen(tokens.clone());
        let weights = attention.weights(x.clone(), &seen);
        assert_eq!(weights.dims(), [2, 2, 3, 7]);
        let host: Vec<f32> = weights.clone().into_data().try_into_vec().expect("f32");
        for token in host.chunks(7) {
            assert!((token.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{token:?}");
            assert!(token.iter().all(|weight| (0.0..=1.0).contains(weight)), "{token:?}");
        }
        let most = host.iter().copied().fold(0.0, f32::max);
        assert!(most > 0.25, "all are looked at alike: {most}");
        let (found, expected) =
            (attention.joined(weights.matmul(seen.values)), attention.toward(x, tokens));
        let tolerance = Tolerance::absolute(1e-5);
        found.into_data().assert_approx_eq::<f32>(&expected.into_data(), tolerance);
    }

    #[test]
    fn what_comes_later_changes_nothing_before() {
        for device in [Device::flex(), Device::flex().autodiff()] {
            let attention = Attention::new(8, 8, 2, &device);
            let x = noise([2, 5, 8], &device);
            let later = Tensor::cat(vec![x.clone().narrow(1, 0, 3), noise([2, 2, 8], &device)], 1);
            let host = |x: Tensor<3>| x.inner().into_data().try_into_vec::<f32>().expect("f32");
            let [one, other] = [x.clone(), later].map(|x| host(attention.causal(x)));
            for (row, (one, other)) in one.chunks(40).zip(other.chunks(40)).enumerate() {
                assert_eq!(one[..24], other[..24], "row {row}: a later token is seen");
                assert_ne!(one[24..32], other[24..32], "row {row}: a token does not see itself");
            }
            // The last token sees all, as it does without a mask; the first sees itself alone.
            let last = |x: Tensor<3>| x.narrow(1, 4, 1).inner().into_data();
            let tolerance = Tolerance::absolute(1e-5);
            last(attention.causal(x.clone()))
                .assert_approx_eq::<f32>(&last(attention.forward(x.clone())), tolerance);
            let alone = host(attention.forward(x.narrow(1, 0, 1)));
            for (alone, one) in alone.chunks(8).zip(one.chunks(40)) {
                for (alone, one) in alone.iter().zip(one) {
                    assert!((alone - one).abs() < 1e-5, "{alone}, {one}");
                }
            }
        }
    }
}
