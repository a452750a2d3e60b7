//! Images cut into tiles, and the memory of transformed tiles.

use super::{
    ENTRIES, LANES, OUT,
    round::{self, Transform},
};
use crate::{
    lines::to_lines,
    micro::{Holds, Isa},
};

/// What transformed tiles are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Floats.
    Floats,
    /// bf16 numbers; in a float's place are two channels of a tile.
    Channels,
    /// bf16 numbers; in a float's place are two tiles of a channel, an image's last with none if they
    /// are odd.
    Tiles,
}

impl Form {
    /// What a float's place holds.
    pub(super) fn holds(self) -> Holds {
        if self == Self::Floats { Holds::Float } else { Holds::Pair }
    }
}

/// Every `step`-th pixel of an image of `size`, from `first` on.
pub(super) struct Pixels {
    pub(super) size: [usize; 2],
    pub(super) first: [usize; 2],
    pub(super) step: [usize; 2],
}

impl Pixels {
    /// The pixels of N × N for every tile of [`OUT`], `before` rows and columns ahead of its own;
    /// outside of the image, the one past the last.
    pub(super) fn of_tiles<const N: usize>(
        &self,
        tiles: [usize; 2],
        side: usize,
        before: [usize; 2],
    ) -> Vec<[usize; N]> {
        let [height, width] = self.size;
        let tile = |tile: usize| {
            let corner = [tile / tiles[1] * OUT, tile % tiles[1] * OUT];
            std::array::from_fn(|i| {
                let at = |d: usize, offset: usize| {
                    let place = (corner[d] + offset).checked_sub(before[d])?;
                    Some(place * self.step[d] + self.first[d]).filter(|at| *at < self.size[d])
                };
                match (at(0, i / side), at(1, i % side)) {
                    (Some(y), Some(x)) => y * width + x,
                    _ => height * width,
                }
            })
        };
        (0..tiles[0] * tiles[1]).map(tile).collect()
    }
}

/// The images on one side of a convolution, and the tiles of N pixels that they are cut into.
///
/// Transformed tiles are `[entry, part, tile, channel]`, with a gap behind every part. Lengths are in floats,
/// or in the places of floats where the [`Form`] is another.
pub(super) struct Tiles<const N: usize> {
    /// Channels of an image.
    pub(super) channels: usize,
    /// Pixels of an image.
    pub(super) area: usize,
    /// The pixels of each tile, by part of the image: there is a part per phase, or a single one.
    pub(super) parts: Vec<Vec<[usize; N]>>,
}

impl<const N: usize> Tiles<N> {
    /// Channels, rounded up to whole vectors.
    pub(super) fn width(&self) -> usize {
        self.channels.next_multiple_of(LANES)
    }

    /// Tiles of one part of one image.
    pub(super) fn per_part(&self) -> usize {
        self.parts[0].len()
    }

    /// Floats of one image.
    pub(super) fn image(&self) -> usize {
        self.channels * self.area
    }

    /// Floats of one image's lines, with that of the pixel past the last.
    pub(super) fn lines(&self) -> usize {
        (self.area + 1) * self.width()
    }

    /// Floats of one image's transformed tiles, of one part and entry.
    pub(super) fn floats(&self, form: Form) -> usize {
        let [tiles, width] = match form {
            Form::Floats => [self.per_part(), self.width()],
            Form::Channels => [self.per_part(), self.width() / 2],
            Form::Tiles => [self.per_part().div_ceil(2), self.width()],
        };
        tiles * width
    }

    /// Floats of the transformed tiles of `images`.
    pub(super) fn transformed(&self, form: Form, images: usize) -> usize {
        ENTRIES * self.parts.len() * spaced(images * self.floats(form))
    }

    /// Floats from one part of an entry to the next, in `transformed` tiles.
    pub(super) fn space(&self, transformed: &[f32]) -> usize {
        transformed.len() / (ENTRIES * self.parts.len())
    }

    /// Writes the tiles of `images` to `transformed`, by way of `lines`. `transform` makes floats
    /// of them.
    pub(super) fn fill(
        &self,
        isa: Isa,
        form: Form,
        images: &[f32],
        lines: &mut [f32],
        transformed: &mut [f32],
        transform: Transform<N>,
    ) {
        let (width, space) = (self.width(), self.space(transformed));
        let lines = &mut lines[..self.lines()];
        for (i, image) in images.chunks_exact(self.image()).enumerate() {
            to_lines(isa, image, self.channels, lines, width);
            for (part, pixels) in self.parts.iter().enumerate() {
                let start = part * space + i * self.floats(form);
                match form {
                    Form::Floats => transform(lines, width, pixels, start, transformed),
                    Form::Channels => {
                        round::channels(transform, lines, width, pixels, start, transformed);
                    }
                    Form::Tiles => {
                        round::tiles(transform, lines, width, pixels, start, transformed);
                    }
                }
            }
        }
    }
}

/// `len` floats and the gap behind them. A tile is written to all entries at once: at distances of whole
/// pages they would fight for one set of the first-level cache.
fn spaced(len: usize) -> usize {
    len.next_multiple_of(1024) + LANES
}
