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

use super::{Geometry, planes::Planes};
use crate::{
    flex::{build_uncleared, fold, split_sums, with_scratch},
    lines::{lines_to_image, to_lines},
    micro::{self, Holds, Isa, TILE, Walk, convolve, correlate},
};
use std::mem::MaybeUninit;

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

    /// Positions to compute, those in the padding between rows included.
    fn positions(&self, row_stride: usize) -> usize {
        (self.rows - 1) * row_stride + self.cols
    }

    /// One past the last float of the planes that a tile reads.
    fn reach(&self, isa: Isa, row_stride: usize) -> usize {
        let last = self.offsets.iter().max().map_or(0, |offset| *offset);
        last + self.positions(row_stride).next_multiple_of(isa.lanes())
    }
}

/// Multiply-adds that a [`Pass`] over one image takes, padding included.
fn cost(isa: Isa, pass: &Pass, channels: usize, row_stride: usize) -> usize {
    let positions = pass.positions(row_stride);
    // Fewer than four rows wait for their own last sum instead of filling the multipliers.
    let channels = channels.next_multiple_of(isa.rows(channels)).max(4);
    pass.offsets.len() * channels * positions.next_multiple_of(isa.lanes())
}

/// The same for [`super::im2col`]: a column entry written and packed costs about as much as this many
/// multiply-adds, and the products themselves run somewhat slower.
pub(super) fn im2col_cost(g: &Geometry) -> usize {
    const COLUMN_ENTRY: usize = 40;
    g.taps() * g.positions() * (COLUMN_ENTRY + g.out_channels * 5 / 4)
}

/// The output of the convolution, or `None` if it costs more than `budget` (see [`im2col_cost`]).
pub(super) fn forward(
    isa: Isa,
    budget: usize,
    g: &Geometry,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Option<Vec<f32>> {
    let planes = Planes::input(g);
    let taps = g.taps();
    let pass = Pass {
        rows: g.output[0],
        cols: g.output[1],
        ..Pass::new(isa, g.out_channels, tap_offsets(g, &planes), |o, k| weight[o * taps + k])
    };
    if cost(isa, &pass, g.out_channels, planes.cols) > budget {
        return None;
    }
    Some(run(isa, &planes, &[pass], x, g.out_channels, g.output, bias))
}

/// The gradient of the convolution's input (the output of a transposed convolution, which also
/// has a bias), or `None` if it costs more than `budget`.
pub(super) fn input_gradient(
    isa: Isa,
    budget: usize,
    g: &Geometry,
    gradient: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Option<Vec<f32>> {
    let planes = Planes::output(g);
    let mut passes = Vec::new();
    for phase_y in 0..g.stride[0].min(g.input[0]) {
        for phase_x in 0..g.stride[1].min(g.input[1]) {
            passes.push(gradient_pass(isa, g, &planes, weight, [phase_y, phase_x]));
        }
    }
    let costs = passes.iter().map(|pass| cost(isa, pass, g.in_channels, planes.cols));
    if costs.sum::<usize>() > budget {
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
    let reach = passes.iter().map(|pass| pass.reach(isa, planes.cols)).max().unwrap_or(0);
    let out = channels * size[0] * size[1];
    let fill = |index: usize, out: &mut [MaybeUninit<f32>]| {
        let rest = &images[index * image..];
        let mut run_passes = |source: &[f32]| {
            for pass in passes {
                run_pass(isa, planes, pass, source, channels, size, bias, out);
            }
        };
        // What a tile reads past the image is thrown away.
        if planes.are_the_image() && reach <= rest.len() {
            run_passes(rest);
            return;
        }
        with_scratch(planes.len(), |source| {
            planes.fill(&rest[..image], source);
            run_passes(source);
        });
    };
    #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
    // SAFETY: the passes reach every output position: one pass walks over all of a convolution's,
    // and those of an input gradient start at every remainder modulo the stride.
    let (values, _) = unsafe { build_uncleared(images.len() / image * out, out, fill) };
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
    out: &mut [MaybeUninit<f32>],
) {
    let (lanes, rows) = (isa.lanes(), isa.rows(channels));
    let positions = pass.positions(planes.cols);
    let vectors = positions.div_ceil(lanes);
    let mut tile = [0.0; TILE];
    let mut segments = Vec::new();
    let mut done = 0;
    while done < vectors {
        let width = micro::width(vectors - done);
        let begin = done * lanes;
        let end = (begin + width * lanes).min(positions);
        cut(&mut segments, planes.cols, pass, size[1], begin, end);
        let source = &source[begin..];
        for block in 0..channels.div_ceil(rows) {
            let weights = &pass.weights[block * rows * pass.offsets.len()..];
            convolve(isa, [rows, width], weights, &pass.offsets, source, &mut tile, width * lanes);
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

fn scatter(
    plane: &mut [MaybeUninit<f32>],
    segments: &[Segment],
    values: &[f32],
    bias: f32,
    step: usize,
) {
    for segment in segments {
        let values = &values[segment.tile..][..segment.len];
        let plane = &mut plane[segment.out..];
        if step == 1 {
            for (target, value) in plane[..segment.len].iter_mut().zip(values) {
                target.write(value + bias);
            }
        } else {
            for (target, value) in plane.iter_mut().step_by(step).zip(values) {
                target.write(value + bias);
            }
        }
    }
}

/// Whether [`weight_gradient`] is the better way: its loops need rows of some length.
pub(super) fn suits_weight_gradient(g: &Geometry) -> bool {
    g.output[1] >= 4
}

/// The gradient of the weight.
pub(super) fn weight_gradient(isa: Isa, g: &Geometry, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let planes = Planes::input(g);
    let offsets = tap_offsets(g, &planes);
    let channels = g.out_channels.next_multiple_of(isa.lanes());
    let parts = split_sums(g.batch, offsets.len(), |images, taps| {
        let mut sums = vec![0.0; taps.len() * channels];
        with_scratch(planes.len() + (g.positions() + 1) * channels, |scratch| {
            let (source, lines) = scratch.split_at_mut(planes.len());
            for image in images {
                planes.fill(&x[image * g.in_image()..][..g.in_image()], source);
                let gradient = &gradient[image * g.out_image()..][..g.out_image()];
                to_lines(isa, gradient, g.out_channels, lines, channels);
                let walk = Walk {
                    source,
                    row_stride: planes.cols,
                    step: 1,
                    gradient: lines,
                    rows: g.output[0],
                    cols: g.output[1],
                    channels,
                    add: true,
                    holds: Holds::Float,
                };
                correlate(isa, &walk, &offsets[taps.clone()], &mut sums);
            }
        });
        sums
    });
    let sums = fold(parts);
    lines_to_image(isa, &sums, channels, g.out_channels, offsets.len())
}
