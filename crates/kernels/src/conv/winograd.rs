//! 3 × 3 convolution of stride 1 by minimal filtering, F(4 × 4, 3 × 3) of Winograd (Lavin & Gray
//! 2016, arXiv:1509.09308): Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for every 4 × 4 tile of outputs.
//!
//! A tile takes 36 products per pair of channels instead of 144, and the sum over channels becomes
//! 36 matrix products, one per entry of the transformed tile. Images are turned to lines of channels
//! first ([`super::lines`]), so every transform works on whole vectors whatever the image size. They are
//! taken a few at a time, as many as keep the transformed tiles in the second-level cache.
//!
//! The input gradient is the same convolution of the output gradient with the kernel turned
//! around. The weight gradient sums products of transformed tiles over tiles, and goes back through
//! G: gᵀ = Gᵀ [Σ (Bᵀ d B) ⊙ (A y Aᵀ)] G.

mod transform;

use self::transform::{
    gather_kernels, pull_output, spread_kernels, transform_input, transform_output,
};
use super::{
    Geometry,
    lines::{from_lines, lines_to_image, to_lines},
    micro::{Isa, Walk, correlate},
};
use crate::flex::{build_uncleared, fold, split, with_scratch};
use std::mem::MaybeUninit;

/// Outputs of a tile along each direction.
const OUT: usize = 4;
/// Entries of a transformed tile along each direction.
const SIDE: usize = OUT + 2;
/// Entries of a transformed tile.
const ENTRIES: usize = SIDE * SIDE;
/// Channels that are transformed together.
const LANES: usize = 16;
/// Floats of transformed tiles that a thread works on at a time: three quarters of a 1 MiB cache.
const CACHE: usize = 192 * 1024;

/// Whether kernels are read as they are, or turned by 180° with channels exchanged.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The forward convolution.
    Forward,
    /// The input gradient.
    Turned,
}

/// One image cut into tiles.
struct Grid {
    /// Pixels of the image that each tile reads, or one past the last for zeros.
    reads: Vec<[usize; ENTRIES]>,
    /// Pixels of the result that each tile writes, or one past the last for none.
    writes: Vec<[usize; OUT * OUT]>,
    /// Pixels of the image and of the result.
    areas: [usize; 2],
}

impl Grid {
    fn new(input: [usize; 2], padding: [usize; 2], output: [usize; 2]) -> Self {
        let tiles = output.map(|size| size.div_ceil(OUT));
        let corners = (0..tiles[0] * tiles[1]).map(|t| [t / tiles[1] * OUT, t % tiles[1] * OUT]);
        let pixel = |[height, width]: [usize; 2], y: usize, x: usize| {
            if y < height && x < width { y * width + x } else { height * width }
        };
        let read = |[y, x]: [usize; 2], entry: usize| {
            let y = (y + entry / SIDE).wrapping_sub(padding[0]);
            pixel(input, y, (x + entry % SIDE).wrapping_sub(padding[1]))
        };
        let write = |[y, x]: [usize; 2], i: usize| pixel(output, y + i / OUT, x + i % OUT);
        Self {
            reads: corners.clone().map(|tile| std::array::from_fn(|e| read(tile, e))).collect(),
            writes: corners.map(|tile| std::array::from_fn(|i| write(tile, i))).collect(),
            areas: [input, output].map(|[height, width]| height * width),
        }
    }

    /// Tiles of one image.
    fn count(&self) -> usize {
        self.reads.len()
    }

    /// How many images of a batch to take at a time: few enough for the cache, with `channels` in
    /// all, and the same number of times on every thread.
    fn group(&self, channels: usize, batch: usize) -> usize {
        let fit = (CACHE / (ENTRIES * channels * self.count())).max(1);
        let share = batch.div_ceil(rayon::current_num_threads()).max(1);
        share.div_ceil(share.div_ceil(fit))
    }
}

