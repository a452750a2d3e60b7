//! Every path of the convolution, chosen or not on this machine, against the definition.

use super::{Geometry, im2col};
use crate::Precision;

/// Small whole numbers: their products and sums are exact, so paths must agree exactly.
fn integers(len: usize, seed: usize) -> Vec<f32> {
    (0..len).map(|i| ((i * 7 + seed * 13 + i * i % 11) % 9) as f32 - 4.0).collect()
}

/// Calls `each(x index, weight index, y index)` for every product in the definition.
fn products(g: &Geometry, mut each: impl FnMut(usize, usize, usize)) {
    let [height, width] = g.input;
    for b in 0..g.batch {
        for o in 0..g.out_channels {
            for p in 0..g.positions() {
                let [y, x] = [p / g.output[1], p % g.output[1]];
                for (k, (c, ky, kx)) in g.each_tap().enumerate() {
                    let row = (y * g.stride[0] + ky).wrapping_sub(g.padding[0]);
                    let col = (x * g.stride[1] + kx).wrapping_sub(g.padding[1]);
                    if row < height && col < width {
                        let input = ((b * g.in_channels + c) * height + row) * width + col;
                        let output = (b * g.out_channels + o) * g.positions() + p;
                        each(input, o * g.taps() + k, output);
                    }
                }
            }
        }
    }
}

/// A convolution of images of `input` pixels.
fn geometry(
    batch: usize,
    [in_channels, out_channels]: [usize; 2],
    input: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
) -> Geometry {
    let output = [0, 1].map(|d| (input[d] + 2 * padding[d] - kernel[d]) / stride[d] + 1);
    Geometry { batch, in_channels, out_channels, input, output, kernel, stride, padding }
}

fn geometries() -> Vec<Geometry> {
    let mut all = Vec::new();
    let kernels = [[1, 1], [3, 3], [4, 4], [2, 5], [5, 1]];
    let strides = [[1, 1], [2, 2], [3, 1]];
    let paddings = [[0, 0], [1, 1], [2, 0], [1, 3]];
    let channels = [[1, 1], [3, 2], [2, 9], [5, 37], [17, 64]];
    for (i, kernel) in kernels.into_iter().enumerate() {
        for (j, stride) in strides.into_iter().enumerate() {
            for (k, padding) in paddings.into_iter().enumerate() {
                let channels = channels[(i + j + k) % channels.len()];
                let input = [[7, 9], [5, 20], [8, 8]][(i + k) % 3];
                all.push(geometry(1 + (i + j) % 3, channels, input, kernel, stride, padding));
            }
        }
    }
    all
}

/// Fails unless `run(geometry, [x, weight, dy])` returns the definition's y, dx and dw, up to
/// `tolerance` times the largest entry of each.
fn check(
    geometries: Vec<Geometry>,
    tolerance: f32,
    run: impl Fn(&Geometry, [&[f32]; 3]) -> [Vec<f32>; 3],
) {
    for g in geometries {
        let x = integers(g.batch * g.in_image(), 1);
        let weight = integers(g.out_channels * g.taps(), 2);
        let dy = integers(g.batch * g.out_image(), 3);
        let mut expected = [vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; weight.len()]];
        products(&g, |i, w, o| {
            expected[0][o] += x[i] * weight[w];
            expected[1][i] += dy[o] * weight[w];
            expected[2][w] += dy[o] * x[i];
        });
        for (got, expected) in run(&g, [&x, &weight, &dy]).into_iter().zip(expected) {
            assert_eq!(got.len(), expected.len(), "{g:?}");
            let largest = expected.iter().fold(1.0_f32, |largest, value| largest.max(value.abs()));
            for (a, b) in got.into_iter().zip(expected) {
                assert!((a - b).abs() <= tolerance * largest, "{g:?}: {a} is not {b}");
            }
        }
    }
}

