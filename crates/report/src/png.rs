//! Grids of images as PNG files, and what all PNG files of a report have in common.

use crate::error::{ReportError, Result};
use flate2::Crc;
use genlab_results::{ImageStrip, atomic};
use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage};
use std::io::Cursor;
use std::path::Path;

/// A tile smaller than this is scaled up: 8x8 digits cannot be judged at their own size. Of a row of frames it is a frame that is.
const MIN_TILE: usize = 56;
/// A grey image that is so many times as wide as it is high is a row of frames: other images hardly ever are.
const FEWEST_FRAMES: usize = 4;
/// Pixels between tiles and around the grid.
const GUTTER: usize = 2;
/// Between black digits on white paper and white digits on a dark page.
const GUTTER_GREY: u8 = 128;
/// Bytes of a PNG file before what may be added to it: its signature and its first chunk.
const HEADER: usize = 33;

/// The bytes of a PNG file with the images laid out row by row, with gutters between them. Small
/// images are enlarged by a whole factor with nearest neighbours, so that a pixel stays a sharp square.
///
/// # Errors
/// When there is no image, the pixels do not fill the shape, the channels are neither 1 nor 3, or the
/// encoder refuses.
pub fn encode_grid(strip: &ImageStrip) -> Result<Vec<u8>> {
    check(strip)?;
    encode(&grid(strip))
}

/// The bytes of a PNG file of this picture.
///
/// # Errors
/// When the encoder refuses.
pub(crate) fn encode(picture: &DynamicImage) -> Result<Vec<u8>> {
    let mut bytes = Cursor::new(Vec::new());
    picture
        .write_to(&mut bytes, ImageFormat::Png)
        .map_err(|error| ReportError::Encode { reason: error.to_string() })?;
    Ok(bytes.into_inner())
}

/// The same PNG file with words behind its header that say what made it: [`genlab_results::figure_files`] knows its own by them.
pub(crate) fn signed(png: &[u8]) -> Vec<u8> {
    let words = concat!("tEXtSoftware\0genlab ", env!("CARGO_PKG_VERSION"));
    let mut sum = Crc::new();
    sum.update(words.as_bytes());
    let length = (words.len() - "tEXt".len()) as u32;
    let (header, rest) = png.split_at(HEADER.min(png.len()));
    [header, &length.to_be_bytes(), words.as_bytes(), &sum.sum().to_be_bytes(), rest].concat()
}

/// Images along a side of the smallest square that holds so many.
pub(crate) fn sprite_side(count: usize) -> usize {
    let floor = count.isqrt();
    if floor * floor < count { floor + 1 } else { floor }
}

/// The bytes of a PNG file with the images side by side in a square, row by row, as they are: TensorBoard's projector cuts
/// them out again. What is left of the square is black.
///
/// # Errors
/// As [`encode_grid`].
pub(crate) fn encode_sprite(strip: &ImageStrip) -> Result<Vec<u8>> {
    check(strip)?;
    let ImageStrip { channels, height, width, .. } = *strip;
    let side = sprite_side(strip.count());
    let mut canvas = RgbImage::new((side * width) as u32, (side * height) as u32);
    for (index, image) in strip.images().enumerate() {
        let (left, top) = (index % side * width, index / side * height);
        for at in 0..height * width {
            let value = |channel| image[(channel % channels) * height * width + at];
            let (x, y) = (left + at % width, top + at / width);
            canvas.put_pixel(x as u32, y as u32, Rgb([value(0), value(1), value(2)]));
        }
    }
    encode(&DynamicImage::ImageRgb8(canvas))
}

/// How many frames stand side by side in a grey image of this size, which are about square; 1 where it is no row of frames.
pub fn frames(height: usize, width: usize) -> usize {
    match width / height.max(1) {
        0..FEWEST_FRAMES => 1,
        count => count,
    }
}

/// The longer side of an image of this size; of a row of frames that of a frame. No frames are in colour.
pub(crate) fn longer_side([channels, height, width]: [usize; 3]) -> usize {
    let frames = if channels == 1 { frames(height, width) } else { 1 };
    height.max(width / frames).max(1)
}

/// Pixels that an image of this size, `[channels, height, width]`, takes in a grid, gutter included.
pub fn pixels_of_tile(size: [usize; 3]) -> usize {
    let factor = MIN_TILE.div_ceil(longer_side(size));
    let [_, height, width] = size;
    (height * factor + GUTTER) * (width * factor + GUTTER)
}

/// Writes the grid to `path`, atomically.
///
/// # Errors
/// As [`encode_grid`], and when the file cannot be written.
pub fn save_grid(path: impl AsRef<Path>, strip: &ImageStrip) -> Result<()> {
    Ok(atomic::write(path.as_ref(), &encode_grid(strip)?)?)
}

