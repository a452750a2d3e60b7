//! One PNG or JPEG file.

use crate::{error::DataError, values::Values};
use genlab_core::{ImageShape, Space, files};
use image::{
    DynamicImage, GrayImage, ImageDecoder, ImageError, ImageFormat, ImageReader, Limits, RgbImage,
    imageops::{self, FilterType},
    metadata::Orientation,
};
use std::{
    io::{BufReader, Read, Seek, SeekFrom},
    path::Path,
    sync::{Mutex, PoisonError},
};

/// Side of a picture at most, in pixels.
pub(crate) const MAX_SIDE: u32 = 8192;

/// Bytes of one picture at most once it is decoded: RGBA at the largest size.
const MAX_ALLOC: u64 = 4 * (MAX_SIDE as u64) * (MAX_SIDE as u64);
/// The same of JPEG, whose coefficients may lie beside its pixels in twice their memory.
const MAX_JPEG: u64 = 160 << 20;
/// Bytes of a file at most: that of a JPEG is held whole.
const MAX_FILE: u64 = 256 << 20;

/// Decoded bytes beyond which pictures are decoded one after the other: with their copies they may take twice
/// [`MAX_ALLOC`], and there are many threads.
const LARGE: u64 = 8 << 20;
static ONE_LARGE: Mutex<()> = Mutex::new(());

/// What a file says about its picture before it is decoded, as it is meant to be seen (cameras
/// store pictures on their side and say so).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) height: u32,
    pub(crate) width: u32,
    /// Whether the file stores grey values only.
    pub(crate) grey: bool,
}

/// Reads a picture's header.
///
/// # Errors
/// Names the file and its fault: it is neither PNG nor JPEG, damaged, or too large.
pub(crate) fn header(path: &Path) -> Result<Header, DataError> {
    let mut decoder = decoder(path)?;
    let orientation = decoder.orientation().map_err(|error| fault(path, &error))?;
    let (mut width, mut height) = decoder.dimensions();
    if is_on_its_side(orientation) {
        (width, height) = (height, width);
    }
    Ok(Header { height, width, grey: !decoder.color_type().has_color() })
}

/// The picture at `path`, resized to `space`'s images.
///
/// # Errors
/// Names the file and its fault: it is neither PNG nor JPEG, damaged, or too large.
pub fn read_picture(path: &Path, space: Space) -> Result<Values, DataError> {
    let mut bytes = vec![0; space.shape.pixels()];
    decode(path, space.shape, &mut bytes)?;
    Ok(Values { space, ..Values::images(space.shape, bytes) })
}

/// Decodes a picture into `out`, `[C, H, W]` of `shape` with one or three channels. Transparent
/// pixels are laid on white; a picture of another size is resized with a Lanczos filter, without
/// keeping its aspect ratio.
///
/// # Errors
/// As [`header`].
pub(crate) fn decode(path: &Path, shape: ImageShape, out: &mut [u8]) -> Result<(), DataError> {
    let mut decoder = decoder(path)?;
    require_end(path)?;
    let _alone = (decoder.total_bytes() > LARGE)
        .then(|| ONE_LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let orientation = decoder.orientation().map_err(|error| fault(path, &error))?;
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| fault(path, &error))?;
    let picture = if picture.color().has_alpha() { on_white(picture) } else { picture };

    // Turned only once its pixels are as narrow as they will be: that takes a copy.
    let (width, height) = (shape.width as u32, shape.height as u32);
    if shape.channels == 1 {
        let mut picture = DynamicImage::ImageLuma8(picture.into_luma8());
        picture.apply_orientation(orientation);
        out.copy_from_slice(&resized_grey(picture.into_luma8(), width, height));
    } else {
        let mut picture = DynamicImage::ImageRgb8(picture.into_rgb8());
        picture.apply_orientation(orientation);
        let pixels = resized_rgb(picture.into_rgb8(), width, height);
        let plane = shape.height * shape.width;
        for (i, pixel) in pixels.chunks_exact(3).enumerate() {
            for (channel, &value) in pixel.iter().enumerate() {
                out[channel * plane + i] = value;
            }
        }
    }
    Ok(())
}

