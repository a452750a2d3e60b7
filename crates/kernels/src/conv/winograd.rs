//! 3 × 3 convolution of stride 1 by minimal filtering, F(2 × 2, 3 × 3) of Winograd (Lavin & Gray
//! 2016, arXiv:1509.09308): Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for every 2 × 2 tile of outputs.
//!
//! A tile takes 16 products per pair of channels instead of 36, and the sum over channels becomes
//! 16 matrix products, one per entry of the transformed tile. All coefficients are 0, ±1 and ½, so
//! the result is about as exact as the definition. Images are taken a few at a time, as many as
//! keep the transformed tiles in the second-level cache.
//!
//! The input gradient is the same convolution of the output gradient with the kernel turned
//! around. The weight gradient sums products of transformed tiles over tiles, and goes back through
//! G: gᵀ = Gᵀ [Σ (Bᵀ d B) ⊙ (A y Aᵀ)] G.

mod tiles;
mod transform;

use self::{
    tiles::{transform_input, transform_output},
    transform::{gather_kernels, transform_gradient, transform_kernels},
};
use super::{
    Geometry,
    direct::transpose,
    micro::{Isa, Walk, convolve, correlate, width},
};
use crate::flex::{build_uncleared, fold, split, with_scratch};
use rayon::prelude::*;
use std::mem::MaybeUninit;

/// Entries of a transformed tile.
const ENTRIES: usize = 16;
/// Tiles that are transformed together: the neighbours in a row.
const LANES: usize = 8;
/// Floats of transformed input that a thread works on at a time: half of a 1 MiB cache.
const CACHE: usize = 128 * 1024;

/// Which kernel tap (row, column) a transformed weight reads as its tap (0, 0).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    /// The forward convolution.
    Forward,
    /// Turned by 180°, input and output channels exchanged: the input gradient.
    Turned,
}

/// A 3 × 3 convolution of one image, cut into tiles.
#[derive(Clone, Copy)]
struct Grid {
    /// Height and width of the image.
    input: [usize; 2],
    /// Zero rows and columns before the image.
    padding: [usize; 2],
    /// Height and width of the result.
    output: [usize; 2],
    /// Rows and columns of 2 × 2 tiles.
    tiles: [usize; 2],
}

impl Grid {
    fn new(input: [usize; 2], padding: [usize; 2], output: [usize; 2]) -> Self {
        Self { input, padding, output, tiles: output.map(|size| size.div_ceil(2)) }
    }

    /// Tiles of one image.
    fn count(&self) -> usize {
        self.tiles[0] * self.tiles[1]
    }

    /// Blocks of [`LANES`] tiles in a row of tiles.
    fn blocks(&self) -> usize {
        self.tiles[1].div_ceil(LANES)
    }

    /// How many images of a batch to take at a time: few enough for the cache, of `channels` each,
    /// and the same number of times on every thread.
    fn group(&self, channels: usize, batch: usize) -> usize {
        let fit = (CACHE / (ENTRIES * channels * self.count())).max(1);
        let share = batch.div_ceil(rayon::current_num_threads()).max(1);
        share.div_ceil(share.div_ceil(fit))
    }

    /// Floats from one channel to the next in the transformed tiles of `images`: whole vectors, and
    /// room for the last block of lanes to run over.
    fn stride(&self, images: usize) -> usize {
        (images * self.count() + LANES).next_multiple_of(16)
    }
}

/// Floats from one entry of transformed tiles to the next, of which `len` are used. A tile is
/// written to all entries at once: at distances of whole pages they would fight for one set of the
/// first-level cache.
fn spaced(len: usize) -> usize {
    len.next_multiple_of(1024) + 64
}

