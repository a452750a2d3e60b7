//! How much codes change with values: the Jacobian J of the encoder. Needs an encoder that gradients pass.

use super::{
    encode::Encoded,
    measure::{CodeMeasure, Subject},
    pixels::Pixels,
};
use crate::{
    context::Part,
    features::host,
    findings::Findings,
    numerics::matrix::{Z95, mean_and_sd, trace},
};
use burn::tensor::Tensor;
use genlab_core::Encode;
use genlab_results::{Entry, Section};

const SLOPE: Entry = Entry {
    name: "latent/jacobian",
    title: "Slope of codes",
    unit: "units of the code over units of values",
    section: Section::Latent,
    meaning: "How far a code moves with an image that moves a little in every direction: the Frobenius norm of the \
              encoder's Jacobian, root mean square.",
    meaning_beyond_images: "How far a code moves with a value that moves a little in every direction: the Frobenius norm \
                            of the encoder's Jacobian, root mean square.",
    ..Entry::BASE
};

const RELATIVE: Entry = Entry {
    name: "latent/jacobian_relative",
    title: "Slope of codes over their spread",
    unit: "spreads of the codes over units of values",
    section: Section::Latent,
    meaning: "The same over the root mean square distance of codes from their mean, so that smaller codes are not flatter.",
    meaning_beyond_images: "The same over the root mean square distance of codes from their mean, so that smaller codes \
                            are not flatter.",
    ..Entry::BASE
};

/// Images that slopes are taken at.
const IMAGES: usize = 500;
/// Random directions of the code behind each: one backward pass each.
const PROBES: u64 = 16;

/// The measure.
pub(super) struct Slope;

impl CodeMeasure for Slope {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&SLOPE, &RELATIVE]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some(encoder) = subject.model.encoder().filter(|_| subject.codes().is_some()) else {
            return;
        };
        let Some(squares) = squared_norms(encoder, subject) else { return };
        let context = subject.context;
        let images = context.split().sample(IMAGES);
        let codes = Encoded::new(encoder, &images, Pixels::Grey, subject.conditions(), context);
        let spread = trace(codes.mean.moments().covariance.as_ref()).sqrt();
        let (mean, sd) = mean_and_sd(&squares);
        let (norm, n) = (mean.sqrt(), squares.len());
        // The root's slope is 1 / 2√mean.
        let half_width = Z95 * sd / (n as f64).sqrt() / (2.0 * norm);
        out.push(context.metric(&SLOPE, norm, n).map(|metric| metric.with_half_width(half_width)));
        if spread > 0.0 {
            let metric = context.metric(&RELATIVE, norm / spread, n);
            out.push(metric.map(|metric| metric.with_half_width(half_width / spread)));
        }
    }
}

/// An estimate of |J|_F² at each of the first images of the split: the mean of |Jᵀ v|² over directions v of ±1 in each
/// number of the code (Hutchinson 1990). None where no gradient comes through.
fn squared_norms(encoder: &dyn Encode, subject: &Subject<'_>) -> Option<Vec<f64>> {
    let (context, mut found) = (subject.context, Vec::new());
    let images = context.split().sample(IMAGES);
    for Part { rows, values, condition } in context.batches(&images, subject.conditions()) {
        let mut sums = vec![0.0; values.dims()[0]];
        for probe in 0..PROBES {
            let x: Tensor<4> = values.clone().autodiff().require_grad();
            let codes = encoder.encode(x.clone(), &condition).mean;
            let noise = context.noise();
            if !codes.is_tracked() {
                return None;
            }
            let shape = codes.dims();
            let v = noise.signs("jacobian/probe", probe, rows.clone(), shape, &context.device);
            let gradients = (codes * Tensor::from_inner(v)).sum().backward();
            let slopes = x.grad(&gradients)?.square().flatten::<2>(1, 3).sum_dim(1);
            for (sum, square) in sums.iter_mut().zip(host::floats(slopes)) {
                *sum += f64::from(square) / PROBES as f64;
            }
        }
        found.extend(sums);
    }
    Some(found)
}
