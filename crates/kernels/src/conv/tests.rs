//! Every path of the convolution, chosen or not on this machine, against the definition.

use super::{Geometry, im2col};

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

/// Minimal filtering multiplies by 1/24 and loses a digit; the definition is summed from whole
/// numbers, so that all of the difference is its own.
#[cfg(target_arch = "x86_64")]
#[test]
fn minimal_filtering_is_the_definition_on_every_instruction_set() {
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
    for &isa in instruction_sets() {
        check(all.clone(), 1e-5, |g, [x, weight, dy]| {
            let plan = || Plan::new(g).expect("three taps per phase suffice");
            [
                plan().forward(isa, x, weight, None),
                plan().input_gradient(isa, dy, weight, None),
                plan().weight_gradient(isa, x, dy),
            ]
        });
    }
}
