//! A convolution or its input gradient: tiles of images times transformed kernels.

use super::{
    CACHE, ENTRIES, OUT, Phase, SIDE,
    tiles::{Form, Tiles},
    transform::{
        Sizes, spread_kernels, spread_kernels_channels, transform_input, transform_output,
    },
};
use crate::{
    Precision,
    flex::{build_uncleared, with_scratch},
    lines::from_lines,
    micro::{Isa, Walk, correlate},
};
use std::mem::MaybeUninit;

/// A convolution or its input gradient, cut into tiles. One of the two sides has an image part per
/// phase, the other a single one.
pub(super) struct Pass {
    pub(super) phases: Vec<Phase>,
    /// Height and width of the kernel.
    pub(super) kernel: [usize; 2],
    pub(super) reads: Tiles<ENTRIES>,
    pub(super) writes: Tiles<{ OUT * OUT }>,
}

impl Pass {
    /// The sizes of the kernels.
    pub(super) fn sizes(&self) -> Sizes {
        Sizes {
            from: self.reads.channels,
            area: self.kernel[0] * self.kernel[1],
            phases: self.phases.len(),
        }
    }

    /// How many images of a batch to take at a time: few enough for the cache, with the transformed
    /// tiles of both sides, and the same number of times in each of so many `tasks`.
    pub(super) fn group(&self, batch: usize, tasks: usize) -> usize {
        let (reads, writes) = (&self.reads, &self.writes);
        let channels = reads.parts.len() * reads.width() + writes.parts.len() * writes.width();
        let fit = (CACHE / (ENTRIES * reads.per_part() * channels)).max(1);
        let share = batch.div_ceil(tasks).max(1);
        share.div_ceil(share.div_ceil(fit))
    }

    /// The images that are written, from those that are read and the kernels' `taps`,
    /// `[from, kernel area, to]`.
    pub(super) fn run(
        &self,
        isa: Isa,
        precision: Precision,
        taps: &[f32],
        images: &[f32],
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        let (reads, writes) = (&self.reads, &self.writes);
        let form = match precision {
            Precision::F32 => Form::Floats,
            Precision::Bf16 => Form::Channels,
        };
        let kernels = self.kernels(form, taps);
        let mut bias_line = vec![0.0; writes.width()];
        if let Some(bias) = bias {
            bias_line[..writes.channels].copy_from_slice(bias);
        }
        let (in_image, out_image) = (reads.image(), writes.image());
        let batch = images.len() / in_image;
        let group = self.group(batch, rayon::current_num_threads());
        let work = |index: usize, out: &mut [MaybeUninit<f32>]| {
            let count = out.len() / out_image;
            let images = &images[index * group * in_image..][..count * in_image];
            let tiles = reads.transformed(form, count);
            let products = writes.transformed(Form::Floats, count);
            with_scratch(tiles + products + reads.lines().max(writes.lines()), |scratch| {
                let (tiles, scratch) = scratch.split_at_mut(tiles);
                let (products, lines) = scratch.split_at_mut(products);
                reads.fill(isa, form, images, lines, tiles, transform_input);
                self.multiply(isa, form, count, tiles, &kernels, products);
                self.write(isa, products, &bias_line, lines, out);
            });
        };
        #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
        // SAFETY: `write` writes all of every image.
        let (values, _) = unsafe { build_uncleared(batch * out_image, group * out_image, work) };
        values
    }

    /// Lines of the kernels in `form`.
    fn lines(&self, form: Form) -> usize {
        if form == Form::Floats { self.reads.channels } else { self.reads.channels.div_ceil(2) }
    }

    /// G g Gᵀ of every kernel, `[entry, phase, from, to]`.
    fn kernels(&self, form: Form, taps: &[f32]) -> Vec<f32> {
        let sizes = self.sizes();
        let spread_kernels = match form {
            Form::Floats => spread_kernels,
            _ => spread_kernels_channels,
        };
        let spread = |row: usize, out: &mut [MaybeUninit<f32>]| {
            for (phase, window) in self.phases.iter().enumerate() {
                spread_kernels(taps, sizes, &window.taps(self.kernel[1]), row, phase, out);
            }
        };
        let row = SIDE * sizes.phases * self.lines(form) * self.writes.width();
        #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
        // SAFETY: `spread_kernels` writes all that belongs to its phase.
        let (kernels, _) = unsafe { build_uncleared(SIDE * row, row, spread) };
        kernels
    }

    /// The products of `images` images' tiles and the kernels, summed over channels and, where all
    /// phases write the same part, over phases.
    fn multiply(
        &self,
        isa: Isa,
        form: Form,
        images: usize,
        tiles: &[f32],
        kernels: &[f32],
        products: &mut [f32],
    ) {
        let (from, width) = (self.lines(form), self.writes.width());
        let parts = [self.reads.parts.len(), self.writes.parts.len()];
        let spaces = [self.reads.space(tiles), self.writes.space(products)];
        let count = images * self.reads.per_part();
        let starts: Vec<usize> = {
            let line = self.reads.floats(form) / self.reads.per_part();
            (0..count).map(|tile| tile * line).collect()
        };
        for entry in 0..ENTRIES {
            let mut written = [false; 4];
            for (p, _) in self.phases.iter().enumerate().filter(|phase| phase.1.uses(entry)) {
                let (read, write) = (p.min(parts[0] - 1), p.min(parts[1] - 1));
                let kernel = (entry * self.phases.len() + p) * from * width;
                let product = (entry * parts[1] + write) * spaces[1];
                let walk = Walk {
                    source: &tiles[(entry * parts[0] + read) * spaces[0]..][..spaces[0]],
                    row_stride: 0,
                    step: 1,
                    gradient: &kernels[kernel..][..from * width],
                    rows: 1,
                    cols: from,
                    channels: width,
                    add: written[write],
                    holds: form.holds(),
                };
                correlate(isa, &walk, &starts, &mut products[product..][..count * width]);
                written[write] = true;
            }
            for (write, _) in written.iter().enumerate().take(parts[1]).filter(|w| !w.1) {
                products[(entry * parts[1] + write) * spaces[1]..][..spaces[1]].fill(0.0);
            }
        }
    }

    /// Writes every image of `out`, from the products of its tiles, by way of `lines`.
    fn write(
        &self,
        isa: Isa,
        products: &[f32],
        bias: &[f32],
        lines: &mut [f32],
        out: &mut [MaybeUninit<f32>],
    ) {
        let writes = &self.writes;
        let (width, space) = (writes.width(), writes.space(products));
        let lines = &mut lines[..writes.lines()];
        for (i, out) in out.chunks_exact_mut(writes.image()).enumerate() {
            for (part, pixels) in writes.parts.iter().enumerate() {
                let start = part * space + i * pixels.len() * width;
                transform_output(products, start, pixels, bias, lines);
            }
            from_lines(isa, lines, width, out, writes.area);
        }
    }
}
