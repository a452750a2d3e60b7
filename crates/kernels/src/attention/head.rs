//! One head of attention: products in registers, scores a block of queries at a time.
//!
//! The backward pass computes the scores again, and their softmax from what the forward pass keeps of every
//! query, its [`Normaliser`] (Dao et al. 2022, arXiv:2205.14135, algorithm 4): that is one product more than
//! keeping them takes, and no memory that grows with the square of tokens.

use crate::{
    flex::with_scratch,
    lines::to_lines,
    micro::{Holds, Isa, Walk, correlate},
    simd::{across, exp, multiversion},
};

/// Scores that are in memory at a time: half of a first-level cache of 32 KiB. The gradients of keys and
/// values read them by columns, and many long rows would evict one another.
const SCORES: usize = 4096;
/// Most and fewest queries of a block.
const BLOCKS: [usize; 2] = [8, 64];
/// Floats of the widest vector: rows of scratch memory are whole vectors.
const LANES: usize = 16;

/// What turns a query's scores to their softmax: the largest score, and one over the sum of the exponentials of
/// the others' distances to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Normaliser {
    largest: f32,
    share: f32,
}

/// Sizes of one head.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    /// Queries.
    pub(super) queries: usize,
    /// Keys and values.
    pub(super) keys: usize,
    /// Floats of a query, a key and a value.
    pub(super) width: usize,
}

impl Sizes {
    /// What a query's product with a key is multiplied by: 1/√d, eq. 1 of Vaswani et al. 2017
    /// (arXiv:1706.03762).
    fn scale(self) -> f32 {
        1.0 / (self.width as f32).sqrt()
    }

    /// Floats from one line of a query, key or value to the next, in scratch memory.
    fn line(self) -> usize {
        self.width.next_multiple_of(LANES)
    }

    /// Floats from one query's scores to the next's.
    fn row(self) -> usize {
        self.keys.next_multiple_of(LANES)
    }

    /// Queries of a block.
    fn block(self) -> usize {
        let [fewest, most] = BLOCKS;
        (SCORES / self.row()).clamp(fewest, most).min(self.queries)
    }

    /// Floats of keys or values turned to `[width, keys]`.
    fn turned(self) -> usize {
        (self.width + 1) * self.row()
    }
}

/// Rows of one head, the first at the start of `data`.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) data: &'a [f32],
    /// Floats from one row to the next.
    pub(super) stride: usize,
}

impl Rows<'_> {
    /// The rows from `first` on.
    fn from(self, first: usize) -> Self {
        Self { data: &self.data[first * self.stride..], stride: self.stride }
    }

    /// Copies `count` rows of `width` floats to lines of `line` floats, zeros behind them.
    fn to(self, lines: &mut [f32], count: usize, width: usize, line: usize) {
        for (row, target) in lines.chunks_exact_mut(line).take(count).enumerate() {
            target[..width].copy_from_slice(&self.data[row * self.stride..][..width]);
            target[width..].fill(0.0);
        }
    }

    /// Where the rows of a block begin.
    fn starts(self, block: std::ops::Range<usize>) -> Vec<usize> {
        block.map(|row| row * self.stride).collect()
    }
}

/// Where a head's rows are written, the first at the start of `data`.
pub(super) struct Target<'a> {
    pub(super) data: &'a mut [f32],
    /// Floats from one row to the next.
    pub(super) stride: usize,
}

impl Target<'_> {
    /// Writes rows of `width` floats, the first at row `first`, from lines of `line` floats.
    fn write(&mut self, first: usize, count: usize, lines: &[f32], line: usize, width: usize) {
        for (row, source) in lines.chunks_exact(line).take(count).enumerate() {
            self.data[(first + row) * self.stride..][..width].copy_from_slice(&source[..width]);
        }
    }
}

/// `sums[k] (+)= Σ_x source[starts[k] + x · step] · lines[x]`, lines of `channels` floats.
fn multiply(
    isa: Isa,
    source: &[f32],
    (starts, step): (&[usize], usize),
    (lines, channels): (&[f32], usize),
    count: usize,
    add: bool,
    sums: &mut [f32],
) {
    let walk = Walk {
        source,
        row_stride: 0,
        step,
        gradient: lines,
        rows: 1,
        cols: count,
        channels,
        add,
        holds: Holds::Float,
    };
    correlate(isa, &walk, starts, &mut sums[..starts.len() * channels]);
}

/// Turns `[keys, width]` to `[width, keys]`, zeros behind the last key, by way of `copy`.
fn turn(isa: Isa, sizes: Sizes, rows: Rows<'_>, copy: &mut [f32], turned: &mut [f32]) {
    let Sizes { keys, width, .. } = sizes;
    if rows.stride == width {
        to_lines(isa, &rows.data[..keys * width], keys, turned, sizes.row());
    } else {
        let copy = &mut copy[..keys * width];
        rows.to(copy, keys, width, width);
        to_lines(isa, copy, keys, turned, sizes.row());
    }
}

