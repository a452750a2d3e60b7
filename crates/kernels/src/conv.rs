//! Two-dimensional convolution and its transpose.
//!
//! Three functions of one [`Geometry`] do all the work: the output, the gradient of the input and
//! the gradient of the weight. A transposed convolution is the input gradient of the convolution
//! with the same weight, so its output and its gradients are the same three functions.

#[cfg(target_arch = "x86_64")]
mod direct;
mod im2col;
#[cfg(target_arch = "x86_64")]
mod planes;
#[cfg(test)]
mod tests;
#[cfg(target_arch = "x86_64")]
mod winograd;

use burn::backend::flex::FlexTensor;

#[cfg(target_arch = "x86_64")]
use crate::micro::Isa;
use crate::{
    Precision,
    flex::{dims, floats, fold, split, tensor},
};

/// Sizes of a convolution, as the forward convolution sees them.
#[derive(Clone, Copy, Debug)]
struct Geometry {
    batch: usize,
    in_channels: usize,
    out_channels: usize,
    /// Height and width of the input.
    input: [usize; 2],
    /// Height and width of the output.
    output: [usize; 2],
    kernel: [usize; 2],
    stride: [usize; 2],
    padding: [usize; 2],
}

impl Geometry {
    /// Kernel taps of one output channel.
    fn taps(&self) -> usize {
        self.in_channels * self.kernel[0] * self.kernel[1]
    }

    /// Output pixels of one channel.
    fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// Input pixels of one channel.
    fn in_plane(&self) -> usize {
        self.input[0] * self.input[1]
    }

    /// Floats of one input image.
    fn in_image(&self) -> usize {
        self.in_channels * self.in_plane()
    }

    /// Floats of one output image.
    fn out_image(&self) -> usize {
        self.out_channels * self.positions()
    }

    /// Whether the kernel covers the whole image: the convolution is a matrix product.
    fn is_dense(&self) -> bool {
        self.kernel == self.input && self.padding == [0, 0]
    }

    /// Input channel, row and column of every tap, in the weight's order.
    fn each_tap(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let [height, width] = self.kernel;
        (0..self.taps()).map(move |k| (k / (height * width), k / width % height, k % width))
    }

    fn forward(
        &self,
        precision: Precision,
        x: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa()
            && let Some(plan) = winograd::Plan::worthwhile(self)
        {
            return plan.forward(isa, precision, x, weight, bias);
        }
        let (x, weight) = (&*precision.operand(x), &*precision.operand(weight));
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa() {
            let budget = direct::im2col_cost(self);
            if let Some(y) = direct::forward(isa, budget, self, x, weight, bias) {
                return y;
            }
        }
        im2col::forward(self, x, weight, bias)
    }

    fn input_gradient(
        &self,
        precision: Precision,
        gradient: &[f32],
        weight: &[f32],
        bias: Option<&[f32]>,
    ) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa()
            && let Some(plan) = winograd::Plan::worthwhile(self)
        {
            return plan.input_gradient(isa, precision, gradient, weight, bias);
        }
        let (gradient, weight) = (&*precision.operand(gradient), &*precision.operand(weight));
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa() {
            let budget = direct::im2col_cost(self);
            let x = direct::input_gradient(isa, budget, self, gradient, weight, bias);
            if let Some(x) = x {
                return x;
            }
        }
        im2col::input_gradient(self, gradient, weight, bias)
    }

    fn weight_gradient(&self, precision: Precision, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa()
            && let Some(plan) = winograd::Plan::worthwhile(self)
        {
            return plan.weight_gradient(isa, precision, x, gradient);
        }
        let (x, gradient) = (&*precision.operand(x), &*precision.operand(gradient));
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = self.direct_isa()
            && direct::suits_weight_gradient(self)
        {
            return direct::weight_gradient(isa, self, x, gradient);
        }
        im2col::weight_gradient(self, x, gradient)
    }

    /// The instructions for [`direct`] and [`winograd`], unless the work is a plain matrix product.
    #[cfg(target_arch = "x86_64")]
    fn direct_isa(&self) -> Option<Isa> {
        if self.is_dense() { None } else { Isa::detect() }
    }
}

/// A convolution, or the transpose of one, of tensors of certain shapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Convolution {
    /// Of the forward convolution, whose output is the transpose's `x`.
    geometry: Geometry,
    transposed: bool,
    /// Numbers that the operands are rounded to.
    precision: Precision,
}