/// Floats from one entry of transformed tiles to the next, of which `len` are used. A tile is
/// written to all entries at once: at distances of whole pages they would fight for one set of the
/// first-level cache.
fn spaced(len: usize) -> usize {
    len.next_multiple_of(1024) + LANES
}

/// Whether this is the kind of convolution that this file computes, with channels enough for the
/// transforms to pay and tiles that do not mostly hang over the edge.
pub(super) fn applies(g: &Geometry) -> bool {
    let small = g.padding.iter().all(|p| *p <= 2);
    let tiles = g.output.map(|size| size.div_ceil(OUT));
    let pays = 9 * g.positions() * 2 >= ENTRIES * tiles[0] * tiles[1] * 3;
    let channels = g.in_channels.min(g.out_channels);
    g.kernel == [3, 3] && g.stride == [1, 1] && small && pays && channels >= 8
}

/// The output of the convolution.
pub(super) fn forward(
    isa: Isa,
    g: &Geometry,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let grid = Grid::new(g.input, g.padding, g.output);
    run(isa, &grid, [g.in_channels, g.out_channels], x, weight, bias, Order::Forward)
}

/// The gradient of the convolution's input.
pub(super) fn input_gradient(
    isa: Isa,
    g: &Geometry,
    gradient: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let grid = Grid::new(g.output, g.padding.map(|p| 2 - p), g.input);
    run(isa, &grid, [g.out_channels, g.in_channels], gradient, weight, bias, Order::Turned)
}

fn run(
    isa: Isa,
    grid: &Grid,
    [from, to]: [usize; 2],
    images: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
    order: Order,
) -> Vec<f32> {
    let widths = [from, to].map(|channels| channels.next_multiple_of(LANES));
    let kernels = transformed_kernels(weight, [from, to], order);
    let [in_image, out_image] = [from * grid.areas[0], to * grid.areas[1]];
    let mut bias_line = vec![0.0; widths[1]];
    if let Some(bias) = bias {
        bias_line[..to].copy_from_slice(bias);
    }
    let batch = images.len() / in_image;
    let group = grid.group(widths[0] + widths[1], batch);
    let fill = |index: usize, out: &mut [MaybeUninit<f32>]| {
        let count = out.len() / out_image;
        let images = &images[index * group * in_image..][..count * in_image];
        let tiles = count * grid.count();
        let spaces = widths.map(|width| spaced(tiles * width));
        let lines = [0, 1].map(|side| (grid.areas[side] + 1) * widths[side]);
        let lens = [ENTRIES * spaces[0], ENTRIES * spaces[1], lines[0].max(lines[1])];
        with_scratch(lens.iter().sum(), |scratch| {
            let (entries, scratch) = scratch.split_at_mut(lens[0]);
            let (products, scratch) = scratch.split_at_mut(lens[1]);
            for (i, image) in images.chunks_exact(in_image).enumerate() {
                let lines = &mut scratch[..lines[0]];
                to_lines(image, from, lines, widths[0]);
                transform_input(lines, widths[0], &grid.reads, i * grid.count(), entries);
            }
            let starts: Vec<usize> = (0..tiles).map(|tile| tile * widths[0]).collect();
            for entry in 0..ENTRIES {
                let walk = Walk {
                    source: &entries[entry * spaces[0]..][..spaces[0]],
                    row_stride: 0,
                    step: 1,
                    gradient: &kernels[entry * from * widths[1]..][..from * widths[1]],
                    rows: 1,
                    cols: from,
                    channels: widths[1],
                    add: false,
                };
                let products = &mut products[entry * spaces[1]..][..tiles * widths[1]];
                correlate(isa, &walk, &starts, products);
            }
            for (i, out) in out.chunks_exact_mut(out_image).enumerate() {
                let lines = &mut scratch[..lines[1]];
                transform_output(products, i * grid.count(), &grid.writes, &bias_line, lines);
                from_lines(lines, widths[1], out, grid.areas[1]);
            }
        });
    };
    #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
    // SAFETY: `from_lines` writes all of its output, and the loop above gives it every image.
    let (values, _) = unsafe { build_uncleared(batch * out_image, group * out_image, fill) };
    values
}

