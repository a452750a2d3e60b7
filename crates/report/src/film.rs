//! How samples grew: the pictures that training logged for TensorBoard, as one whose columns are moments of training.

use crate::error::Result;
use crate::png;
use crate::tensorboard::{self, RECONSTRUCTIONS, SAMPLES};
use genlab_results::{ImageStrip, RunDir};
use image::{GrayImage, imageops};
use std::collections::BTreeMap;

/// Moments that are shown at most, the first and the last among them.
const MOMENTS: usize = 12;
/// Values that are followed at most.
const FOLLOWED: usize = 6;
/// The longer side of a value's picture at most, in pixels: a report stays small.
const SIDE: usize = 64;
/// The same where a moment is one picture, as of points.
const SIDE_ALONE: usize = 160;

/// Samples of a model at several moments of its training.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Film {
    /// Optimisation steps taken, ascending: a column each.
    pub steps: Vec<u64>,
    /// Values that are followed: a row each.
    pub rows: usize,
    /// A grid of [`png::encode_grid`].
    pub png: Vec<u8>,
    /// The tag that its pictures were logged under.
    tag: &'static str,
}

impl Film {
    /// Of a run that logged pictures at two moments at least; a model without samples shows reconstructions.
    ///
    /// # Errors
    /// When an event file cannot be read.
    pub fn read(dir: &RunDir) -> Result<Option<Self>> {
        for tag in [SAMPLES, RECONSTRUCTIONS] {
            if let Some(film) = Self::of(tag, &tensorboard::pictures(dir, tag)?)? {
                return Ok(Some(film));
            }
        }
        Ok(None)
    }

    fn of(tag: &'static str, pictures: &BTreeMap<u64, Vec<u8>>) -> Result<Option<Self>> {
        let shape = |strip: &ImageStrip| (strip.channels, strip.height, strip.width, strip.count());
        let Some(last) = pictures.values().next_back().and_then(|png| png::cut(png)) else {
            return Ok(None);
        };
        let all: Vec<(&u64, &Vec<u8>)> = pictures.iter().collect();
        let cut = |(step, png): (&u64, &Vec<u8>)| Some((*step, png::cut(png)?));
        let moments: Vec<(u64, ImageStrip)> = spread(all.len())
            .filter_map(|index| cut(all[index]))
            .filter(|(_, strip)| shape(strip) == shape(&last))
            .collect();
        if moments.len() < 2 {
            return Ok(None);
        }
        let rows = last.count().min(FOLLOWED);
        let side = if last.count() == 1 { SIDE_ALONE } else { SIDE };
        let mut film = ImageStrip { pixels: Vec::new(), columns: moments.len(), ..last };
        let [height, width] = shrunk([film.channels, film.height, film.width], side);
        for row in 0..rows {
            for (_, strip) in &moments {
                let image = strip.images().nth(row).unwrap_or_default();
                for channel in image.chunks(film.height * film.width) {
                    film.pixels.extend(resized(
                        channel,
                        [film.height, film.width],
                        [height, width],
                    ));
                }
            }
        }
        (film.height, film.width) = (height, width);
        let steps = moments.iter().map(|(step, _)| *step).collect();
        Ok(Some(Self { steps, rows, png: png::encode_grid(&film)?, tag }))
    }

    /// The heading that it stands under.
    pub(crate) fn title(&self) -> &'static str {
        match self.tag {
            SAMPLES => "Samples in training",
            _ => "Reconstructions in training",
        }
    }

    /// How to read it.
    pub(crate) fn caption(&self) -> &'static str {
        match (self.tag, self.rows) {
            (_, 1) => "A column is a moment of training: what came of the same noise then.",
            (SAMPLES, _) => {
                "A row is one sample, drawn with the same noise all along; a column is a moment of training."
            }
            _ => "A row is one value of the validation split; a column is a moment of training.",
        }
    }
}

