//! The transforms of F(4 × 4, 3 × 3), [`LANES`] channels at a time.
//!
//! Lines are `[pixel, channel]`, transformed tiles `[entry, part, tile, channel]`, transformed kernels
//! `[entry, phase, from, to]` and taps `[from, kernel area, to]`; the last dimension is whole vectors
//! everywhere.

use super::{ENTRIES, LANES, OUT, SIDE};
use crate::simd::{multiversion, pair};
use std::mem::MaybeUninit;

type Lane = [f32; LANES];

/// Sizes of kernels.
#[derive(Clone, Copy)]
pub(super) struct Sizes {
    /// Channels to sum over.
    pub(super) from: usize,
    /// Taps of the kernel.
    pub(super) area: usize,
    /// Phases of the convolution.
    pub(super) phases: usize,
}

// The interpolation points are 0, ±P, ±Q and infinity. With the usual 1 and 2 the largest error is
// four times that of these (Alam et al. 2022, doi:10.1145/3524069, choose likewise).
const P: f32 = 0.625;
const Q: f32 = 1.5;
const P2: f32 = P * P;
const Q2: f32 = Q * Q;

#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn each(f: impl Fn(usize) -> f32) -> Lane {
    let mut lane = [0.0; LANES];
    for (k, value) in lane.iter_mut().enumerate() {
        *value = f(k);
    }
    lane
}

/// Bᵀ along one direction.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn filter([a, b, c, d, e, f]: [Lane; SIDE]) -> [Lane; SIDE] {
    let even_p = each(|k| e[k] - Q2 * c[k]);
    let odd_p = each(|k| P * (d[k] - Q2 * b[k]));
    let even_q = each(|k| e[k] - P2 * c[k]);
    let odd_q = each(|k| Q * (d[k] - P2 * b[k]));
    [
        each(|k| P2 * Q2 * a[k] - (P2 + Q2) * c[k] + e[k]),
        each(|k| even_p[k] + odd_p[k]),
        each(|k| even_p[k] - odd_p[k]),
        each(|k| even_q[k] + odd_q[k]),
        each(|k| even_q[k] - odd_q[k]),
        each(|k| P2 * Q2 * b[k] - (P2 + Q2) * d[k] + f[k]),
    ]
}

/// Aᵀ along one direction.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn collect([a, b, c, d, e, f]: [Lane; SIDE]) -> [Lane; OUT] {
    let (plus_p, minus_p) = (each(|k| b[k] + c[k]), each(|k| b[k] - c[k]));
    let (plus_q, minus_q) = (each(|k| d[k] + e[k]), each(|k| d[k] - e[k]));
    [
        each(|k| a[k] + plus_p[k] + plus_q[k]),
        each(|k| P * minus_p[k] + Q * minus_q[k]),
        each(|k| P2 * plus_p[k] + Q2 * plus_q[k]),
        each(|k| P2 * P * minus_p[k] + Q2 * Q * minus_q[k] + f[k]),
    ]
}

/// A along one direction.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn pull([a, b, c, d]: [Lane; OUT]) -> [Lane; SIDE] {
    let even_p = each(|k| a[k] + P2 * c[k]);
    let odd_p = each(|k| P * (b[k] + P2 * d[k]));
    let even_q = each(|k| a[k] + Q2 * c[k]);
    let odd_q = each(|k| Q * (b[k] + Q2 * d[k]));
    [
        a,
        each(|k| even_p[k] + odd_p[k]),
        each(|k| even_p[k] - odd_p[k]),
        each(|k| even_q[k] + odd_q[k]),
        each(|k| even_q[k] - odd_q[k]),
        d,
    ]
}

/// 1 / (2 x² (x² - y²)): what G divides by at the points ±x.
const fn share(x2: f32, y2: f32) -> f32 {
    1.0 / (2.0 * x2 * (x2 - y2))
}
const SHARE_0: f32 = 1.0 / (P2 * Q2);
const SHARE_P: f32 = share(P2, Q2);
const SHARE_Q: f32 = share(Q2, P2);

/// G.
const SPREAD: [[f32; 3]; SIDE] = [
    [SHARE_0, 0.0, 0.0],
    [SHARE_P, SHARE_P * P, SHARE_P * P2],
    [SHARE_P, -SHARE_P * P, SHARE_P * P2],
    [SHARE_Q, SHARE_Q * Q, SHARE_Q * Q2],
    [SHARE_Q, -SHARE_Q * Q, SHARE_Q * Q2],
    [0.0, 0.0, 1.0],
];