fn decoder(path: &Path) -> Result<impl ImageDecoder, DataError> {
    // By content, not by extension: a JPEG file called .png is a picture all the same.
    let cannot = |reason| DataError::Io {
        action: "read",
        path: path.to_owned(),
        reason,
        cure: "check its permissions, or remove it".to_owned(),
    };
    let file = files::open(path).map_err(cannot)?;
    if file.metadata().map_err(cannot)?.len() > MAX_FILE {
        return Err(unusable(path, &format!("is longer than {} MiB", MAX_FILE >> 20)));
    }
    let reader = ImageReader::new(BufReader::new(file)).with_guessed_format();
    let mut reader = reader.map_err(cannot)?;
    let most = match reader.format() {
        Some(ImageFormat::Png) => MAX_ALLOC,
        Some(ImageFormat::Jpeg) => MAX_JPEG,
        _ => return Err(unusable(path, "is neither a PNG nor a JPEG file")),
    };
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| fault(path, &error))?;
    if decoder.total_bytes() > most {
        let fault = format!("takes more than {} MiB once decoded", most >> 20);
        return Err(unusable(path, &fault));
    }
    Ok(decoder)
}

/// Bytes of a JPEG file at most that are searched for its end: trailing ones are a camera's notes.
const TAIL: u64 = 1 << 20;

/// A JPEG that was cut off is decoded all the same, to half a picture; a PNG is not.
///
/// # Errors
/// When a JPEG file has no end.
fn require_end(path: &Path) -> Result<(), DataError> {
    let cannot = |reason| DataError::Io {
        action: "read",
        path: path.to_owned(),
        reason,
        cure: "check its permissions, or remove it".to_owned(),
    };
    let mut file = files::open(path).map_err(cannot)?;
    let mut start = [0; 2];
    if file.read_exact(&mut start).is_err() || start != [0xff, 0xd8] {
        return Ok(());
    }
    let length = file.metadata().map_err(cannot)?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).map_err(cannot)?;
    let mut tail = Vec::new();
    file.take(TAIL).read_to_end(&mut tail).map_err(cannot)?;
    let last = |mark: [u8; 2]| tail.windows(2).rposition(|bytes| bytes == mark);
    // Pictures within the picture, which have ends of their own, stand before its data.
    match (last([0xff, 0xd9]), last([0xff, 0xda])) {
        (Some(end), begin) if begin.is_none_or(|begin| begin < end) => Ok(()),
        _ => Err(unusable(path, "is cut off: its last part is missing")),
    }
}

fn is_on_its_side(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate90FlipH | Rotate270 | Rotate270FlipH)
}

fn on_white(picture: DynamicImage) -> DynamicImage {
    let blend = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    if !picture.color().has_color() {
        let source = picture.into_luma_alpha8();
        let grey = GrayImage::from_fn(source.width(), source.height(), |x, y| {
            let [value, alpha] = source.get_pixel(x, y).0;
            image::Luma([blend(value, alpha)])
        });
        return DynamicImage::ImageLuma8(grey);
    }
    let source = picture.into_rgba8();
    let colour = RgbImage::from_fn(source.width(), source.height(), |x, y| {
        let [red, green, blue, alpha] = source.get_pixel(x, y).0;
        image::Rgb([blend(red, alpha), blend(green, alpha), blend(blue, alpha)])
    });
    DynamicImage::ImageRgb8(colour)
}

fn resized_grey(picture: GrayImage, width: u32, height: u32) -> Vec<u8> {
    if picture.dimensions() == (width, height) {
        return picture.into_raw();
    }
    imageops::resize(&picture, width, height, FilterType::Lanczos3).into_raw()
}

fn resized_rgb(picture: RgbImage, width: u32, height: u32) -> Vec<u8> {
    if picture.dimensions() == (width, height) {
        return picture.into_raw();
    }
    imageops::resize(&picture, width, height, FilterType::Lanczos3).into_raw()
}

fn fault(path: &Path, error: &ImageError) -> DataError {
    match error {
        ImageError::Limits(_) => {
            unusable(path, &format!("is larger than {MAX_SIDE}x{MAX_SIDE} pixels or 256 MiB"))
        }
        _ => unusable(path, &format!("cannot be decoded ({})", one_line(&error.to_string()))),
    }
}

fn unusable(path: &Path, fault: &str) -> DataError {
    DataError::malformed(path.display().to_string(), fault)
        .with_cure("remove it, or convert it to a valid PNG file")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
