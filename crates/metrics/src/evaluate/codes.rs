//! What the codes are like: information, divergences, sparsity.

use super::{Evaluation, Evaluator, pixels::Pixels};
use crate::{
    features::host,
    measures::codes::{
        aggregated, kl,
        sparsity::{hoyer, sparsity},
    },
    numerics::matrix::Rows,
};
use burn::tensor::Tensor;
use genlab_core::{Encode, Generative};
use genlab_data::Images;

/// Beyond this share of its upper limit ln N, an estimate of the information says more about N.
const SATURATED: f64 = 0.9;

/// Codes of a whole split.
struct SplitCodes {
    /// `[n, latent]`.
    mean: Rows,
    /// `[n, latent]`, where the posterior has one.
    log_var: Option<Rows>,
}

impl Evaluator<'_> {
    pub(super) fn bounds(&self, model: &dyn Generative, out: &mut Evaluation) {
        let density = model.density();
        if let Some(density) = density {
            self.likelihood(density, out);
        }
        if let Some(encoder) = model.encoder() {
            let pixels = density.map_or(Pixels::Grey, |density| self.pixels_of(density));
            self.codes_of(encoder, pixels, density.is_some(), out);
        }
    }

    fn codes_of(&self, encoder: &dyn Encode, pixels: Pixels, has_kl: bool, out: &mut Evaluation) {
        let codes = self.encode_split(encoder, pixels);
        let n = codes.mean.len();
        if !codes.mean.values.iter().all(|v| v.is_finite()) {
            out.note(
                "What describes codes is absent: some are not finite. The model has diverged.",
            );
            return;
        }
        if let Some(log_var) = &codes.log_var {
            let per_dimension = kl::gaussian_kl_per_dimension(&codes.mean, log_var);
            if !has_kl {
                let total = self.metric("kl/total", per_dimension.iter().sum(), n);
                out.push(total.map(|metric| metric.qualified(pixels.words())));
            }
            self.surgery(&codes.mean, log_var, pixels, out);
            out.push(self.metric("kl/active_units", kl::active_units(&codes.mean) as f64, n));
            out.kl_per_dimension =
                per_dimension.iter().all(|v| v.is_finite()).then_some(per_dimension);
        } else if !encoder.is_sparse() && n >= 2 * codes.mean.dim {
            match kl::moment_matched_kl(&codes.mean) {
                Some(value) => out.push(self.metric("kl/moment_matched", value, n)),
                None => out.note(
                    "kl/moment_matched is absent: the codes do not vary in some direction, so no \
                     Gaussian with their covariance has a density.",
                ),
            }
        }
        if encoder.is_sparse() {
            let found = sparsity(&codes.mean);
            out.push(self.metric("sparsity/l0", found.active_fraction, n));
            let hoyer = hoyer(&codes.mean);
            if !hoyer.is_empty() {
                out.push(self.mean("sparsity/hoyer", &hoyer));
            }
            out.push(self.metric("sparsity/dead", found.dead_units as f64, n));
            out.push(self.metric("sparsity/always_on", found.always_on_units as f64, n));
        }
    }

    /// The KL's two parts: what codes say about their image, and how far all codes together are from
    /// the prior. Their sum is the KL itself, since the second is what the first leaves of it.
    fn surgery(&self, mean: &Rows, log_var: &Rows, pixels: Pixels, out: &mut Evaluation) {
        let n = mean.len();
        let shape = [n, mean.dim];
        let noise = self.noise().normal("codes/information", 0, 0..n as u64, shape, &self.device);
        let noise = host::floats(noise);
        let parts = mean.values.iter().zip(&log_var.values).zip(&noise);
        let draws = parts.map(|((m, v), e)| m + (0.5 * v).exp() * f64::from(*e)).collect();
        let information = aggregated::information(&Rows::new(mean.dim, draws), mean, log_var);
        let kl = kl::gaussian_kl_per_image(mean, log_var);
        let rest: Vec<f64> = kl.iter().zip(&information).map(|(kl, i)| kl - i).collect();
        for (name, values) in [("kl/mutual_information", &information), ("kl/aggregated", &rest)] {
            out.push(self.mean(name, values).map(|metric| metric.qualified(pixels.words())));
        }
        let (found, most) = (information.iter().sum::<f64>() / n as f64, (n as f64).ln());
        if found > SATURATED * most {
            out.note(format!(
                "kl/mutual_information ({found:.2}) is near ln {n} = {most:.2}, the most that {n} \
                 images can show: it is a lower limit here, and kl/aggregated an upper one.",
            ));
        }
    }

    fn encode_split(&self, encoder: &dyn Encode, pixels: Pixels) -> SplitCodes {
        let (mut mean, mut log_var): (Option<Rows>, Option<Rows>) = (None, None);
        for (rows, images) in self.batches(self.split()) {
            let codes = encoder.encode(pixels.of(images, &rows, self.settings.seed));
            append(&mut mean, codes.mean);
            if let Some(values) = codes.log_var {
                append(&mut log_var, values);
            }
        }
        SplitCodes { mean: mean.expect("a split holds at least one image"), log_var }
    }

    /// Codes of grey images, `[n, latent]`.
    pub(super) fn codes(&self, encoder: &dyn Encode, images: &Images) -> Rows {
        let mut all = None;
        for (_, images) in self.batches(images) {
            append(&mut all, encoder.encode(images).mean);
        }
        all.expect("a split holds at least one image")
    }

    /// Codes of the training images that a prior is fitted on, grey: `[n, latent]`.
    pub(super) fn training_codes(&self, encoder: &dyn Encode) -> Rows {
        self.codes(encoder, &self.fit_images())
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