/// G along one direction.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn spread([a, b, c]: [Lane; 3]) -> [Lane; SIDE] {
    let (even_p, odd_p) = (each(|k| SHARE_P * (a[k] + P2 * c[k])), each(|k| SHARE_P * P * b[k]));
    let (even_q, odd_q) = (each(|k| SHARE_Q * (a[k] + Q2 * c[k])), each(|k| SHARE_Q * Q * b[k]));
    [
        each(|k| SHARE_0 * a[k]),
        each(|k| even_p[k] + odd_p[k]),
        each(|k| even_p[k] - odd_p[k]),
        each(|k| even_q[k] + odd_q[k]),
        each(|k| even_q[k] - odd_q[k]),
        c,
    ]
}

/// Gᵀ along one direction.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn gather([a, b, c, d, e, f]: [Lane; SIDE]) -> [Lane; 3] {
    let (plus_p, minus_p) = (each(|k| SHARE_P * (b[k] + c[k])), each(|k| SHARE_P * (b[k] - c[k])));
    let (plus_q, minus_q) = (each(|k| SHARE_Q * (d[k] + e[k])), each(|k| SHARE_Q * (d[k] - e[k])));
    [
        each(|k| SHARE_0 * a[k] + plus_p[k] + plus_q[k]),
        each(|k| P * minus_p[k] + Q * minus_q[k]),
        each(|k| P2 * plus_p[k] + Q2 * plus_q[k] + f[k]),
    ]
}