/// As many of the numbers below `count` as there are moments, evenly.
fn spread(count: usize) -> impl Iterator<Item = usize> {
    let taken = count.min(MOMENTS);
    (0..taken).map(move |index| index * (count - 1) / (taken - 1).max(1))
}

/// Height and width with the longer of them `side` at most; of a row of frames, with those of a frame.
fn shrunk([channels, height, width]: [usize; 3], side: usize) -> [usize; 2] {
    let longer = png::longer_side([channels, height, width]);
    if longer <= side {
        return [height, width];
    }
    [height, width].map(|one| (one * side / longer).max(1))
}

/// One channel in another size.
fn resized(channel: &[u8], from: [usize; 2], to: [usize; 2]) -> Vec<u8> {
    if from == to {
        return channel.to_vec();
    }
    let [height, width] = from.map(|side| side as u32);
    let image = GrayImage::from_vec(width, height, channel.to_vec());
    let image = image.expect("a channel has a byte for each pixel");
    imageops::thumbnail(&image, to[1] as u32, to[0] as u32).into_raw()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensorboard::EventWriter;

    /// A grid whose first image is of the brightness `of`, and the others of 7.
    fn grid(side: usize, count: usize, of: u8) -> Vec<u8> {
        let mut pixels = vec![7; side * side * count];
        pixels[..side * side].fill(of);
        let strip = ImageStrip { channels: 1, height: side, width: side, pixels, columns: 4 };
        png::encode_grid(&strip).unwrap()
    }

    #[test]
    fn a_film_has_a_column_per_moment_evenly_from_the_first_to_the_last() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        assert_eq!(Film::read(&dir).unwrap(), None);
        let mut writer = EventWriter::create(dir.path()).unwrap();
        for step in 1..=34 {
            writer.image(SAMPLES, step, &grid(28, 16, step as u8)).unwrap();
            writer.image("final/grid", step, &grid(28, 16, 255)).unwrap();
        }
        writer
            .image(SAMPLES, 16, b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0")
            .unwrap();
        writer.flush().unwrap();
        let film = Film::read(&dir).unwrap().unwrap();
        // What is damaged, 16, is left out.
        assert_eq!(film.steps, [1, 4, 7, 10, 13, 19, 22, 25, 28, 31, 34]);
        assert_eq!(film.title(), "Samples in training");
        let columns = film.steps.len();
        assert_eq!(png::tiles(&film.png), Some([columns as u32, 6]));
        let shown = png::cut(&film.png).unwrap();
        assert_eq!((shown.height, shown.width), (56, 56), "twice as large, as it was logged");
        let first: Vec<u8> = shown.images().map(|image| image[0]).collect();
        assert_eq!(first[..columns], film.steps.iter().map(|step| *step as u8).collect::<Vec<_>>());
        assert!(first[columns..].iter().all(|value| *value == 7));
    }

    #[test]
    fn large_pictures_shrink_and_one_moment_is_no_film() {
        let pictures = |side, count, steps: u64| -> BTreeMap<u64, Vec<u8>> {
            (1..=steps).map(|step| (step, grid(side, count, 90))).collect()
        };
        assert_eq!(Film::of(SAMPLES, &pictures(28, 16, 1)).unwrap(), None);
        let sides = |count| {
            let film = Film::of(RECONSTRUCTIONS, &pictures(256, count, 2)).unwrap().unwrap();
            let shown = png::cut(&film.png).unwrap();
            (film.rows, shown.height, shown.width, shown.pixels[0])
        };
        assert_eq!(sides(16), (6, 64, 64, 90));
        assert_eq!(sides(1), (1, 160, 160, 90));
        assert_eq!(shrunk([1, 112, 92], 64), [64, 52]);
        assert_eq!(shrunk([1, 60, 501], 64), [60, 501]);
        assert_eq!(shrunk([1, 128, 1024], 64), [64, 512]);
        assert_eq!(shrunk([3, 128, 1024], 64), [8, 64], "no frames are in colour");
    }
}