fn check(strip: &ImageStrip) -> Result<()> {
    let ImageStrip { channels, height, width, ref pixels, .. } = *strip;
    let bytes = pixels.len();
    let size = channels.checked_mul(height).and_then(|size| size.checked_mul(width));
    let whole = size.is_some_and(|size| size > 0 && bytes > 0 && bytes.is_multiple_of(size));
    if matches!(channels, 1 | 3) && whole {
        return Ok(());
    }
    Err(ReportError::Strip { channels, height, width, bytes })
}

fn grid(strip: &ImageStrip) -> DynamicImage {
    let ImageStrip { channels, height, width, columns, .. } = *strip;
    let count = strip.count();
    let columns = columns.clamp(1, count.max(1));
    let factor = MIN_TILE.div_ceil(longer_side([channels, height, width]));
    let (tile_width, tile_height) = (width * factor + GUTTER, height * factor + GUTTER);
    let mut canvas = RgbImage::from_pixel(
        (columns * tile_width + GUTTER) as u32,
        (count.div_ceil(columns) * tile_height + GUTTER) as u32,
        Rgb([GUTTER_GREY; 3]),
    );
    for (index, image) in strip.images().enumerate() {
        let left = (index % columns) * tile_width + GUTTER;
        let top = (index / columns) * tile_height + GUTTER;
        for y in 0..height * factor {
            for x in 0..width * factor {
                let at = (y / factor) * width + x / factor;
                let value = |channel| image[(channel % channels) * height * width + at];
                let pixel = Rgb([value(0), value(1), value(2)]);
                canvas.put_pixel((left + x) as u32, (top + y) as u32, pixel);
            }
        }
    }
    let canvas = DynamicImage::ImageRgb8(canvas);
    if channels == 1 { DynamicImage::ImageLuma8(grey(&canvas)) } else { canvas }
}

/// The red channel of an image whose channels are equal; no luma weights, so no rounding.
fn grey(canvas: &DynamicImage) -> GrayImage {
    let rgb = canvas.to_rgb8();
    GrayImage::from_fn(rgb.width(), rgb.height(), |x, y| image::Luma([rgb.get_pixel(x, y).0[0]]))
}

/// The first tiles of a grid of [`encode_grid`], `across` a side, as a PNG file; None of another picture.
pub(crate) fn first_tiles(png: &[u8], across: u32) -> Option<Vec<u8>> {
    let canvas = image::load_from_memory_with_format(png, ImageFormat::Png).ok()?;
    let [tile_width, tile_height] = tile(&canvas.to_rgb8())?;
    let part = |tile: u32, whole: u32| (across * tile + GUTTER as u32).min(whole);
    let (width, height) = (canvas.width(), canvas.height());
    let cut = canvas.crop_imm(0, 0, part(tile_width, width), part(tile_height, height));
    let mut bytes = Cursor::new(Vec::new());
    cut.write_to(&mut bytes, ImageFormat::Png).ok()?;
    Some(bytes.into_inner())
}

/// The images of a grid of [`encode_grid`], as large as they are in it; None of another picture.
pub(crate) fn cut(png: &[u8]) -> Option<ImageStrip> {
    let canvas = image::load_from_memory_with_format(png, ImageFormat::Png).ok()?;
    let channels = if canvas.color().has_color() { 3 } else { 1 };
    let (tiles, columns) = crops(&canvas.to_rgb8())?;
    Some(strip(&tiles, columns, channels, 1))
}

/// The images of a grid of [`encode_grid`] and its columns; None of another picture.
fn crops(canvas: &RgbImage) -> Option<(Vec<RgbImage>, u32)> {
    let [across, down] = tile(canvas)?;
    let [columns, rows] = [canvas.width() / across, canvas.height() / down];
    let gutter = GUTTER as u32;
    let crop = |index: u32| {
        let [left, top] = [index % columns * across, index / columns * down].map(|at| at + gutter);
        image::imageops::crop_imm(canvas, left, top, across - gutter, down - gutter).to_image()
    };
    Some(((0..rows * columns).map(crop).collect(), columns))
}

/// Images of one size, of which squares of `factor` pixels are one.
fn strip(tiles: &[RgbImage], columns: u32, channels: usize, factor: u32) -> ImageStrip {
    let (width, height) = tiles.first().map_or((0, 0), RgbImage::dimensions);
    let [width, height] = [width / factor, height / factor];
    let mut pixels = Vec::with_capacity(tiles.len() * channels * (width * height) as usize);
    for (tile, channel) in tiles.iter().flat_map(|tile| (0..channels).map(move |one| (tile, one))) {
        let at = |at| tile.get_pixel(at % width * factor, at / width * factor).0[channel];
        pixels.extend((0..width * height).map(at));
    }
    let [height, width, columns] = [height, width, columns].map(|size| size as usize);
    ImageStrip { channels, height, width, pixels, columns }
}

