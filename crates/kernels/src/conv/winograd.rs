//! Convolution by minimal filtering, F(4 × 4, 3 × 3) of Winograd (Lavin & Gray 2016,
//! arXiv:1509.09308): Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A for every 4 × 4 tile of outputs.
//!
//! A tile takes 36 products per pair of channels instead of 144, and the sum over channels becomes
//! 36 matrix products, one per entry of the transformed tile. Images are turned to lines of channels
//! first ([`super::lines`]), so every transform works on whole vectors whatever the image size. They
//! are taken a few at a time, as many as keep the transformed tiles in the second-level cache.
//!
//! A convolution of stride s is the sum of s × s convolutions of stride 1, one per remainder of the
//! input's row and column modulo s: its [`Phase`]s (as in Huang et al. 2020, arXiv:2002.00552). Those of
//! a 4 × 4 kernel of stride 2 have two taps along each direction, inside of a common window of three.
//! Where the window's first or last tap is missing, so are the entries that it alone feeds: 25 of 36
//! remain, as many as F(4 × 4, 2 × 2) takes.
//!
//! The input gradient is the same convolution of the output gradient with the kernel turned
//! around, each phase an output of its own. The weight gradient sums products of transformed tiles over
//! tiles, and goes back through G: gᵀ = Gᵀ [Σ (Bᵀ d B) ⊙ (A y Aᵀ)] G.

mod transform;

use self::transform::{
    Sizes, gather_kernels, pull_output, spread_kernels, transform_input, transform_output,
};
use super::{
    Geometry,
    lines::{from_lines, lines_to_image, to_lines},
    micro::{Isa, Walk, correlate},
};
use crate::flex::{build_uncleared, fold, split, with_scratch};
use std::{array::from_fn, mem::MaybeUninit};

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

/// The convolution of every s-th pixel of the input.
struct Phase {
    /// Row and column of the first pixel.
    first: [usize; 2],
    /// Rows and columns of the kernel that the window's three taps stand for.
    window: [[Option<usize>; 3]; 2],
}

impl Phase {
    /// Whether anything comes to this entry of a transformed tile. The first takes the window's first
    /// tap alone, the last its last.
    fn uses(&self, entry: usize) -> bool {
        [entry / SIDE, entry % SIDE].into_iter().zip(&self.window).all(
            |(entry, taps)| match entry {
                0 => taps[0].is_some(),
                _ if entry == SIDE - 1 => taps[2].is_some(),
                _ => taps.iter().any(Option::is_some),
            },
        )
    }

    /// The kernel's tap, of a kernel `width` wide, at each place of the window.
    fn taps(&self, width: usize) -> [Option<usize>; 9] {
        from_fn(|t| Some(self.window[0][t / 3]? * width + self.window[1][t % 3]?))
    }

    /// The same with the window turned around.
    fn turned(&self) -> Self {
        let window = self.window.map(|[a, b, c]| [c, b, a]);
        Self { first: self.first, window }
    }
}

/// How far before an output's own pixel (times the stride) its window begins, along one direction,
/// if three taps per phase suffice.
fn reach(g: &Geometry, d: usize) -> Option<usize> {
    // Tap k of output o reads input s (o + i) + r, where k = s i + r + padding.
    let before = g.padding[d].div_ceil(g.stride[d]);
    let after = (g.kernel[d] as isize - 1 - g.padding[d] as isize).div_euclid(g.stride[d] as isize);
    (before <= 2 && after + before as isize <= 2).then_some(before)
}

fn phases(g: &Geometry, reach: [usize; 2]) -> Vec<Phase> {
    let [rows, columns] = g.stride;
    let window = |d: usize, first: usize| {
        from_fn(|t| {
            let tap = (g.stride[d] * t + first + g.padding[d]).checked_sub(g.stride[d] * reach[d]);
            tap.filter(|tap| *tap < g.kernel[d])
        })
    };
    (0..rows * columns)
        .map(|phase| [phase / columns, phase % columns])
        .map(|first| Phase { first, window: from_fn(|d| window(d, first[d])) })
        .collect()
}

/// Tiles over a set of pixels: every `step`-th of an image of `size`, from `first` on.
struct Pixels {
    size: [usize; 2],
    first: [usize; 2],
    step: [usize; 2],
}

