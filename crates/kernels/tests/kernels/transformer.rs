//! What transformers are made of: attention, layer normalisation, GELU.

use burn::tensor::{Device, Tensor, activation};
use genlab_kernels::{attention, gelu, layer_norm, modulated_norm};
use proptest::prelude::*;

use crate::support::{Both, close, elements, grad, identical, leaf, random, tracked, wide_leaf};

/// Eq. 1 of Vaswani et al. 2017.
fn reference_attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    let width = q.dims()[3] as f64;
    activation::softmax(q.matmul(k.swap_dims(2, 3)) / width.sqrt(), 3).matmul(v)
}

fn normalised<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let centred = x.clone() - x.mean_dim(D - 1);
    let variance = centred.clone().square().mean_dim(D - 1);
    centred / (variance + 1e-5).sqrt()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn attention_agrees_with_burn(
        batch in 1_usize..4,
        heads in 1_usize..4,
        queries in 1_usize..140,
        keys in 1_usize..70,
        width in 1_usize..70,
        scale in 0.1_f32..6.0,
        seed in 0_u64..1000,
    ) {
        let q = wide_leaf(seed, [batch, heads, queries, width], scale);
        let k = wide_leaf(seed + 1, [batch, heads, keys, width], scale);
        let v = leaf(seed + 2, [batch, heads, keys, width]);
        let ours = attention(q.clone(), k.clone(), v.clone());
        let theirs = reference_attention(q.clone(), k.clone(), v.clone());
        let what = format!("{batch} {heads} {queries} {keys} {width}");
        close(&what, ours.clone().inner(), theirs.clone().inner(), 2e-5);
        let gradients = Both::backward(seed + 3, ours, theirs);
        // Steep softmaxes leave differences of nearly equal numbers.
        gradients.close(&format!("{what}: dq"), &q, 2e-4);
        gradients.close(&format!("{what}: dk"), &k, 2e-4);
        gradients.close(&format!("{what}: dv"), &v, 2e-5);
    }

    #[test]
    fn layer_norm_agrees_with_burn(
        shape in [1_usize..5, 1..40, 2..300],
        seed in 0_u64..1000,
    ) {
        let x = leaf(seed, shape);
        let (weight, bias) = (leaf::<1>(seed + 1, [shape[2]]), leaf::<1>(seed + 2, [shape[2]]));
        let ours = layer_norm(x.clone(), weight.clone(), bias.clone(), 1e-5);
        let theirs = normalised(x.clone()) * weight.clone().unsqueeze() + bias.clone().unsqueeze();
        let what = format!("{shape:?}");
        close(&what, ours.clone().inner(), theirs.clone().inner(), 2e-5);
        let gradients = Both::backward(seed + 3, ours, theirs);
        // Rows of two leave differences of nearly equal numbers: hence the tolerance.
        gradients.close(&what, &x, 1e-3);
        gradients.close_sums(&what, &weight, shape[0] * shape[1], 5e-5);
        gradients.close_sums(&what, &bias, shape[0] * shape[1], 5e-5);
    }

    #[test]
    fn modulated_norm_agrees_with_burn(
        shape in [1_usize..7, 1..40, 2..300],
        seed in 0_u64..1000,
    ) {
        let [batch, _, width] = shape;
        let x = leaf(seed, shape);
        let scale = leaf::<2>(seed + 1, [batch, width]);
        let shift = leaf::<2>(seed + 2, [batch, width]);
        let ours = modulated_norm(x.clone(), scale.clone(), shift.clone(), 1e-5);
        let factor = scale.clone().unsqueeze_dim::<3>(1) + 1.0;
        let theirs = normalised(x.clone()) * factor + shift.clone().unsqueeze_dim::<3>(1);
        let what = format!("{shape:?}");
        close(&what, ours.clone().inner(), theirs.clone().inner(), 2e-5);
        let gradients = Both::backward(seed + 3, ours, theirs);
        gradients.close(&what, &x, 1e-3);
        gradients.close(&what, &scale, 1e-4);
        gradients.close(&what, &shift, 1e-4);
    }

    #[test]
    fn gelu_agrees_with_burn(rows in 1_usize..70, cols in 1_usize..600, seed in 0_u64..99) {
        let x = wide_leaf(seed, [rows, cols], 8.0);
        let (ours, theirs) = (gelu(x.clone()), activation::gelu_approximate(x.clone()));
        close("gelu", ours.clone().inner(), theirs.clone().inner(), 1e-5);
        Both::backward(9, ours, theirs).close("gelu: gradient", &x, 2e-5);
    }
}

