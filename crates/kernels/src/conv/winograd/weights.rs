//! The weight gradient: tiles of images times tiles of output gradients.

use super::{
    ENTRIES,
    pass::Pass,
    tiles::Form,
    transform::{gather_kernels, pull_output, transform_input},
};
use rayon::prelude::*;

use crate::{
    Precision,
    flex::{SHARES, fold, split_sums, with_scratch},
    lines::lines_to_image,
    micro::{Isa, Walk, correlate},
};

/// The gradient of the weight of the convolution `pass`, which reads `x`, from the gradient of what
/// it writes.
pub(super) fn gradient(
    pass: &Pass,
    isa: Isa,
    precision: Precision,
    x: &[f32],
    gradient: &[f32],
) -> Vec<f32> {
    let form = match precision {
        Precision::F32 => Form::Floats,
        Precision::Bf16 => Form::Tiles,
    };
    let (reads, writes) = (&pass.reads, &pass.writes);
    let (sizes, width) = (pass.sizes(), writes.width());
    let taps = sizes.from * sizes.area;
    let batch = x.len() / reads.image();
    let group = pass.group(batch, SHARES);
    let sums = split_sums(batch, ENTRIES * sizes.phases, |batch, places| {
        let tiles = [reads.transformed(form, group), writes.transformed(form, group)];
        let sums = places.len() * sizes.from * width;
        if batch.is_empty() {
            return vec![0.0; sums];
        }
        let total = tiles[0] + tiles[1] + sums + reads.lines().max(writes.lines());
        with_scratch(total, |scratch| {
            let (read, scratch) = scratch.split_at_mut(tiles[0]);
            let (pulled, scratch) = scratch.split_at_mut(tiles[1]);
            let (sums, scratch) = scratch.split_at_mut(sums);
            for first in batch.clone().step_by(group) {
                let count = group.min(batch.end - first);
                let images = &x[first * reads.image()..][..count * reads.image()];
                reads.fill(isa, form, images, scratch, read, transform_input);
                let images = &gradient[first * writes.image()..][..count * writes.image()];
                writes.fill(isa, form, images, scratch, pulled, pull_output);
                let part = Part { add: first > batch.start, begin: places.start };
                multiply(pass, isa, form, count, [read, pulled], part, sums);
            }
            sums.to_vec()
        })
    });
    let write = |sums: Vec<f32>| {
        let mut lines = vec![0.0; taps * width];
        write(pass, &sums, &mut lines);
        lines
    };
    let parts = sums.into_par_iter().map(write).collect();
    lines_to_image(isa, &fold(parts), width, writes.channels, taps)
}

/// Which sums are taken.
struct Part {
    /// Whether to what is there, or in its place.
    add: bool,
    /// The first pair of entry and phase.
    begin: usize,
}

/// The products of `images` images' tiles on both sides, summed over tiles, of `[entry, phase, from, to]` those of
/// `part`.
fn multiply(
    pass: &Pass,
    isa: Isa,
    form: Form,
    images: usize,
    [read, pulled]: [&[f32]; 2],
    part: Part,
    sums: &mut [f32],
) {
    let widths = [pass.reads.width(), pass.writes.width()];
    let spaces = [pass.reads.space(read), pass.writes.space(pulled)];
    let (from, phases) = (pass.reads.channels, pass.phases.len());
    let tiles = images * pass.reads.floats(form) / widths[0];
    let starts: Vec<usize> = (0..from).collect();
    for (place, sums) in (part.begin..).zip(sums.chunks_exact_mut(from * widths[1])) {
        let (entry, phase) = (place / phases, place % phases);
        if !pass.phases[phase].uses(entry) {
            sums.fill(0.0);
            continue;
        }
        let walk = Walk {
            source: &read[place * spaces[0]..][..tiles * widths[0]],
            row_stride: 0,
            step: widths[0],
            gradient: &pulled[entry * spaces[1]..][..tiles * widths[1]],
            rows: 1,
            cols: tiles,
            channels: widths[1],
            add: part.add,
            holds: form.holds(),
        };
        correlate(isa, &walk, &starts, sums);
    }
}

/// Gᵀ s G of the `sums`, to lines `[from, kernel area, to]`.
fn write(pass: &Pass, sums: &[f32], lines: &mut [f32]) {
    for (phase, window) in pass.phases.iter().enumerate() {
        gather_kernels(sums, pass.sizes(), &window.taps(pass.kernel[1]), phase, lines);
    }
}