impl Pixels {
    /// The pixels of N × N for every tile of [`OUT`], `before` rows and columns ahead of its own;
    /// outside of the image, the one past the last.
    fn of_tiles<const N: usize>(
        &self,
        tiles: [usize; 2],
        side: usize,
        before: [usize; 2],
    ) -> Vec<[usize; N]> {
        let [height, width] = self.size;
        let tile = |tile: usize| {
            let corner = [tile / tiles[1] * OUT, tile % tiles[1] * OUT];
            from_fn(|i| {
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

/// A convolution, cut into tiles.
struct Plan {
    phases: Vec<Phase>,
    /// The forward pass's input pixels, by phase.
    inputs: Vec<Pixels>,
    /// The forward pass's output pixels.
    outputs: Pixels,
    /// See [`reach`].
    reach: [usize; 2],
}

impl Plan {
    fn new(g: &Geometry) -> Option<Self> {
        let reach = [reach(g, 0)?, reach(g, 1)?];
        let phases = phases(g, reach);
        let input = |phase: &Phase| Pixels { size: g.input, first: phase.first, step: g.stride };
        let inputs = phases.iter().map(input).collect();
        let outputs = Pixels { size: g.output, first: [0; 2], step: [1; 2] };
        Some(Self { phases, inputs, outputs, reach })
    }

    /// Products per pair of channels and image.
    fn products(&self, g: &Geometry) -> usize {
        let entries = self.phases.iter().map(|p| (0..ENTRIES).filter(|e| p.uses(*e)).count());
        let tiles = g.output.map(|size| size.div_ceil(OUT));
        entries.sum::<usize>() * tiles[0] * tiles[1]
    }
}

/// Whether this is the kind of convolution that this file computes, with channels enough for the
/// transforms to pay and tiles that do not mostly hang over the edge.
pub(super) fn applies(g: &Geometry) -> bool {
    let direct = g.kernel[0] * g.kernel[1] * g.positions();
    let pays = |plan: Plan| 2 * direct >= 3 * plan.products(g);
    g.in_channels.min(g.out_channels) >= 8
        && g.stride.iter().all(|stride| *stride <= 2)
        && Plan::new(g).is_some_and(pays)
}

/// Floats from one entry of transformed tiles to the next, of which `len` are used. A tile is
/// written to all entries at once: at distances of whole pages they would fight for one set of the
/// first-level cache.
fn spaced(len: usize) -> usize {
    len.next_multiple_of(1024) + LANES
}

/// How many images of a batch to take at a time: few enough for the cache, with `floats` of
/// transformed tiles each, and the same number of times on every thread.
fn group(floats: usize, batch: usize) -> usize {
    let fit = (CACHE / floats).max(1);
    let share = batch.div_ceil(rayon::current_num_threads()).max(1);
    share.div_ceil(share.div_ceil(fit))
}

/// The output of the convolution.
pub(super) fn forward(
    isa: Isa,
    g: &Geometry,
    x: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let plan = Plan::new(g).expect("it applies");
    let tiles = g.output.map(|size| size.div_ceil(OUT));
    let pass = Pass {
        channels: [g.in_channels, g.out_channels],
        areas: [g.in_plane(), g.positions()],
        tiles: tiles[0] * tiles[1],
        reads: plan.inputs.iter().map(|p| p.of_tiles(tiles, SIDE, plan.reach)).collect(),
        writes: vec![plan.outputs.of_tiles(tiles, OUT, [0; 2])],
    };
    let width = g.out_channels.next_multiple_of(LANES);
    let mut taps = vec![0.0; (g.taps() + 1) * width];
    to_lines(isa, weight, g.out_channels, &mut taps, width);
    let kernels = transformed_kernels(&taps, g, g.in_channels, &plan.phases, width);
    pass.run(isa, &plan.phases, &kernels, x, bias)
}

/// The gradient of the convolution's input.
pub(super) fn input_gradient(
    isa: Isa,
    g: &Geometry,
    gradient: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let plan = Plan::new(g).expect("it applies");
    let tiles: [usize; 2] = from_fn(|d| g.input[d].div_ceil(g.stride[d]).div_ceil(OUT));
    // Input i of a phase is read by the outputs i - 2 + reach to i + reach.
    let before = plan.reach.map(|reach| 2 - reach);
    let pass = Pass {
        channels: [g.out_channels, g.in_channels],
        areas: [g.positions(), g.in_plane()],
        tiles: tiles[0] * tiles[1],
        reads: vec![plan.outputs.of_tiles(tiles, SIDE, before)],
        writes: plan.inputs.iter().map(|p| p.of_tiles(tiles, OUT, [0; 2])).collect(),
    };
    let width = g.in_channels.next_multiple_of(LANES);
    let area = g.kernel[0] * g.kernel[1];
    let mut taps = vec![0.0; (g.out_channels * area + 1) * width];
    for (channel, kernels) in weight.chunks_exact(g.taps()).enumerate() {
        let lines = &mut taps[channel * area * width..][..(area + 1) * width];
        to_lines(isa, kernels, g.in_channels, lines, width);
    }
    let phases: Vec<Phase> = plan.phases.iter().map(Phase::turned).collect();
    let kernels = transformed_kernels(&taps, g, g.out_channels, &phases, width);
    pass.run(isa, &phases, &kernels, gradient, bias)
}

/// G g Gᵀ of every kernel, `[entry, phase, from, width]`, from `taps` `[from, kernel area, width]`.
fn transformed_kernels(
    taps: &[f32],
    g: &Geometry,
    from: usize,
    phases: &[Phase],
    width: usize,
) -> Vec<f32> {
    let sizes = Sizes { from, area: g.kernel[0] * g.kernel[1], phases: phases.len() };
    let spread = |row: usize, out: &mut [MaybeUninit<f32>]| {
        for (phase, window) in phases.iter().enumerate() {
            spread_kernels(taps, sizes, &window.taps(g.kernel[1]), row, phase, out);
        }
    };
    let row = SIDE * phases.len() * from * width;
    #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
    // SAFETY: `spread_kernels` writes all that belongs to its phase.
    let (kernels, _) = unsafe { build_uncleared(SIDE * row, row, spread) };
    kernels
}

/// A convolution or its input gradient, cut into tiles. One of the two sides has an image part per
/// phase, the other a single one.
struct Pass {
    /// Channels that are read and written.
    channels: [usize; 2],
    /// Pixels of the images that are read and written.
    areas: [usize; 2],
    /// Tiles per image and part.
    tiles: usize,
    /// Pixels that the tiles of each part read.
    reads: Vec<Vec<[usize; ENTRIES]>>,
    /// Pixels that the tiles of each part write.
    writes: Vec<Vec<[usize; OUT * OUT]>>,
}

impl Pass {
    fn run(
        &self,
        isa: Isa,
        phases: &[Phase],
        kernels: &[f32],
        images: &[f32],
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        let Self { channels: [from, to], areas, .. } = *self;
        let widths = [from, to].map(|channels| channels.next_multiple_of(LANES));
        let parts = [self.reads.len(), self.writes.len()];
        let [in_image, out_image] = [from * areas[0], to * areas[1]];
        let mut bias_line = vec![0.0; widths[1]];
        if let Some(bias) = bias {
            bias_line[..to].copy_from_slice(bias);
        }
        let batch = images.len() / in_image;
        let channels = parts[0] * widths[0] + parts[1] * widths[1];
        let group = group(ENTRIES * self.tiles * channels, batch);
        let fill = |index: usize, out: &mut [MaybeUninit<f32>]| {
            let count = out.len() / out_image;
            let images = &images[index * group * in_image..][..count * in_image];
            let tiles = count * self.tiles;
            // From one part of an entry to the next; all parts of an entry are neighbours.
            let spaces = widths.map(|width| spaced(tiles * width));
            let lines = [0, 1].map(|side| (areas[side] + 1) * widths[side]);
            let [reads, writes] = [0, 1].map(|side| ENTRIES * parts[side] * spaces[side]);
            with_scratch(reads + writes + lines[0].max(lines[1]), |scratch| {
                let (entries, scratch) = scratch.split_at_mut(reads);
                let (products, scratch) = scratch.split_at_mut(writes);
                for (i, image) in images.chunks_exact(in_image).enumerate() {
                    let lines = &mut scratch[..lines[0]];
                    to_lines(isa, image, from, lines, widths[0]);
                    for (part, pixels) in self.reads.iter().enumerate() {
                        let start = part * spaces[0] + i * self.tiles * widths[0];
                        transform_input(lines, widths[0], pixels, start, entries);
                    }
                }
                let starts: Vec<usize> = (0..tiles).map(|tile| tile * widths[0]).collect();
                for entry in 0..ENTRIES {
                    let mut written = [false; 4];
                    for (p, _) in phases.iter().enumerate().filter(|phase| phase.1.uses(entry)) {
                        let (read, write) = (p.min(parts[0] - 1), p.min(parts[1] - 1));
                        let kernel = (entry * phases.len() + p) * from * widths[1];
                        let product = (entry * parts[1] + write) * spaces[1];
                        let walk = Walk {
                            source: &entries[(entry * parts[0] + read) * spaces[0]..][..spaces[0]],
                            row_stride: 0,
                            step: 1,
                            gradient: &kernels[kernel..][..from * widths[1]],
                            rows: 1,
                            cols: from,
                            channels: widths[1],
                            add: written[write],
                        };
                        let products = &mut products[product..][..tiles * widths[1]];
                        correlate(isa, &walk, &starts, products);
                        written[write] = true;
                    }
                    for (write, _) in written.iter().enumerate().take(parts[1]).filter(|w| !w.1) {
                        products[(entry * parts[1] + write) * spaces[1]..][..spaces[1]].fill(0.0);
                    }
                }
                for (i, out) in out.chunks_exact_mut(out_image).enumerate() {
                    let lines = &mut scratch[..lines[1]];
                    for (part, pixels) in self.writes.iter().enumerate() {
                        let start = part * spaces[1] + i * self.tiles * widths[1];
                        transform_output(products, start, pixels, &bias_line, lines);
                    }
                    from_lines(isa, lines, widths[1], out, areas[1]);
                }
            });
        };
        #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
        // SAFETY: `from_lines` writes all of its output, and the loop above gives it every image.
        let (values, _) = unsafe { build_uncleared(batch * out_image, group * out_image, fill) };
        values
    }
}

/// The gradient of the weight.
pub(super) fn weight_gradient(isa: Isa, g: &Geometry, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    let plan = Plan::new(g).expect("it applies");
    let tiles = g.output.map(|size| size.div_ceil(OUT));
    let reads: Vec<_> = plan.inputs.iter().map(|p| p.of_tiles(tiles, SIDE, plan.reach)).collect();
    let writes = plan.outputs.of_tiles(tiles, OUT, [0; 2]);
    let (tiles, phases) = (tiles[0] * tiles[1], plan.phases.len());
    let (from, to, area) = (g.in_channels, g.out_channels, g.kernel[0] * g.kernel[1]);
    let widths = [from, to].map(|channels| channels.next_multiple_of(LANES));
    let group = group(ENTRIES * tiles * (phases * widths[0] + widths[1]), g.batch);
    let parts = split(g.batch, |batch| {
        let mut taps = vec![0.0; from * area * widths[1]];
        if batch.is_empty() {
            return taps;
        }
        let spaces = widths.map(|width| spaced(group * tiles * width));
        let lines = [(g.in_plane() + 1) * widths[0], (g.positions() + 1) * widths[1]];
        let lens = [ENTRIES * phases * spaces[0], ENTRIES * spaces[1]];
        let sum = from * widths[1];
        let total = lens[0] + lens[1] + ENTRIES * phases * sum + lines[0].max(lines[1]);
        with_scratch(total, |scratch| {
            let (entries, scratch) = scratch.split_at_mut(lens[0]);
            let (pulled, scratch) = scratch.split_at_mut(lens[1]);
            let (sums, scratch) = scratch.split_at_mut(ENTRIES * phases * sum);
            let starts: Vec<usize> = (0..from).collect();
            for first in batch.clone().step_by(group) {
                let count = group.min(batch.end - first);
                for i in 0..count {
                    let image = &x[(first + i) * g.in_image()..][..g.in_image()];
                    let space = &mut scratch[..lines[0]];
                    to_lines(isa, image, from, space, widths[0]);
                    for (phase, pixels) in reads.iter().enumerate() {
                        let start = phase * spaces[0] + i * tiles * widths[0];
                        transform_input(space, widths[0], pixels, start, entries);
                    }
                    let image = &gradient[(first + i) * g.out_image()..][..g.out_image()];
                    let space = &mut scratch[..lines[1]];
                    to_lines(isa, image, to, space, widths[1]);
                    pull_output(space, widths[1], &writes, i * tiles * widths[1], pulled);
                }
                for (place, sums) in sums.chunks_exact_mut(sum).enumerate() {
                    let (entry, phase) = (place / phases, place % phases);
                    if !plan.phases[phase].uses(entry) {
                        sums.fill(0.0);
                        continue;
                    }
                    let walk = Walk {
                        source: &entries[place * spaces[0]..][..count * tiles * widths[0]],
                        row_stride: 0,
                        step: widths[0],
                        gradient: &pulled[entry * spaces[1]..][..count * tiles * widths[1]],
                        rows: 1,
                        cols: count * tiles,
                        channels: widths[1],
                        add: first > batch.start,
                    };
                    correlate(isa, &walk, &starts, sums);
                }
            }
            let sizes = Sizes { from, area, phases };
            for (phase, window) in plan.phases.iter().enumerate() {
                gather_kernels(sums, sizes, &window.taps(g.kernel[1]), phase, &mut taps);
            }
        });
        taps
    });
    lines_to_image(isa, &fold(parts), widths[1], to, from * area)
}
