//! Convolution without a column matrix.
//!
//! One image is copied into zero-padded planes; with a stride of s, into s × s planes of every
//! s-th pixel each. A kernel tap is then a constant offset into the planes, for all output
//! positions at once, so row k of im2col's matrix is the planes themselves read from `offsets[k]`.
//! Positions run over rows of padded width: the few in the padding are computed and thrown away.
//!
//! The input gradient is the same walk over the output gradient. The inputs at equal remainders
//! modulo the stride see the same taps: each of the s × s remainders is one [`Pass`] with its own,
//! smaller kernel, and nothing is multiplied by inserted zeros.

use super::{
    Geometry,
    micro::{Isa, TILE, WIDTH, Walk, convolve, correlate},
};
use crate::flex::{build, fold, split, with_scratch};

/// Where the padded planes of one image come from.
struct Planes {
    channels: usize,
    image: [usize; 2],
    step: [usize; 2],
    /// Image row and column that plane row and column 0 stand for; negative in the padding.
    origin: [isize; 2],
    rows: usize,
    cols: usize,
}

impl Planes {
    /// The input of a forward convolution.
    fn input(g: &Geometry) -> Self {
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
    fn output(g: &Geometry) -> Self {
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

    fn plane(&self) -> usize {
        self.rows * self.cols
    }

    fn channel(&self) -> usize {
        self.plane() * self.step[0] * self.step[1]
    }

    /// Offset of tap (`ky`, `kx`) of channel `c` of a forward convolution.
    fn offset(&self, c: usize, ky: usize, kx: usize) -> usize {
        let phase = (ky % self.step[0]) * self.step[1] + kx % self.step[1];
        let [y, x] = [ky / self.step[0], kx / self.step[1]];
        c * self.channel() + phase * self.plane() + y * self.cols + x
    }

    /// Floats in all planes, and room for the last tile to read past the end.
    fn len(&self) -> usize {
        self.channels * self.channel() + TILE
    }

    /// Whether the image is its own planes (1 x 1 kernels), and tiles do not read past its end.
    fn are(&self, image: &[f32], isa: Isa) -> bool {
        let same = self.channels * self.channel() == image.len() && self.step == [1, 1];
        same && self.origin == [0, 0]
            && [self.rows, self.cols] == self.image
            && self.plane().is_multiple_of(isa.lanes())
    }

    fn fill(&self, image: &[f32], planes: &mut [f32]) {
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
    if step == 1 {
        middle.copy_from_slice(&source[start..start + inside]);
    } else if inside > 0 {
        for (target, value) in middle.iter_mut().zip(source[start..].iter().step_by(step)) {
            *target = *value;
        }
    }
}

/// One kernel and the output positions that it computes.
struct Pass {
    /// Blocks of `Isa::rows` output channels, each `[taps, rows]`, padded with zeros.
    weights: Vec<f32>,
    offsets: Vec<usize>,
    rows: usize,
    cols: usize,
    /// Output row and column of the first position.
    first: [usize; 2],
    /// Output rows and columns from one position to the next.
    step: [usize; 2],
}

impl Pass {
    fn new(
        isa: Isa,
        channels: usize,
        offsets: Vec<usize>,
        weight: impl Fn(usize, usize) -> f32,
    ) -> Self {
        let (rows, taps) = (isa.rows(channels), offsets.len());
        let mut weights = vec![0.0; channels.div_ceil(rows) * rows * taps];
        for channel in 0..channels {
            let block = channel / rows * rows * taps + channel % rows;
            for k in 0..taps {
                weights[block + k * rows] = weight(channel, k);
            }
        }
        Self { weights, offsets, rows: 0, cols: 0, first: [0; 2], step: [1; 2] }
    }
}

/// Multiply-adds that a pass over one image takes, padding included.
fn cost(isa: Isa, pass: &Pass, channels: usize, row_stride: usize) -> usize {
    let positions = (pass.rows - 1) * row_stride + pass.cols;
    let channels = channels.next_multiple_of(isa.rows(channels));
    pass.offsets.len() * channels * positions.next_multiple_of(isa.lanes())
}

/// The same for im2col: a column entry written and packed costs about as much as this many
/// multiply-adds, and the products themselves run somewhat slower.
fn im2col_cost(g: &Geometry) -> usize {
    const COLUMN_ENTRY: usize = 40;
    g.taps() * g.positions() * (COLUMN_ENTRY + g.out_channels * 5 / 4)
}

/// The output of the convolution, or `None` where im2col is the better way.
pub(super) fn forward(
    g: &Geometry,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Option<Vec<f32>> {
    let isa = Isa::detect()?;
    let planes = Planes::input(g);
    let taps = g.taps();
    let pass = Pass {
        rows: g.output[0],
        cols: g.output[1],
        ..Pass::new(isa, g.out_channels, tap_offsets(g, &planes), |o, k| weight[o * taps + k])
    };
    if cost(isa, &pass, g.out_channels, planes.cols) > im2col_cost(g) {
        return None;
    }
    Some(run(isa, &planes, &[pass], x, g.out_channels, g.output, bias))
}

/// The gradient of the convolution's input (the output of a transposed convolution, which also
/// has a bias), or `None` where im2col is the better way.
pub(super) fn input_gradient(
    g: &Geometry,
    gradient: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Option<Vec<f32>> {
    let isa = Isa::detect()?;
    let planes = Planes::output(g);
    let mut passes = Vec::new();
    for phase_y in 0..g.stride[0].min(g.input[0]) {
        for phase_x in 0..g.stride[1].min(g.input[1]) {
            passes.push(gradient_pass(isa, g, &planes, weight, [phase_y, phase_x]));
        }
    }
    let costs = passes.iter().map(|pass| cost(isa, pass, g.in_channels, planes.cols));
    if costs.sum::<usize>() > im2col_cost(g) {
        return None;
    }
    Some(run(isa, &planes, &passes, gradient, g.in_channels, g.input, bias))
}

/// The pass for the inputs (`first` + multiples of the stride).
fn gradient_pass(
    isa: Isa,
    g: &Geometry,
    planes: &Planes,
    weight: &[f32],
    first: [usize; 2],
) -> Pass {
    // Input i is touched by output q - j through tap p + s j, where i + padding = s q + p.
    let p = [0, 1].map(|d| (first[d] + g.padding[d]) % g.stride[d]);
    let q = [0, 1].map(|d| ((first[d] + g.padding[d]) / g.stride[d]) as isize);
    let mut offsets = Vec::new();
    let mut taps = Vec::new();
    for o in 0..g.out_channels {
        for (j_y, ky) in (p[0]..g.kernel[0]).step_by(g.stride[0]).enumerate() {
            for (j_x, kx) in (p[1]..g.kernel[1]).step_by(g.stride[1]).enumerate() {
                let y = (q[0] - j_y as isize - planes.origin[0]) as usize;
                let x = (q[1] - j_x as isize - planes.origin[1]) as usize;
                offsets.push(o * planes.channel() + y * planes.cols + x);
                taps.push(o * g.taps() + ky * g.kernel[1] + kx);
            }
        }
    }
    let area = g.kernel[0] * g.kernel[1];
    Pass {
        rows: (g.input[0] - first[0]).div_ceil(g.stride[0]),
        cols: (g.input[1] - first[1]).div_ceil(g.stride[1]),
        first,
        step: g.stride,
        ..Pass::new(isa, g.in_channels, offsets, |c, k| weight[taps[k] + c * area])
    }
}

/// Offsets of all taps in the order of the weight's `[C_in, K_h, K_w]`.
fn tap_offsets(g: &Geometry, planes: &Planes) -> Vec<usize> {
    let mut offsets = Vec::with_capacity(g.taps());
    for c in 0..g.in_channels {
        for ky in 0..g.kernel[0] {
            for kx in 0..g.kernel[1] {
                offsets.push(planes.offset(c, ky, kx));
            }
        }
    }
    offsets
}

/// Runs the passes over every image.
fn run(
    isa: Isa,
    planes: &Planes,
    passes: &[Pass],
    images: &[f32],
    channels: usize,
    size: [usize; 2],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let image = planes.channels * planes.image[0] * planes.image[1];
    let out = channels * size[0] * size[1];
    let (values, _) = build(images.len() / image * out, out, |index, out| {
        let image = &images[index * image..][..image];
        let mut run_passes = |source: &[f32]| {
            for pass in passes {
                run_pass(isa, planes, pass, source, channels, size, bias, out);
            }
        };
        if planes.are(image, isa) {
            run_passes(image);
            return;
        }
        with_scratch(planes.len(), |source| {
            planes.fill(image, source);
            run_passes(source);
        });
    });
    values
}

/// A run of neighbouring positions of a tile that belong to one output row.
struct Segment {
    tile: usize,
    out: usize,
    len: usize,
}

#[expect(clippy::too_many_arguments, reason = "the body of run's innermost loop")]
fn run_pass(
    isa: Isa,
    planes: &Planes,
    pass: &Pass,
    source: &[f32],
    channels: usize,
    size: [usize; 2],
    bias: Option<&[f32]>,
    out: &mut [f32],
) {
    let (lanes, rows) = (isa.lanes(), isa.rows(channels));
    let positions = (pass.rows - 1) * planes.cols + pass.cols;
    let vectors = positions.div_ceil(lanes);
    let mut tile = [0.0; TILE];
    let mut segments = Vec::new();
    let mut done = 0;
    while done < vectors {
        // Four vectors are better split in halves than in three and one.
        let width = if vectors - done == 4 { 2 } else { (vectors - done).min(WIDTH) };
        let begin = done * lanes;
        let end = (begin + width * lanes).min(positions);
        cut(&mut segments, planes.cols, pass, size[1], begin, end);
        let source = &source[begin..];
        for block in 0..channels.div_ceil(rows) {
            let weights = &pass.weights[block * rows * pass.offsets.len()..];
            convolve(isa, [rows, width], weights, &pass.offsets, source, &mut tile);
            for (r, values) in tile.chunks_exact(width * lanes).take(rows).enumerate() {
                let channel = block * rows + r;
                if channel == channels {
                    break;
                }
                let plane = &mut out[channel * size[0] * size[1]..][..size[0] * size[1]];
                let bias = bias.map_or(0.0, |bias| bias[channel]);
                scatter(plane, &segments, values, bias, pass.step[1]);
            }
        }
        done += width;
    }
}

/// The output rows in the positions `begin..end`.
fn cut(
    segments: &mut Vec<Segment>,
    stride: usize,
    pass: &Pass,
    width: usize,
    begin: usize,
    end: usize,
) {
    segments.clear();
    for y in begin / stride..=(end - 1) / stride {
        let from = begin.max(y * stride);
        let to = end.min(y * stride + pass.cols);
        if from < to {
            let row = pass.first[0] + y * pass.step[0];
            let col = pass.first[1] + (from - y * stride) * pass.step[1];
            segments.push(Segment { tile: from - begin, out: row * width + col, len: to - from });
        }
    }
}

fn scatter(plane: &mut [f32], segments: &[Segment], values: &[f32], bias: f32, step: usize) {
    for segment in segments {
        let values = &values[segment.tile..][..segment.len];
        let plane = &mut plane[segment.out..];
        if step == 1 {
            for (target, value) in plane[..segment.len].iter_mut().zip(values) {
                *target = value + bias;
            }
        } else {
            for (target, value) in plane.iter_mut().step_by(step).zip(values) {
                *target = value + bias;
            }
        }
    }
}

/// The gradient of the weight, or `None` where im2col is the better way.
pub(super) fn weight_gradient(g: &Geometry, x: &[f32], gradient: &[f32]) -> Option<Vec<f32>> {
    let isa = Isa::detect()?;
    if g.output[1] < 4 {
        return None;
    }
    let planes = Planes::input(g);
    let offsets = tap_offsets(g, &planes);
    let channels = g.out_channels.next_multiple_of(isa.lanes());
    let positions = g.output[0] * g.output[1];
    let parts = split(g.batch, |images| {
        let mut sums = vec![0.0; offsets.len() * channels];
        with_scratch(planes.len() + positions * channels, |scratch| {
            let (source, transposed) = scratch.split_at_mut(planes.len());
            for image in images {
                planes.fill(&x[image * g.in_image()..][..g.in_image()], source);
                let gradient = &gradient[image * g.out_image()..][..g.out_image()];
                transpose(gradient, positions, transposed, channels);
                let walk = Walk {
                    source,
                    row_stride: planes.cols,
                    gradient: transposed,
                    rows: g.output[0],
                    cols: g.output[1],
                    channels,
                };
                correlate(isa, &walk, &offsets, &mut sums);
            }
        });
        sums
    });
    let sums = fold(parts);
    let mut weight = vec![0.0; g.out_channels * offsets.len()];
    for (o, row) in weight.chunks_exact_mut(offsets.len()).enumerate() {
        for (value, line) in row.iter_mut().zip(sums.chunks_exact(channels)) {
            *value = line[o];
        }
    }
    Some(weight)
}

/// `[channels, positions]` to `[positions, width]`; the columns past the channels become zero.
fn transpose(image: &[f32], positions: usize, out: &mut [f32], width: usize) {
    const BLOCK: usize = 16;
    let channels = image.len() / positions;
    for first in (0..width).step_by(BLOCK) {
        let last = (first + BLOCK).min(width);
        for (p, line) in out.chunks_exact_mut(width).enumerate() {
            for (o, value) in line[first..last].iter_mut().enumerate() {
                let channel = first + o;
                *value = if channel < channels { image[channel * positions + p] } else { 0.0 };
            }
        }
    }
}