/// Writes the outputs of all queries, and what normalises their scores.
pub(super) fn forward(
    isa: Isa,
    sizes: Sizes,
    [q, k, v]: [Rows<'_>; 3],
    mut out: Target<'_>,
    kept: &mut [Normaliser],
) {
    let Sizes { queries, keys, width } = sizes;
    let (line, row) = (sizes.line(), sizes.row());
    let block = sizes.block();
    let lens = [sizes.turned(), keys * line, block * row, block * line];
    with_scratch(lens.iter().sum(), |scratch| {
        let [turned, values, scores, outputs] = parts(scratch, lens);
        turn(isa, sizes, k, values, turned);
        v.to(values, keys, width, line);
        for first in (0..queries).step_by(block) {
            let end = (first + block).min(queries);
            let count = end - first;
            multiply(isa, q.data, (&q.starts(first..end), 1), (turned, row), width, false, scores);
            let scores = &mut scores[..count * row];
            softmax(scores, row, keys, sizes.scale(), &mut kept[first..end]);
            let starts: Vec<usize> = (0..count).map(|query| query * row).collect();
            multiply(isa, scores, (&starts, 1), (values, line), keys, false, outputs);
            out.write(first, count, outputs, line, width);
        }
    });
}

/// Writes the gradients of queries, keys and values, of which those with an empty target are left out.
pub(super) fn backward(
    isa: Isa,
    sizes: Sizes,
    [q, k, v]: [Rows<'_>; 3],
    upstream: Rows<'_>,
    kept: &[Normaliser],
    [mut dq, mut dk, mut dv]: [Target<'_>; 3],
) {
    let Sizes { queries, keys, width } = sizes;
    let (line, row) = (sizes.line(), sizes.row());
    let block = sizes.block();
    let (turned, lines, scores, rows) = (sizes.turned(), keys * line, block * row, block * line);
    let lens = [turned, turned, lines, lines, lines, scores, scores, rows];
    with_scratch(lens.iter().sum(), |scratch| {
        let [turned_k, turned_v, keys_, sum_k, sum_v, p, ds, lines] = parts(scratch, lens);
        turn(isa, sizes, k, keys_, turned_k);
        turn(isa, sizes, v, keys_, turned_v);
        k.to(keys_, keys, width, line);
        let each_key: Vec<usize> = (0..keys).collect();
        for first in (0..queries).step_by(block) {
            let end = (first + block).min(queries);
            let count = end - first;
            let add = first > 0;
            multiply(isa, q.data, (&q.starts(first..end), 1), (turned_k, row), width, false, p);
            let starts = upstream.starts(first..end);
            multiply(isa, upstream.data, (&starts, 1), (turned_v, row), width, false, ds);
            let (p, ds) = (&mut p[..count * row], &mut ds[..count * row]);
            softmax_gradient(p, ds, row, sizes.scale(), &kept[first..end]);
            if !dv.data.is_empty() {
                upstream.from(first).to(lines, count, width, line);
                multiply(isa, p, (&each_key, row), (lines, line), count, add, sum_v);
            }
            if !dk.data.is_empty() {
                q.from(first).to(lines, count, width, line);
                multiply(isa, ds, (&each_key, row), (lines, line), count, add, sum_k);
            }
            if !dq.data.is_empty() {
                let starts: Vec<usize> = (0..count).map(|query| query * row).collect();
                multiply(isa, ds, (&starts, 1), (keys_, line), keys, false, lines);
                dq.write(first, count, lines, line, width);
            }
        }
        for (target, sums) in [(&mut dk, sum_k), (&mut dv, sum_v)] {
            if !target.data.is_empty() {
                target.write(0, keys, sums, line, width);
            }
        }
    });
}

/// `scratch` in parts of `lens` floats, which it has in all.
fn parts<const N: usize>(scratch: &mut [f32], lens: [usize; N]) -> [&mut [f32]; N] {
    let mut rest = scratch;
    lens.map(|len| {
        let (part, behind) = std::mem::take(&mut rest).split_at_mut(len);
        rest = behind;
        part
    })
}

/// The larger of two numbers, without the care for NaN that `f32::max` takes.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if b > a { b } else { a }
}

multiversion! {
    /// The softmax of `scale` times each row's first `keys` scores, in place. What is behind the last key ends as the smallest positive number.
    fn softmax(scores: &mut [f32], row: usize, keys: usize, scale: f32, kept: &mut [Normaliser]) {
        for (scores, kept) in scores.chunks_exact_mut(row).zip(kept) {
            scores[keys..].fill(f32::MIN);
            let blocks = scores.as_chunks_mut::<LANES>().0;
            let mut largest = [f32::MIN; LANES];
            for block in &*blocks {
                for (largest, score) in largest.iter_mut().zip(block) {
                    *largest = larger(*largest, *score);
                }
            }
            let largest = across(largest, larger);
            let mut sums = [0.0_f32; LANES];
            for block in &mut *blocks {
                for (sum, score) in sums.iter_mut().zip(block) {
                    *score = exp((*score - largest) * scale);
                    *sum += *score;
                }
            }
            let share = 1.0 / across(sums, |a, b| a + b);
            for score in blocks.as_flattened_mut() {
                *score *= share;
            }
            *kept = Normaliser { largest, share };
        }
    }
}

multiversion! {
    /// Turns scores to their softmax p and `ds`, the gradient of p, to that of the products of queries and keys: p (dp - Σ p dp) times `scale`.
    fn softmax_gradient(p: &mut [f32], ds: &mut [f32], row: usize, scale: f32, kept: &[Normaliser]) {
        for ((p, ds), kept) in p.chunks_exact_mut(row).zip(ds.chunks_exact_mut(row)).zip(kept) {
            let (p, ds) = (p.as_chunks_mut::<LANES>().0, ds.as_chunks_mut::<LANES>().0);
            let Normaliser { largest, share } = *kept;
            // Behind the last key dp is 0.
            let mut sums = [0.0_f32; LANES];
            for (p, dp) in p.iter_mut().zip(&*ds) {
                for lane in 0..LANES {
                    p[lane] = exp((p[lane] - largest) * scale) * share;
                    sums[lane] += p[lane] * dp[lane];
                }
            }
            let mean = across(sums, |a, b| a + b);
            for (p, ds) in p.iter().zip(ds) {
                for lane in 0..LANES {
                    ds[lane] = p[lane] * (ds[lane] - mean) * scale;
                }
            }
        }
    }
}