#[test]
fn im2col_is_the_definition() {
    check(geometries(), 0.0, |g, [x, weight, dy]| {
        [
            im2col::forward(g, x, weight, None),
            im2col::input_gradient(g, dy, weight, None),
            im2col::weight_gradient(g, x, dy),
        ]
    });
}

/// The instruction sets of this machine, best first.
#[cfg(target_arch = "x86_64")]
fn instruction_sets() -> &'static [crate::micro::Isa] {
    use crate::micro::Isa;

    match Isa::detect() {
        Some(Isa::Avx512) => &[Isa::Avx512, Isa::Avx2],
        Some(Isa::Avx2) => &[Isa::Avx2],
        None => &[],
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn direct_convolution_is_the_definition_on_every_instruction_set() {
    use super::direct;

    for &isa in instruction_sets() {
        check(geometries(), 0.0, |g, [x, weight, dy]| {
            let any = usize::MAX;
            [
                direct::forward(isa, any, g, x, weight, None).expect("within any budget"),
                direct::input_gradient(isa, any, g, dy, weight, None).expect("within any budget"),
                direct::weight_gradient(isa, g, x, dy),
            ]
        });
    }
}

/// Convolutions that minimal filtering can compute.
#[cfg(target_arch = "x86_64")]
fn filterable() -> Vec<Geometry> {
    use super::winograd::Plan;

    let mut all = Vec::new();
    let channels = [[8, 9], [17, 8], [33, 40], [16, 70]];
    let kernels = [([3, 3], [1, 1]), ([4, 4], [2, 2]), ([2, 2], [1, 1]), ([4, 3], [2, 1])];
    for (i, input) in [[4, 4], [4, 3], [7, 7], [14, 14], [5, 20], [17, 9]].into_iter().enumerate() {
        for (kernel, stride) in kernels {
            for (j, padding) in [[1, 1], [2, 2], [0, 0], [2, 1]].into_iter().enumerate() {
                let fits = (0..2).all(|d| padding[d] < kernel[d]);
                if fits && (0..2).all(|d| input[d] + 2 * padding[d] >= kernel[d]) {
                    let channels = channels[(i + j) % channels.len()];
                    // The first batch is empty.
                    all.push(geometry(i + j, channels, input, kernel, stride, padding));
                }
            }
        }
    }
    // Where the tiles hang over the edge it does not pay, but is right.
    assert!(all.iter().filter(|g| Plan::worthwhile(g).is_some()).count() * 2 > all.len());
    all
}

/// The three functions of minimal filtering.
#[cfg(target_arch = "x86_64")]
fn filtered(
    isa: crate::micro::Isa,
    precision: Precision,
    g: &Geometry,
    [x, weight, dy]: [&[f32]; 3],
) -> [Vec<f32>; 3] {
    let plan = || super::winograd::Plan::new(g).expect("three taps per phase suffice");
    [
        plan().forward(isa, precision, x, weight, None),
        plan().input_gradient(isa, precision, dy, weight, None),
        plan().weight_gradient(isa, precision, x, dy),
    ]
}

/// Minimal filtering multiplies by 1/24 and loses a digit; the definition is summed from whole
/// numbers, so that all of the difference is its own.
#[cfg(target_arch = "x86_64")]
#[test]
fn minimal_filtering_is_the_definition_on_every_instruction_set() {
    for &isa in instruction_sets() {
        check(filterable(), 1e-5, |g, inputs| filtered(isa, Precision::F32, g, inputs));
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn minimal_filtering_in_bf16_has_the_same_bits_on_every_instruction_set() {
    for g in filterable() {
        let (x, w) = (noise(g.batch * g.in_image(), 1), noise(g.out_channels * g.taps(), 2));
        let dy = noise(g.batch * g.out_image(), 3);
        let mut all = instruction_sets().iter().map(|&isa| {
            let results = filtered(isa, Precision::Bf16, &g, [&x, &w, &dy]);
            results.map(|values| values.into_iter().map(f32::to_bits).collect::<Vec<_>>())
        });
        if let Some(best) = all.next() {
            assert!(all.all(|other| other == best), "{g:?}");
        }
    }
}

/// Reproducible numbers in (-1, 1) from a linear congruential generator.
#[cfg(target_arch = "x86_64")]
fn noise(len: usize, seed: u64) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut next = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

/// The root mean square of what `values` are off by, over that of what they should be.
#[cfg(target_arch = "x86_64")]
fn error(values: &[f32], exact: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x) * f64::from(x);
    let off: f64 = values.iter().zip(exact).map(|(a, b)| square(a - b)).sum();
    (off / exact.iter().map(|b| square(*b)).sum::<f64>()).sqrt()
}

/// A rounding of 1/512 grows by the coefficients of the transforms: 1.2 % for 64 channels, where operands rounded
/// before them cost 0.2 %.
#[cfg(target_arch = "x86_64")]
#[test]
fn minimal_filtering_in_bf16_is_the_definition_within_two_percent() {
    let Some(isa) = crate::micro::Isa::detect() else { return };
    let mut all = filterable();
    all.push(geometry(4, [64, 64], [14, 14], [3, 3], [1, 1], [1, 1]));
    for g in all.into_iter().filter(|g| g.batch > 0) {
        let (x, w) = (noise(g.batch * g.in_image(), 1), noise(g.out_channels * g.taps(), 2));
        let dy = noise(g.batch * g.out_image(), 3);
        let exact = filtered(isa, Precision::F32, &g, [&x, &w, &dy]);
        let rounded = filtered(isa, Precision::Bf16, &g, [&x, &w, &dy]);
        for (rounded, exact) in rounded.iter().zip(&exact) {
            let off = error(rounded, exact);
            assert!((1e-3..0.02).contains(&off), "{g:?}: {off:.2e}");
        }
    }
}

/// What `work` returns with so many threads.
fn with_threads<R: Send>(threads: usize, work: impl Fn() -> R + Send + Sync) -> R {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    pool.expect("a few threads").install(work)
}

/// Results of every path and geometry, to the bit, with one thread and with others.
#[cfg(target_arch = "x86_64")]
#[test]
fn no_number_depends_on_the_number_of_threads() {
    use super::{direct, winograd::Plan};

    let all = geometries().into_iter().chain(filterable()).chain([
        geometry(16, [32, 64], [14, 14], [3, 3], [1, 1], [1, 1]),
        geometry(32, [8, 16], [14, 14], [4, 4], [2, 2], [1, 1]),
        geometry(5, [20, 30], [7, 7], [7, 7], [1, 1], [0, 0]),
    ]);
    for g in all.filter(|g| g.batch > 0) {
        let x = noise(g.batch * g.in_image(), 1);
        let weight = noise(g.out_channels * g.taps(), 2);
        let dy = noise(g.batch * g.out_image(), 3);
        let every = || {
            let mut all = vec![
                im2col::forward(&g, &x, &weight, None),
                im2col::input_gradient(&g, &dy, &weight, None),
                im2col::weight_gradient(&g, &x, &dy),
            ];
            for &isa in instruction_sets() {
                all.push(direct::weight_gradient(isa, &g, &x, &dy));
                for precision in [Precision::F32, Precision::Bf16] {
                    if Plan::new(&g).is_some() {
                        all.extend(filtered(isa, precision, &g, [&x, &weight, &dy]));
                    }
                }
            }
            let bits = |values: Vec<f32>| values.into_iter().map(f32::to_bits).collect::<Vec<_>>();
            all.into_iter().map(bits).collect::<Vec<_>>()
        };
        let one = with_threads(1, every);
        for threads in [2, 3, 8] {
            let other = with_threads(threads, every);
            for (path, (one, other)) in one.iter().zip(&other).enumerate() {
                assert!(one == other, "path {path}, {threads} threads, {g:?}");
            }
        }
    }
}
