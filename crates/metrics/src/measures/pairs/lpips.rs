//! The learned perceptual distance; its network is [`crate::features::lpips`].

use super::measure::{PairMeasure, Pairs};
use crate::context::Context;
use genlab_results::{Direction::Lower, Entry, Section};

const LPIPS: Entry = Entry {
    name: "reconstruction/lpips",
    title: "Reconstruction LPIPS",
    unit: "distance, 0 for equal images",
    better: Some(Lower),
    section: Section::Reconstruction,
    meaning: "Learned perceptual distance in AlexNet's features (Zhang et al. 2018, version 0.1).",
    ..Entry::BASE
};

/// The measure. Needs weights that the user has given.
pub(super) struct LearnedDistance;

impl PairMeasure for LearnedDistance {
    fn plain(&self) -> &'static Entry {
        &LPIPS
    }

    fn values(&self, pairs: &Pairs, context: &Context<'_>) -> Option<Vec<f64>> {
        Some(context.lpips.as_ref()?.distances(&pairs.images, &pairs.others))
    }

    fn note(&self, context: &Context<'_>) -> Option<String> {
        let net = context.lpips.as_ref()?;
        Some(format!("{} is by weights of SHA-256 {}.", LPIPS.name, net.sha256))
    }
}
