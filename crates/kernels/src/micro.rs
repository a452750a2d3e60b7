//! The two innermost loops of convolution and attention, in registers.
//!
//! [`convolve`] multiplies packed weights by shifted reads of one image: the column matrix of
//! im2col is never written, its row `k` is the image from `offsets[k]` on. [`correlate`]
//! sums products of single numbers and lines of channels: the direct weight gradient, and all products
//! of minimal filtering and of attention. Both keep a tile of the result in vector registers and are written once, as a
//! macro, for AVX-512 and for AVX2 with FMA; other processors take the im2col path.

mod correlate;

pub(crate) use self::correlate::{Holds, Walk, correlate};

/// Which of the two instruction sets this processor offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Isa {
    /// 32 registers of 16 floats, or of 8.
    Avx512,
    /// 16 registers of 8 floats.
    Avx2,
}

impl Isa {
    /// The best instruction set at hand, if any.
    pub(crate) fn detect() -> Option<Self> {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            Some(Self::Avx512)
        } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
            Some(Self::Avx2)
        } else {
            None
        }
    }

    /// Floats per vector.
    pub(crate) fn lanes(self) -> usize {
        match self {
            Self::Avx512 => 16,
            Self::Avx2 => 8,
        }
    }

    /// Output channels per tile of [`convolve`], of `channels` in all: as many as the registers
    /// hold, or a smaller power of two that wastes less.
    pub(crate) fn rows(self, channels: usize) -> usize {
        let most = match self {
            Self::Avx512 => 8,
            Self::Avx2 => 4,
        };
        channels.next_power_of_two().min(most)
    }
}

/// Most vectors per row of a [`convolve`] tile.
pub(crate) const WIDTH: usize = 3;

/// Vectors of the next [`convolve`] tile, of `left`: four are better split in halves than in three
/// and one.
pub(crate) fn width(left: usize) -> usize {
    if left == 4 { 2 } else { left.min(WIDTH) }
}

/// Largest [`convolve`] tile in floats.
pub(crate) const TILE: usize = 8 * WIDTH * 16;

macro_rules! microkernels {
    (
        $name:ident, $feature:literal, $vector:ident, $lanes:literal,
        $load:ident, $store:ident, $splat:ident, $zero:ident, $fma:ident
    ) => {
        mod $name {
            use core::arch::x86_64::{$fma, $load, $splat, $store, $vector, $zero};

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
            pub(super) fn convolve<const R: usize, const V: usize>(
                weights: &[f32],
                offsets: &[usize],
                source: &[f32],
                out: &mut [f32],
                stride: usize,
            ) {
                let mut sums = [[$zero(); V]; R];
                let (weights, _) = weights.as_chunks::<R>();
                for (taps, &offset) in weights.iter().zip(offsets) {
                    let shifted = &source[offset..offset + V * LANES];
                    let mut values = [$zero(); V];
                    for v in 0..V {
                        values[v] = load(&shifted[v * LANES..]);
                    }
                    for r in 0..R {
                        let tap = $splat(taps[r]);
                        for v in 0..V {
                            sums[r][v] = $fma(tap, values[v], sums[r][v]);
                        }
                    }
                }
                for (r, sums) in sums.into_iter().enumerate() {
                    let row = &mut out[r * stride..][..V * LANES];
                    for (v, sum) in sums.into_iter().enumerate() {
                        store(&mut row[v * LANES..], sum);
                    }
                }
            }
        }
    };
}

microkernels!(
    avx512,
    "avx512f",
    __m512,
    16,
    _mm512_loadu_ps,
    _mm512_storeu_ps,
    _mm512_set1_ps,
    _mm512_setzero_ps,
    _mm512_fmadd_ps
);
microkernels!(
    avx2,
    "avx2,fma",
    __m256,
    8,
    _mm256_loadu_ps,
    _mm256_storeu_ps,
    _mm256_set1_ps,
    _mm256_setzero_ps,
    _mm256_fmadd_ps
);

/// `out[r · stride + n] = Σ_k weights[k][r] · source[offsets[k] + n]` for a block of `rows` channels
/// (see [`Isa::rows`]) and `width` vectors of positions (1 to [`WIDTH`]).
pub(crate) fn convolve(
    isa: Isa,
    [rows, width]: [usize; 2],
    weights: &[f32],
    offsets: &[usize],
    source: &[f32],
    out: &mut [f32],
    stride: usize,
) {
    macro_rules! dispatch {
        ($(($isa:ident, $module:ident, $rows:literal)),*) => {
            match (isa, rows, width) {
                $(
                    (Isa::$isa, $rows, 1) => $module::convolve::<$rows, 1>(weights, offsets, source, out, stride),
                    (Isa::$isa, $rows, 2) => $module::convolve::<$rows, 2>(weights, offsets, source, out, stride),
                    (Isa::$isa, $rows, 3) => $module::convolve::<$rows, 3>(weights, offsets, source, out, stride),
                )*
                _ => unreachable!("no {rows} x {width} tile for {isa:?}"),
            }
        };
    }
    #[expect(unsafe_code, reason = "calls code for an instruction set found at run time")]
    // SAFETY: an `Isa` exists only if `Isa::detect` found the instruction set.
    unsafe {
        dispatch!(
            (Avx512, avx512, 1),
            (Avx512, avx512, 2),
            (Avx512, avx512, 4),
            (Avx512, avx512, 8),
            (Avx2, avx2, 1),
            (Avx2, avx2, 2),
            (Avx2, avx2, 4)
        );
    }
}
