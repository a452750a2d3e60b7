//! Judges of datasets that none ships for: trained on first use, kept in the user's cache folder.
//!
//! The file says what it is: one metadata entry holds the network, the data's hash, the recipe and
//! the accuracy, so it can be copied, named on the command line and loaded without its dataset.

use super::{
    Architecture, Judge, JudgeError,
    train::{LABELLED_RECIPE, Recipe, accuracy, train},
};
use burn::tensor::Device;
use genlab_core::digest::sha256;
use genlab_data::Dataset;
use genlab_results::atomic;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use std::{collections::HashMap, fs, path::Path};

/// Fewer training images than this teach a judge nothing worth a number.
const MIN_IMAGES: usize = 100;
/// The metadata entry.
const KEY: &str = "genlab.judge";

/// What the file of a trained judge says about itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Description {
    name: String,
    architecture: Architecture,
    /// SHA-256 of the dataset's content.
    dataset_sha256: String,
    recipe: u32,
    /// Share of the dataset's test images that it classifies rightly.
    accuracy: f64,
}

/// Why a judge cannot be trained on a dataset; None if it can.
pub fn obstacle(dataset: &Dataset) -> Option<String> {
    let (name, count) = (&dataset.name, dataset.train.len());
    match &dataset.train.labels {
        None => Some(format!("{name} has no labels to train a judge on")),
        Some(labels) if labels.iter().all(|label| *label == labels[0]) => {
            Some(format!("{name} has a single class, and a judge learns by telling classes apart"))
        }
        _ if count < MIN_IMAGES => Some(format!(
            "{name} has {count} training images, fewer than the {MIN_IMAGES} that a judge needs"
        )),
        _ => None,
    }
}

impl Judge {
    /// The judge of a labelled dataset without a shipped one: from `cache` (the folder `judges` in
    /// it), else trained on the training split with a fixed recipe and kept there. The same data
    /// and number of threads give the same bytes. `progress` is told what happens.
    ///
    /// # Errors
    /// When no judge can be trained on the dataset ([`obstacle`]).
    pub fn trained_on(
        dataset: &Dataset,
        cache: Option<&Path>,
        device: &Device,
        progress: &dyn Fn(&str),
    ) -> Result<Self, JudgeError> {
        if let Some(reason) = obstacle(dataset) {
            return Err(JudgeError::Untrainable { reason });
        }
        let classes = dataset.classes.as_ref().map_or_else(|| highest(dataset) + 1, Vec::len);
        let architecture = Architecture::of(dataset.space.shape, classes);
        let file = format!("{}-recipe{LABELLED_RECIPE}.safetensors", dataset.sha256);
        let path = cache.map(|cache| cache.join("judges").join(file));
        let wanted = |description: &Description| {
            (&description.architecture, description.recipe) == (&architecture, LABELLED_RECIPE)
                && description.dataset_sha256 == dataset.sha256
        };
        let kept = path.as_ref().and_then(|path| fs::read(path).ok());
        if let Some(bytes) = kept
            && describe(&bytes).is_some_and(|description| wanted(&description))
            && let Ok(judge) = Self::from_described(&bytes, "", device)
        {
            return Ok(judge);
        }
        let bytes = teach(dataset, &architecture, progress)?;
        if let Some(path) = &path {
            match atomic::write(path, &bytes) {
                Ok(()) => progress(&format!("kept in {}", path.display())),
                Err(reason) => progress(&format!("it is not kept: {reason}")),
            }
        }
        Self::from_described(&bytes, "", device)
    }

    /// A judge from a file of weights: a trained one, which says what it is, or a shipped one.
    ///
    /// # Errors
    /// When the file cannot be read or is not a judge's.
    pub fn from_file(path: &Path, device: &Device) -> Result<Self, JudgeError> {
        let file = path.display().to_string();
        let bytes =
            fs::read(path).map_err(|reason| JudgeError::File { file: file.clone(), reason })?;
        let hash = sha256(&bytes);
        if let Some(spec) = super::JUDGES.iter().find(|spec| spec.sha256 == hash) {
            return Self::shipped(spec, device);
        }
        Self::from_described(&bytes, &file, device)
    }

    fn from_described(bytes: &[u8], file: &str, device: &Device) -> Result<Self, JudgeError> {
        let description =
            describe(bytes).ok_or_else(|| JudgeError::NoJudge { file: file.to_owned() })?;
        let judge = Self::from_bytes(&description.name, &description.architecture, bytes, device)?;
        Ok(Self { accuracy: Some(description.accuracy), ..judge })
    }
}

/// Trains a judge on the CPU, whatever the models run on, so that its bytes do not depend on that.
fn teach(
    dataset: &Dataset,
    architecture: &Architecture,
    progress: &dyn Fn(&str),
) -> Result<Vec<u8>, JudgeError> {
    let device = Device::flex();
    let recipe = Recipe::for_labelled(dataset.train.len(), dataset.space.shape);
    let name = format!("auto-{}", &dataset.sha256[..8]);
    progress(&format!(
        "training judge {name} of {} ({} epochs of {} images, once for this data)",
        dataset.name,
        recipe.epochs,
        dataset.train.len()
    ));
    let bytes = train(architecture, &dataset.train, &recipe, &device, progress);
    let accuracy = accuracy(architecture, &bytes, &dataset.test, &device)?;
    let description = Description {
        name,
        architecture: architecture.clone(),
        dataset_sha256: dataset.sha256.clone(),
        recipe: LABELLED_RECIPE,
        accuracy,
    };
    let bytes = described(&bytes, &description);
    progress(&format!(
        "judge {}: {:.2} % of {} test images right, sha256 {}",
        description.name,
        100.0 * accuracy,
        dataset.test.len(),
        sha256(&bytes)
    ));
    Ok(bytes)
}

