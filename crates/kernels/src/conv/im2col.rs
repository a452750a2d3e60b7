//! Convolution as a matrix product with the column matrix, for any processor and any geometry.
//!
//! The column matrix is made for a few images at a time, in scratch memory that stays in the
//! cache; it has one row per kernel tap and one column per output position of the group.

use super::Geometry;
use crate::{
    flex::{SHARES, build, fold, split, with_scratch},
    gemm::{Matrix, Parallelism, Target, gemm},
};

/// Columns that make a matrix product efficient.
const COLUMNS: usize = 256;

/// Images per group. One group per share at least: parallelism is worth more than long rows. The product rounds as its
/// number of columns has it, so that must not depend on the number of threads.
fn group(g: &Geometry) -> usize {
    COLUMNS.div_ceil(g.positions()).clamp(1, g.batch.div_ceil(SHARES).max(1))
}

/// The output of the convolution.
pub(super) fn forward(g: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    if g.is_dense() {
        return dense_forward(g, x, weight, bias);
    }
    let (group, taps) = (group(g), g.taps());
    let (values, _) = build(g.batch * g.out_image(), group * g.out_image(), |index, out| {
        let images = out.len() / g.out_image();
        let columns = images * g.positions();
        with_scratch((taps + g.out_channels) * columns, |scratch| {
            let (matrix, product) = scratch.split_at_mut(taps * columns);
            let x = &x[index * group * g.in_image()..][..images * g.in_image()];
            gather(g, x, matrix);
            gemm(
                product,
                Target::Set,
                Matrix::new(weight, g.out_channels, taps),
                Matrix::new(matrix, taps, columns),
                Parallelism::None,
            );
            for (image, out) in out.chunks_exact_mut(g.out_image()).enumerate() {
                for (o, out) in out.chunks_exact_mut(g.positions()).enumerate() {
                    let bias = bias.map_or(0.0, |bias| bias[o]);
                    let row = &product[o * columns + image * g.positions()..][..g.positions()];
                    for (target, value) in out.iter_mut().zip(row) {
                        *target = value + bias;
                    }
                }
            }
        });
    });
    values
}

/// The gradient of the convolution's input: the output of a transposed convolution, with its bias.
pub(super) fn input_gradient(
    g: &Geometry,
    gradient: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    if g.is_dense() {
        return dense_input_gradient(g, gradient, weight, bias);
    }
    let (group, taps) = (group(g), g.taps());
    let (values, _) = build(g.batch * g.in_image(), group * g.in_image(), |index, out| {
        let images = out.len() / g.in_image();
        let columns = images * g.positions();
        with_scratch((taps + g.out_channels) * columns, |scratch| {
            let (matrix, joined) = scratch.split_at_mut(taps * columns);
            let gradient = &gradient[index * group * g.out_image()..][..images * g.out_image()];
            join(g, gradient, joined);
            gemm(
                matrix,
                Target::Set,
                Matrix::new(weight, g.out_channels, taps).t(),
                Matrix::new(joined, g.out_channels, columns),
                Parallelism::None,
            );
            if let Some(bias) = bias {
                for image in out.chunks_exact_mut(g.in_image()) {
                    for (plane, bias) in image.chunks_exact_mut(g.in_plane()).zip(bias) {
                        plane.fill(*bias);
                    }
                }
            }
            spread(g, matrix, out);
        });
    });
    values
}

/// The gradient of the weight.
pub(super) fn weight_gradient(g: &Geometry, x: &[f32], gradient: &[f32]) -> Vec<f32> {
    if g.is_dense() {
        let mut out = vec![0.0; g.out_channels * g.taps()];
        let gradient = Matrix::new(gradient, g.batch, g.out_channels).t();
        let x = Matrix::new(x, g.batch, g.taps());
        gemm(&mut out, Target::Set, gradient, x, Parallelism::Rayon(0));
        return out;
    }
    let (group, taps) = (group(g), g.taps());
    let parts = split(g.batch.div_ceil(group), |groups| {
        let mut sums = vec![0.0; g.out_channels * taps];
        let columns = group * g.positions();
        with_scratch((taps + g.out_channels) * columns, |scratch| {
            let (matrix, joined) = scratch.split_at_mut(taps * columns);
            for index in groups {
                let first = index * group;
                let images = group.min(g.batch - first);
                let columns = images * g.positions();
                gather(g, &x[first * g.in_image()..][..images * g.in_image()], matrix);
                join(g, &gradient[first * g.out_image()..][..images * g.out_image()], joined);
                gemm(
                    &mut sums,
                    Target::Add,
                    Matrix::new(joined, g.out_channels, columns),
                    Matrix::new(matrix, taps, columns).t(),
                    Parallelism::None,
                );
            }
        });
        sums
    });
    fold(parts)
}

