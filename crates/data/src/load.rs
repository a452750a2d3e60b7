//! From a name to a dataset.

use crate::{
    catalogue::{self, Official},
    cifar,
    dataset::Dataset,
    drawn, embedded,
    error::DataError,
    folder,
    locate::{self, Places},
    options::{ColourMode, LoadOptions},
    series,
};
use genlab_core::Kind;
use std::path::Path;

/// Names for help texts. `folder:PATH` stands for any folder of PNG and JPEG files,
/// `series:FILE.csv:COLUMN` for any column of numbers.
pub fn known_names() -> &'static [&'static str] {
    &[
        "mnist-10k",
        "fashion-3k",
        "digits8x8",
        "ring-8",
        "grid-25",
        "mixture-1d",
        "mixture-2d",
        "gaussian-diagonal",
        "gaussian-rotated",
        "uniform-1d",
        "two-moons",
        "swiss-roll",
        "checkerboard",
        "stacked-mnist",
        "scenes-32",
        "scenes-48",
        "scenes-32-noisy",
        "scenes-32-subject",
        "moving-digits",
        "planted-dictionary",
        "ar1",
        "sines",
        "mnist",
        "fashion-mnist",
        "cifar10",
        "folder:PATH",
        "series:FILE.csv:COLUMN",
    ]
}

/// What the values of the dataset of this name are, without loading it. Images for names that there
/// are not: [`load`] says so.
pub fn kind_of(name: &str) -> Kind {
    if name.starts_with(series::PREFIX) {
        return Kind::Series;
    }
    drawn::kind_of(name).unwrap_or(Kind::Images)
}

/// Whether the dataset of this name has files of its own, which may lie in a folder that somebody gives.
pub fn is_official(name: &str) -> bool {
    catalogue::official(name).is_some()
}

/// The dataset of this name: one of [`known_names`].
///
/// # Errors
/// One sentence that says what is wrong, where, and how to fix it: an unknown name, a file that is
/// missing or damaged, a failed download, an option that does not fit.
pub fn load(name: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    load_from(name, options, &Places::of_this_user())
}

fn load_from(name: &str, options: &LoadOptions, places: &Places) -> Result<Dataset, DataError> {
    if let Some(path) = name.strip_prefix("folder:") {
        return folder::load(name, path, options);
    }
    if let Some(place) = name.strip_prefix(series::PREFIX) {
        let dataset = series::load(name, place)?;
        check_shape(&dataset, options)?;
        return Ok(dataset);
    }
    let dataset = if let Some(dataset) = embedded::load(name) {
        dataset?
    } else if let Some(dataset) = drawn::load(name) {
        dataset?
    } else if let Some(official) = catalogue::official(name) {
        let (train, test) = locate::read(&official, options, places)?;
        let classes = official.classes.map(str::to_owned).to_vec();
        let dataset = Dataset::new(name, Some(classes), train, test, official.licence);
        called_what_it_is(dataset, &official, options, places)?
    } else {
        return Err(DataError::UnknownName { name: name.to_owned(), cure: suggestion(name) });
    };
    check_shape(&dataset, options)?;
    Ok(dataset)
}

/// Files that somebody gives under an official name and that are others are called after their folder: numbers on them are none
/// on the official ones, and its licence and its judge are not theirs.
///
/// # Errors
/// When files that were downloaded are no more what they were.
fn called_what_it_is(
    dataset: Dataset,
    official: &Official,
    options: &LoadOptions,
    places: &Places,
) -> Result<Dataset, DataError> {
    let is_official = |folder: &Path| match official.content {
        Some(content) => content == dataset.sha256,
        None => official.files.iter().all(|file| cifar::is_archive(folder, file.sha256)),
    };
    let Some(given) = &options.data_dir else {
        let kept = places.cache.iter().map(|cache| cache.join(official.name));
        return match kept.into_iter().find(|folder| !is_official(folder)) {
            None => Ok(dataset),
            Some(folder) => {
                let fault = format!("does not hold the files of {} any more", official.name);
                Err(DataError::folder(&folder, fault, "delete it to have them downloaded again"))
            }
        };
    };
    if is_official(&locate::given(official, given)?) {
        return Ok(dataset);
    }
    let numbers = (0..official.classes.len()).map(|class| class.to_string());
    Ok(Dataset {
        name: format!("{}:{}", official.format, given.display()),
        licence: format!("unknown; these are not the files of {}", official.name),
        classes: Some(numbers.collect()),
        ..dataset
    })
}

/// A named dataset is what it is: results on a resized one would not be comparable under its name.
fn check_shape(dataset: &Dataset, options: &LoadOptions) -> Result<(), DataError> {
    let shape = dataset.space.shape;
    let misfit = |option, fault| DataError::Option {
        option,
        dataset: dataset.name.clone(),
        fault,
        cure: "leave the option out, or use folder:PATH".to_owned(),
    };
    if dataset.space.kind != Kind::Images {
        let are = if dataset.space.kind == Kind::Points { "points" } else { "series" };
        let no_images = || format!("its values are {are}, not images");
        return match (options.image_size, options.colour) {
            (None, ColourMode::Auto) => Ok(()),
            (Some(_), _) => Err(misfit("--image-size", no_images())),
            (None, _) => Err(misfit("--colour", no_images())),
        };
    }
    if let Some(size) = options.image_size.filter(|&size| size != (shape.height, shape.width)) {
        let fault =
            format!("its images are {}x{}, not {}x{}", shape.height, shape.width, size.0, size.1);
        return Err(misfit("--image-size", fault));
    }
    match (options.colour, shape.channels) {
        (ColourMode::Auto, _) | (ColourMode::Grey, 1) | (ColourMode::Rgb, 3) => Ok(()),
        (_, 1) => Err(misfit("--colour", "its images are grey".to_owned())),
        (_, 3) => Err(misfit("--colour", "its images are in colour".to_owned())),
        (_, frames) => {
            Err(misfit("--colour", format!("its images are clips of {frames} grey frames")))
        }
    }
}

/// Edits between a name and a suggestion at most.
const MAX_EDITS: usize = 3;

fn suggestion(name: &str) -> String {
    let lower = name.to_lowercase();
    if lower.starts_with("folder") {
        return "write folder:PATH for a folder of images".to_owned();
    }
    if lower.starts_with("series") {
        return series::CURE.to_owned();
    }
    known_names()
        .iter()
        .filter(|known| !known.contains(':'))
        .map(|known| (strsim::damerau_levenshtein(&lower, known), known))
        .filter(|&(edits, _)| edits <= MAX_EDITS && edits < lower.chars().count())
        .min()
        .map_or_else(
            || format!("the known names are {}", known_names().join(", ")),
            |(_, known)| format!("did you mean {known}?"),
        )
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
