//! From images to codes on the host.

use super::pixels::Pixels;
use crate::{
    context::{Context, Part},
    features::host,
    numerics::matrix::Rows,
};
use burn::tensor::Tensor;
use genlab_core::{Conditions, Encode};
use genlab_data::Values;

/// Codes of many images.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// `[n, latent]`.
    pub mean: Rows,
    /// `[n, latent]`, where the posterior has one.
    pub log_var: Option<Rows>,
}

impl Encoded {
    /// The codes of `images` as these pixels; there must be at least one image.
    pub fn new(
        encoder: &dyn Encode,
        images: &Values,
        pixels: Pixels,
        conditions: Conditions,
        context: &Context<'_>,
    ) -> Self {
        let (mut mean, mut log_var): (Option<Rows>, Option<Rows>) = (None, None);
        for Part { rows, values, condition } in context.batches(images, conditions) {
            let codes = encoder.encode(pixels.of(values, rows, context.seed), &condition);
            append(&mut mean, codes.mean);
            if let Some(values) = codes.log_var {
                append(&mut log_var, values);
            }
        }
        Self { mean: mean.expect("a split holds at least one image"), log_var }
    }

    /// Whether all of them are numbers.
    pub fn is_finite(&self) -> bool {
        self.mean.values.iter().all(|v| v.is_finite())
    }
}

fn append(all: &mut Option<Rows>, batch: Tensor<2>) {
    let [_, dim] = batch.dims();
    let batch = Rows::from_f32(dim, &host::floats(batch));
    match all {
        Some(rows) => rows.extend(&batch),
        None => *all = Some(batch),
    }
}