/// G g Gᵀ of every kernel, `[entry, from, to]` with `to` rounded up to whole vectors.
fn transformed_kernels(weight: &[f32], [from, to]: [usize; 2], order: Order) -> Vec<f32> {
    let width = to.next_multiple_of(LANES);
    // `[from, tap, to]`.
    let mut taps = vec![0.0; (from * 9 + 1) * width];
    match order {
        Order::Forward => to_lines(weight, to, &mut taps, width),
        Order::Turned => {
            for (channel, kernels) in weight.chunks_exact(to * 9).enumerate() {
                to_lines(kernels, to, &mut taps[channel * 9 * width..][..10 * width], width);
            }
        }
    }
    let spread = |row: usize, out: &mut [MaybeUninit<f32>]| {
        spread_kernels(&taps, from, row, order, out);
    };
    #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
    // SAFETY: `spread_kernels` writes all of its output.
    let (kernels, _) =
        unsafe { build_uncleared(ENTRIES * from * width, SIDE * from * width, spread) };
    kernels
}

/// The gradient of the weight.
pub(super) fn weight_gradient(isa: Isa, g: &Geometry, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let grid = Grid::new(g.input, g.padding, g.output);
    let (from, to) = (g.in_channels, g.out_channels);
    let widths = [from, to].map(|channels| channels.next_multiple_of(LANES));
    let group = grid.group(widths[0] + widths[1], g.batch);
    let parts = split(g.batch, |batch| {
        let mut taps = vec![0.0; from * 9 * widths[1]];
        let spaces = widths.map(|width| spaced(group * grid.count() * width));
        let lines = [0, 1].map(|side| (grid.areas[side] + 1) * widths[side]);
        let lens = [
            ENTRIES * spaces[0],
            ENTRIES * spaces[1],
            ENTRIES * from * widths[1],
            lines[0].max(lines[1]),
        ];
        with_scratch(lens.iter().sum(), |scratch| {
            let (entries, scratch) = scratch.split_at_mut(lens[0]);
            let (pulled, scratch) = scratch.split_at_mut(lens[1]);
            let (sums, scratch) = scratch.split_at_mut(lens[2]);
            let starts: Vec<usize> = (0..from).collect();
            for first in batch.clone().step_by(group) {
                let count = group.min(batch.end - first);
                for i in 0..count {
                    let image = &x[(first + i) * g.in_image()..][..g.in_image()];
                    let start = i * grid.count();
                    let space = &mut scratch[..lines[0]];
                    to_lines(image, from, space, widths[0]);
                    transform_input(space, widths[0], &grid.reads, start, entries);
                    let image = &gradient[(first + i) * g.out_image()..][..g.out_image()];
                    let space = &mut scratch[..lines[1]];
                    to_lines(image, to, space, widths[1]);
                    pull_output(space, widths[1], &grid.writes, start, pulled);
                }
                for (entry, sums) in sums.chunks_exact_mut(from * widths[1]).enumerate() {
                    let tiles = count * grid.count();
                    let walk = Walk {
                        source: &entries[entry * spaces[0]..][..tiles * widths[0]],
                        row_stride: 0,
                        step: widths[0],
                        gradient: &pulled[entry * spaces[1]..][..tiles * widths[1]],
                        rows: 1,
                        cols: tiles,
                        channels: widths[1],
                        add: first > batch.start,
                    };
                    correlate(isa, &walk, &starts, sums);
                }
            }
            gather_kernels(sums, from, &mut taps);
        });
        taps
    });
    lines_to_image(&fold(parts), widths[1], to, from * 9)
}
