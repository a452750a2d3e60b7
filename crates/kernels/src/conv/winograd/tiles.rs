//! The transforms of images, [`LANES`] neighbouring tiles at a time.
//!
//! Written with intrinsics because rows must be taken apart into even and odd pixels, which the
//! compiler does one by one. Two pixels of a row belong to each tile, and a register holds [`LANES`].

use core::arch::x86_64::{
    __m256, __m256i, _mm256_add_ps, _mm256_castpd_ps, _mm256_castps_pd, _mm256_loadu_ps,
    _mm256_maskload_ps, _mm256_permute2f128_ps, _mm256_permute4x64_pd, _mm256_set1_ps,
    _mm256_setr_epi32, _mm256_setzero_ps, _mm256_shuffle_ps, _mm256_storeu_ps, _mm256_sub_ps,
    _mm256_unpackhi_ps, _mm256_unpacklo_ps,
};

use std::mem::MaybeUninit;

use super::{ENTRIES, Grid, LANES};
use crate::conv::micro::Isa;

/// Bᵀ d B of every tile of an image `[C, H, W]`, to `tiles[entry][channel][first + tile]`, where one
/// channel takes `stride` floats. The last block of a row of tiles runs over its end, into what is
/// written later: hence blocks from the last to the first, and images in order.
pub(super) fn transform_input(
    isa: Isa,
    grid: &Grid,
    image: &[f32],
    stride: usize,
    first: usize,
    tiles: &mut [f32],
) {
    #[expect(unsafe_code, reason = "calls code for an instruction set found at run time")]
    // SAFETY: an `Isa` exists only if `Isa::detect` found the instruction set.
    unsafe {
        match isa {
            Isa::Avx512 => avx512::transform_input(grid, image, stride, first, tiles),
            Isa::Avx2 => avx2::transform_input(grid, image, stride, first, tiles),
        }
    }
}

