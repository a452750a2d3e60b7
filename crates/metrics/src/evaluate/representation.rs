//! What codes know about classes that no model was told.

use super::{Evaluation, Evaluator, MOST_PIXELS};
use crate::{
    measures::{
        codes::probe::{Probe, ProbeSettings, Scale, nearest_label},
        sets::pixels,
    },
    numerics::{matrix::Rows, pca::Pca},
};
use genlab_core::Encode;
use genlab_data::Images;

/// Neighbours that vote.
const NEIGHBOURS: usize = 5;

/// One description of the training and the measured images.
struct Features {
    train: Rows,
    test: Rows,
}

/// The classes of both.
struct Labels {
    train: Vec<u8>,
    test: Vec<u8>,
    classes: usize,
}

impl Evaluator<'_> {
    /// How well simple classifiers fitted on training codes do on the split, beside the same
    /// classifiers on as many principal components and on the pixels themselves.
    pub(super) fn representation(&self, encoder: &dyn Encode, out: &mut Evaluation) {
        let train = self.dataset.train.take(self.settings.probe_images);
        let test = self.split();
        let Some(labels) = labels(&train, test) else {
            out.note("Probes of the codes are absent: the images have no labels.");
            return;
        };
        let codes =
            Features { train: self.codes(encoder, &train), test: self.codes(encoder, test) };
        let finite = |rows: &Rows| rows.values.iter().all(|v| v.is_finite());
        if !finite(&codes.train) || !finite(&codes.test) {
            return; // noted with the codes
        }
        let latent = codes.train.dim;
        self.classify("", &codes, &labels, out);
        let pixels = Features { train: pixels::rows(&train), test: pixels::rows(test) };
        self.classify("_pixels", &pixels, &labels, out);
        let values = pixels.train.dim;
        if values > MOST_PIXELS {
            out.note(format!(
                "Probes of principal components are absent: images of {values} values are beyond \
                 the {MOST_PIXELS} that these are computed for."
            ));
        } else if latent >= values {
            out.note(format!(
                "Probes of principal components are absent: {latent} of them, as many as the code \
                 has dimensions, are the {values} pixels themselves, rotated."
            ));
        } else if let Some(pca) = Pca::fit(&pixels.train, latent) {
            let components =
                Features { train: pca.transform(&pixels.train), test: pca.transform(&pixels.test) };
            self.classify("_pca", &components, &labels, out);
        }
        out.note(format!(
            "Probes are fitted on {} training images. latent/..._pca and latent/..._pixels are no \
             numbers of the model: they are for comparison.",
            train.len(),
        ));
    }

    fn classify(&self, suffix: &str, features: &Features, labels: &Labels, out: &mut Evaluation) {
        let scale = Scale::of(&features.train);
        let (train, test) = (scale.apply(&features.train), scale.apply(&features.test));
        let probe = Probe::fit(&train, &labels.train, labels.classes, ProbeSettings::default());
        let by_probe = probe.predict(&test);
        let by_neighbours = nearest_label(&train, &labels.train, &test, NEIGHBOURS);
        for (name, found) in [("probe", by_probe), ("knn", by_neighbours)] {
            let pairs = found.iter().zip(&labels.test);
            let hits: Vec<f64> = pairs.map(|(a, b)| f64::from(u8::from(a == b))).collect();
            out.push(self.mean(&format!("latent/{name}_accuracy{suffix}"), &hits));
        }
    }
}

fn labels(train: &Images, test: &Images) -> Option<Labels> {
    let (train, test) = (train.labels.clone()?, test.labels.clone()?);
    let classes = usize::from(train.iter().chain(&test).copied().max()?) + 1;
    Some(Labels { train, test, classes })
}