/// The same tensors with the description beside them. One entry: a map of several has no order,
/// and equal judges should be equal bytes.
fn described(bytes: &[u8], description: &Description) -> Vec<u8> {
    let file = SafeTensors::deserialize(bytes).expect("it was serialised a moment ago");
    let text = serde_json::to_string(description).expect("plain values serialise");
    safetensors::serialize(file.tensors(), Some(HashMap::from([(KEY.to_owned(), text)])))
        .expect("the tensors were serialised before")
}

fn describe(bytes: &[u8]) -> Option<Description> {
    let (_, metadata) = SafeTensors::read_metadata(bytes).ok()?;
    serde_json::from_str(metadata.metadata().as_ref()?.get(KEY)?).ok()
}

/// The largest label of any split.
fn highest(dataset: &Dataset) -> usize {
    let splits = [&dataset.train, &dataset.validation, &dataset.test];
    let labels = splits.iter().filter_map(|images| images.labels.as_deref()).flatten();
    labels.max().map_or(0, |label| *label as usize)
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{ImageShape, Space};
    use genlab_data::Values;

    /// Bright rows whose place is the class, in `classes` classes.
    fn stripes(count: usize, classes: usize) -> Values {
        let shape = ImageShape::new(1, 8, 8);
        let pixel = |i: usize| {
            let (image, row) = (i / 64, i / 8 % 8);
            if row == image % classes * 2 { 255 } else { (i % 5 * 8) as u8 }
        };
        let labels = (0..count).map(|image| (image % classes) as u32).collect();
        Values::images(shape, (0..count * 64).map(pixel).collect()).with_labels(Some(labels))
    }

    fn dataset(classes: usize, sha256: &str) -> Dataset {
        Dataset {
            name: "stripes".into(),
            space: Space::images(ImageShape::new(1, 8, 8)),
            classes: None,
            train: stripes(120, classes),
            validation: stripes(12, classes),
            test: stripes(40, classes),
            sha256: sha256.repeat(8),
            licence: String::new(),
            truth: None,
        }
    }

    #[test]
    fn a_judge_is_trained_once_and_then_found() {
        let cache = tempfile::tempdir().unwrap();
        let (data, device) = (dataset(3, "0123abcd"), Device::flex());
        let told = std::cell::RefCell::new(Vec::new());
        let tell = |line: &str| told.borrow_mut().push(line.to_owned());
        let first = Judge::trained_on(&data, Some(cache.path()), &device, &tell).unwrap();
        assert_eq!(first.name, "auto-0123abcd");
        assert_eq!(first.info().accuracy, Some(1.0));
        assert!(told.borrow().iter().any(|line| line.contains(&first.sha256)), "{told:?}");
        let trained = told.borrow().len();
        let again = Judge::trained_on(&data, Some(cache.path()), &device, &tell).unwrap();
        assert_eq!((again.info(), told.borrow().len()), (first.info(), trained));

        let folder = cache.path().join("judges");
        let files: Vec<_> = fs::read_dir(&folder).unwrap().flatten().collect();
        assert_eq!(files.len(), 1, "no half-written file is left");
        let by_path = Judge::from_file(&files[0].path(), &device).unwrap();
        assert_eq!(by_path.info(), first.info());

        // Damaged: trained anew, to the same bytes.
        fs::write(files[0].path(), b"rubbish").unwrap();
        let error = Judge::from_file(&files[0].path(), &device).unwrap_err().to_string();
        assert!(error.contains("is not a judge"), "{error}");
        let mended = Judge::trained_on(&data, Some(cache.path()), &device, &tell).unwrap();
        assert_eq!(mended.sha256, first.sha256, "the same data gives the same bytes");
    }

    #[test]
    fn other_data_has_another_judge() {
        let (a, b) = (dataset(3, "0123abcd"), dataset(2, "4567abcd"));
        let judge = |data| Judge::trained_on(data, None, &Device::flex(), &|_| ()).unwrap();
        assert_ne!(judge(&a).sha256, judge(&b).sha256);
    }

    #[test]
    fn data_that_cannot_teach_is_refused_with_the_reason() {
        let refused = |data: &Dataset| {
            let judge = Judge::trained_on(data, None, &Device::flex(), &|_| ());
            judge.unwrap_err().to_string()
        };
        let mut data = dataset(1, "0123abcd");
        assert!(refused(&data).contains("a single class"));
        data.train.labels = None;
        assert!(refused(&data).contains("no labels"));
        data.train = stripes(60, 3);
        assert!(refused(&data).contains("60 training images, fewer than the 100"));
    }
}
