//! One image as zero-padded planes, in which a kernel tap is a constant offset.

use super::Geometry;
use crate::micro::TILE;

/// Where the padded planes of one image come from.
pub(super) struct Planes {
    pub(super) channels: usize,
    /// Height and width of the image.
    pub(super) image: [usize; 2],
    /// Every how many rows and columns go into the same plane.
    step: [usize; 2],
    /// Image row and column that plane row and column 0 stand for; negative in the padding.
    pub(super) origin: [isize; 2],
    /// Height of a plane.
    pub(super) rows: usize,
    /// Width of a plane.
    pub(super) cols: usize,
}

impl Planes {
    /// The input of a forward convolution.
    pub(super) fn input(g: &Geometry) -> Self {
        Self {
            channels: g.in_channels,
            image: g.input,
            step: g.stride,
            origin: [-(g.padding[0] as isize), -(g.padding[1] as isize)],
            rows: g.output[0] + (g.kernel[0] - 1) / g.stride[0],
            cols: g.output[1] + (g.kernel[1] - 1) / g.stride[1],
        }
    }

    /// The output gradient, as the input gradient reads it.
    pub(super) fn output(g: &Geometry) -> Self {
        let origin = [0, 1].map(|d| {
            let reach = g.kernel[d].div_ceil(g.stride[d]) as isize - 1;
            (g.padding[d] / g.stride[d]) as isize - reach
        });
        let size = [0, 1].map(|d| {
            let last = (g.input[d] - 1 + g.padding[d]) / g.stride[d];
            (last as isize + 1 - origin[d]) as usize
        });
        Self {
            channels: g.out_channels,
            image: g.output,
            step: [1, 1],
            origin,
            rows: size[0],
            cols: size[1],
        }
    }

    /// Floats of one plane.
    fn plane(&self) -> usize {
        self.rows * self.cols
    }

    /// Floats of one channel.
    pub(super) fn channel(&self) -> usize {
        self.plane() * self.step[0] * self.step[1]
    }

    /// Offset of tap (`ky`, `kx`) of channel `c` of a forward convolution.
    pub(super) fn offset(&self, c: usize, ky: usize, kx: usize) -> usize {
        let phase = (ky % self.step[0]) * self.step[1] + kx % self.step[1];
        let [y, x] = [ky / self.step[0], kx / self.step[1]];
        c * self.channel() + phase * self.plane() + y * self.cols + x
    }

    /// Floats in all planes, and room for the last tile to read past the end.
    pub(super) fn len(&self) -> usize {
        self.channels * self.channel() + TILE
    }

    /// Whether an image already is its planes, as for 1 x 1 kernels.
    pub(super) fn are_the_image(&self) -> bool {
        self.step == [1, 1] && self.origin == [0, 0] && [self.rows, self.cols] == self.image
    }

    /// Copies an image into its planes.
    pub(super) fn fill(&self, image: &[f32], planes: &mut [f32]) {
        let [height, width] = self.image;
        let mut lines = planes.chunks_exact_mut(self.cols);
        for channel in image.chunks_exact(height * width) {
            for phase in 0..self.step[0] * self.step[1] {
                let first_y = (phase / self.step[1]) as isize + self.origin[0];
                let first_x = (phase % self.step[1]) as isize + self.origin[1];
                for r in 0..self.rows {
                    let line = lines.next().expect("len() counts these lines");
                    let y = first_y + (r * self.step[0]) as isize;
                    if y < 0 || y >= height as isize {
                        line.fill(0.0);
                        continue;
                    }
                    let source = &channel[y as usize * width..][..width];
                    fill_line(line, source, first_x, self.step[1]);
                }
            }
        }
    }
}

/// `line[i] = source[first + i · step]`, zero outside.
fn fill_line(line: &mut [f32], source: &[f32], first: isize, step: usize) {
    let before = (-first).max(0) as usize;
    let before = before.div_ceil(step).min(line.len());
    let start = (first + (before * step) as isize) as usize;
    let inside = source.len().saturating_sub(start).div_ceil(step).min(line.len() - before);
    line[..before].fill(0.0);
    line[before + inside..].fill(0.0);
    let middle = &mut line[before..before + inside];
    if inside == 0 {
        return;
    }
    match step {
        1 => middle.copy_from_slice(&source[start..start + inside]),
        2 => {
            // The usual stride, as pairs: the compiler shuffles vectors instead of copying singly.
            let (pairs, odd) = source[start..].as_chunks::<2>();
            for (target, [value, _]) in middle.iter_mut().zip(pairs) {
                *target = *value;
            }
            if let ([value], true) = (odd, inside > pairs.len()) {
                middle[inside - 1] = *value;
            }
        }
        _ => {
            for (target, value) in middle.iter_mut().zip(source[start..].iter().step_by(step)) {
                *target = *value;
            }
        }
    }
}
