//! The images of one split, on the host.

use genlab_core::ImageShape;

/// Host images of one split.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Images {
    /// Channels, height and width of every image.
    pub shape: ImageShape,
    /// `[n, C, H, W]` row-major, 0 = black, 255 = white.
    pub pixels: Vec<u8>,
    /// `[n]` class indices, where the dataset has classes.
    pub labels: Option<Vec<u8>>,
}

impl Images {
    /// Number of images.
    pub fn len(&self) -> usize {
        self.pixels.len().checked_div(self.shape.pixels()).unwrap_or(0)
    }

    /// Whether there are no images.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `C·H·W` pixels of image `index`. Panics beyond the last image.
    pub fn image(&self, index: usize) -> &[u8] {
        let size = self.shape.pixels();
        &self.pixels[index * size..(index + 1) * size]
    }

    /// Copies of the images at `rows`, in that order. Panics beyond the last image.
    pub fn select(&self, rows: &[usize]) -> Self {
        let mut pixels = Vec::with_capacity(rows.len() * self.shape.pixels());
        for &row in rows {
            pixels.extend_from_slice(self.image(row));
        }
        let labels =
            self.labels.as_ref().map(|labels| rows.iter().map(|&row| labels[row]).collect());
        Self { shape: self.shape, pixels, labels }
    }

    /// Copies of the first `count` images, or of all if there are fewer.
    pub fn take(&self, count: usize) -> Self {
        let count = count.min(self.len());
        Self {
            shape: self.shape,
            pixels: self.pixels[..count * self.shape.pixels()].to_vec(),
            labels: self.labels.as_ref().map(|labels| labels[..count].to_vec()),
        }
    }

    /// Moves the images at `rows` (ascending, no repeats) out: (the others, those). The others stay
    /// in the memory they are in, so a large dataset is never held twice.
    pub(crate) fn carve(mut self, rows: &[usize]) -> (Self, Self) {
        let carved = self.select(rows);
        let size = self.shape.pixels();
        let mut gone = rows.iter().copied().peekable();
        let mut kept = 0;
        for row in 0..self.len() {
            if gone.next_if_eq(&row).is_some() {
                continue;
            }
            self.pixels.copy_within(row * size..(row + 1) * size, kept * size);
            if let Some(labels) = &mut self.labels {
                labels[kept] = labels[row];
            }
            kept += 1;
        }
        self.pixels.truncate(kept * size);
        if let Some(labels) = &mut self.labels {
            labels.truncate(kept);
        }
        (self, carved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn four_images() -> Images {
        let shape = ImageShape::new(1, 1, 2);
        Images { shape, pixels: vec![0, 1, 10, 11, 20, 21, 30, 31], labels: Some(vec![0, 1, 2, 3]) }
    }

    #[test]
    fn select_copies_images_and_labels_in_the_order_asked_for() {
        let picked = four_images().select(&[3, 0, 3]);
        assert_eq!(picked.pixels, [30, 31, 0, 1, 30, 31]);
        assert_eq!(picked.labels, Some(vec![3, 0, 3]));
        assert_eq!(picked.len(), 3);
    }

    #[test]
    fn take_stops_at_the_last_image() {
        assert_eq!(four_images().take(2), four_images().select(&[0, 1]));
        assert_eq!(four_images().take(9), four_images());
    }

    #[test]
    fn carve_splits_without_losing_or_repeating_an_image() {
        let (rest, carved) = four_images().carve(&[0, 2]);
        assert_eq!(rest, four_images().select(&[1, 3]));
        assert_eq!(carved, four_images().select(&[0, 2]));
    }

    #[test]
    fn an_empty_shape_holds_no_image() {
        let images = Images { shape: ImageShape::new(0, 0, 0), pixels: vec![], labels: None };
        assert!(images.is_empty());
    }
}
