//! A finished run as a judge: of a classifier, or of towers for pictures and captions.

use super::{Classes, Classifier, Judge, JudgeError, Network, Reading, towers::Towers, train};
use burn::tensor::Device;
use genlab_core::{OpenedRun, Space};
use genlab_data::Dataset;

impl Judge {
    /// The classifier or the towers of a finished run as the judge of `dataset`, under a name for reports. `sha256` is that of its
    /// weights. Its features are divided by one number, so that their mean variance over training images of the
    /// dataset is 1 as it is for every other judge. Where it has learned other classes than the dataset's, its
    /// probabilities are left out.
    ///
    /// # Errors
    /// When the run's model is neither, or knows other values.
    pub fn opened(
        name: &str,
        sha256: &str,
        run: OpenedRun,
        dataset: &Dataset,
        device: &Device,
    ) -> Result<Self, JudgeError> {
        let (name, sha256) = (name.to_owned(), sha256.to_owned());
        if run.frozen.classifier().is_none() && run.frozen.aligner().is_none() {
            return Err(JudgeError::NoClassifier { name, model: run.model });
        }
        let (its, theirs) = (run.space, dataset.space);
        if (its.shape, its.kind) != (theirs.shape, theirs.kind) {
            let [its, theirs] = [its, theirs].map(words);
            return Err(JudgeError::OtherValues { name, its, theirs });
        }
        let images = dataset.train.sample(train::SCALE_IMAGES).into_owned();
        let images = images.tensor(0..images.len(), device);
        if let Some(aligner) = run.frozen.aligner() {
            let [_, dim] = aligner.values(images.clone().narrow(0, 0, 1)).dims();
            let mut towers = Towers { shape: its.shape, frozen: run.frozen, dim, scale: 1.0 };
            let features = towers.vectors(&images, device);
            if features.values.iter().any(|v| !v.is_finite()) {
                return Err(JudgeError::NotFinite { name, tensor: "of its vectors".to_owned() });
            }
            towers.scale = train::scale(&features);
            let (network, device) = (Network::Towers(Box::new(towers)), device.clone());
            return Ok(Self { name, sha256, accuracy: None, network, device });
        }
        let own = dataset.classes.as_ref().map(Vec::len) == run.classes;
        let mut classifier = Classifier {
            shape: its.shape,
            frozen: run.frozen,
            scale: 1.0,
            classes: if own { Classes::Own } else { Classes::Other },
        };
        let features = classifier.read(&images, device).features;
        if features.values.iter().any(|v| !v.is_finite()) {
            return Err(JudgeError::NotFinite { name, tensor: "of its features".to_owned() });
        }
        classifier.scale = train::scale(&features);
        let reading = classifier.read(&dataset.test.tensor(0..dataset.test.len(), device), device);
        let accuracy = right(&reading, dataset);
        let (network, device) = (Network::Classifier(Box::new(classifier)), device.clone());
        Ok(Self { name, sha256, accuracy, network, device })
    }
}

/// "images of 1x28x28".
fn words(space: Space) -> String {
    format!("{} of {}", crate::measures::units::noun(space.kind), space.shape)
}

/// The share of test images that are classified rightly, where that can be told.
fn right(reading: &Reading, dataset: &Dataset) -> Option<f64> {
    Some(train::share_right(reading.probabilities.as_ref()?, dataset.test.labels.as_deref()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numerics::matrix::trace;
    use genlab_classifier::ClassifierConfig;
    use genlab_core::{
        ImageShape, InitContext, NoRuns, Seed, Start,
        checkpoint::{self, CheckpointState},
    };
    use genlab_data::{LoadOptions, load};
    use std::sync::Arc;

    /// A run that has not learned anything.
    fn run(shape: ImageShape, classes: usize) -> OpenedRun {
        let (space, config) = (Space::images(shape), ClassifierConfig::default());
        let context = InitContext {
            space,
            classes: Some(classes),
            past: None,
            words: None,
            objects: None,
            total_images: 100,
            device: Device::flex(),
            seed: Seed(0),
            runs: Arc::new(NoRuns),
            start: Start::Fresh,
        };
        let model = config.init(&context).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let state = CheckpointState::default();
        let path = checkpoint::save(folder.path(), model.as_ref(), state).unwrap();
        OpenedRun {
            model: "classifier".into(),
            settings: serde_json::to_value(config).unwrap(),
            space,
            classes: Some(classes),
            captions: None,
            frozen: model.freeze(),
            state: checkpoint::read(&path, &context.device).unwrap().1,
        }
    }

    #[test]
    fn its_features_have_mean_variance_one_and_its_classes_are_the_datasets_or_absent() {
        let (digits, device) =
            (load("digits8x8", &LoadOptions::default()).unwrap(), Device::flex());
        let shape = digits.space.shape;
        let judge = Judge::opened("mine", "ab", run(shape, 10), &digits, &device).unwrap();
        let images = digits.train.tensor(0..digits.train.len(), &device);
        let reading = judge.read(&images);
        let covariance = reading.features.moments().covariance;
        assert!((trace(covariance.as_ref()) / 32.0 - 1.0).abs() < 1e-3);
        assert!(reading.probabilities.is_some() && judge.accuracy.is_some());
        let judge = Judge::opened("mine", "ab", run(shape, 7), &digits, &device).unwrap();
        assert!(judge.read(&images).probabilities.is_none() && judge.accuracy.is_none());
        let other = run(ImageShape::new(1, 9, 8), 10);
        let error = Judge::opened("mine", "ab", other, &digits, &device).unwrap_err().to_string();
        assert!(error.contains("knows images of 1x9x8 and cannot judge images of 1x8x8"));
    }
}