impl Convolution {
    /// Of `x` [B, C_in, H, W] with `weight` [C_out, C_in, K_h, K_w].
    pub(crate) fn new(
        x: [usize; 4],
        weight: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
    ) -> Self {
        let [batch, channels, height, width] = x;
        let [out_channels, in_channels, kernel_h, kernel_w] = weight;
        let (input, kernel) = ([height, width], [kernel_h, kernel_w]);
        assert_eq!(channels, in_channels, "conv2d: channels of x {x:?} and weight {weight:?}");
        let fits = (0..2).all(|d| input[d] + 2 * padding[d] >= kernel[d]);
        assert!(fits, "conv2d: kernel of weight {weight:?} exceeds padded x {x:?}");
        let output = [0, 1].map(|d| (input[d] + 2 * padding[d] - kernel[d]) / stride[d] + 1);
        let geometry =
            Geometry { batch, in_channels, out_channels, input, output, kernel, stride, padding };
        Self { geometry, transposed: false, precision: Precision::current() }
    }

    /// The transpose, of `x` [B, C_in, H, W] with `weight` [C_in, C_out, K_h, K_w].
    pub(crate) fn transposed(
        x: [usize; 4],
        weight: [usize; 4],
        stride: [usize; 2],
        padding: [usize; 2],
        output_padding: [usize; 2],
    ) -> Self {
        let [batch, channels, height, width] = x;
        let [out_channels, in_channels, kernel_h, kernel_w] = weight;
        let (output, kernel) = ([height, width], [kernel_h, kernel_w]);
        assert_eq!(channels, out_channels, "conv_transpose2d: channels of {x:?} and {weight:?}");
        let full = [0, 1].map(|d| (output[d] - 1) * stride[d] + kernel[d] + output_padding[d]);
        let fits = (0..2).all(|d| full[d] > 2 * padding[d]);
        assert!(fits, "conv_transpose2d: padding {padding:?} leaves no output of {x:?}");
        let input = [0, 1].map(|d| full[d] - 2 * padding[d]);
        let geometry =
            Geometry { batch, in_channels, out_channels, input, output, kernel, stride, padding };
        Self { geometry, transposed: true, precision: Precision::current() }
    }

    /// The output.
    pub(crate) fn forward(
        &self,
        x: &FlexTensor,
        weight: &FlexTensor,
        bias: Option<&FlexTensor>,
    ) -> FlexTensor {
        let (g, p) = (&self.geometry, self.precision);
        let (x, weight, bias) = (floats(x), floats(weight), bias.map(floats));
        if self.transposed {
            let y = g.input_gradient(p, x, weight, bias);
            tensor(y, &[g.batch, g.in_channels, g.input[0], g.input[1]])
        } else {
            let y = g.forward(p, x, weight, bias);
            tensor(y, &[g.batch, g.out_channels, g.output[0], g.output[1]])
        }
    }

    /// The gradient of `x`: the transpose's output.
    pub(crate) fn x_gradient(&self, upstream: &FlexTensor, weight: &FlexTensor) -> FlexTensor {
        let transpose = Self { transposed: !self.transposed, ..*self };
        transpose.forward(upstream, weight, None)
    }

    /// The gradient of the weight.
    pub(crate) fn weight_gradient(&self, x: &FlexTensor, upstream: &FlexTensor) -> FlexTensor {
        let (g, p) = (&self.geometry, self.precision);
        let (x, dy) = (floats(x), floats(upstream));
        let dw =
            if self.transposed { g.weight_gradient(p, dy, x) } else { g.weight_gradient(p, x, dy) };
        tensor(dw, &[g.out_channels, g.in_channels, g.kernel[0], g.kernel[1]])
    }
}

/// The gradient of the bias: the sum over all but the channels.
pub(crate) fn bias_gradient(upstream: &FlexTensor) -> FlexTensor {
    let [_, channels, height, width] = dims(upstream);
    let (values, plane) = (floats(upstream), height * width);
    let image = channels * plane;
    let sums = fold(split(values.len() / image, |images| {
        let mut sums = vec![0.0; channels];
        for image in values[images.start * image..images.end * image].chunks_exact(image) {
            for (sum, plane) in sums.iter_mut().zip(image.chunks_exact(plane)) {
                *sum += crate::simd::sum(plane);
            }
        }
        sums
    }));
    tensor(sums, &[channels])
}