/// The forward convolution when its kernel covers the image: the image is its own column.
fn dense_forward(g: &Geometry, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> Vec<f32> {
    let mut out = match bias {
        Some(bias) => bias.repeat(g.batch),
        None => vec![0.0; g.batch * g.out_channels],
    };
    let x = Matrix::new(x, g.batch, g.taps());
    let weight = Matrix::new(weight, g.out_channels, g.taps()).t();
    gemm(&mut out, Target::Add, x, weight, Parallelism::Rayon(0));
    out
}

/// The input gradient in the same case. A bias is one value per plane of the input.
fn dense_input_gradient(
    g: &Geometry,
    gradient: &[f32],
    weight: &[f32],
    bias: Option<&[f32]>,
) -> Vec<f32> {
    let rows = g.batch.div_ceil(SHARES).min(64);
    let weight = Matrix::new(weight, g.out_channels, g.taps());
    let (values, _) = build(g.batch * g.taps(), rows * g.taps(), |index, out| {
        if let Some(bias) = bias {
            for (plane, bias) in out.chunks_exact_mut(g.in_plane()).zip(bias.iter().cycle()) {
                plane.fill(*bias);
            }
        }
        let images = out.len() / g.taps();
        let gradient = &gradient[index * rows * g.out_channels..][..images * g.out_channels];
        let gradient = Matrix::new(gradient, images, g.out_channels);
        gemm(out, Target::Add, gradient, weight, Parallelism::None);
    });
    values
}

/// `[images, C, positions]` to `[C, images * positions]`.
fn join(g: &Geometry, gradient: &[f32], joined: &mut [f32]) {
    let images = gradient.len() / g.out_image();
    for (image, gradient) in gradient.chunks_exact(g.out_image()).enumerate() {
        for (o, plane) in gradient.chunks_exact(g.positions()).enumerate() {
            let start = (o * images + image) * g.positions();
            joined[start..][..g.positions()].copy_from_slice(plane);
        }
    }
}

/// For tap `k` along one axis: the outputs that read an input inside the image, as a range.
fn inside(g: &Geometry, axis: usize, k: usize) -> std::ops::Range<usize> {
    let (stride, padding) = (g.stride[axis], g.padding[axis]);
    let first = padding.saturating_sub(k).div_ceil(stride).min(g.output[axis]);
    let end = (g.input[axis] + padding).saturating_sub(k).div_ceil(stride).min(g.output[axis]);
    first..end.max(first)
}

/// im2col: row (c, ky, kx), column (image, y, x).
fn gather(g: &Geometry, x: &[f32], matrix: &mut [f32]) {
    let mut lines = matrix.chunks_exact_mut(g.positions());
    let [stride_y, stride_x] = g.stride;
    for (c, ky, kx) in g.each_tap() {
        let (ys, xs) = (inside(g, 0, ky), inside(g, 1, kx));
        for image in x.chunks_exact(g.in_image()) {
            let plane = &image[c * g.in_plane()..][..g.in_plane()];
            let line = lines.next().expect("one line per tap and image");
            for (y, line) in line.chunks_exact_mut(g.output[1]).enumerate() {
                if !ys.contains(&y) || xs.is_empty() {
                    line.fill(0.0);
                    continue;
                }
                line[..xs.start].fill(0.0);
                line[xs.end..].fill(0.0);
                let row = &plane[(y * stride_y + ky - g.padding[0]) * g.input[1]..][..g.input[1]];
                let row = &row[xs.start * stride_x + kx - g.padding[1]..];
                if stride_x == 1 {
                    line[xs.clone()].copy_from_slice(&row[..xs.len()]);
                } else {
                    for (target, value) in
                        line[xs.clone()].iter_mut().zip(row.iter().step_by(stride_x))
                    {
                        *target = *value;
                    }
                }
            }
        }
    }
}

/// col2im: adds the columns back to the inputs that they came from.
fn spread(g: &Geometry, matrix: &[f32], out: &mut [f32]) {
    let mut lines = matrix.chunks_exact(g.positions());
    let [stride_y, stride_x] = g.stride;
    for (c, ky, kx) in g.each_tap() {
        let (ys, xs) = (inside(g, 0, ky), inside(g, 1, kx));
        for image in out.chunks_exact_mut(g.in_image()) {
            let plane = &mut image[c * g.in_plane()..][..g.in_plane()];
            let line = lines.next().expect("one line per tap and image");
            if xs.is_empty() {
                continue;
            }
            for y in ys.clone() {
                let line = &line[y * g.output[1]..][xs.clone()];
                let start = (y * stride_y + ky - g.padding[0]) * g.input[1];
                let row = &mut plane[start..start + g.input[1]];
                let row = &mut row[xs.start * stride_x + kx - g.padding[1]..];
                for (target, value) in row.iter_mut().step_by(stride_x).zip(line) {
                    *target += value;
                }
            }
        }
    }
}
