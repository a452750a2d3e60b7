//! Loops that the compiler turns into vector instructions, and the functions that they call.
//!
//! The workspace is compiled for any x86-64 processor, so [`multiversion!`] compiles a loop again
//! for AVX2 and AVX-512 and chooses at run time. Multiplications and additions stay separate
//! (Rust never contracts them), so elementwise results are the same bits on every processor.

/// Compiles one function for AVX-512, for AVX2 and for the baseline; calls pick the best at hand.
macro_rules! multiversion {
    (
        $(#[$meta:meta])*
        $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block
    ) => {
        $(#[$meta])*
        $vis fn $name($($arg: $kind),*) $(-> $result)? {
            // Always inline: the body must become part of each version.
            #[inline(always)]
            fn body($($arg: $kind),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx512f,avx512dq")]
                fn avx512($($arg: $kind),*) $(-> $result)? {
                    body($($arg),*)
                }
                #[target_feature(enable = "avx2,fma")]
                fn avx2($($arg: $kind),*) $(-> $result)? {
                    body($($arg),*)
                }
                let wide = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512dq");
                if wide {
                    #[expect(unsafe_code, reason = "calls code for other processors")]
                    // SAFETY: the processor has the instructions.
                    return unsafe { avx512($($arg),*) };
                }
                if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
                    #[expect(unsafe_code, reason = "calls code for other processors")]
                    // SAFETY: the processor has the instructions.
                    return unsafe { avx2($($arg),*) };
                }
            }
            body($($arg),*)
        }
    };
}
pub(crate) use multiversion;

/// Partial sums per loop: two AVX-512 registers hide most of an addition's latency.
pub(crate) const LANES: usize = 32;

multiversion! {
    /// The sum of `values`, in [`LANES`] interleaved partial sums: fast, and more exact than one
    /// after another.
    pub(crate) fn sum(values: &[f32]) -> f32 {
        let (blocks, rest) = values.as_chunks::<LANES>();
        let mut sums = [0.0_f32; LANES];
        for block in blocks {
            for (sum, value) in sums.iter_mut().zip(block) {
                *sum += value;
            }
        }
        sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
    }
}

/// A power of two of lanes as one, by halves: one after another they would wait for each other.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
pub(crate) fn across<const N: usize>(mut lanes: [f32; N], join: impl Fn(f32, f32) -> f32) -> f32 {
    let mut half = N / 2;
    while half > 0 {
        for i in 0..half {
            lanes[i] = join(lanes[i], lanes[i + half]);
        }
        half /= 2;
    }
    lanes[0]
}

/// The nearest bf16 number, half of them to even, in the low bits. NaN stays NaN.
#[inline(always)]
pub(crate) fn to_bf16(x: f32) -> u32 {
    const NAN: u32 = 0x7FC0;
    let bits = x.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + (bits >> 16 & 1)) >> 16;
    if x.is_nan() { NAN } else { rounded }
}

/// Two numbers as bf16 in the place of a float, the first in the low bits.
#[cfg(target_arch = "x86_64")]
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
pub(crate) fn pair(first: f32, second: f32) -> f32 {
    f32::from_bits(to_bf16(first) | to_bf16(second) << 16)
}

/// `e^x` without branches, within 2 units in the last place.
///
/// `x` saturates at -87.33 and 88.37: results lie between the smallest normal and just below the
/// largest number, never zero or infinite, so quotients of them stay finite. NaN stays NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the nearest integer in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with trailing zeros, so that n * LN2_HIGH is exact.
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    let x = x.clamp(-87.33, 88.37);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * LN2_HIGH - n * LN2_LOW;
    // Minimax polynomial on [-ln 2 / 2, ln 2 / 2], from Cephes' expf.
    let mut p = 1.987_569_2e-4;
    p = p * r + 1.398_2e-3;
    p = p * r + 8.333_452e-3;
    p = p * r + 4.166_579_6e-2;
    p = p * r + 1.666_666_5e-1;
    p = p * r + 0.5;
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(0x3F80_0000));
    (p * r * r + r + 1.0) * power
}

/// The logistic function σ(x); between 4e-39 and 1, never NaN unless `x` is.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
pub(crate) fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// `ln(1 + e^x)` for `x` ≤ 0, to 4 units in the last place.
#[expect(clippy::inline_always, reason = "must become part of the vectorised loops")]
#[inline(always)]
pub(crate) fn softplus_of_negative(x: f32) -> f32 {
    // ln(1 + u) = 2 artanh(u / (2 + u)); the argument is at most 1/3, where the series is short.
    let u = exp(x);
    let z = u / (2.0 + u);
    let s = z * z;
    let mut p = 1.0 / 15.0;
    p = p * s + 1.0 / 13.0;
    p = p * s + 1.0 / 11.0;
    p = p * s + 1.0 / 9.0;
    p = p * s + 1.0 / 7.0;
    p = p * s + 0.2;
    p = p * s + 1.0 / 3.0;
    2.0 * (z * s * p + z)
}

#[cfg(test)]
mod tests {
    use super::{exp, sigmoid, softplus_of_negative, sum};

    /// Largest error in units of the last place over a grid of `[low, high]`.
    fn worst(low: f64, high: f64, ours: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64) -> f64 {
        let steps = 1_000_000;
        (0..=steps).fold(0.0_f64, |worst, i| {
            let x = (low + (high - low) * f64::from(i) / f64::from(steps)) as f32;
            let exact = exact(f64::from(x));
            let ulp = f64::from((exact as f32).next_up()) - f64::from(exact as f32);
            worst.max((f64::from(ours(x)) - exact).abs() / ulp)
        })
    }

    #[test]
    fn exp_is_within_two_ulp_of_f64() {
        assert!(worst(-87.3, 88.3, exp, f64::exp) < 2.0);
        assert!(worst(-1.0, 1.0, exp, f64::exp) < 2.0);
    }

    #[test]
    fn sigmoid_and_softplus_are_within_four_ulp_of_f64() {
        assert!(worst(-80.0, 80.0, sigmoid, |x| 1.0 / (1.0 + (-x).exp())) < 4.0);
        assert!(worst(-80.0, 0.0, softplus_of_negative, |x| x.exp().ln_1p()) < 4.0);
    }

    #[test]
    fn extreme_arguments_stay_finite_and_nan_stays_nan() {
        for x in [f32::NEG_INFINITY, f32::MIN, -1e4, 1e4, f32::MAX, f32::INFINITY] {
            assert!(exp(x).is_finite() && exp(x) > 0.0, "exp({x})");
            assert!(sigmoid(x).is_finite(), "sigmoid({x})");
            assert!(softplus_of_negative(-x.abs()).is_finite(), "softplus({x})");
        }
        assert!(exp(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
    }

    #[test]
    fn sum_counts_every_element_once() {
        for len in [0, 1, 31, 32, 33, 100] {
            let values: Vec<f32> = (0..len).map(|i| i as f32).collect();
            assert_eq!(sum(&values), (0..len).sum::<i32>() as f32);
        }
    }
}
