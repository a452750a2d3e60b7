//! Images `[channels, pixels]` to lines `[pixels, channels]` and back, eight by eight in registers.

use crate::flex::build_uncleared;
use crate::micro::Isa;
use core::arch::x86_64::{
    __m256, _mm256_loadu_ps, _mm256_permute2f128_ps, _mm256_setzero_ps, _mm256_shuffle_ps,
    _mm256_storeu_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};
use std::mem::MaybeUninit;

/// Rows and columns that are turned together.
const BLOCK: usize = 8;

/// Pixels in steps of [`BLOCK`]; the last block may overlap the one before.
fn blocks(pixels: usize) -> impl Iterator<Item = usize> {
    (0..pixels).step_by(BLOCK).map(move |first| first.min(pixels.saturating_sub(BLOCK)))
}

/// Writes an image of `channels` to `lines` of `width` floats; channels beyond the last become zero,
/// and so does one more line after the last pixel.
pub(crate) fn to_lines(_isa: Isa, image: &[f32], channels: usize, lines: &mut [f32], width: usize) {
    let pixels = image.len() / channels;
    lines[pixels * width..][..width].fill(0.0);
    if pixels < BLOCK {
        for (pixel, line) in lines.chunks_exact_mut(width).enumerate().take(pixels) {
            for (channel, value) in line.iter_mut().enumerate() {
                *value = if channel < channels { image[channel * pixels + pixel] } else { 0.0 };
            }
        }
        return;
    }
    #[expect(unsafe_code, reason = "calls code for an instruction set found at run time")]
    // SAFETY: an `Isa` exists only where `Isa::detect` found AVX-512, which includes AVX2, or AVX2.
    unsafe {
        to_lines_avx2(image, pixels, lines, width);
    }
}

/// Writes lines of `width` floats to an image; every float of `image` is written.
pub(crate) fn from_lines(
    _isa: Isa,
    lines: &[f32],
    width: usize,
    image: &mut [MaybeUninit<f32>],
    pixels: usize,
) {
    if pixels < BLOCK {
        for (channel, plane) in image.chunks_exact_mut(pixels).enumerate() {
            for (pixel, value) in plane.iter_mut().enumerate() {
                value.write(lines[pixel * width + channel]);
            }
        }
        return;
    }
    #[expect(unsafe_code, reason = "calls code for an instruction set found at run time")]
    // SAFETY: an `Isa` exists only where `Isa::detect` found AVX-512, which includes AVX2, or AVX2.
    unsafe {
        from_lines_avx2(lines, width, image, pixels);
    }
}

/// The image of `channels` in lines of `width` floats.
pub(crate) fn lines_to_image(
    isa: Isa,
    lines: &[f32],
    width: usize,
    channels: usize,
    pixels: usize,
) -> Vec<f32> {
    let len = channels * pixels;
    let turn = |_, image: &mut [MaybeUninit<f32>]| from_lines(isa, lines, width, image, pixels);
    #[expect(unsafe_code, reason = "the output is too large to be cleared for nothing")]
    // SAFETY: `from_lines` writes all of its output.
    let (image, _) = unsafe { build_uncleared(len, len, turn) };
    image
}

#[target_feature(enable = "avx2")]
fn to_lines_avx2(image: &[f32], pixels: usize, lines: &mut [f32], width: usize) {
    let channels = image.len() / pixels;
    for channel in (0..width).step_by(BLOCK) {
        for pixel in blocks(pixels) {
            let mut rows = [_mm256_setzero_ps(); BLOCK];
            for (i, row) in rows.iter_mut().enumerate().take(channels.saturating_sub(channel)) {
                *row = load(&image[(channel + i) * pixels + pixel..]);
            }
            for (i, row) in turned(rows).into_iter().enumerate() {
                store(&mut lines[(pixel + i) * width + channel..], row);
            }
        }
    }
}

#[target_feature(enable = "avx2")]
fn from_lines_avx2(lines: &[f32], width: usize, image: &mut [MaybeUninit<f32>], pixels: usize) {
    let channels = image.len() / pixels;
    for channel in (0..channels).step_by(BLOCK) {
        for pixel in blocks(pixels) {
            let mut rows = [_mm256_setzero_ps(); BLOCK];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = load(&lines[(pixel + i) * width + channel..]);
            }
            for (i, row) in turned(rows).into_iter().enumerate().take(channels - channel) {
                store_new(&mut image[(channel + i) * pixels + pixel..], row);
            }
        }
    }
}

/// The transpose of eight rows.
#[inline]
#[target_feature(enable = "avx2")]
fn turned(rows: [__m256; BLOCK]) -> [__m256; BLOCK] {
    const EVEN: i32 = 0b01_00_01_00;
    const ODD: i32 = 0b11_10_11_10;
    let [a, b, c, d, e, f, g, h] = rows;
    let pairs = |a, b| (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    let ((ab0, ab1), (cd0, cd1)) = (pairs(a, b), pairs(c, d));
    let ((ef0, ef1), (gh0, gh1)) = (pairs(e, f), pairs(g, h));
    let fours = |a, b| (_mm256_shuffle_ps::<EVEN>(a, b), _mm256_shuffle_ps::<ODD>(a, b));
    let ((low0, low1), (low2, low3)) = (fours(ab0, cd0), fours(ab1, cd1));
    let ((high0, high1), (high2, high3)) = (fours(ef0, gh0), fours(ef1, gh1));
    let halves =
        |a, b| (_mm256_permute2f128_ps::<0x20>(a, b), _mm256_permute2f128_ps::<0x31>(a, b));
    let ((r0, r4), (r1, r5)) = (halves(low0, high0), halves(low1, high1));
    let ((r2, r6), (r3, r7)) = (halves(low2, high2), halves(low3, high3));
    [r0, r1, r2, r3, r4, r5, r6, r7]
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(values: &[f32]) -> __m256 {
    let values: &[f32; BLOCK] = values.first_chunk().expect("a block lies inside");
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array has as many floats as the intrinsic reads, unaligned.
    unsafe {
        _mm256_loadu_ps(values.as_ptr())
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(values: &mut [f32], row: __m256) {
    let values: &mut [f32; BLOCK] = values.first_chunk_mut().expect("a block lies inside");
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array has as many floats as the intrinsic writes, unaligned.
    unsafe {
        _mm256_storeu_ps(values.as_mut_ptr(), row);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_new(values: &mut [MaybeUninit<f32>], row: __m256) {
    let values: &mut [MaybeUninit<f32>; BLOCK] =
        values.first_chunk_mut().expect("a block lies inside");
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array has room for as many floats as the intrinsic writes, unaligned.
    unsafe {
        _mm256_storeu_ps(values.as_mut_ptr().cast(), row);
    }
}
