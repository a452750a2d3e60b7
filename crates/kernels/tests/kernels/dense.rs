//! The fully connected layer.

use burn::tensor::Tensor;
use genlab_kernels::linear;
use proptest::prelude::*;

use crate::support::{close, leaf, random, tracked};

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
        let upstream = random(seed + 3, ours.dims(), &tracked());
        let ours = (ours * upstream.clone()).sum().backward();
        let theirs = (theirs * upstream).sum().backward();
        close("dx", x.grad(&ours).expect("a tracked leaf"), x.grad(&theirs).expect("a tracked leaf"), 1e-5);
        close("dw", w.grad(&ours).expect("a tracked leaf"), w.grad(&theirs).expect("a tracked leaf"), 1e-5);
        if let Some(b) = b {
            close("db", b.grad(&ours).expect("a tracked leaf"), b.grad(&theirs).expect("a tracked leaf"), 1e-5);
        }
    }
}