/// Columns and rows of a grid of [`encode_grid`]; None of another picture.
pub(crate) fn tiles(png: &[u8]) -> Option<[u32; 2]> {
    let canvas = image::load_from_memory_with_format(png, ImageFormat::Png).ok()?;
    let [tile_width, tile_height] = tile(&canvas.to_rgb8())?;
    Some([canvas.width() / tile_width, canvas.height() / tile_height])
}

/// Pixels along a side of a picture that is read, at most.
const MOST_SIDE: u32 = 8192;

/// The images of a grid of [`encode_grid`] in colour, enlarged no more; any other picture is one image. Empty places at the end of
/// the grid are none. None where the bytes are no PNG file, or one that is wider or higher than 8192 pixels.
pub fn read_grid(png: &[u8]) -> Option<ImageStrip> {
    let (width, height) = size(png)?;
    (width.max(height) <= MOST_SIDE).then_some(())?;
    let canvas = image::load_from_memory_with_format(png, ImageFormat::Png).ok()?.to_rgb8();
    let (mut tiles, columns) = crops(&canvas).unwrap_or_else(|| (vec![canvas], 1));
    let is_empty = |tile: &RgbImage| tile.pixels().all(|pixel| pixel.0 == [GUTTER_GREY; 3]);
    while tiles.len() > 1 && tiles.last().is_some_and(is_empty) {
        tiles.pop();
    }
    Some(strip(&tiles, columns, 3, factor(&tiles)))
}

/// By which factor images were enlarged to be these tiles, which are of one size.
fn factor(tiles: &[RgbImage]) -> u32 {
    let Some((width, height)) = tiles.first().map(RgbImage::dimensions) else { return 1 };
    let is_square = |factor: u32| {
        tiles.iter().all(|tile| {
            let corner = |x, y| tile.get_pixel(x / factor * factor, y / factor * factor);
            tile.enumerate_pixels().all(|(x, y, pixel)| pixel == corner(x, y))
        })
    };
    let fits = |factor: u32| width.is_multiple_of(factor) && height.is_multiple_of(factor);
    (2..=MIN_TILE as u32).rev().filter(|factor| fits(*factor)).find(|f| is_square(*f)).unwrap_or(1)
}

/// Width and height of a tile with its gutter.
fn tile(pixels: &RgbImage) -> Option<[u32; 2]> {
    let (width, height) = pixels.dimensions();
    let gutter = GUTTER as u32;
    let grey = |x: u32, y: u32| pixels.get_pixel(x, y).0 == [GUTTER_GREY; 3];
    let column = |x: &u32| (0..height).all(|y| grey(*x, y));
    let row = |y: &u32| (0..width).all(|x| grey(x, *y));
    Some([(gutter + 1..width).find(column)?, (gutter + 1..height).find(row)?])
}

