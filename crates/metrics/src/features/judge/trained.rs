//! Judges of datasets that none ships for: trained on first use, kept in the user's cache folder.
//!
//! The file says what it is: one metadata entry holds the network, the data's hash, the recipe and
//! the accuracy, so it can be copied, named on the command line and loaded without its dataset.

use super::{
    Architecture, Judge, JudgeError,
    train::{LABELLED_RECIPE, Recipe, accuracy, train},
};
use burn::tensor::Device;
use genlab_core::{Check, Fault, digest::sha256, files};
use genlab_data::Dataset;
use genlab_results::atomic;
use safetensors::SafeTensors;
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
};

/// Fewer training images than this teach a judge nothing worth a number.
const MIN_IMAGES: usize = 100;
/// Bytes of a judge's file at most; those that are trained have a hundredth of it.
const MOST_BYTES: u64 = 256 << 20;
/// Digits of the SHA-256 of a file in its name.
const SUM: usize = 16;
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

/// What a reader must know of a judge that tells classes no better than somebody who says the largest one every time.
pub fn weakness(judge: &Judge, dataset: &Dataset) -> Option<String> {
    let (labels, accuracy) = (dataset.test.labels.as_ref()?, judge.accuracy?);
    let mut counts = HashMap::new();
    for label in labels {
        *counts.entry(label).or_insert(0_usize) += 1;
    }
    let largest = *counts.values().max()? as f64 / labels.len() as f64;
    (accuracy <= largest).then(|| {
        format!(
            "The judge {} is right on {:.1} % of the test images, and {:.1} % of them are of one class: it has learned \
             nothing to tell samples apart by, so metrics of its features say little.",
            judge.name,
            100.0 * accuracy,
            100.0 * largest
        )
    })
}

/// Files of judges of one dataset and recipe. Their names end in their own checksum.
struct Shelf {
    folder: PathBuf,
    start: String,
}

impl Shelf {
    fn path(&self, bytes: &[u8]) -> PathBuf {
        self.folder.join(format!("{}{}.safetensors", self.start, &sha256(bytes)[..SUM]))
    }

    /// The bytes of the first sound file. Those that are damaged are told of and removed.
    fn sound(&self, progress: &dyn Fn(&str)) -> Option<Vec<u8>> {
        let entries = fs::read_dir(&self.folder).ok()?;
        let own = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&self.start) && name.ends_with(".safetensors")
        };
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| Some(entry.ok()?.path())).filter(own).collect();
        paths.sort();
        paths.into_iter().find_map(|path| {
            let bytes = files::read(&path, MOST_BYTES).ok()?;
            if self.path(&bytes) == path {
                return Some(bytes);
            }
            progress(&format!("the judge in {} is damaged: it is trained anew", path.display()));
            // Where it cannot be removed it is told of again.
            drop(fs::remove_file(&path));
            None
        })
    }
}

