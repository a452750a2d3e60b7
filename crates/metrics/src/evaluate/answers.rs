//! What a model says of values: their classes, their captions, where their objects are.

use crate::{
    context::Context,
    findings::Findings,
    measures::{alignment, classify, descriptions, grounding, segmentation},
};
use genlab_core::Generative;

/// Measures all of it. Returns what a model does that makes no values, so that no reference has anything to stand beside.
pub(super) fn measure(
    model: &dyn Generative,
    context: &Context<'_>,
    progress: &dyn Fn(&str),
    out: &mut Findings,
) -> Option<&'static str> {
    let mut does = None;
    if let Some(classifier) = model.classifier() {
        progress("classes");
        classify::measure(classifier, context, out);
        does = Some("tells classes apart");
    }
    if let Some(segmenter) = model.segmenter() {
        progress("objects, cut out");
        segmentation::measure(segmenter, context, out);
        does = Some("cuts objects out");
    }
    if let Some(grounder) = model.grounder() {
        progress("phrases, found");
        grounding::measure(grounder, context, out);
        does = Some("finds what captions name");
    }
    if let Some(aligner) = model.aligner() {
        progress("pictures and captions");
        alignment::measure(aligner, context, out);
        does = Some("holds pictures beside captions");
    }
    if let Some(describer) = model.describer() {
        progress("captions that are written");
        descriptions::measure(describer, context, out);
        does = Some("says what pictures show");
    }
    does.filter(|_| !makes_values(model))
}

fn makes_values(model: &dyn Generative) -> bool {
    let makes = model.sampler().is_some() || model.reconstructor().is_some();
    let codes = model.encoder().is_some() || model.decoder().is_some();
    makes || codes || model.density().is_some() || model.likelihood().is_some()
}
