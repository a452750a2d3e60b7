//! Sums of products of single numbers and lines of channels.
//!
//! In mixed precision a float's place holds a pair of bf16 numbers, whose products join the same sum: the
//! processor's own instruction takes twice the products of an f32 one. Where it lacks, two f32 instructions in its
//! order give the same bits (but for numbers below 2⁻¹²⁶, which the instruction takes for zero).

use core::arch::x86_64::{
    __m256, __m512, __m512bh, _mm256_and_ps, _mm256_castps_si256, _mm256_castsi256_ps,
    _mm256_fmadd_ps, _mm256_set1_epi32, _mm256_slli_epi32, _mm512_and_si512, _mm512_castps_si512,
    _mm512_castsi512_ps, _mm512_dpbf16_ps, _mm512_fmadd_ps, _mm512_set1_epi32, _mm512_slli_epi32,
};
use std::mem::transmute;

use super::Isa;

/// What the place of a float holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A float.
    Float,
    /// Two bf16 numbers, the first in the low bits.
    Pair,
}

/// One walk over an output image by [`correlate`].
pub(crate) struct Walk<'a> {
    /// The padded input planes.
    pub(crate) source: &'a [f32],
    /// Distance between two rows of a plane.
    pub(crate) row_stride: usize,
    /// Distance between two columns.
    pub(crate) step: usize,
    /// The output gradient, `[rows * cols, channels]`.
    pub(crate) gradient: &'a [f32],
    /// Output rows.
    pub(crate) rows: usize,
    /// Output columns.
    pub(crate) cols: usize,
    /// Output channels, rounded up to whole vectors.
    pub(crate) channels: usize,
    /// Whether to add to the sums that are there, or to replace them.
    pub(crate) add: bool,
    /// What a float of `source` and of `gradient` holds.
    pub(crate) holds: Holds,
}

/// `c` and the products of what `a` and `b` hold.
#[inline]
#[target_feature(enable = "avx512f")]
fn floats_512(c: __m512, a: __m512, b: __m512) -> __m512 {
    _mm512_fmadd_ps(a, b, c)
}

/// The same.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn floats_256(c: __m256, a: __m256, b: __m256) -> __m256 {
    _mm256_fmadd_ps(a, b, c)
}

/// The same of pairs.
#[inline]
#[target_feature(enable = "avx512f,avx512bf16")]
fn pairs_bf16(c: __m512, a: __m512, b: __m512) -> __m512 {
    let pairs = |x| {
        #[expect(unsafe_code, reason = "there is no cast between the two")]
        // SAFETY: both are 64 bytes, and any bits are a value of either.
        unsafe {
            transmute::<__m512, __m512bh>(x)
        }
    };
    _mm512_dpbf16_ps(c, pairs(a), pairs(b))
}

/// The same.
#[inline]
#[target_feature(enable = "avx512f")]
fn pairs_512(c: __m512, a: __m512, b: __m512) -> __m512 {
    let high = _mm512_set1_epi32(HIGH);
    let first = |x| _mm512_castsi512_ps(_mm512_slli_epi32::<16>(_mm512_castps_si512(x)));
    let second = |x| _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(x), high));
    _mm512_fmadd_ps(first(a), first(b), _mm512_fmadd_ps(second(a), second(b), c))
}

/// The same.
#[inline]
#[target_feature(enable = "avx2,fma")]
fn pairs_256(c: __m256, a: __m256, b: __m256) -> __m256 {
    let high = _mm256_castsi256_ps(_mm256_set1_epi32(HIGH));
    let first = |x| _mm256_castsi256_ps(_mm256_slli_epi32::<16>(_mm256_castps_si256(x)));
    let second = |x| _mm256_and_ps(x, high);
    _mm256_fmadd_ps(first(a), first(b), _mm256_fmadd_ps(second(a), second(b), c))
}

/// The bits of a pair's second number.
const HIGH: i32 = -0x1_0000;

