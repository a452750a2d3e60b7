//! A folder of PNG and JPEG files as a dataset.

use crate::{
    dataset::{Dataset, file_order, test_rows},
    error::DataError,
    options::{ColourMode, LoadOptions},
    picture::{self, Header},
    values::Values,
};
use genlab_core::ImageShape;
use rayon::prelude::*;
use std::path::{Path, PathBuf};

mod listing;

use listing::{Listing, list};

/// Fewer images than this make no train, validation and test split worth the name.
const MIN_IMAGES: usize = 10;

/// Side that images may be resized to at most; it bounds the resizing filter's memory.
const MAX_TARGET_SIDE: usize = 2048;

/// Decoded bytes at most.
const MAX_BYTES: u64 = 8 << 30;

const LICENCE: &str = "the folder's own images; their licence is not known to genlab";

/// The images of folder `path` and of its sub-folders, one level deep. Each sub-folder is a class of
/// that name. Of the files, ordered by path, 20 % chosen by a fixed seed are the test split; within a
/// split they stand in a fixed mixed order, so that the first thousand images are of all classes.
///
/// # Errors
/// Names the folder or the first file, in path order, that stands in the way.
pub(crate) fn load(name: &str, path: &str, options: &LoadOptions) -> Result<Dataset, DataError> {
    if path.is_empty() {
        let cure = "write folder:PATH for a folder of images".to_owned();
        return Err(DataError::UnknownName { name: name.to_owned(), cure });
    }
    let folder = Path::new(path);
    let listing = list(folder)?;
    listing.require_classes(folder)?;
    if let (Some(notice), Some(line)) = (&options.notice, listing.passed_over(folder)) {
        notice(&line);
    }
    if listing.files.len() < MIN_IMAGES {
        let fault = format!("has too few PNG or JPEG images ({})", listing.files.len());
        return Err(DataError::folder(folder, fault, format!("at least {MIN_IMAGES} are needed")));
    }

    let headers = in_path_order(&listing.files, picture::header)?;
    let (height, width) = match options.image_size {
        Some(size) => checked_target(name, size)?,
        None => common_size(&listing.files, &headers)?,
    };
    let channels = match options.colour {
        ColourMode::Grey => 1,
        ColourMode::Auto if headers.iter().all(|header| header.grey) => 1,
        ColourMode::Auto | ColourMode::Rgb => 3,
    };
    let shape = ImageShape::new(channels, height, width);
    check_memory(folder, listing.files.len(), shape, MAX_BYTES)?;

    let Listing { files, labels, classes, .. } = listing;
    let (train, test) = split(files, labels);
    let (mut train, mut test) = (train.decode(shape)?, test.decode(shape)?);
    if options.colour == ColourMode::Auto && channels == 3 && is_grey(&train) && is_grey(&test) {
        (train, test) = (first_channel(train), first_channel(test));
    }
    // Both stand in the order of `mixed`.
    let [train, test] = [train, test].map(|split| split.into_values().cut_first());
    Ok(Dataset::new(name, classes, train, test, LICENCE))
}

/// All PNG and JPEG files of `folder` and of its sub-folders, one level deep, as one set of images in
/// path order: grey if every one is, in the size they have. However many sub-folders there are: nothing is
/// made of them but labels. `notice` is told what was passed over.
///
/// # Errors
/// Names the folder, or the first file that cannot be read or has another size than the first.
pub fn read_pictures(folder: &Path, notice: &dyn Fn(&str)) -> Result<Values, DataError> {
    let listing = list(folder)?;
    if let Some(line) = listing.passed_over(folder) {
        notice(&line);
    }
    let Listing { files: paths, labels, .. } = listing;
    let headers = in_path_order(&paths, picture::header)?;
    let (height, width) = common_size(&paths, &headers)
        .map_err(|error| error.with_cure("resize all images to the same size"))?;
    let channels = if headers.iter().all(|header| header.grey) { 1 } else { 3 };
    let shape = ImageShape::new(channels, height, width);
    check_memory(folder, paths.len(), shape, MAX_BYTES)?;
    let images = Files { paths, labels }.decode(shape)?;
    let images = if channels == 3 && is_grey(&images) { first_channel(images) } else { images };
    Ok(images.into_values())
}

/// Files of one split, with their labels.
struct Files {
    paths: Vec<PathBuf>,
    labels: Option<Vec<u32>>,
}

/// Images of one split, while it is open how many channels they have.
struct Decoded {
    shape: ImageShape,
    pixels: Vec<u8>,
    labels: Option<Vec<u32>>,
}