/// Width and height of a PNG file, from its header.
pub(crate) fn size(png: &[u8]) -> Option<(u32, u32)> {
    let header = png.get(..24)?;
    let word = |at: usize| header.get(at..at + 4)?.try_into().ok().map(u32::from_be_bytes);
    (header.starts_with(b"\x89PNG\r\n\x1a\n") && &header[12..16] == b"IHDR").then_some(())?;
    Some((word(16)?, word(20)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip(channels: usize, side: usize, columns: usize, pixels: Vec<u8>) -> ImageStrip {
        ImageStrip { channels, height: side, width: side, pixels, columns }
    }

    #[test]
    fn small_images_grow_by_a_whole_factor_and_keep_their_pixels() {
        let pixels = (0..3 * 64).map(|i| (i % 251) as u8).collect();
        let strip = strip(1, 8, 2, pixels);
        assert_eq!(tiles(&encode_grid(&strip).unwrap()), Some([2, 2]));
        let grid = grid(&strip);
        assert_eq!((grid.width(), grid.height()), (2 * 58 + 2, 2 * 58 + 2));
        let grid = grid.to_luma8();
        assert_eq!(grid.get_pixel(0, 0).0, [GUTTER_GREY]);
        assert_eq!(grid.get_pixel(2 + 7 * 3 + 6, 2 + 7 + 3).0, [8 + 3]);
        assert_eq!(grid.get_pixel(117, 117).0, [GUTTER_GREY], "an empty place stays grey");
    }

    #[test]
    fn the_images_of_a_grid_are_read_back_at_their_own_size() {
        for (channels, side, columns, count) in [(1, 8, 2, 3), (3, 8, 4, 16), (1, 28, 4, 2)] {
            let len = count * channels * side * side;
            let pixels: Vec<u8> = (0..len).map(|i| (i * 7 % 251) as u8).collect();
            let grid = strip(channels, side, columns, pixels);
            let read = read_grid(&encode_grid(&grid).unwrap()).unwrap();
            assert_eq!((read.channels, read.height, read.width), (3, side, side));
            assert_eq!(read.count(), count);
            for (image, before) in read.images().zip(grid.images()) {
                assert_eq!(image[..before.len()], *before);
            }
        }
        assert!(read_grid(b"GIF89a").is_none());
        let mut huge = encode_grid(&strip(1, 8, 1, vec![7; 64])).unwrap();
        huge[16..20].copy_from_slice(&9000_u32.to_be_bytes());
        assert!(read_grid(&huge).is_none(), "it would take a gigabyte");
    }

    #[test]
    fn a_row_of_frames_is_enlarged_until_a_frame_can_be_judged() {
        for (size, longer) in [
            ([1, 28, 28], 28),
            ([1, 112, 92], 112),
            ([1, 20, 167], 20),
            ([1, 60, 501], 62),
            // Neither wide images, nor high ones, nor those in colour are rows of frames.
            ([1, 20, 60], 60),
            ([1, 167, 20], 167),
            ([3, 20, 167], 167),
            ([1, 0, 0], 1),
        ] {
            assert_eq!(longer_side(size), longer, "{size:?}");
        }
        let (height, width) = (20, 167);
        let clip = ImageStrip {
            channels: 1,
            height,
            width,
            pixels: (0..height * width).map(|i| (i % 120) as u8).collect(),
            columns: 1,
        };
        let png = encode_grid(&clip).unwrap();
        assert_eq!(size(&png), Some((3 * 167 + 4, 3 * 20 + 4)));
        let read = read_grid(&png).unwrap();
        assert_eq!((read.height, read.width, read.count()), (20, 167, 1));
    }

    #[test]
    fn colour_channels_stay_apart() {
        let mut pixels = vec![10; 64 * 64];
        pixels.extend([20; 64 * 64]);
        pixels.extend([30; 64 * 64]);
        let grid = grid(&strip(3, 64, 10, pixels)).to_rgb8();
        assert_eq!(grid.dimensions(), (68, 68));
        assert_eq!(grid.get_pixel(33, 33).0, [10, 20, 30]);
    }

    #[test]
    fn equal_strips_give_equal_bytes_with_a_readable_size() {
        let images = strip(1, 28, 4, vec![200; 4 * 784]);
        let png = encode_grid(&images).unwrap();
        assert_eq!(png, encode_grid(&images).unwrap());
        assert_eq!(size(&png), Some((4 * 58 + 2, 60)));
        assert_eq!(size(b"GIF89a"), None);
    }

    #[test]
    fn the_first_tiles_of_a_grid_are_those_of_a_smaller_one() {
        let tile = |index: u8| (0..784).map(move |i| (i % 97) as u8 + index);
        let large: Vec<u8> = (0..100).flat_map(tile).collect();
        let small: Vec<u8> =
            (0..6).flat_map(|y| (0..6).flat_map(move |x| tile(10 * y + x))).collect();
        let png = encode_grid(&strip(1, 28, 10, large)).unwrap();
        let first = first_tiles(&png, 6).unwrap();
        let pixels = |png: &[u8]| image::load_from_memory(png).unwrap().to_luma8();
        assert_eq!(pixels(&first), pixels(&encode_grid(&strip(1, 28, 6, small)).unwrap()));
        assert_eq!(first_tiles(b"no picture", 6), None);
    }

    #[test]
    fn a_grid_is_cut_into_the_images_that_it_was_made_of() {
        for channels in [1, 3] {
            let images =
                strip(channels, 60, 2, (0..4 * channels * 3600).map(|i| (i % 97) as u8).collect());
            assert_eq!(cut(&encode_grid(&images).unwrap()), Some(images));
        }
        assert_eq!(cut(b"no picture"), None);
    }

    #[test]
    fn a_signed_picture_is_the_same_and_says_what_made_it() {
        let png = encode_grid(&strip(1, 28, 1, vec![200; 784])).unwrap();
        let signed = signed(&png);
        // The sum as zlib gives it.
        assert_eq!(&signed[HEADER..HEADER + 24], b"\0\0\0\x15tEXtSoftware\0genlab ");
        assert_eq!(
            image::load_from_memory(&signed).unwrap(),
            image::load_from_memory(&png).unwrap()
        );
        assert_eq!(signed.len(), png.len() + 12 + 21);
    }

    #[test]
    fn a_strip_of_the_wrong_length_is_refused() {
        assert!(encode_grid(&strip(1, 2, 1, vec![0; 8])).is_ok());
        for (channels, side, len) in
            [(1, 2, 7), (1, 2, 0), (2, 2, 8), (1, 0, 4), (3, usize::MAX, 12)]
        {
            let error = encode_grid(&strip(channels, side, 1, vec![0; len])).unwrap_err();
            assert!(error.to_string().contains("one channel or three"), "{error}");
        }
    }
}
