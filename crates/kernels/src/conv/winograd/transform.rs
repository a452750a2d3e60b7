//! The transforms of kernels and of output gradients, [`LANES`] channels at a time.

use super::{ENTRIES, Grid, LANES, Order};
use crate::simd::multiversion;

type Lane = [f32; LANES];

#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn add(a: Lane, b: Lane) -> Lane {
    std::array::from_fn(|k| a[k] + b[k])
}

#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn sub(a: Lane, b: Lane) -> Lane {
    std::array::from_fn(|k| a[k] - b[k])
}

multiversion! {
    /// The kernels of output channels `first..` into `out[entry][from][row]`.
    pub(super) fn transform_kernels(
        weight: &[f32],
        channels: [usize; 2],
        first: usize,
        order: Order,
        out: &mut [f32],
    ) {
        let [from, to] = channels;
        let rows = out.len() / (ENTRIES * from);
        for channel in 0..from {
            let kernel = |row: usize| match order {
                Order::Forward => (first + row) * from + channel,
                Order::Turned => channel * to + first + row,
            };
            let mut taps = [[0.0; LANES]; 9];
            for (tap, lane) in taps.iter_mut().enumerate() {
                let tap = if order == Order::Turned { 8 - tap } else { tap };
                for (row, value) in lane.iter_mut().enumerate().take(rows.min(to - first)) {
                    *value = weight[kernel(row) * 9 + tap];
                }
            }
            // G along the columns, then along the rows.
            let columns: [[Lane; 4]; 3] =
                std::array::from_fn(|x| spread([taps[x], taps[3 + x], taps[6 + x]]));
            for i in 0..4 {
                let line = spread([columns[0][i], columns[1][i], columns[2][i]]);
                for (j, lane) in line.iter().enumerate() {
                    let target = &mut out[((4 * i + j) * from + channel) * rows..][..rows];
                    target.copy_from_slice(&lane[..rows]);
                }
            }
        }
    }
}

/// G along one direction.
#[inline(always)]
fn spread([a, b, c]: [Lane; 3]) -> [Lane; 4] {
    use std::array::from_fn;
    [a, from_fn(|k| 0.5 * (a[k] + b[k] + c[k])), from_fn(|k| 0.5 * (a[k] - b[k] + c[k])), c]
}

multiversion! {
    /// A y Aᵀ of every tile of an output gradient `[H · W, channels]`, to
    /// `pulled[entry][first + tile][channels]`; beyond the image the gradient is zero.
    pub(super) fn transform_gradient(
        grid: &Grid,
        gradient: &[f32],
        channels: usize,
        first: usize,
        pulled: &mut [f32],
    ) {
        let [height, width] = grid.output;
        let entry = pulled.len() / ENTRIES;
        for y in 0..grid.tiles[0] {
            for x in 0..grid.tiles[1] {
                let start = (first + y * grid.tiles[1] + x) * channels;
                for block in (0..channels).step_by(LANES) {
                    let load = |dy: usize, dx: usize| -> Lane {
                        if 2 * y + dy >= height || 2 * x + dx >= width {
                            return [0.0; LANES];
                        }
                        let pixel = (2 * y + dy) * width + 2 * x + dx;
                        let values = &gradient[pixel * channels + block..];
                        *values.first_chunk().expect("channels are whole vectors")
                    };
                    // A along the columns, then along the rows.
                    let columns = [
                        pull(load(0, 0), load(1, 0)),
                        pull(load(0, 1), load(1, 1)),
                    ];
                    for i in 0..4 {
                        for (j, lane) in pull(columns[0][i], columns[1][i]).iter().enumerate() {
                            let target = &mut pulled[(4 * i + j) * entry + start + block..];
                            target[..LANES].copy_from_slice(lane);
                        }
                    }
                }
            }
        }
    }
}

/// A along one direction.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn pull(a: Lane, b: Lane) -> [Lane; 4] {
    [a, add(a, b), sub(a, b), std::array::from_fn(|k| -b[k])]
}

multiversion! {
    /// Gᵀ s G of every pair of channels, from `sums[entry][from][channels]` to
    /// `weight[to][from][9]`.
    pub(super) fn gather_kernels(sums: &[f32], pair: [usize; 2], channels: usize, weight: &mut [f32]) {
        let [from, to] = pair;
        for channel in 0..from {
            for block in (0..to).step_by(LANES) {
                let load = |i: usize, j: usize| -> Lane {
                    let values = &sums[((4 * i + j) * from + channel) * channels + block..];
                    *values.first_chunk().expect("channels are whole vectors")
                };
                let columns: [[Lane; 3]; 4] =
                    std::array::from_fn(|j| collect([load(0, j), load(1, j), load(2, j), load(3, j)]));
                for y in 0..3 {
                    let line = collect([columns[0][y], columns[1][y], columns[2][y], columns[3][y]]);
                    for (x, lane) in line.iter().enumerate() {
                        for (k, value) in lane.iter().enumerate().take(to - block) {
                            weight[((block + k) * from + channel) * 9 + 3 * y + x] = *value;
                        }
                    }
                }
            }
        }
    }
}

/// Gᵀ along one direction.
#[inline(always)]
fn collect([a, b, c, d]: [Lane; 4]) -> [Lane; 3] {
    use std::array::from_fn;
    [
        from_fn(|k| a[k] + 0.5 * (b[k] + c[k])),
        from_fn(|k| 0.5 * (b[k] - c[k])),
        from_fn(|k| 0.5 * (b[k] + c[k]) + d[k]),
    ]
}
