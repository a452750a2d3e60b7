//! What codes know about classes that no model was told: simple classifiers fitted on training codes,
//! beside the same classifiers on as many principal components and on the pixels themselves. Needs an
//! encoder, and labels.

pub mod maths;

use super::{
    encode::Encoded,
    measure::{CodeMeasure, Subject},
    pixels::Pixels,
};
use crate::{
    context::Context,
    findings::Findings,
    measures::{sets::pixels, units},
    numerics::{
        matrix::Rows,
        pca::{MOST_VALUES, Pca},
    },
};
use genlab_data::Values;
use genlab_results::{Direction::Higher, Entry, Rank, Section};
use maths::{Probe, ProbeSettings, Scale, nearest_label};

const LATENT: Entry = Entry { unit: "fraction of images", section: Section::Latent, ..Entry::BASE };

/// One description of images, with the metrics of the two classifiers on it.
struct Description {
    probe: Entry,
    neighbours: Entry,
}

static CODES: Description = Description {
    probe: Entry {
        name: "latent/probe_accuracy",
        title: "Probe accuracy",
        better: Some(Higher),
        rank: Rank::Leading,
        gloss: "classes read off codes by a linear classifier",
        meaning: "A linear classifier fitted on training codes, on those of the split.",
        ..LATENT
    },
    neighbours: Entry {
        name: "latent/knn_accuracy",
        title: "5-NN accuracy",
        better: Some(Higher),
        meaning: "The commonest class among the five nearest training codes.",
        ..LATENT
    },
};

static COMPONENTS: Description = Description {
    probe: Entry {
        name: "latent/probe_accuracy_pca",
        title: "Probe accuracy, PCA",
        meaning: "The same on as many principal components as the code has dimensions: no network.",
        ..LATENT
    },
    neighbours: Entry {
        name: "latent/knn_accuracy_pca",
        title: "5-NN accuracy, PCA",
        meaning: "The same on as many principal components as the code has dimensions: no network.",
        ..LATENT
    },
};

static PIXELS: Description = Description {
    probe: Entry {
        name: "latent/probe_accuracy_pixels",
        title: "Probe accuracy, pixels",
        meaning: "The same on the pixels themselves: no code at all.",
        meaning_beyond_images: "The same on the values themselves: no code at all.",
        ..LATENT
    },
    neighbours: Entry {
        name: "latent/knn_accuracy_pixels",
        title: "5-NN accuracy, pixels",
        meaning: "The same on the pixels themselves: no code at all.",
        meaning_beyond_images: "The same on the values themselves: no code at all.",
        ..LATENT
    },
};

static ENTRIES: [&Entry; 6] = [
    &CODES.probe,
    &COMPONENTS.probe,
    &PIXELS.probe,
    &CODES.neighbours,
    &COMPONENTS.neighbours,
    &PIXELS.neighbours,
];

/// Training images that the classifiers are fitted on, at most.
const FIT_IMAGES: usize = 5000;
/// Neighbours that vote.
const NEIGHBOURS: usize = 5;

/// The measure.
pub(super) struct Probes;

impl CodeMeasure for Probes {
    fn entries(&self) -> &'static [&'static Entry] {
        &ENTRIES
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some(encoder) = subject.model.encoder() else { return };
        if subject.conditions().classes.is_some() {
            out.note("Probes of the codes are absent: the encoder is told the classes.");
            return;
        }
        let context = subject.context;
        let (train, test) = (context.dataset.train.sample(FIT_IMAGES), context.split());
        let Some(labels) = Labels::of(&train, test) else {
            out.note("Probes of the codes are absent: the data have no labels.");
            return;
        };
        let told = subject.conditions();
        let encode = |images| Encoded::new(encoder, images, Pixels::Grey, told, context);
        let (train_codes, test_codes) = (encode(&train), encode(test));
        if !train_codes.is_finite() || !test_codes.is_finite() {
            return; // noted with the codes
        }
        let codes = Features { train: train_codes.mean, test: test_codes.mean };
        let pixels = Features { train: pixels::rows(&train), test: pixels::rows(test) };
        classify(&CODES, &codes, &labels, context, out);
        classify(&PIXELS, &pixels, &labels, context, out);
        if let Some(components) = components(&pixels, codes.train.dim, out) {
            classify(&COMPONENTS, &components, &labels, context, out);
        }
        out.note(format!(
            "Probes are fitted on {} training {}. latent/..._pca and latent/..._pixels do not \
             describe the model: they are there for comparison.",
            train.len(),
            units::noun(train.space.kind),
        ));
    }
}

/// The training and the measured images in one description.
struct Features {
    train: Rows,
    test: Rows,
}

/// The classes of both.
struct Labels {
    train: Vec<u32>,
    test: Vec<u32>,
    classes: usize,
}

impl Labels {
    fn of(train: &Values, test: &Values) -> Option<Self> {
        let (train, test) = (train.labels.clone()?, test.labels.clone()?);
        let classes = train.iter().chain(&test).copied().max()? as usize + 1;
        Some(Self { train, test, classes })
    }
}

/// As many principal components of the pixels as the code has dimensions; a note where there are none.
fn components(pixels: &Features, latent: usize, out: &mut Findings) -> Option<Features> {
    let values = pixels.train.dim;
    if values > MOST_VALUES {
        out.note(format!(
            "Probes of principal components are absent: {values} numbers a value are beyond the \
             {MOST_VALUES} that these are computed for."
        ));
        return None;
    }
    if latent >= values {
        out.note(format!(
            "Probes of principal components are absent: {latent} of them, as many as the code has \
             dimensions, are the {values} numbers of each value themselves, rotated."
        ));
        return None;
    }
    let pca = Pca::fit(&pixels.train, latent)?;
    Some(Features { train: pca.transform(&pixels.train), test: pca.transform(&pixels.test) })
}

fn classify(
    description: &Description,
    features: &Features,
    labels: &Labels,
    context: &Context<'_>,
    out: &mut Findings,
) {
    let scale = Scale::of(&features.train);
    let (train, test) = (scale.apply(&features.train), scale.apply(&features.test));
    let probe = Probe::fit(&train, &labels.train, labels.classes, ProbeSettings::default());
    let by_probe = probe.predict(&test);
    let by_neighbours = nearest_label(&train, &labels.train, &test, NEIGHBOURS);
    for (entry, found) in [(&description.probe, by_probe), (&description.neighbours, by_neighbours)]
    {
        let pairs = found.iter().zip(&labels.test);
        let hits: Vec<f64> = pairs.map(|(a, b)| f64::from(u8::from(a == b))).collect();
        out.push(context.mean(entry, &hits));
    }
}