/// Aᵀ m A of every tile of one channel of one image, plus `bias`, to all of `plane`; entry e of tile
/// t is `products[e · entry + t]`.
pub(super) fn transform_output(
    isa: Isa,
    grid: &Grid,
    products: &[f32],
    entry: usize,
    bias: f32,
    plane: &mut [MaybeUninit<f32>],
) {
    #[expect(unsafe_code, reason = "calls code for an instruction set found at run time")]
    // SAFETY: an `Isa` exists only if `Isa::detect` found the instruction set.
    unsafe {
        match isa {
            Isa::Avx512 => avx512::transform_output(grid, products, entry, bias, plane),
            Isa::Avx2 => avx2::transform_output(grid, products, entry, bias, plane),
        }
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load(values: &[f32]) -> __m256 {
    let values: &[f32; LANES] = values[..LANES].try_into().expect("sliced to that length");
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array has as many floats as the intrinsic reads, unaligned.
    unsafe {
        _mm256_loadu_ps(values.as_ptr())
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store(values: &mut [f32], lanes: __m256) {
    let values: &mut [f32; LANES] =
        (&mut values[..LANES]).try_into().expect("sliced to that length");
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array has as many floats as the intrinsic writes, unaligned.
    unsafe {
        _mm256_storeu_ps(values.as_mut_ptr(), lanes);
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store_new(values: &mut [MaybeUninit<f32>], lanes: __m256) {
    let values: &mut [MaybeUninit<f32>; LANES] =
        (&mut values[..LANES]).try_into().expect("sliced to that length");
    #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
    // SAFETY: the array has room for as many floats as the intrinsic writes, unaligned.
    unsafe {
        _mm256_storeu_ps(values.as_mut_ptr().cast(), lanes);
    }
}

/// Eight pixels of a row from a column that may lie outside of it, where pixels read as zero.
#[derive(Clone, Copy)]
struct Window {
    column: isize,
    inside: __m256i,
}

impl Window {
    #[target_feature(enable = "avx2")]
    fn new(column: isize, width: usize) -> Self {
        let lane = |k: isize| if (0..width as isize).contains(&(column + k)) { -1 } else { 0 };
        let inside = _mm256_setr_epi32(
            lane(0),
            lane(1),
            lane(2),
            lane(3),
            lane(4),
            lane(5),
            lane(6),
            lane(7),
        );
        Self { column, inside }
    }

    /// `row` is as long as the `width` of [`Window::new`].
    #[inline]
    #[target_feature(enable = "avx2")]
    fn read(self, row: &[f32]) -> __m256 {
        #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
        // SAFETY: the intrinsic reads no lane but those in `inside`, whose columns lie in the row;
        // `wrapping_offset` may point anywhere.
        unsafe {
            _mm256_maskload_ps(row.as_ptr().wrapping_offset(self.column), self.inside)
        }
    }
}

/// Even and odd elements of `a` followed by `b`.
#[inline]
#[target_feature(enable = "avx2")]
fn part(a: __m256, b: __m256) -> [__m256; 2] {
    let order = |x| _mm256_castpd_ps(_mm256_permute4x64_pd::<0b11_01_10_00>(_mm256_castps_pd(x)));
    let even = _mm256_shuffle_ps::<0b10_00_10_00>(a, b);
    let odd = _mm256_shuffle_ps::<0b11_01_11_01>(a, b);
    [order(even), order(odd)]
}

/// `even` and `odd` in turn.
#[inline]
#[target_feature(enable = "avx2")]
fn join(even: __m256, odd: __m256) -> [__m256; 2] {
    let (low, high) = (_mm256_unpacklo_ps(even, odd), _mm256_unpackhi_ps(even, odd));
    [_mm256_permute2f128_ps::<0x20>(low, high), _mm256_permute2f128_ps::<0x31>(low, high)]
}

/// Bᵀ along one direction.
#[inline]
#[target_feature(enable = "avx2")]
fn filter([a, b, c, d]: [__m256; 4]) -> [__m256; 4] {
    [_mm256_sub_ps(a, c), _mm256_add_ps(b, c), _mm256_sub_ps(c, b), _mm256_sub_ps(b, d)]
}

/// Aᵀ along one direction.
#[inline]
#[target_feature(enable = "avx2")]
fn collect([a, b, c, d]: [__m256; 4]) -> [__m256; 2] {
    [_mm256_add_ps(_mm256_add_ps(a, b), c), _mm256_sub_ps(_mm256_sub_ps(b, c), d)]
}

/// The two transforms for processors with 32 registers and with 16: rows wait in registers.
macro_rules! transforms {
    ($name:ident, $feature:literal) => {
        mod $name {
            use super::*;

            #[target_feature(enable = $feature)]
            pub(super) fn transform_input(
                grid: &Grid,
                image: &[f32],
                stride: usize,
                first: usize,
                tiles: &mut [f32],
            ) {
                let [height, width] = grid.input;
                let [top, left] = grid.padding.map(|p| p as isize);
                let entry = tiles.len() / ENTRIES;
                for block in (0..grid.blocks()).rev() {
                    let column = (2 * LANES * block) as isize - left;
                    let windows = [0, 8, 2, 10].map(|offset| Window::new(column + offset, width));
                    for (channel, plane) in image.chunks_exact(height * width).enumerate() {
                        let row = |y: usize| {
                            let y = y as isize - top;
                            if y < 0 || y >= height as isize {
                                return [_mm256_setzero_ps(); 4];
                            }
                            let row = &plane[y as usize * width..][..width];
                            let [a, b, c, d] = windows.map(|window| window.read(row));
                            let ([even, odd], [next_even, next_odd]) = (part(a, b), part(c, d));
                            filter([even, odd, next_even, next_odd])
                        };
                        let mut above = [row(0), row(1)];
                        for y in 0..grid.tiles[0] {
                            let below = [row(2 * y + 2), row(2 * y + 3)];
                            let start =
                                channel * stride + first + y * grid.tiles[1] + block * LANES;
                            for j in 0..4 {
                                let [a, b, c, d] =
                                    filter([above[0][j], above[1][j], below[0][j], below[1][j]]);
                                store(&mut tiles[j * entry + start..], a);
                                store(&mut tiles[(4 + j) * entry + start..], b);
                                store(&mut tiles[(8 + j) * entry + start..], c);
                                store(&mut tiles[(12 + j) * entry + start..], d);
                            }
                            above = below;
                        }
                    }
                }
            }

            #[target_feature(enable = $feature)]
            pub(super) fn transform_output(
                grid: &Grid,
                products: &[f32],
                entry: usize,
                bias: f32,
                plane: &mut [MaybeUninit<f32>],
            ) {
                let [height, width] = grid.output;
                let bias = _mm256_set1_ps(bias);
                // As in the input, rows run over their end into what is written later.
                for block in (0..grid.blocks()).rev() {
                    for y in 0..grid.tiles[0] {
                        let start = y * grid.tiles[1] + block * LANES;
                        let columns = [0, 1, 2, 3].map(|j| {
                            collect(
                                [0, 1, 2, 3]
                                    .map(|i| load(&products[(4 * i + j) * entry + start..])),
                            )
                        });
                        for dy in 0..2.min(height - 2 * y) {
                            let [even, odd] = collect(columns.map(|column| column[dy]));
                            let [low, high] =
                                join(_mm256_add_ps(even, bias), _mm256_add_ps(odd, bias));
                            let row = (2 * y + dy) * width;
                            let target = &mut plane[row + 2 * LANES * block..];
                            if target.len() >= 2 * LANES {
                                store_new(target, low);
                                store_new(&mut target[LANES..], high);
                            } else {
                                let mut line = [0.0; 2 * LANES];
                                store(&mut line, low);
                                store(&mut line[LANES..], high);
                                let len = target.len();
                                target.write_copy_of_slice(&line[..len]);
                            }
                        }
                    }
                }
            }
        }
    };
}

transforms!(avx512, "avx2,avx512f,avx512vl");
transforms!(avx2, "avx2");
