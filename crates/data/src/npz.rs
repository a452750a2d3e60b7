//! Values in a NumPy archive: the array `images` of an `.npz` file.
//!
//! Reading guesses nothing and rescales nothing. Of images, bytes are levels from 0 to 255, floats are
//! levels from 0 to 1, and what is neither is refused. Their floats are rounded to 8 bits, as samples
//! are before they are scored, so a set scores the same in either form. Points and series are floats in
//! the units of a space that the caller knows. Writing is in `write.rs`.

mod array;
mod refusal;
#[cfg(test)]
mod tests;
mod write;

use crate::{drawn::moving::FRAMES, error::DataError, values::Values};
use array::{ARRAY, Element, Header, Order};
use genlab_core::{ImageShape, Space, files};
use refusal::{SAVE, SCALE, refused};
use std::{borrow::Cow, fs::File, io::BufReader, path::Path};
use zip::{ZipArchive, read::ZipFile, result::ZipError};

pub use write::{npz_bytes, npz_with_captions};

/// Bytes of the values at most, as they are kept: levels are one, numbers of points four.
const MAX_BYTES: u64 = 8 << 30;

/// The array `images` of the archive at `path`: `[N, H, W]`, or `[N, C, H, W]` with one channel, three, or the frames of a
/// clip; unsigned bytes, or floats (32 or 64 bit, either byte order) in [0, 1].
///
/// # Errors
/// One sentence: the file is not an archive or has no such array; the array has another type, shape
/// or range, ends early, or contains a value that is not finite.
pub fn read_npz(path: &Path) -> Result<Values, DataError> {
    let file = path.display().to_string();
    let mut archive = opened(path, &file)?;
    let mut entry = entry(&mut archive, &file)?;
    let header = Header::read(&mut entry, &file)?;
    let (count, shape) = image_shape(&header.shape, &file)?;
    require_room::<u8>(count, shape, &file)?;
    let levels = match header.element {
        Element::U8 => array::read(&mut entry, &header, &file, |value, _| Ok(value as u8))?,
        Element::Float(_) => array::read(&mut entry, &header, &file, |value, index| {
            level(value, index / shape.pixels(), header.order, &file)
        })?,
    };
    if header.element == Element::U8 {
        require_levels(&levels, &file)?;
    }
    Ok(Values::images(shape, levels))
}

/// The array `images` of the archive at `path` as values of a real `space`: floats (32 or 64 bit, either
/// byte order) in its units, `[N, D]` for points and `[N, C, T]` for series.
///
/// # Errors
/// As [`read_npz`]; any range will do.
pub fn read_npz_values(path: &Path, space: Space) -> Result<Values, DataError> {
    let file = path.display().to_string();
    read_floats(path, &file, space).map_err(|error| {
        let sizes = written(&array::dims(space, 0)[1..]);
        error.with_cure(&format!(
            "save finite floats of shape [N, {sizes}] with numpy.savez(path, images=array)"
        ))
    })
}

fn read_floats(path: &Path, file: &str, space: Space) -> Result<Values, DataError> {
    let mut archive = opened(path, file)?;
    let mut entry = entry(&mut archive, file)?;
    let header = Header::read(&mut entry, file)?;
    let count = header.shape.first().copied().unwrap_or(0);
    if !(1..=u32::MAX as usize).contains(&count) || header.shape != array::dims(space, count) {
        let fault = format!("has values of shape ({})", written(&header.shape));
        return Err(refused(file, fault, SAVE));
    }
    if header.element == Element::U8 {
        return Err(refused(file, "contains bytes, which are levels of images", SAVE));
    }
    require_room::<f32>(count, space.shape, file)?;
    let floats = array::read(&mut entry, &header, file, |value, _| {
        let number = value as f32;
        if number.is_finite() {
            return Ok(number);
        }
        let fault = format!("contains a value that is not finite in 32 bits ({number})");
        Err(refused(file, fault, SAVE))
    })?;
    Ok(Values::floats(space, floats))
}

fn opened(path: &Path, file: &str) -> Result<ZipArchive<BufReader<File>>, DataError> {
    let source = files::open(path).map_err(|reason| DataError::Io {
        action: "read",
        path: path.to_owned(),
        reason,
        cure: "check the path and its permissions".to_owned(),
    })?;
    ZipArchive::new(BufReader::new(source))
        .map_err(|error| refused(file, format!("is not an .npz archive ({error})"), SAVE))
}

