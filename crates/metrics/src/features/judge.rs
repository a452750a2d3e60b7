//! The judge: a frozen classifier whose features stand in for Inception's. There is one small one per
//! dataset, whose penultimate features are the space of the sample metrics; or, where the user brings
//! its weights, Inception itself, the network of the FID; or a classifier of one's own, a finished run of it. Beside these a comparison can ask a network
//! that has learned nothing ([`Judge::random`]).
//!
//! The classifiers' weights ship with the crate; other labelled datasets get one of their own on
//! first use ([`trained`]). All weights are named by their SHA-256, so two reports that name the same
//! judge measure in the same space. `judges/README.md` has the commands that made the files.

pub(crate) mod clips;
mod error;
mod inception;
mod opened;
mod random;
pub mod scenes;
mod stacked;
mod towers;
pub mod train;
pub mod trained;

pub use error::JudgeError;
pub use genlab_classifier::Architecture;
pub use random::RANDOM;

use crate::{
    features::weights::{PinnedFile, WeightsError},
    numerics::matrix::Rows,
};
use burn::tensor::{Device, Tensor, activation::softmax};
use genlab_classifier::{ClassifierNet, FrozenClassifier};
use genlab_core::{
    Classify, Generative, ImageShape,
    digest::sha256,
    params::{named_params, update_params},
};
use genlab_data::{Values, moving};
use genlab_results::JudgeInfo;
use inception::Inception;
use safetensors::{SafeTensors, tensor::Dtype};
use std::fmt;

/// Images per forward pass.
const BATCH: usize = 250;

/// Images in the parts that a network looks at, on its device.
fn batches(images: &Tensor<4>, device: &Device) -> impl Iterator<Item = Tensor<4>> {
    let count = images.dims()[0];
    (0..count).step_by(BATCH).map(move |first| {
        images.clone().narrow(0, first, BATCH.min(count - first)).to_device(device)
    })
}

/// What a judge is built from.
#[derive(Debug)]
pub struct JudgeSpec {
    /// `mnist-28`, ...
    pub name: &'static str,
    /// The datasets it judges.
    pub datasets: &'static [&'static str],
    /// Its network.
    pub architecture: Architecture,
    /// Share of the official test images that it classifies rightly.
    pub accuracy: f64,
    /// SHA-256 of the weights file.
    pub sha256: &'static str,
    classes: Classes,
    weights: &'static [u8],
}

/// Every judge.
pub static JUDGES: [JudgeSpec; 4] = [
    JudgeSpec {
        name: "mnist-28",
        datasets: &["mnist", "mnist-10k"],
        architecture: Architecture::wide(ImageShape::new(1, 28, 28), 10),
        accuracy: 0.9939,
        sha256: "334ebed389a21dbee7ff619277957a8b0e5d83efd30948f5bf075106feb5b0d8",
        classes: Classes::Own,
        weights: include_bytes!("../../judges/mnist-28.safetensors"),
    },
    JudgeSpec {
        name: "fashion-28",
        datasets: &["fashion-mnist", "fashion-3k"],
        architecture: Architecture::wide(ImageShape::new(1, 28, 28), 10),
        accuracy: 0.9201,
        sha256: "56c4c98011950a983832f05ddd090da4af0c556d96cbcf0456501b77d53a3814",
        classes: Classes::Own,
        weights: include_bytes!("../../judges/fashion-28.safetensors"),
    },
    JudgeSpec {
        name: "digits-8",
        datasets: &["digits8x8"],
        architecture: Architecture::small(ImageShape::new(1, 8, 8), 10),
        accuracy: 0.9778,
        sha256: "cb02fa8b539a63feb677c79bfe7c8c1589ad244f6680ab0646ef6c7f5be60a23",
        classes: Classes::Own,
        weights: include_bytes!("../../judges/digits-8.safetensors"),
    },
    JudgeSpec {
        name: "scenes-32",
        datasets: &["scenes-32", "scenes-32-noisy", "scenes-32-subject"],
        architecture: scenes::architecture(ImageShape::new(3, 32, 32)),
        accuracy: 0.9814,
        sha256: "c3411f04cbba10cb27edb1a6f2285f45005916d4ce000928ad1fcaa094884385",
        classes: Classes::Questions,
        weights: include_bytes!("../../judges/scenes-32.safetensors"),
    },
];

/// A frozen network that makes features of images.
pub struct Judge {
    /// `mnist-28`, ...
    pub name: String,
    /// SHA-256 of its weights, in hexadecimal.
    pub sha256: String,
    /// Share of test images that it classifies rightly, where it is known.
    pub accuracy: Option<f64>,
    network: Network,
    device: Device,
}

/// What a judge is made of.
enum Network {
    Classifier(Box<Classifier>),
    /// A classifier that looks at each channel of three by itself.
    Stacked(Box<Classifier>),
    /// A classifier that looks at frames of clips by themselves.
    Clips(Box<Classifier>),
    Inception(Inception),
    /// A run that holds pictures beside captions.
    Towers(Box<towers::Towers>),
}

