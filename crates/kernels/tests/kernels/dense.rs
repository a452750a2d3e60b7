//! The fully connected layer.

use burn::tensor::Tensor;
use genlab_kernels::linear;
use proptest::prelude::*;

use crate::support::{Both, close, leaf};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn linear_agrees_with_burn(
        rows in 1_usize..70,
        inner in 1_usize..90,
        cols in 1_usize..90,
        biased in any::<bool>(),
        seed in 0_u64..99,
    ) {
        let x = leaf(seed, [rows, inner]);
        let w = leaf(seed + 1, [inner, cols]);
        let b = biased.then(|| leaf::<1>(seed + 2, [cols]));
        let ours = linear(x.clone(), w.clone(), b.clone());
        let mut theirs: Tensor<2> = x.clone().matmul(w.clone());
        if let Some(b) = &b {
            theirs = theirs + b.clone().unsqueeze();
        }
        close("y", ours.clone().inner(), theirs.clone().inner(), 1e-5);
        let gradients = Both::backward(seed + 3, ours, theirs);
        gradients.close("dx", &x, 1e-5);
        gradients.close("dw", &w, 1e-5);
        if let Some(b) = b {
            gradients.close("db", &b, 1e-5);
        }
    }
}