/// Whether this is the kind of convolution that this file computes, with channels enough for the
/// transforms to pay.
pub(super) fn applies(g: &Geometry) -> bool {
    let small = g.padding.iter().all(|p| *p <= 2);
    g.kernel == [3, 3] && g.stride == [1, 1] && small && g.in_channels.min(g.out_channels) >= 8
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
    let rows = isa.rows(to);
    let weights = transformed_weights(weight, [from, to], rows, order);
    let (image, out_image) = (from * area(grid.input), to * area(grid.output));
    let batch = images.len() / image;
    let group = grid.group(from, batch);
    let fill = |index: usize, out: &mut [MaybeUninit<f32>]| {
        let count = out.len() / out_image;
        let images = &images[index * group * image..][..count * image];
        let stride = grid.stride(count);
        let spaces = [spaced(from * stride), spaced(rows * stride)];
        with_scratch(ENTRIES * (spaces[0] + spaces[1]), |scratch| {
            let (tiles, products) = scratch.split_at_mut(ENTRIES * spaces[0]);
            for (i, image) in images.chunks_exact(image).enumerate() {
                transform_input(isa, grid, image, stride, i * grid.count(), tiles);
            }
            let offsets: Vec<usize> = (0..from).map(|channel| channel * stride).collect();
            for block in 0..to.div_ceil(rows) {
                for entry in 0..ENTRIES {
                    let packed = (block * ENTRIES + entry) * from * rows;
                    let weights = &weights[packed..packed + from * rows];
                    let tiles = &tiles[entry * spaces[0]..][..from * stride];
                    let products = &mut products[entry * spaces[1]..][..rows * stride];
                    multiply(isa, rows, weights, &offsets, tiles, count * grid.count(), products);
                }
                for (i, out) in out.chunks_exact_mut(out_image).enumerate() {
                    for row in 0..rows.min(to - block * rows) {
                        let channel = block * rows + row;
                        let plane = &mut out[channel * area(grid.output)..][..area(grid.output)];
                        let bias = bias.map_or(0.0, |bias| bias[channel]);
                        let products = &products[row * stride + i * grid.count()..];
                        transform_output(isa, grid, products, spaces[1], bias, plane);
                    }
                }
            }
        });
    };
    #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
    // SAFETY: the loops above reach every channel of every image, and `transform_output` writes
    // every row of a plane from end to end.
    let (values, _) = unsafe { build_uncleared(batch * out_image, group * out_image, fill) };
    values
}

/// `out[r][t] = Σ_c weights[c][r] · tiles[c][t]` for `count` tiles.
fn multiply(
    isa: Isa,
    rows: usize,
    weights: &[f32],
    offsets: &[usize],
    tiles: &[f32],
    count: usize,
    out: &mut [f32],
) {
    let (lanes, stride) = (isa.lanes(), out.len() / rows);
    let vectors = count.div_ceil(lanes);
    let mut done = 0;
    while done < vectors {
        let columns = width(vectors - done);
        let first = done * lanes;
        let (tiles, out) = (&tiles[first..], &mut out[first..]);
        convolve(isa, [rows, columns], weights, offsets, tiles, out, stride);
        done += columns;
    }
}

fn area(size: [usize; 2]) -> usize {
    size[0] * size[1]
}

/// G g Gᵀ of every kernel, as blocks of `rows` output channels, each `[entry, from, rows]`.
fn transformed_weights(
    weight: &[f32],
    [from, to]: [usize; 2],
    rows: usize,
    order: Order,
) -> Vec<f32> {
    let mut out = vec![0.0; to.div_ceil(rows) * ENTRIES * from * rows];
    out.par_chunks_exact_mut(ENTRIES * from * rows).enumerate().for_each(|(block, out)| {
        transform_kernels(weight, [from, to], block * rows, order, out);
    });
    out
}

/// The gradient of the weight.
pub(super) fn weight_gradient(isa: Isa, g: &Geometry, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let grid = Grid::new(g.input, g.padding, g.output);
    let (from, to) = (g.in_channels, g.out_channels);
    let channels = to.next_multiple_of(isa.lanes());
    let positions = area(g.output);
    let group = grid.group(from.max(to), g.batch);
    let parts = split(g.batch, |batch| {
        let mut sums = vec![0.0; ENTRIES * from * channels];
        let stride = grid.stride(group);
        let spaces = [spaced(from * stride), spaced(group * grid.count() * channels)];
        let lens = spaces.map(|space| ENTRIES * space);
        with_scratch(lens[0] + lens[1] + positions * channels, |scratch| {
            let (tiles, scratch) = scratch.split_at_mut(lens[0]);
            let (pulled, transposed) = scratch.split_at_mut(lens[1]);
            let offsets: Vec<usize> = (0..from).map(|channel| channel * stride).collect();
            for first in batch.clone().step_by(group) {
                let count = group.min(batch.end - first);
                for i in 0..count {
                    let x = &x[(first + i) * g.in_image()..][..g.in_image()];
                    transform_input(isa, &grid, x, stride, i * grid.count(), tiles);
                    let gradient = &gradient[(first + i) * g.out_image()..][..g.out_image()];
                    transpose(gradient, positions, transposed, channels);
                    transform_gradient(&grid, transposed, channels, i * grid.count(), pulled);
                }
                for (i, sums) in sums.chunks_exact_mut(from * channels).enumerate() {
                    let walk = Walk {
                        source: &tiles[i * spaces[0]..][..from * stride],
                        row_stride: 0,
                        gradient: &pulled[i * spaces[1]..][..spaces[1]],
                        rows: 1,
                        cols: count * grid.count(),
                        channels,
                    };
                    correlate(isa, &walk, &offsets, sums);
                }
            }
        });
        sums
    });
    let sums = fold(parts);
    let mut weight = vec![0.0; to * from * 9];
    gather_kernels(&sums, [from, to], channels, &mut weight);
    weight
}