macro_rules! correlations {
    (
        $name:ident, $feature:literal, $vector:ident, $lanes:literal,
        $load:ident, $store:ident, $splat:ident, $zero:ident, $sum:ident, $dot:ident
    ) => {
        mod $name {
            use core::arch::x86_64::{$load, $splat, $store, $sum, $vector, $zero};

            use super::{Walk, $dot};

            const LANES: usize = $lanes;

            #[inline]
            #[target_feature(enable = $feature)]
            fn load(values: &[f32]) -> $vector {
                let values: &[f32; LANES] =
                    values[..LANES].try_into().expect("sliced to that length");
                #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
                // SAFETY: the array has as many floats as the intrinsic reads, unaligned.
                unsafe {
                    $load(values.as_ptr())
                }
            }

            #[inline]
            #[target_feature(enable = $feature)]
            fn store(values: &mut [f32], vector: $vector) {
                let values: &mut [f32; LANES] =
                    (&mut values[..LANES]).try_into().expect("sliced to that length");
                #[expect(unsafe_code, reason = "the intrinsic takes a pointer")]
                // SAFETY: the array has as many floats as the intrinsic writes, unaligned.
                unsafe {
                    $store(values.as_mut_ptr(), vector);
                }
            }

            #[target_feature(enable = $feature)]
            pub(super) fn correlate<const T: usize, const V: usize>(
                walk: &Walk<'_>,
                taps: &[usize],
                first: usize,
                sums_out: &mut [f32],
            ) {
                // A short last group repeats its first tap; the repeats are not stored.
                let mut offsets = [taps[0]; T];
                offsets[..taps.len()].copy_from_slice(taps);
                let mut sums = [[$zero(); V]; T];
                for y in 0..walk.rows {
                    let start = y * walk.row_stride;
                    let len = (walk.cols - 1) * walk.step + 1;
                    let mut rows: [&[f32]; T] = [&[]; T];
                    for t in 0..T {
                        rows[t] = &walk.source[offsets[t] + start..][..len];
                    }
                    let line = &walk.gradient[y * walk.cols * walk.channels..]
                        [..walk.cols * walk.channels];
                    for (x, pixel) in line.chunks_exact(walk.channels).enumerate() {
                        let pixel = &pixel[first..first + V * LANES];
                        let mut values = [$zero(); V];
                        for v in 0..V {
                            values[v] = load(&pixel[v * LANES..]);
                        }
                        for t in 0..T {
                            let tap = $splat(rows[t][x * walk.step]);
                            for v in 0..V {
                                sums[t][v] = $dot(sums[t][v], tap, values[v]);
                            }
                        }
                    }
                }
                let lines = sums_out.chunks_exact_mut(walk.channels);
                for (line, sums) in lines.zip(sums).take(taps.len()) {
                    for (v, sum) in sums.into_iter().enumerate() {
                        let line = &mut line[first + v * LANES..];
                        if walk.add {
                            store(line, $sum(load(line), sum));
                        } else {
                            store(line, sum);
                        }
                    }
                }
            }
        }
    };
}

correlations!(
    avx512,
    "avx512f",
    __m512,
    16,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_setzero_ps,
    _mm512_add_ps,
    floats_512
);
correlations!(
    avx2,
    "avx2,fma",
    __m256,
    8,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_setzero_ps,
    _mm256_add_ps,
    floats_256
);
correlations!(
    avx512_bf16,
    "avx512f,avx512bf16",
    __m512,
    16,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_setzero_ps,
    _mm512_add_ps,
    pairs_bf16
);
correlations!(
    avx512_pairs,
    "avx512f",
    __m512,
    16,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_setzero_ps,
    _mm512_add_ps,
    pairs_512
);
correlations!(
    avx2_pairs,
    "avx2,fma",
    __m256,
    8,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_setzero_ps,
    _mm256_add_ps,
    pairs_256
);

/// Which of the loops above.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Loops {
    Avx512,
    Avx2,
    Avx512Bf16,
    Avx512Pairs,
    Avx2Pairs,
}

impl Loops {
    fn of(isa: Isa, holds: Holds) -> Self {
        match (isa, holds) {
            (Isa::Avx512, Holds::Float) => Self::Avx512,
            (Isa::Avx2, Holds::Float) => Self::Avx2,
            (Isa::Avx512, Holds::Pair) if is_x86_feature_detected!("avx512bf16") => {
                Self::Avx512Bf16
            }
            (Isa::Avx512, Holds::Pair) => Self::Avx512Pairs,
            (Isa::Avx2, Holds::Pair) => Self::Avx2Pairs,
        }
    }
}

/// `sums[k][o] += Σ_{y,x} source[taps[k] + y · row_stride + x · step] · gradient[y · cols + x][o]`, or
/// `=` where the walk does not `add`.
pub(crate) fn correlate(isa: Isa, walk: &Walk<'_>, taps: &[usize], sums: &mut [f32]) {
    run(Loops::of(isa, walk.holds), isa, walk, taps, sums);
}

