//! What it takes to be a measure of codes and bounds.

use super::{encode::Encoded, pixels::Pixels, terms::Terms};
use crate::{context::Context, findings::Findings, numerics::matrix::Rows};
use genlab_core::{Conditions, Density, Generative, Kind, Observation};
use genlab_results::{Entry, Metric, NotFinite};
use std::cell::OnceCell;

/// A measure of a model's codes or of its bounds: one file, one line in [`super::CODE_MEASURES`].
pub trait CodeMeasure: Sync {
    /// The entries of its metrics, in the order of reports.
    fn entries(&self) -> &'static [&'static Entry];

    /// Measures the model. What it needs it asks of `subject`; where the model lacks that, it finds
    /// nothing, with a note where a reader might wonder.
    fn measure(&self, subject: &Subject<'_>, out: &mut Findings);
}

/// A model and what its measures share.
pub struct Subject<'a> {
    /// The model.
    pub model: &'a dyn Generative,
    /// What it is measured with.
    pub context: &'a Context<'a>,
    codes: OnceCell<Option<Encoded>>,
    terms: OnceCell<Option<Terms>>,
}

impl<'a> Subject<'a> {
    /// Nothing is computed before it is asked for.
    pub fn new(model: &'a dyn Generative, context: &'a Context<'a>) -> Self {
        Self { model, context, codes: OnceCell::new(), terms: OnceCell::new() }
    }

    /// What it can be told.
    pub fn conditions(&self) -> Conditions {
        self.model.conditions()
    }

    /// What its density is a likelihood of, and what it encodes; grey pixels without a density.
    pub fn pixels(&self) -> Pixels {
        match self.model.density().map(Density::observation) {
            Some(Observation::Bernoulli) => Pixels::Binary(self.context.settings.binarise),
            Some(Observation::Gaussian | Observation::Levels) | None => Pixels::Grey,
        }
    }

    /// Whether its codes have the prior N(0, I), as those of a model without a density are measured.
    pub fn has_standard_prior(&self) -> bool {
        self.model.density().is_none_or(Density::has_standard_prior)
    }

    /// The terms of its bound on [`Self::pixels`]; None without a density.
    pub fn terms(&self) -> Option<&Terms> {
        let read = || {
            let density = self.model.density()?;
            Some(Terms::new(density, self.pixels(), self.conditions(), self.context))
        };
        self.terms.get_or_init(read).as_ref()
    }

    /// The codes of the split's [`Self::pixels`]; None without an encoder, or if it has diverged.
    pub fn codes(&self) -> Option<&Encoded> {
        self.encoded().filter(|codes| codes.is_finite())
    }

    /// Mean and log-variance of the posteriors of the split, where the codes have one.
    pub fn posteriors(&self) -> Option<[&Rows; 2]> {
        let codes = self.codes()?;
        Some([&codes.mean, codes.log_var.as_ref()?])
    }

    /// Whether some code is not finite.
    pub fn has_diverged(&self) -> bool {
        self.encoded().is_some_and(|codes| !codes.is_finite())
    }

    /// What metrics say beside their unit: which pixels they are about, and what the model was told.
    pub fn words(&self) -> String {
        let pixels = match self.context.dataset.space.kind {
            Kind::Images => Some(self.pixels().words()),
            Kind::Points | Kind::Series => None,
        };
        let told = self.model.told().classes.map(|_| "given the class");
        pixels.into_iter().chain(told).collect::<Vec<_>>().join(", ")
    }

    /// The mean of one value per image, marked with [`Self::words`].
    ///
    /// # Errors
    /// When the mean is not finite.
    pub fn mean(&self, entry: &Entry, values: &[f64]) -> Result<Metric, NotFinite> {
        Ok(self.context.mean(entry, values)?.qualified(&self.words()))
    }

    fn encoded(&self) -> Option<&Encoded> {
        let encode = || {
            let encoder = self.model.encoder()?;
            let (split, pixels) = (self.context.split(), self.pixels());
            Some(Encoded::new(encoder, split, pixels, self.conditions(), self.context))
        };
        self.codes.get_or_init(encode).as_ref()
    }
}