/// A function that reads tiles of some size and applies some matrix along both directions.
macro_rules! tiles_to_entries {
    ($(#[$meta:meta])* fn $name:ident, $matrix:ident of $size:ident) => {
        multiversion! {
            $(#[$meta])*
            ///
            /// Of one image, from the float `start` of each entry on; tile t reads the pixels `pixels[t]`.
            pub(super) fn $name(
                lines: &[f32],
                width: usize,
                pixels: &[[usize; $size * $size]],
                start: usize,
                entries: &mut [f32],
            ) {
                let (lines, blocks) = (lines.as_chunks::<LANES>().0, width / LANES);
                let entries = entries.as_chunks_mut::<LANES>().0;
                let space = entries.len() / ENTRIES;
                let mut rows = [[[0.0; LANES]; $size]; SIDE];
                for (t, pixels) in pixels.iter().enumerate() {
                    for block in 0..blocks {
                        for x in 0..$size {
                            let mut column = [[0.0; LANES]; $size];
                            for y in 0..$size {
                                column[y] = lines[pixels[y * $size + x] * blocks + block];
                            }
                            for (y, lane) in $matrix(column).into_iter().enumerate() {
                                rows[y][x] = lane;
                            }
                        }
                        let place = start / LANES + t * blocks + block;
                        for (y, row) in rows.iter().enumerate() {
                            for (x, lane) in $matrix(*row).into_iter().enumerate() {
                                entries[(y * SIDE + x) * space + place] = lane;
                            }
                        }
                    }
                }
            }
        }
    };
}

tiles_to_entries! {
    /// Bᵀ d B of every tile.
    fn transform_input, filter of SIDE
}

tiles_to_entries! {
    /// A y Aᵀ of every tile of an output gradient.
    fn pull_output, pull of OUT
}

multiversion! {
    /// Aᵀ m A of every tile of one image, from the float `start` of each entry on, plus `bias`; tile t
    /// writes the pixels `pixels[t]`.
    pub(super) fn transform_output(
        products: &[f32],
        start: usize,
        pixels: &[[usize; OUT * OUT]],
        bias: &[f32],
        lines: &mut [f32],
    ) {
        let (bias, lines) = (bias.as_chunks::<LANES>().0, lines.as_chunks_mut::<LANES>().0);
        let (products, blocks) = (products.as_chunks::<LANES>().0, bias.len());
        let space = products.len() / ENTRIES;
        let mut rows = [[[0.0; LANES]; SIDE]; OUT];
        for (t, pixels) in pixels.iter().enumerate() {
            for (block, bias) in bias.iter().enumerate() {
                let place = start / LANES + t * blocks + block;
                for x in 0..SIDE {
                    let mut column = [[0.0; LANES]; SIDE];
                    for y in 0..SIDE {
                        column[y] = products[(y * SIDE + x) * space + place];
                    }
                    for (y, lane) in collect(column).into_iter().enumerate() {
                        rows[y][x] = lane;
                    }
                }
                for (y, row) in rows.iter().enumerate() {
                    for (x, lane) in collect(*row).into_iter().enumerate() {
                        lines[pixels[y * OUT + x] * blocks + block] = each(|k| lane[k] + bias[k]);
                    }
                }
            }
        }
    }
}

/// One row of the entries of G g Gᵀ, [`LANES`] channels of them, where g's tap t is the kernel's tap `window[t]` or
/// zero; zeros where there is no such `channel`.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn kernel_row(
    taps: &[Lane],
    Sizes { from, area, .. }: Sizes,
    window: &[Option<usize>; 9],
    down: [f32; 3],
    channel: usize,
    [blocks, block]: [usize; 2],
) -> [Lane; SIDE] {
    let mut line = [[0.0; LANES]; 3];
    for (x, entry) in line.iter_mut().enumerate() {
        let mut column = [[0.0; LANES]; 3];
        for (y, lane) in column.iter_mut().enumerate() {
            if let Some(tap) = window[3 * y + x].filter(|_| channel < from) {
                *lane = taps[(channel * area + tap) * blocks + block];
            }
        }
        let [a, b, c] = column;
        *entry = each(|k| down[0] * a[k] + down[1] * b[k] + down[2] * c[k]);
    }
    spread(line)
}

multiversion! {
    /// G g Gᵀ of every pair of channels, where g's tap t is the kernel's tap `window[t]` or zero; of the
    /// entries only those in row `row`, of the phases (see [`super::Phase`]) only `phase`.
    pub(super) fn spread_kernels(
        taps: &[f32],
        sizes: Sizes,
        window: &[Option<usize>; 9],
        row: usize,
        phase: usize,
        out: &mut [MaybeUninit<f32>],
    ) {
        let (taps, out) = (taps.as_chunks::<LANES>().0, out.as_chunks_mut::<LANES>().0);
        let Sizes { from, phases, .. } = sizes;
        let blocks = out.len() / (SIDE * phases * from);
        for channel in 0..from {
            for block in 0..blocks {
                let at = [blocks, block];
                let line = kernel_row(taps, sizes, window, SPREAD[row], channel, at);
                for (x, lane) in line.into_iter().enumerate() {
                    let place = (x * phases + phase) * from + channel;
                    out[place * blocks + block].write_copy_of_slice(&lane);
                }
            }
        }
    }
}

multiversion! {
    /// The same with two channels to sum over in a float's place.
    pub(super) fn spread_kernels_channels(
        taps: &[f32],
        sizes: Sizes,
        window: &[Option<usize>; 9],
        row: usize,
        phase: usize,
        out: &mut [MaybeUninit<f32>],
    ) {
        let (taps, out) = (taps.as_chunks::<LANES>().0, out.as_chunks_mut::<LANES>().0);
        let (pairs, phases) = (sizes.from.div_ceil(2), sizes.phases);
        let blocks = out.len() / (SIDE * phases * pairs);
        for channel in 0..pairs {
            for block in 0..blocks {
                let (at, down) = ([blocks, block], SPREAD[row]);
                let first = kernel_row(taps, sizes, window, down, 2 * channel, at);
                let second = kernel_row(taps, sizes, window, down, 2 * channel + 1, at);
                for x in 0..SIDE {
                    let place = (x * phases + phase) * pairs + channel;
                    let lane = each(|k| pair(first[x][k], second[x][k]));
                    out[place * blocks + block].write_copy_of_slice(&lane);
                }
            }
        }
    }
}

multiversion! {
    /// Gᵀ s G of every pair of channels of one phase, to the kernel's taps `window`.
    pub(super) fn gather_kernels(
        sums: &[f32],
        sizes: Sizes,
        window: &[Option<usize>; 9],
        phase: usize,
        taps: &mut [f32],
    ) {
        let (sums, taps) = (sums.as_chunks::<LANES>().0, taps.as_chunks_mut::<LANES>().0);
        let Sizes { from, area, phases } = sizes;
        let blocks = taps.len() / (area * from);
        let mut columns = [[[0.0; LANES]; 3]; SIDE];
        for channel in 0..from {
            for block in 0..blocks {
                for (x, gathered) in columns.iter_mut().enumerate() {
                    let mut column = [[0.0; LANES]; SIDE];
                    for (y, lane) in column.iter_mut().enumerate() {
                        let place = ((y * SIDE + x) * phases + phase) * from + channel;
                        *lane = sums[place * blocks + block];
                    }
                    *gathered = gather(column);
                }
                for y in 0..3 {
                    let mut row = [[0.0; LANES]; SIDE];
                    for (lane, gathered) in row.iter_mut().zip(&columns) {
                        *lane = gathered[y];
                    }
                    for (x, lane) in gather(row).into_iter().enumerate() {
                        if let Some(tap) = window[3 * y + x] {
                            taps[(channel * area + tap) * blocks + block] = lane;
                        }
                    }
                }
            }
        }
    }
}
