//! Bounds on the likelihood, and what the codes are like.

use super::{Evaluation, Evaluator};
use crate::{host, kl, matrix::Rows, sparsity::sparsity};
use burn::tensor::Tensor;
use genlab_core::{Density, Encode, Generative, Observation, Seed, Stream};
use std::{collections::BTreeMap, ops::Range};

/// Test images are binarised by this seed whatever the run's, so that bounds of different runs are
/// about the same images.
const BINARISE_SEED: Seed = Seed(0x6269_6e61_7269_7365);

/// The images that a bound is about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pixels {
    Grey,
    Binary,
}

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
        let binary = density.is_some_and(|d| d.observation() == Observation::Bernoulli);
        let pixels = if binary { Pixels::Binary } else { Pixels::Grey };
        if let Some(density) = density {
            self.elbo(density, pixels, out);
            if binary {
                self.grey_bound(density, out);
            }
        }
        if let Some(encoder) = model.encoder() {
            self.codes_of(encoder, pixels, density.is_some(), out);
        }
    }

    /// −ELBO and its terms on the images that the likelihood is about.
    fn elbo(&self, density: &dyn Density, pixels: Pixels, out: &mut Evaluation) {
        let terms = self.terms(density, pixels);
        let Some(total) = sum_of_terms(&terms) else { return };
        out.push(self.mean("negative_elbo", &total));
        out.push(self.mean("elbo", &total.iter().map(|v| -v).collect::<Vec<_>>()));
        for (term, metric) in [("reconstruction", "reconstruction/nll"), ("kl", "kl/total")] {
            if let Some(values) = terms.get(term) {
                out.push(self.mean(metric, values));
            }
        }
        if pixels == Pixels::Binary {
            out.note(
                "negative_elbo, reconstruction/nll and kl are about test images binarised once \
                 (pixel on with probability its grey level, the same draw for every run).",
            );
        }
    }

    fn grey_bound(&self, density: &dyn Density, out: &mut Evaluation) {
        let terms = self.terms(density, Pixels::Grey);
        if let Some(total) = sum_of_terms(&terms) {
            out.push(self.mean("negative_elbo_grey", &total));
            out.note(
                "negative_elbo_grey is a cross-entropy on grey pixels: it cannot fall below the \
                 entropy of the grey levels and is no likelihood.",
            );
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
                out.push(self.metric("kl/total", per_dimension.iter().sum(), n));
            }
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
            out.push(self.metric("sparsity/dead", found.dead_units as f64, n));
        }
    }

    /// Each term's value per image of the split.
    fn terms(&self, density: &dyn Density, pixels: Pixels) -> BTreeMap<&'static str, Vec<f64>> {
        let mut terms: BTreeMap<&'static str, Vec<f64>> = BTreeMap::new();
        for (rows, images) in self.batches(self.split()) {
            let first = rows.start as u64;
            let images = prepared(images, rows, pixels);
            for term in density.negative_elbo(images, self.settings.seed, first) {
                let values = host::floats(term.nats);
                terms.entry(term.name).or_default().extend(values.into_iter().map(f64::from));
            }
        }
        terms
    }

    fn encode_split(&self, encoder: &dyn Encode, pixels: Pixels) -> SplitCodes {
        let (mut mean, mut log_var): (Option<Rows>, Option<Rows>) = (None, None);
        for (rows, images) in self.batches(self.split()) {
            let codes = encoder.encode(prepared(images, rows, pixels));
            append(&mut mean, codes.mean);
            if let Some(values) = codes.log_var {
                append(&mut log_var, values);
            }
        }
        SplitCodes { mean: mean.expect("a split holds at least one image"), log_var }
    }

    /// Codes of the training images that a prior is fitted on, grey: `[n, latent]`.
    pub(super) fn training_codes(&self, encoder: &dyn Encode) -> Rows {
        let mut all = None;
        for (_, images) in self.batches(&self.fit_images()) {
            append(&mut all, encoder.encode(images).mean);
        }
        all.expect("a training split holds at least one image")
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

/// A pixel is on when its row's uniform draw lies below its grey level.
fn prepared(images: Tensor<4>, rows: Range<usize>, pixels: Pixels) -> Tensor<4> {
    if pixels == Pixels::Grey {
        return images;
    }
    let rows = rows.start as u64..rows.end as u64;
    let draws = BINARISE_SEED.uniform(Stream::Binarise, 0, rows, images.dims(), &images.device());
    draws.lower(images).float()
}

/// The sum over terms for each image; None without terms.
fn sum_of_terms(terms: &BTreeMap<&'static str, Vec<f64>>) -> Option<Vec<f64>> {
    let n = terms.values().next()?.len();
    Some((0..n).map(|i| terms.values().map(|term| term[i]).sum()).collect())
}