/// A classifier as a judge.
struct Classifier {
    /// The size of its images.
    shape: ImageShape,
    /// A model that has [`Generative::classifier`].
    frozen: Box<dyn Generative>,
    /// What its features are divided by.
    scale: f64,
    classes: Classes,
}

/// Whose classes a judge knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Classes {
    /// The dataset's.
    Own,
    /// Others, so that its probabilities say nothing here.
    Other,
    /// None: it answers questions about scenes.
    Questions,
}

impl Classifier {
    fn network(&self) -> &dyn Classify {
        self.frozen.classifier().expect("a judge is made of a classifier")
    }

    fn read(&self, images: &Tensor<4>, device: &Device) -> Reading {
        let network = self.network();
        let (mut features, mut probabilities) = (Vec::new(), Vec::new());
        for batch in batches(images, device) {
            let out = network.classify(batch);
            let out = (out.features / self.scale, softmax(out.logits, 1));
            features.extend(crate::features::host::floats(out.0));
            probabilities.extend(crate::features::host::floats(out.1));
        }
        let probabilities = Rows::from_f32(network.classes(), &probabilities);
        Reading {
            features: Rows::from_f32(network.features(), &features),
            probabilities: (self.classes == Classes::Own).then_some(probabilities),
            space: FeatureSpace::Classifier,
        }
    }
}

/// What a judge makes of images.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// `[n, features]`.
    pub features: Rows,
    /// `[n, classes]`, each row sums to 1; None from a judge that knows other classes than the
    /// dataset's.
    pub probabilities: Option<Rows>,
    /// Whose features they are.
    pub space: FeatureSpace,
}

/// Whose features a judge gives, which decides what a distance between them may be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FeatureSpace {
    /// A classifier's of the dataset's own classes.
    Classifier,
    /// The numbers of points themselves.
    Coordinates,
    /// Those of the published FID.
    Inception,
}

impl Reading {
    /// Points as their own features: no judge is needed to tell them apart.
    pub fn coordinates(points: &Values) -> Self {
        let features = Rows::new(points.shape().pixels(), points.to_f64());
        Self { features, probabilities: None, space: FeatureSpace::Coordinates }
    }
}

impl JudgeSpec {
    /// That of a dataset of this name and image size.
    fn of(dataset: &str, shape: ImageShape) -> Option<&'static Self> {
        let fits =
            |spec: &&Self| spec.datasets.contains(&dataset) && spec.architecture.shape == shape;
        JUDGES.iter().find(fits)
    }

    /// Whether it tells classes apart, as a judge of any images of its size; else it reads what one dataset shows.
    pub fn knows_classes(&self) -> bool {
        self.classes == Classes::Own
    }
}

impl Judge {
    /// The judge of a dataset, where there is one for its name and image size.
    ///
    /// # Panics
    /// When the weights in this crate do not fit its network, which a test excludes.
    pub fn for_dataset(dataset: &str, shape: ImageShape, device: &Device) -> Option<Self> {
        if dataset == stacked::DATASET {
            return Some(Self::stacked(device));
        }
        if dataset == moving::NAME {
            return Some(Self::clips(device));
        }
        let spec = JudgeSpec::of(dataset, shape)?;
        Some(Self::shipped(spec, device).expect("a test loads every judge"))
    }

    /// One of [`JUDGES`].
    ///
    /// # Errors
    /// When its weights do not fit its network, which a test excludes.
    pub fn shipped(spec: &JudgeSpec, device: &Device) -> Result<Self, JudgeError> {
        let judge = Self::from_bytes(spec.name, &spec.architecture, spec.weights, device)?;
        Ok(Self { accuracy: Some(spec.accuracy), ..judge.knowing(spec.classes) })
    }

    /// A judge with weights of one's own.
    ///
    /// # Errors
    /// When the bytes are not a safetensors file or lack a tensor of the network.
    pub fn from_bytes(
        name: &str,
        architecture: &Architecture,
        bytes: &[u8],
        device: &Device,
    ) -> Result<Self, JudgeError> {
        let name = || name.to_owned();
        let file = SafeTensors::deserialize(bytes)
            .map_err(|cause| JudgeError::Unreadable { name: name(), cause })?;
        let empty = ClassifierNet::zeros(architecture, device);
        for param in named_params(&empty) {
            let found = file.tensor(&param.name);
            if !found.as_ref().is_ok_and(|t| t.dtype() == Dtype::F32 && t.shape() == param.shape) {
                let (tensor, shape) = (param.name, param.shape);
                return Err(JudgeError::Tensor { name: name(), tensor, shape });
            }
            let finite = |v: &[u8; 4]| f32::from_le_bytes(*v).is_finite();
            if found.is_ok_and(|t| !t.data().as_chunks::<4>().0.iter().all(finite)) {
                return Err(JudgeError::NotFinite { name: name(), tensor: param.name });
            }
        }
        let net = update_params(empty, &mut |name, _, zeros| {
            let Ok(tensor) = file.tensor(name) else { return zeros };
            let values: Vec<f32> =
                tensor.data().as_chunks::<4>().0.iter().map(|v| f32::from_le_bytes(*v)).collect();
            Tensor::from_data(values.as_slice(), device)
        });
        let classifier = Classifier {
            shape: architecture.shape,
            frozen: Box::new(FrozenClassifier::of_images(architecture.clone(), net)),
            scale: 1.0,
            classes: Classes::Own,
        };
        let network = Network::Classifier(Box::new(classifier));
        let (sha256, device) = (sha256(bytes), device.clone());
        Ok(Self { name: name(), sha256, accuracy: None, network, device })
    }