impl Judge {
    /// The judge of a labelled dataset without a shipped one: from `cache` (the folder `judges` in
    /// it), else trained on the training split with a fixed recipe and kept there. The same data
    /// and number of threads give the same bytes. `progress` is told what happens. A judge that is kept is found
    /// without the dataset's values: its hash, its shape and its classes will do.
    ///
    /// # Errors
    /// When no judge can be trained on the dataset ([`obstacle`]).
    pub fn trained_on(
        dataset: &Dataset,
        cache: Option<&Path>,
        device: &Device,
        progress: &dyn Fn(&str),
    ) -> Result<Self, JudgeError> {
        let classes = dataset.classes.as_ref().map_or_else(|| highest(dataset) + 1, Vec::len);
        let architecture = Architecture::of(dataset.space.shape, classes);
        let start = format!("{}-recipe{LABELLED_RECIPE}-", dataset.sha256);
        let shelf = cache.map(|cache| Shelf { folder: cache.join("judges"), start });
        let wanted = |description: &Description| {
            (&description.architecture, description.recipe) == (&architecture, LABELLED_RECIPE)
                && description.dataset_sha256 == dataset.sha256
        };
        if let Some(bytes) = shelf.as_ref().and_then(|shelf| shelf.sound(progress))
            && describe(&bytes).is_some_and(|description| wanted(&description))
            && let Ok(judge) = Self::from_described(&bytes, "", device)
        {
            return Ok(judge);
        }
        if let Some(reason) = obstacle(dataset) {
            return Err(JudgeError::Untrainable { reason });
        }
        let bytes = teach(dataset, &architecture, progress)?;
        if let Some(path) = shelf.map(|shelf| shelf.path(&bytes)) {
            match atomic::write(&path, &bytes) {
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
        let bytes = files::read(path, MOST_BYTES)
            .map_err(|reason| JudgeError::File { file: file.clone(), reason })?;
        let hash = sha256(&bytes);
        if let Some(spec) = super::JUDGES.iter().find(|spec| spec.sha256 == hash) {
            return Self::shipped(spec, device);
        }
        Self::from_described(&bytes, &file, device)
    }

    fn from_described(bytes: &[u8], file: &str, device: &Device) -> Result<Self, JudgeError> {
        let description =
            describe(bytes).ok_or_else(|| JudgeError::NoJudge { file: file.to_owned() })?;
        require_network(&description.architecture)
            .map_err(|fault| JudgeError::Description { file: file.to_owned(), fault })?;
        let judge = Self::from_bytes(&description.name, &description.architecture, bytes, device)?;
        Ok(Self { accuracy: Some(description.accuracy), ..judge })
    }
}

/// What a file says of its network passes the checks of one that is made here.
fn require_network(architecture: &Architecture) -> Result<(), Fault> {
    architecture.check()?;
    if architecture.transformer.is_some() {
        let problem = "is set, and a judge's file holds convolutions alone; a run of --model vit judges by \
                       --judge run=DIR";
        return Err(Fault::new("transformer", problem));
    }
    if architecture.layers.is_empty() {
        return Ok(());
    }
    Err(Fault::new("layers", "is not empty, and no judge has affine layers"))
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
    use genlab_core::{ImageShape, Space, nn::VitConfig};
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
        assert!(told.borrow().iter().any(|line| line.contains("is damaged: it is trained anew")));

        // A bit of a weight: it would judge otherwise under the same name.
        let mut bytes = fs::read(files[0].path()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(files[0].path(), bytes).unwrap();
        told.borrow_mut().clear();
        let mended = Judge::trained_on(&data, Some(cache.path()), &device, &tell).unwrap();
        assert_eq!(mended.sha256, first.sha256);
        assert!(told.borrow()[0].contains("is damaged"), "{told:?}");

        // Its dataset may be gone.
        let gone = |values: &Values| values.take(0).with_labels(None);
        let (train, test) = (gone(&data.train), gone(&data.test));
        let classes = Some(["a", "b", "c"].map(str::to_owned).to_vec());
        let data = Dataset { train, test, classes, ..data };
        let kept = Judge::trained_on(&data, Some(cache.path()), &device, &tell).unwrap();
        assert_eq!(kept.sha256, first.sha256);
    }

    #[test]
    fn a_judge_that_cannot_be_is_refused_by_what_is_wrong_with_it() {
        let (data, device) = (dataset(3, "0123abcd"), Device::flex());
        let folder = tempfile::tempdir().unwrap();
        Judge::trained_on(&data, Some(folder.path()), &device, &|_| ()).unwrap();
        let entry = fs::read_dir(folder.path().join("judges")).unwrap().flatten().next().unwrap();
        let sound = fs::read(entry.path()).unwrap();
        let path = folder.path().join("mine.safetensors");
        let refused = |change: &dyn Fn(&mut Description)| {
            let mut description = describe(&sound).unwrap();
            change(&mut description);
            fs::write(&path, described(&sound, &description)).unwrap();
            Judge::from_file(&path, &device).unwrap_err().to_string()
        };
        for (sentence, expected) in [
            (
                refused(&|d| d.architecture.convolutions.to_mut()[0].1 = 0),
                "convolutions.stride is 0",
            ),
            (refused(&|d| d.architecture.features = 1 << 63), "features is 9223372036854775808"),
            (refused(&|d| d.architecture.shape.height = 0), "shape.height is 0"),
            (refused(&|d| d.architecture.classes = 0), "classes is 0"),
            (refused(&|d| d.architecture.layers = vec![7]), "no judge has affine layers"),
            (
                refused(&|d| {
                    d.architecture.transformer = Some(VitConfig::default());
                    d.architecture.convolutions.to_mut().clear();
                }),
                "a judge's file holds convolutions alone",
            ),
            (refused(&|d| d.architecture.features = 33), "no f32 tensor"),
        ] {
            assert!(sentence.contains(expected), "{sentence}");
        }
        let mut bytes = sound.clone();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        fs::write(&path, bytes).unwrap();
        let sentence = Judge::from_file(&path, &device).unwrap_err().to_string();
        assert!(sentence.contains("holds values that are not finite"), "{sentence}");
    }

    #[test]
    fn a_judge_is_weak_where_it_knows_no_more_than_the_largest_class() {
        let mut data = dataset(2, "0123abcd");
        let judge = Judge::trained_on(&data, None, &Device::flex(), &|_| ()).unwrap();
        assert_eq!(weakness(&judge, &data), None);
        let guessing = Judge { accuracy: Some(0.5), ..judge };
        let sentence = weakness(&guessing, &data).unwrap();
        assert!(sentence.contains("right on 50.0 % of the test images, and 50.0 % of them"));
        data.test.labels = None;
        assert_eq!(weakness(&guessing, &data), None, "nobody knows");
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