#[test]
fn one_key_is_copied_to_every_query() {
    let (q, k, v) = (leaf(1, [2, 3, 5, 8]), leaf(2, [2, 3, 1, 8]), leaf(3, [2, 3, 1, 8]));
    let y = attention(q.clone(), k.clone(), v.clone());
    close("y", y.clone().inner(), v.clone().inner().expand([2, 3, 5, 8]), 1e-6);
    let grads = y.sum().backward();
    close("dq", grad(&q, &grads), q.inner().zeros_like(), 1e-6);
    close("dv", grad(&v, &grads), v.inner().ones_like() * 5.0, 1e-6);
}

#[test]
fn scores_of_any_size_have_finite_outputs_and_gradients() {
    let (q, k) = (wide_leaf(1, [1, 2, 9, 16], 1e6), wide_leaf(2, [1, 2, 20, 16], 1e6));
    let v = leaf(3, [1, 2, 20, 16]);
    let y = attention(q.clone(), k.clone(), v.clone());
    let grads = y.clone().sum().backward();
    let all = [y.inner(), grad(&q, &grads), grad(&k, &grads), grad(&v, &grads)];
    for value in all.into_iter().flat_map(elements) {
        assert!(value.is_finite(), "{value}");
    }
}

#[test]
fn heads_that_are_views_of_tokens_give_what_copies_give_and_join_without_one() {
    let [batch, tokens, heads, width] = [2, 19, 3, 24];
    let x = leaf(1, [batch, tokens, 3 * heads * width]);
    let heads_of = |part: usize| {
        let part = x.clone().narrow(2, part * heads * width, heads * width);
        part.reshape([batch, tokens, heads, width]).swap_dims(1, 2)
    };
    let joined = |y: Tensor<4>| y.swap_dims(1, 2).reshape([batch, tokens, heads * width]);
    let views = joined(attention(heads_of(0), heads_of(1), heads_of(2)));
    let [q, k, v] = [0, 1, 2].map(heads_of);
    let composed = joined(reference_attention(q, k, v));
    close("y", views.clone().inner(), composed.clone().inner(), 2e-5);
    Both::backward(2, views, composed).close("dx", &x, 5e-5);
}

#[test]
fn any_mixture_of_plain_and_tracked_tensors_gives_the_same_bits() {
    let shape = [2, 2, 70, 12];
    let all = [1, 2, 3].map(|seed| leaf(seed, shape));
    let run = |tensors: [Tensor<4>; 3]| {
        let [q, k, v] = tensors;
        attention(q, k, v)
    };
    let y = run(all.clone());
    let grads = (y.clone() * random(4, shape, &tracked())).sum().backward();
    let plain = [1, 2, 3].map(|seed| random(seed, shape, &Device::flex()));
    identical("plain", run(plain.clone()), y.clone().inner());
    for constant in 0..3 {
        let mut mixed = all.clone();
        mixed[constant] = Tensor::from_inner(plain[constant].clone());
        let y_mixed = run(mixed);
        identical("mixed", y_mixed.clone().inner(), y.clone().inner());
        let mixed = (y_mixed * random(4, shape, &tracked())).sum().backward();
        assert!(all[constant].grad(&mixed).is_none(), "nobody reads the gradient of a constant");
        for (i, x) in all.iter().enumerate().filter(|(i, _)| *i != constant) {
            identical(&format!("gradient {i} beside {constant}"), grad(x, &mixed), grad(x, &grads));
        }
    }
}

#[test]
fn the_same_work_gives_the_same_bits() {
    let run = || {
        let x = leaf(1, [5, 33, 48]);
        let (scale, shift) = (leaf(2, [5, 48]), leaf(3, [5, 48]));
        let y = modulated_norm(x.clone(), scale.clone(), shift, 1e-6);
        let heads = gelu(y).reshape([5, 33, 4, 12]).swap_dims(1, 2);
        let y = attention(heads.clone(), heads.clone() * 0.5, heads);
        let grads = y.square().sum().backward();
        (grad(&x, &grads), grad(&scale, &grads))
    };
    let (first, second) = (run(), run());
    identical("dx", first.0, second.0);
    identical("dscale", first.1, second.1);
}

#[test]
fn a_constant_row_normalises_to_the_bias() {
    let x = Tensor::<2>::full([3, 40], 1e6, &tracked());
    let (weight, bias) = (leaf::<1>(1, [40]), leaf::<1>(2, [40]));
    let y = layer_norm(x, weight, bias.clone(), 1e-5);
    close("constant", y.inner(), bias.inner().unsqueeze::<2>().expand([3, 40]), 1e-6);
}