impl Files {
    fn decode(self, shape: ImageShape) -> Result<Decoded, DataError> {
        let mut pixels = vec![0_u8; self.paths.len() * shape.pixels()];
        let outcomes: Vec<_> = pixels
            .par_chunks_mut(shape.pixels())
            .zip(&self.paths)
            .map(|(out, path)| picture::decode(path, shape, out))
            .collect();
        outcomes.into_iter().collect::<Result<(), _>>()?;
        Ok(Decoded { shape, pixels, labels: self.labels })
    }
}

impl Decoded {
    fn into_values(self) -> Values {
        Values::images(self.shape, self.pixels).with_labels(self.labels)
    }
}

/// Train and test files, each in a fixed mixed order. Both depend on the number of files alone.
fn split(paths: Vec<PathBuf>, labels: Option<Vec<u32>>) -> (Files, Files) {
    let mut is_test = vec![false; paths.len()];
    for row in test_rows(paths.len()) {
        is_test[row] = true;
    }
    let pick = |wanted: bool| Files {
        paths: kept(&paths, &is_test, wanted),
        labels: labels.as_ref().map(|labels| kept(labels, &is_test, wanted)),
    };
    (mixed(pick(false)), mixed(pick(true)))
}

fn mixed(files: Files) -> Files {
    let order = file_order(files.paths.len());
    Files {
        paths: order.iter().map(|&row| files.paths[row].clone()).collect(),
        labels: files.labels.map(|labels| order.iter().map(|&row| labels[row]).collect()),
    }
}

fn kept<T: Clone>(values: &[T], is_test: &[bool], wanted: bool) -> Vec<T> {
    let chosen = values.iter().zip(is_test).filter(|&(_, &test)| test == wanted);
    chosen.map(|(value, _)| value.clone()).collect()
}

/// In parallel, but the error is that of the first file, whichever thread was faster.
fn in_path_order<T: Send>(
    files: &[PathBuf],
    read: impl Fn(&Path) -> Result<T, DataError> + Sync,
) -> Result<Vec<T>, DataError> {
    let outcomes: Vec<_> = files.par_iter().map(|file| read(file)).collect();
    outcomes.into_iter().collect()
}

fn checked_target(name: &str, size: (usize, usize)) -> Result<(usize, usize), DataError> {
    let (height, width) = size;
    if [height, width].iter().all(|side| (1..=MAX_TARGET_SIDE).contains(side)) {
        return Ok(size);
    }
    Err(DataError::Option {
        option: "--image-size",
        dataset: name.to_owned(),
        fault: format!("{height}x{width} is out of range"),
        cure: format!("use sides from 1 to {MAX_TARGET_SIDE} pixels"),
    })
}

fn common_size(files: &[PathBuf], headers: &[Header]) -> Result<(usize, usize), DataError> {
    let first = headers[0];
    let size = |header: &Header| (header.height, header.width);
    if let Some(row) = headers.iter().position(|header| size(header) != size(&first)) {
        let fault = format!(
            "is {}x{} pixels (height x width), but {} is {}x{}",
            headers[row].height,
            headers[row].width,
            files[0].display(),
            first.height,
            first.width
        );
        return Err(DataError::malformed(files[row].display().to_string(), fault)
            .with_cure("use --image-size to resize all images to the same size"));
    }
    Ok((first.height as usize, first.width as usize))
}

fn check_memory(
    folder: &Path,
    count: usize,
    shape: ImageShape,
    limit: u64,
) -> Result<(), DataError> {
    // Sides are at most 8192, so one image's bytes cannot overflow.
    let bytes = (count as u64).saturating_mul(shape.pixels() as u64);
    if bytes <= limit && u32::try_from(count).is_ok() {
        return Ok(());
    }
    let fault = format!("has {count} images of {shape}, which take more than {} GiB", limit >> 30);
    Err(DataError::folder(folder, fault, "use a smaller --image-size, or fewer images".to_owned()))
}

fn is_grey(images: &Decoded) -> bool {
    let plane = images.shape.height * images.shape.width;
    images.pixels.par_chunks(images.shape.pixels()).all(|image| {
        let (red, others) = image.split_at(plane);
        others.chunks(plane).all(|channel| channel == red)
    })
}

fn first_channel(mut images: Decoded) -> Decoded {
    let (size, plane) = (images.shape.pixels(), images.shape.height * images.shape.width);
    let count = images.pixels.len() / size;
    for image in 0..count {
        images.pixels.copy_within(image * size..image * size + plane, image * plane);
    }
    images.pixels.truncate(count * plane);
    images.shape.channels = 1;
    images
}

#[cfg(test)]
mod tests;
