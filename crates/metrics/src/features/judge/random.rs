//! A network that has learned nothing as a judge: what a ranking by it says owes nothing to what other judges have learned.

use super::{Architecture, Classes, Judge, JudgeError, JudgeSpec, Network, train};
use crate::measures::units;
use burn::{module::Module, tensor::Device};
use genlab_classifier::ClassifierNet;
use genlab_core::{Kind, Seed, nn::init_module};
use genlab_data::Dataset;

/// What it is called.
pub const RANDOM: &str = "random";

/// Of its weights, whatever the runs' seeds.
const SEED: Seed = Seed(0);

impl Judge {
    /// An untrained network of the architecture of the dataset's judge: convolutions with the weights that training would begin
    /// with, drawn with a fixed seed, so that one architecture is one judge. Its features are divided by one number, so that their
    /// mean variance over training images of the dataset is 1 as it is for every other judge; it knows no classes.
    ///
    /// # Errors
    /// When the dataset does not hold images.
    pub fn random(dataset: &Dataset, device: &Device) -> Result<Self, JudgeError> {
        if dataset.space.kind != Kind::Images {
            let (dataset, values) = (dataset.name.clone(), units::noun(dataset.space.kind));
            return Err(JudgeError::NoImages { dataset, values });
        }
        let architecture = architecture(dataset);
        let build = |device: &Device| ClassifierNet::init(&architecture, device);
        let net = init_module(SEED, "judge/random", &Device::flex(), build).valid();
        let bytes = train::to_bytes(net);
        let mut judge =
            Self::from_bytes(RANDOM, &architecture, &bytes, device)?.knowing(Classes::Other);
        if let Network::Classifier(classifier) = &mut judge.network {
            let images = dataset.train.sample(train::SCALE_IMAGES);
            let images = images.tensor(0..images.len(), device);
            classifier.scale = train::scale(&classifier.read(&images, device).features);
        }
        Ok(judge)
    }
}

/// The network of the dataset's judge, whether that ships or would be trained on first use.
fn architecture(dataset: &Dataset) -> Architecture {
    let shape = dataset.space.shape;
    match JudgeSpec::of(&dataset.name, shape) {
        Some(spec) => spec.architecture.clone(),
        // Nobody asks for its classes.
        None => Architecture::of(shape, 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::matrix::trace;
    use genlab_core::ImageShape;
    use genlab_data::{LoadOptions, Values, load};

    fn dataset(name: &str) -> Dataset {
        load(name, &LoadOptions::default()).unwrap()
    }

    #[test]
    fn it_is_the_same_each_time_and_its_features_have_mean_variance_one() {
        let (digits, device) = (dataset("digits8x8"), Device::flex());
        let judge = Judge::random(&digits, &device).unwrap();
        let own = Judge::for_dataset("digits8x8", digits.space.shape, &device).unwrap();
        assert_eq!((judge.name.as_str(), judge.accuracy), ("random", None));
        assert_eq!((judge.shape(), judge.features()), (own.shape(), own.features()));
        assert_ne!(judge.sha256, own.sha256);
        let images = digits.train.tensor(0..digits.train.len(), &device);
        let reading = judge.read(&images);
        let covariance = reading.features.moments().covariance;
        let variance = trace(covariance.as_ref()) / judge.features() as f64;
        assert!((variance - 1.0).abs() < 1e-3, "{variance}");
        assert!(reading.probabilities.is_none(), "it knows no classes");
        let again = Judge::random(&digits, &device).unwrap();
        assert_eq!(again.sha256, judge.sha256);
        assert_eq!(again.read(&images), reading);
    }

    #[test]
    fn it_needs_no_labels_and_looks_at_any_size_but_at_images_alone() {
        let shape = ImageShape::new(3, 9, 14);
        let bytes = |count: usize| (0..count * shape.pixels()).map(|i| (i * i % 251) as u8);
        let images = Values::images(shape, bytes(30).collect());
        let other = Dataset {
            name: "mine".into(),
            space: images.space,
            classes: None,
            train: images.clone(),
            validation: images.clone(),
            test: images,
            ..dataset("digits8x8")
        };
        let judge = Judge::random(&other, &Device::flex()).unwrap();
        assert_eq!(judge.shape(), Some(shape));
        let sentence = Judge::random(&dataset("ring-8"), &Device::flex()).unwrap_err().to_string();
        assert_eq!(
            sentence,
            "a random network judges images, and ring-8 holds points; leave it out"
        );
    }
}