/// # Errors
/// When so many values of this shape are more than anybody means, whatever the file holds.
fn require_room<T>(count: usize, shape: ImageShape, file: &str) -> Result<(), DataError> {
    let numbers = (count as u64).saturating_mul(shape.pixels() as u64);
    if numbers.saturating_mul(size_of::<T>() as u64) <= MAX_BYTES {
        return Ok(());
    }
    let fault = format!("contains {count} values of {shape}, more than {} GiB", MAX_BYTES >> 30);
    Err(refused(file, fault, "save fewer"))
}

type Entry<'a> = ZipFile<'a, BufReader<File>>;

fn entry<'a>(
    archive: &'a mut ZipArchive<BufReader<File>>,
    file: &str,
) -> Result<Entry<'a>, DataError> {
    let names: Vec<String> = archive.file_names().flatten().map(Cow::into_owned).collect();
    archive.by_name(ARRAY).map_err(|error| match error {
        ZipError::FileNotFound => {
            let arrays = names.iter().map(|name| name.strip_suffix(".npy").unwrap_or(name));
            let names: Vec<&str> = arrays.collect();
            let there = if names.is_empty() { "nothing".to_owned() } else { names.join(", ") };
            refused(file, format!("has no array called images (it contains {there})"), SAVE)
        }
        error => refused(file, format!("cannot be decompressed ({error})"), SAVE),
    })
}

/// Number and shape of the images in an array of this shape.
fn image_shape(dims: &[usize], file: &str) -> Result<(usize, ImageShape), DataError> {
    let written = written(dims);
    let cure = match dims.len() {
        2 => {
            "save images as [N, H, W] or [N, C, H, W], or compare points with a run or a split of points"
        }
        _ => {
            "save images as [N, H, W] or [N, C, H, W] with one or three channels, or with the eight frames of a clip"
        }
    };
    let (count, shape) = match *dims {
        [count, height, width] => (count, ImageShape::new(1, height, width)),
        [count, channels @ (1 | 3), height, width] => {
            (count, ImageShape::new(channels, height, width))
        }
        [_, _, _, 1 | 3] => {
            let fault = format!("has images of shape ({written}), with the channels last");
            return Err(refused(file, fault, "move the channels to the second axis"));
        }
        [count, FRAMES, height, width] => (count, ImageShape::new(FRAMES, height, width)),
        _ => return Err(refused(file, format!("has images of shape ({written})"), cure)),
    };
    let sides = [shape.height, shape.width];
    if sides.iter().any(|side| !(1..=MAX_SIDE).contains(side)) || count > u32::MAX as usize {
        return Err(refused(file, format!("has images of shape ({written})"), cure));
    }
    if count == 0 {
        return Err(refused(file, "contains no images", "save at least one"));
    }
    Ok((count, shape))
}

/// `3, 8`
fn written(dims: &[usize]) -> String {
    dims.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Longest side of an image, in pixels: also keeps the product of a header's sizes from overflowing.
const MAX_SIDE: usize = 8192;

/// Levels that were bytes: images of nothing but 0 and 1 are a mask or an unscaled float set: no picture
/// of 256 levels looks like that, and read as one it would be black.
fn require_levels(levels: &[u8], file: &str) -> Result<(), DataError> {
    if levels.iter().max() == Some(&1) {
        let fault = "contains only the uint8 values 0 and 1, which may stand for black and white";
        return Err(refused(file, fault, "multiply them by 255"));
    }
    Ok(())
}

/// A float as one of 256 levels.
fn level(value: f64, image: usize, order: Order, file: &str) -> Result<u8, DataError> {
    if (0.0..=1.0).contains(&value) {
        return Ok((value * 255.0).round() as u8);
    }
    // In Fortran order the values of one image are scattered.
    let place = match order {
        Order::C => format!(" in image {image}"),
        Order::Fortran => String::new(),
    };
    let fault = if value.is_finite() {
        format!("contains the value {value}{place}, outside [0, 1]")
    } else {
        format!("contains a value that is not finite ({value}){place}")
    };
    Err(refused(file, fault, SCALE))
}