    /// pytorch-fid's Inception network, for grey and RGB images of any size and any dataset.
    /// `judges/convert.py` makes the file from the published weights.
    ///
    /// # Errors
    /// When the file cannot be read, is not the pinned one, or belongs to another network.
    pub fn inception(file: &PinnedFile, device: &Device) -> Result<Self, WeightsError> {
        let network = file.load(|weights| Inception::new(weights, device))?;
        Ok(Self {
            name: inception::NAME.to_owned(),
            sha256: file.sha256.to_lowercase(),
            accuracy: None,
            network: Network::Inception(network),
            device: device.clone(),
        })
    }

    /// The same, whose answers are about these classes.
    fn knowing(mut self, classes: Classes) -> Self {
        if let Network::Classifier(classifier) = &mut self.network {
            classifier.classes = classes;
        }
        self
    }

    /// Its name, hash and accuracy for `results.json`.
    pub fn info(&self) -> JudgeInfo {
        JudgeInfo { name: self.name.clone(), sha256: self.sha256.clone(), accuracy: self.accuracy }
    }

    /// Dimension of its features.
    pub fn features(&self) -> usize {
        match &self.network {
            Network::Classifier(classifier) => classifier.network().features(),
            Network::Stacked(classifier) => 3 * classifier.network().features(),
            Network::Clips(classifier) => clips::features(classifier),
            Network::Inception(_) => inception::FEATURES,
            Network::Towers(towers) => towers.dim,
        }
    }

    /// The only size of images that it judges; None where it judges any.
    pub fn shape(&self) -> Option<ImageShape> {
        match &self.network {
            Network::Classifier(classifier) => Some(classifier.shape),
            Network::Stacked(classifier) => Some(ImageShape { channels: 3, ..classifier.shape }),
            Network::Clips(_) => Some(moving::SHAPE),
            Network::Towers(towers) => Some(towers.shape),
            Network::Inception(_) => None,
        }
    }

    /// Features and class probabilities of images `[n, C, H, W]` in [0, 1], in batches.
    pub fn read(&self, images: &Tensor<4>) -> Reading {
        match &self.network {
            Network::Classifier(classifier) => classifier.read(images, &self.device),
            Network::Stacked(classifier) => stacked::read(classifier, images, &self.device),
            Network::Clips(classifier) => clips::read(classifier, images, &self.device),
            Network::Towers(towers) => towers.read(images, &self.device),
            Network::Inception(net) => {
                let features = net.features(images, &self.device);
                Reading { features, probabilities: None, space: FeatureSpace::Inception }
            }
        }
    }
}

impl fmt::Debug for Judge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judge")
            .field("name", &self.name)
            .field("sha256", &self.sha256)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{Phase, Seed};

    #[test]
    fn every_judge_is_the_pinned_file_and_fits_its_network() {
        for spec in &JUDGES {
            assert!(spec.weights.len() < 1_000_000, "{} is too large to ship", spec.name);
            assert_eq!(sha256(spec.weights), spec.sha256, "{}", spec.name);
            let judge =
                Judge::for_dataset(spec.datasets[0], spec.architecture.shape, &Device::flex())
                    .unwrap();
            assert_eq!(judge.sha256, spec.sha256);
        }
        let other = ImageShape::new(1, 27, 28);
        assert!(Judge::for_dataset("mnist", other, &Device::flex()).is_none());
    }

    #[test]
    fn a_reading_does_not_depend_on_the_batch() {
        let device = Device::flex();
        let judge = Judge::for_dataset("digits8x8", ImageShape::new(1, 8, 8), &device).unwrap();
        let images =
            Seed(0).during(Phase::Evaluate).uniform("test", 0, 0..300, [300, 1, 8, 8], &device);
        let whole = judge.read(&images);
        let part = judge.read(&images.narrow(0, 240, 20));
        assert_eq!(whole.features.len(), 300);
        for (a, b) in whole.features.values[240 * 32..].iter().zip(&part.features.values) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
        for row in whole.probabilities.expect("a classifier").iter() {
            assert!((row.iter().sum::<f64>() - 1.0).abs() < 1e-5);
        }
    }

    #[test]
    fn a_damaged_file_is_refused_in_words() {
        let from =
            |bytes| Judge::from_bytes("mnist-28", &JUDGES[0].architecture, bytes, &Device::flex());
        let error = from(b"rubbish!rubbish").unwrap_err();
        assert!(error.to_string().starts_with("the weights of judge mnist-28 cannot be read"));
        let error = from(JUDGES[2].weights).unwrap_err();
        assert!(error.to_string().contains("have no f32 tensor"), "{error}");
    }
}
