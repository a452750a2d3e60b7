//! Images as plain bytes: what pictures and archives are made of.

use crate::error::{ReportError, Result};

/// `count` images of one shape, `[count, channels, height, width]`, row-major, one byte per value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Picture {
    /// Images, at least 1.
    pub count: usize,
    /// 1 (grey) or 3 (red, green, blue).
    pub channels: usize,
    /// Rows of pixels.
    pub height: usize,
    /// Columns of pixels.
    pub width: usize,
    /// The values; `count * channels * height * width` of them.
    pub pixels: Vec<u8>,
}

impl Picture {
    /// Images from bytes.
    ///
    /// # Errors
    /// When `pixels` does not fill the shape, a size is 0, or the channels are neither 1 nor 3.
    pub fn new(
        count: usize,
        channels: usize,
        height: usize,
        width: usize,
        pixels: Vec<u8>,
    ) -> Result<Self> {
        let picture = Self { count, channels, height, width, pixels };
        picture.check()?;
        Ok(picture)
    }

    /// Images from floats: 0 is black, 1 is white; what lies outside is clamped, NaN is black.
    ///
    /// # Errors
    /// As [`Picture::new`].
    pub fn from_unit_floats(
        count: usize,
        channels: usize,
        height: usize,
        width: usize,
        values: &[f32],
    ) -> Result<Self> {
        let pixels = values.iter().map(|v| (v.clamp(0.0, 1.0) * 255.0).round() as u8).collect();
        Self::new(count, channels, height, width, pixels)
    }

    /// Bytes of one image.
    pub fn image_len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// The images one after the other, each `[channels, height, width]`.
    pub fn images(&self) -> impl Iterator<Item = &[u8]> {
        self.pixels.chunks_exact(self.image_len().max(1)).take(self.count)
    }

    pub(crate) fn check(&self) -> Result<()> {
        let Self { count, channels, height, width, ref pixels } = *self;
        let needed =
            [count, channels, height, width].iter().try_fold(1_usize, |a, b| a.checked_mul(*b));
        let shaped =
            matches!(channels, 1 | 3) && needed.is_some_and(|n| n > 0 && n == pixels.len());
        if shaped {
            return Ok(());
        }
        let needed = needed.unwrap_or(usize::MAX);
        let found = pixels.len();
        Err(ReportError::PictureShape { count, channels, height, width, needed, found })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_of_the_wrong_length_is_refused() {
        assert!(Picture::new(2, 1, 2, 2, vec![0; 8]).is_ok());
        for (count, channels, len) in [(2, 1, 7), (0, 1, 0), (1, 2, 8), (usize::MAX, 3, 12)] {
            let error = Picture::new(count, channels, 2, 2, vec![0; len]).unwrap_err();
            assert!(error.to_string().contains("channels 1 or 3"), "{error}");
        }
    }

    #[test]
    fn floats_are_rounded_and_clamped() {
        let values = [-1.0, 0.0, 0.5, 1.0, 7.0, f32::NAN];
        let picture = Picture::from_unit_floats(6, 1, 1, 1, &values).unwrap();
        assert_eq!(picture.pixels, [0, 0, 128, 255, 255, 0]);
    }
}
