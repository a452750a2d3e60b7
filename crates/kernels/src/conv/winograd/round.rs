//! Transformed tiles as bf16 numbers: an instruction where the processor has one, the same rounding in
//! integers elsewhere.

use super::{ENTRIES, LANES};
use crate::simd::{multiversion, pair, to_bf16};
use core::arch::x86_64::{
    __m256bh, __m256i, __m512, __m512i, _mm512_cvtepu16_epi32, _mm512_cvtneps_pbh, _mm512_or_si512,
    _mm512_slli_epi32,
};
use std::mem::transmute;

type Lane = [f32; LANES];

/// Tiles that are transformed at a time: their entries stay in the first-level cache until they are rounded.
const TILES: usize = 2;

/// One of the functions of [`super::transform`] that read tiles of one image: it takes the image's lines, their width,
/// the pixels of the tiles, where in each entry to begin, and all entries.
pub(super) type Transform<const N: usize> = fn(&[f32], usize, &[[usize; N]], usize, &mut [f32]);

/// What `transform` does, with two channels in a float's place.
pub(super) fn channels<const N: usize>(
    transform: Transform<N>,
    lines: &[f32],
    width: usize,
    pixels: &[[usize; N]],
    start: usize,
    entries: &mut [f32],
) {
    let entries = bytemuck::cast_slice_mut::<f32, [u16; LANES]>(entries);
    let (space, blocks) = (entries.len() / ENTRIES, width / LANES);
    let mut buffer = vec![0.0; ENTRIES * TILES * width];
    for (t, pixels) in pixels.chunks(TILES).enumerate() {
        let row = pixels.len() * width;
        let buffer = &mut buffer[..ENTRIES * row];
        transform(lines, width, pixels, 0, buffer);
        let place = 2 * start / LANES + t * TILES * blocks;
        for (entry, row) in buffer.chunks_exact(row).enumerate() {
            round_channels(row.as_chunks().0, &mut entries[entry * space + place..]);
        }
    }
}

/// What `transform` does, with two tiles in a float's place.
pub(super) fn tiles<const N: usize>(
    transform: Transform<N>,
    lines: &[f32],
    width: usize,
    pixels: &[[usize; N]],
    start: usize,
    entries: &mut [f32],
) {
    let entries = entries.as_chunks_mut::<LANES>().0;
    let (space, blocks) = (entries.len() / ENTRIES, width / LANES);
    let mut buffer = vec![0.0; ENTRIES * TILES * width];
    let none = vec![[0.0; LANES]; blocks];
    for (t, pixels) in pixels.chunks(TILES).enumerate() {
        let row = pixels.len() * width;
        let buffer = &mut buffer[..ENTRIES * row];
        transform(lines, width, pixels, 0, buffer);
        let place = start / LANES + t * blocks;
        for (entry, row) in buffer.chunks_exact(row).enumerate() {
            let (first, second) = row.as_chunks().0.split_at(blocks);
            let second = if second.is_empty() { &none } else { second };
            round_tiles(first, second, &mut entries[entry * space + place..]);
        }
    }
}

/// Whether the processor rounds to bf16.
fn rounds() -> bool {
    is_x86_feature_detected!("avx512bf16") && is_x86_feature_detected!("avx512f")
}

fn round_channels(row: &[Lane], out: &mut [[u16; LANES]]) {
    if rounds() {
        #[expect(unsafe_code, reason = "calls code for other processors")]
        // SAFETY: the processor has the instructions.
        unsafe {
            channels_bf16(row, out);
        }
    } else {
        channels_in_integers(row, out);
    }
}

fn round_tiles(first: &[Lane], second: &[Lane], out: &mut [Lane]) {
    if rounds() {
        #[expect(unsafe_code, reason = "calls code for other processors")]
        // SAFETY: the processor has the instructions.
        unsafe {
            tiles_bf16(first, second, out);
        }
    } else {
        tiles_in_integers(first, second, out);
    }
}

