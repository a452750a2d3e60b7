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

mod pass;
mod round;
mod tiles;
mod transform;
mod weights;

use self::{
    pass::Pass,
    tiles::{Pixels, Tiles},
};
use super::Geometry;
use crate::{Precision, lines::to_lines, micro::Isa};
use std::array::from_fn;

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

/// A convolution, cut into phases.
pub(super) struct Plan {
    geometry: Geometry,
    phases: Vec<Phase>,
    /// The forward pass's input pixels, by phase.
    inputs: Vec<Pixels>,
    /// The forward pass's output pixels.
    outputs: Pixels,
    /// See [`reach`].
    reach: [usize; 2],
}

impl Plan {
    /// The plan, if this is the kind of convolution that this file computes.
    pub(super) fn new(g: &Geometry) -> Option<Self> {
        if g.stride.iter().any(|stride| *stride > 2) {
            return None;
        }
        let reach = [reach(g, 0)?, reach(g, 1)?];
        let phases = phases(g, reach);
        let input = |phase: &Phase| Pixels { size: g.input, first: phase.first, step: g.stride };
        let inputs = phases.iter().map(input).collect();
        let outputs = Pixels { size: g.output, first: [0; 2], step: [1; 2] };
        Some(Self { geometry: *g, phases, inputs, outputs, reach })
    }

    /// The plan, if it is also worth it: with channels enough for the transforms to pay and tiles that
    /// do not mostly hang over the edge.
    pub(super) fn worthwhile(g: &Geometry) -> Option<Self> {
        if g.in_channels.min(g.out_channels) < 8 {
            return None;
        }
        let direct = g.kernel[0] * g.kernel[1] * g.positions();
        Self::new(g).filter(|plan| 2 * direct >= 3 * plan.products())
    }

    /// Products per pair of channels and image.
    fn products(&self) -> usize {
        let entries = self.phases.iter().map(|p| (0..ENTRIES).filter(|e| p.uses(*e)).count());
        let tiles = self.geometry.output.map(|size| size.div_ceil(OUT));
        entries.sum::<usize>() * tiles[0] * tiles[1]
    }

    /// The convolution: from its input, by phase, to its output.
    fn into_forward(self) -> Pass {
        let g = &self.geometry;
        let tiles = g.output.map(|size| size.div_ceil(OUT));
        let reads = self.inputs.iter().map(|p| p.of_tiles(tiles, SIDE, self.reach)).collect();
        let writes = vec![self.outputs.of_tiles(tiles, OUT, [0; 2])];
        Pass {
            phases: self.phases,
            kernel: g.kernel,
            reads: Tiles { channels: g.in_channels, area: g.in_plane(), parts: reads },
            writes: Tiles { channels: g.out_channels, area: g.positions(), parts: writes },
        }
    }

    /// Its input gradient: from the gradient of its output to that of its input, by phase.
    fn into_backward(self) -> Pass {
        let g = &self.geometry;
        let tiles: [usize; 2] = from_fn(|d| g.input[d].div_ceil(g.stride[d]).div_ceil(OUT));
        // Input i of a phase is read by the outputs i - 2 + reach to i + reach.
        let before = self.reach.map(|reach| 2 - reach);
        let reads = vec![self.outputs.of_tiles(tiles, SIDE, before)];
        let writes = self.inputs.iter().map(|p| p.of_tiles(tiles, OUT, [0; 2])).collect();
        Pass {
            phases: self.phases.iter().map(Phase::turned).collect(),
            kernel: g.kernel,
            reads: Tiles { channels: g.out_channels, area: g.positions(), parts: reads },
            writes: Tiles { channels: g.in_channels, area: g.in_plane(), parts: writes },
        }
    }

    /// The output of the convolution.
    pub(super) fn forward(
        self,
        isa: Isa,
        precision: Precision,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        let g = self.geometry;
        let pass = self.into_forward();
        let width = pass.writes.width();
        let mut taps = vec![0.0; (g.taps() + 1) * width];
        to_lines(isa, weight, g.out_channels, &mut taps, width);
        pass.run(isa, precision, &taps, x, bias)
    }

    /// The gradient of the convolution's input.
    pub(super) fn input_gradient(
        self,
        isa: Isa,
        precision: Precision,
        gradient: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        let g = self.geometry;
        let pass = self.into_backward();
        let width = pass.writes.width();
        let area = g.kernel[0] * g.kernel[1];
        let mut taps = vec![0.0; (g.out_channels * area + 1) * width];
        for (channel, kernels) in weight.chunks_exact(g.taps()).enumerate() {
            let lines = &mut taps[channel * area * width..][..(area + 1) * width];
            to_lines(isa, kernels, g.in_channels, lines, width);
        }
        pass.run(isa, precision, &taps, gradient, bias)
    }

    /// The gradient of the weight.
    pub(super) fn weight_gradient(
        self,
        isa: Isa,
        precision: Precision,
        x: &[f32],
        gradient: &[f32],
    ) -> Vec<f32> {
        weights::gradient(&self.into_forward(), isa, precision, x, gradient)
    }
}