fn run(loops: Loops, isa: Isa, walk: &Walk<'_>, taps: &[usize], sums: &mut [f32]) {
    macro_rules! dispatch {
        ($width:ident, $walk:tt, $(($loops:ident, $module:ident, $vectors:literal, $taps:literal)),*) => {
            match (loops, $width) {
                $((Loops::$loops, $vectors) => $module::correlate::<$taps, $vectors> $walk,)*
                _ => unreachable!("no tile of {} vectors for {loops:?}", $width),
            }
        };
    }
    let vectors = walk.channels / isa.lanes();
    let mut done = 0;
    while done < vectors {
        let first = done * isa.lanes();
        // Wide tiles for many channels, tall ones for few: the registers are full either way.
        let (height, width) = match (isa, vectors - done) {
            (Isa::Avx512, 4..) => (4, 4),
            (Isa::Avx512, 3) => (8, 3),
            (Isa::Avx512, 2) => (8, 2),
            (Isa::Avx2, 2..) => (6, 2),
            _ => (8, 1),
        };
        let lines = sums.chunks_mut(height * walk.channels);
        for (taps, sums) in taps.chunks(height).zip(lines) {
            #[expect(unsafe_code, reason = "calls code for an instruction set found at run time")]
            // SAFETY: an `Isa` exists only if `Isa::detect` found the instruction set, and `Loops::of` asked
            // for the rest.
            unsafe {
                dispatch!(
                    width,
                    (walk, taps, first, sums),
                    (Avx512, avx512, 4, 4),
                    (Avx512, avx512, 3, 8),
                    (Avx512, avx512, 2, 8),
                    (Avx512, avx512, 1, 8),
                    (Avx512Bf16, avx512_bf16, 4, 4),
                    (Avx512Bf16, avx512_bf16, 3, 8),
                    (Avx512Bf16, avx512_bf16, 2, 8),
                    (Avx512Bf16, avx512_bf16, 1, 8),
                    (Avx512Pairs, avx512_pairs, 4, 4),
                    (Avx512Pairs, avx512_pairs, 3, 8),
                    (Avx512Pairs, avx512_pairs, 2, 8),
                    (Avx512Pairs, avx512_pairs, 1, 8),
                    (Avx2, avx2, 2, 6),
                    (Avx2, avx2, 1, 8),
                    (Avx2Pairs, avx2_pairs, 2, 6),
                    (Avx2Pairs, avx2_pairs, 1, 8)
                );
            }
        }
        done += width;
    }
}

#[cfg(test)]
mod tests {
    use super::{Holds, Isa, Loops, Walk, run};

    /// Numbers of all signs and of sizes that differ by 2¹⁶, as pairs of bf16 in the places of floats.
    fn pairs(len: usize, seed: u32) -> Vec<f32> {
        let half = |i: u32| {
            let mixed = i.wrapping_mul(2_654_435_761).wrapping_add(seed.wrapping_mul(97));
            let exponent = 119 + (mixed >> 28);
            (mixed >> 8 & 0x8000) | exponent << 7 | (mixed & 0x7F)
        };
        (0..len as u32).map(|i| f32::from_bits(half(2 * i) | half(2 * i + 1) << 16)).collect()
    }

    /// The loops of this machine that sum products of pairs.
    fn loops() -> Vec<(Loops, Isa)> {
        let mut all = Vec::new();
        if Isa::detect() == Some(Isa::Avx512) {
            all.push((Loops::Avx512Pairs, Isa::Avx512));
            if is_x86_feature_detected!("avx512bf16") {
                all.push((Loops::Avx512Bf16, Isa::Avx512));
            }
        }
        if Isa::detect().is_some() {
            all.push((Loops::Avx2Pairs, Isa::Avx2));
        }
        all
    }

    #[test]
    fn products_of_pairs_have_the_same_bits_on_every_instruction_set() {
        for [taps, count, channels] in [[1, 1, 16], [7, 9, 32], [9, 33, 48], [13, 20, 80]] {
            let (source, lines) = (pairs(taps * count, 1), pairs(count * channels, 2));
            let starts: Vec<usize> = (0..taps).map(|tap| tap * count).collect();
            let mut expected = vec![0.0_f32; taps * channels];
            for tap in 0..taps {
                for channel in 0..channels {
                    let sum = &mut expected[tap * channels + channel];
                    for x in 0..count {
                        let a = source[tap * count + x].to_bits();
                        let b = lines[x * channels + channel].to_bits();
                        let high = |x: u32| f32::from_bits(x & 0xFFFF_0000);
                        let low = |x: u32| f32::from_bits(x << 16);
                        *sum = low(a).mul_add(low(b), high(a).mul_add(high(b), *sum));
                    }
                }
            }
            for (loops, isa) in loops() {
                let walk = Walk {
                    source: &source,
                    row_stride: 0,
                    step: 1,
                    gradient: &lines,
                    rows: 1,
                    cols: count,
                    channels,
                    add: false,
                    holds: Holds::Pair,
                };
                let mut sums = vec![f32::NAN; taps * channels];
                run(loops, isa, &walk, &starts, &mut sums);
                let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
                assert_eq!(bits(&sums), bits(&expected), "{loops:?}: {taps} {count} {channels}");
            }
        }
    }
}