multiversion! {
    fn channels_in_integers(row: &[Lane], out: &mut [[u16; LANES]]) {
        for (halves, lane) in out.iter_mut().zip(row) {
            for (half, value) in halves.iter_mut().zip(lane) {
                *half = to_bf16(*value) as u16;
            }
        }
    }
}

multiversion! {
    fn tiles_in_integers(first: &[Lane], second: &[Lane], out: &mut [Lane]) {
        for ((pairs, first), second) in out.iter_mut().zip(first).zip(second) {
            for ((target, first), second) in pairs.iter_mut().zip(first).zip(second) {
                *target = pair(*first, *second);
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn channels_bf16(row: &[Lane], out: &mut [[u16; LANES]]) {
    for (halves, lane) in out.iter_mut().zip(row) {
        #[expect(unsafe_code, reason = "there is no cast between the two")]
        // SAFETY: both are 32 bytes, and any bits are a value of either.
        let rounded = unsafe { transmute::<__m256bh, [u16; LANES]>(rounded(lane)) };
        *halves = rounded;
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
fn tiles_bf16(first: &[Lane], second: &[Lane], out: &mut [Lane]) {
    for ((target, first), second) in out.iter_mut().zip(first).zip(second) {
        let (low, high) = (widened(rounded(first)), widened(rounded(second)));
        let pairs = _mm512_or_si512(low, _mm512_slli_epi32::<16>(high));
        #[expect(unsafe_code, reason = "there is no cast between the two")]
        // SAFETY: both are 64 bytes, and any bits are a value of either.
        let pairs = unsafe { transmute::<__m512i, Lane>(pairs) };
        *target = pairs;
    }
}

#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn rounded(lane: &Lane) -> __m256bh {
    #[expect(unsafe_code, reason = "there is no cast between the two")]
    // SAFETY: both are 64 bytes, and any bits are a value of either.
    let vector = unsafe { transmute::<Lane, __m512>(*lane) };
    _mm512_cvtneps_pbh(vector)
}

/// Each number in the low bits of a float's place.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn widened(halves: __m256bh) -> __m512i {
    #[expect(unsafe_code, reason = "there is no cast between the two")]
    // SAFETY: both are 32 bytes, and any bits are a value of either.
    let halves = unsafe { transmute::<__m256bh, __m256i>(halves) };
    _mm512_cvtepu16_epi32(halves)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_instruction_rounds_as_the_integers_do() {
        if !rounds() {
            return;
        }
        let tile = |seed: u32| -> [Lane; 36] {
            std::array::from_fn(|entry| {
                std::array::from_fn(|lane| {
                    let i = (entry * LANES + lane) as u32 + seed;
                    // Every fourth lies half way between two numbers; exponents are those of normal ones.
                    let low =
                        if i.is_multiple_of(4) { 0x8000 } else { i.wrapping_mul(40_503) & 0xFFFF };
                    let high = (i.wrapping_mul(2_654_435_761) >> 16 & 0x80FF) | (100 + i % 50) << 7;
                    f32::from_bits(high << 16 | low)
                })
            })
        };
        let (first, second) = (tile(0), tile(1000));
        let mut halves = [[[0_u16; LANES]; 36], [[0_u16; LANES]; 36]];
        round_channels(&first, &mut halves[0]);
        channels_in_integers(&first, &mut halves[1]);
        assert_eq!(halves[0], halves[1]);
        let mut pairs = [[[0.0; LANES]; 36], [[0.0; LANES]; 36]];
        round_tiles(&first, &second, &mut pairs[0]);
        tiles_in_integers(&first, &second, &mut pairs[1]);
        let bits = |pairs: &[Lane; 36]| pairs.map(|lane| lane.map(f32::to_bits));
        assert_eq!(bits(&pairs[0]), bits(&pairs[1]));
    }
}
