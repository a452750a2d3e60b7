//! Mixed precision (Micikevicius et al. 2018, arXiv:1710.03740) for one stretch of work at a time.

use burn::tensor::{DType, FloatDType, Tensor};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, cell::Cell};

use crate::{
    flex::{TASK, build},
    simd::{multiversion, to_bf16},
};

/// In what numbers linear layers and convolutions are computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Precision {
    /// 32-bit floats, like all else.
    #[default]
    F32,
    /// bf16, 8 bits of mantissa, from inputs that are rounded to it; sums and results as the backend
    /// keeps them. bf16 has f32's range, so gradients need no scaling. On the CPU sums and results are f32, and
    /// minimal filtering rounds after its transforms (docs/adr/0015).
    Bf16,
}

impl Precision {
    /// What [`with_precision`] says here.
    pub(crate) fn current() -> Self {
        PRECISION.get()
    }

    /// `values` as this precision's products take them: rounded, and still floats.
    pub(crate) fn operand(self, values: &[f32]) -> Cow<'_, [f32]> {
        match self {
            Self::F32 => Cow::Borrowed(values),
            Self::Bf16 => Cow::Owned(rounded(values)),
        }
    }
}

fn rounded(values: &[f32]) -> Vec<f32> {
    build(values.len(), TASK, |index, out| round(&values[index * TASK..][..out.len()], out)).0
}

multiversion! {
    fn round(values: &[f32], out: &mut [f32]) {
        for (out, value) in out.iter_mut().zip(values) {
            *out = f32::from_bits(to_bf16(*value) << 16);
        }
    }
}

thread_local! {
    static PRECISION: Cell<Precision> = const { Cell::new(Precision::F32) };
}

/// Runs `work` with [`crate::linear`], [`crate::conv2d`] and [`crate::conv_transpose2d`] in
/// `precision`, forward and, wherever it runs, backward. Weights, their updates, normalisation and
/// losses stay in f32. Holds for the calling thread.
pub fn with_precision<R>(precision: Precision, work: impl FnOnce() -> R) -> R {
    struct Restore(Precision);
    impl Drop for Restore {
        fn drop(&mut self) {
            PRECISION.set(self.0);
        }
    }
    let _restore = Restore(PRECISION.replace(precision));
    work()
}

/// Whether the operations on `x` are to be computed in bf16.
pub(crate) fn is_mixed<const D: usize>(x: &Tensor<D>) -> bool {
    PRECISION.get() == Precision::Bf16 && x.dtype() == DType::F32
}

/// `operation` on everything rounded to bf16; its result in f32.
pub(crate) fn in_bf16<const D: usize, const W: usize>(
    x: Tensor<D>,
    weight: Tensor<W>,
    bias: Option<Tensor<1>>,
    operation: impl FnOnce(Tensor<D>, Tensor<W>, Option<Tensor<1>>) -> Tensor<D>,
) -> Tensor<D> {
    let bias = bias.map(|bias| bias.cast(FloatDType::BF16));
    operation(x.cast(FloatDType::BF16), weight.cast(FloatDType::BF16), bias).cast(FloatDType::F32)
}
