//! What a dataset's values can be. Output layers, losses, metrics, pictures and files ask the space
//! instead of assuming images in [0, 1].

use crate::{
    settings::{Check, Fault, at_most, finite, positive, size},
    shape::ImageShape,
};
use burn::tensor::Tensor;
use genlab_kernels::sigmoid;
use serde::{Deserialize, Serialize};

/// The space that a dataset's values lie in.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Space {
    /// Size of one value: an image `[C, H, W]`, a point `[D, 1, 1]`, a series `[C, 1, T]`.
    pub shape: ImageShape,
    /// What a value is.
    pub kind: Kind,
    /// Which numbers it is made of.
    pub range: Range,
    /// Mean over all numbers of the training split.
    pub mean: f64,
    /// Their standard deviation, above 0.
    pub sd: f64,
}

/// What one value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Pixels with neighbours above, below and beside.
    Images,
    /// Coordinates; their order means nothing.
    Points,
    /// Channels over time.
    Series,
}

/// Which numbers a value is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Range {
    /// Numbers in [0, 1].
    Unit,
    /// Any numbers.
    Real,
}

/// Rows, columns or channels of a value at most.
const MOST_SIDE: usize = 1 << 16;
/// Numbers of a value at most: an image of the largest size that is read, in colour.
const MOST_NUMBERS: usize = 3 << 26;

impl Check for Space {
    fn check(&self) -> Result<(), Fault> {
        let ImageShape { channels, height, width } = self.shape;
        for (key, side) in [("channels", channels), ("height", height), ("width", width)] {
            size(key, side)
                .and_then(|()| at_most(key, side, MOST_SIDE))
                .map_err(|f| f.within("shape"))?;
        }
        at_most("shape", self.shape.pixels(), MOST_NUMBERS)?;
        let [one, other] = match self.kind {
            Kind::Images => [1, 1],
            Kind::Points => [height, width],
            Kind::Series => [height, 1],
        };
        if (one, other) != (1, 1) {
            let problem = format!("is {}, which is no shape of such values", self.shape);
            return Err(Fault::new("shape", problem));
        }
        finite("mean", self.mean)?;
        positive("sd", self.sd)
    }
}

impl Space {
    /// Images of this shape with pixels in [0, 1], whose mean and standard deviation nobody has measured:
    /// both count as one half, so that standard units run from −1 to 1.
    pub const fn images(shape: ImageShape) -> Self {
        Self { shape, kind: Kind::Images, range: Range::Unit, mean: 0.5, sd: 0.5 }
    }

    /// Points of `dimensions` real coordinates with this mean and standard deviation.
    pub const fn points(dimensions: usize, mean: f64, sd: f64) -> Self {
        let shape = ImageShape::new(dimensions, 1, 1);
        Self { shape, kind: Kind::Points, range: Range::Real, mean, sd }
    }

    /// Windows of one series of `length` real numbers with this mean and standard deviation.
    pub const fn series(length: usize, mean: f64, sd: f64) -> Self {
        let shape = ImageShape::new(1, 1, length);
        Self { shape, kind: Kind::Series, range: Range::Real, mean, sd }
    }

    /// What a decoder's last layer gives, any real numbers, as values of the space: through a sigmoid
    /// into [0, 1], or from standard units to those of the data.
    pub fn output(self, logits: Tensor<4>) -> Tensor<4> {
        match self.range {
            Range::Unit => sigmoid(logits),
            Range::Real => self.from_standard(logits),
        }
    }

    /// The inverse of [`Space::output`]: what a decoder's last layer should give. Numbers at the ends of [0, 1], whose logits
    /// are infinite, count as a hundredth inside.
    pub fn logits(self, values: Tensor<4>) -> Tensor<4> {
        match self.range {
            Range::Unit => {
                let values = values.clamp(0.01, 0.99);
                values.clone().log() - (-values + 1.0).log()
            }
            Range::Real => self.standard(values),
        }
    }

    /// Values as an encoder reads them: those in [0, 1] as they are, others in standard units.
    pub fn input(self, values: Tensor<4>) -> Tensor<4> {
        match self.range {
            Range::Unit => values,
            Range::Real => self.standard(values),
        }
    }

    /// Values around zero: [0, 1] becomes [−1, 1], others are put in standard units.
    pub fn centred(self, values: Tensor<4>) -> Tensor<4> {
        match self.range {
            Range::Unit => values * 2.0 - 1.0,
            Range::Real => self.standard(values),
        }
    }

    /// Values in standard units: less the mean of the training split's numbers, by their standard deviation.
    pub fn standard(self, values: Tensor<4>) -> Tensor<4> {
        (values - self.mean) / self.sd
    }

    /// The inverse of [`Space::standard`], for any real numbers: what leaves [0, 1] is cut to it, where the
    /// space has no more.
    pub fn from_standard(self, standard: Tensor<4>) -> Tensor<4> {
        self.within(standard * self.sd + self.mean)
    }

    /// Any real numbers in the units of the data as values of the space: what leaves [0, 1] is cut to it, where
    /// the space has no more.
    pub fn within(self, values: Tensor<4>) -> Tensor<4> {
        match self.range {
            Range::Unit => values.clamp(0.0, 1.0),
            Range::Real => values,
        }
    }

    /// The logarithm of how many times larger volumes are in the units of the data than in standard units:
    /// what a log-density in standard units loses on the way to the data's.
    pub fn log_scale(self) -> f64 {
        self.shape.pixels() as f64 * self.sd.ln()
    }

    /// The least and the greatest number that a value can have in standard units; None where any number
    /// can occur. Estimates of clean values are cut to it.
    pub fn standard_limits(self) -> Option<[f64; 2]> {
        match self.range {
            Range::Unit => Some([0.0, 1.0].map(|end| (end - self.mean) / self.sd)),
            Range::Real => None,
        }
    }

    /// # Errors
    /// When values are no images: convolutions look at neighbours. The fault is that of `key`, which
    /// should be `cure` instead.
    pub fn require_images(self, key: &str, is: &str, cure: &str) -> Result<(), Fault> {
        let what = match self.kind {
            Kind::Images => return Ok(()),
            Kind::Points => "points, whose coordinates have no neighbours",
            Kind::Series => "series, which have no rows and columns",
        };
        Err(Fault::new(key, format!("is {is}, but the values are {what}; set it to {cure}")))
    }

    /// # Errors
    /// When values leave [0, 1]. The fault is that of `key`, which should be `cure` instead.
    pub fn require_unit(self, key: &str, is: &str, cure: &str) -> Result<(), Fault> {
        match self.range {
            Range::Unit => Ok(()),
            Range::Real => {
                let problem =
                    format!("is {is}, but the values are not all from 0 to 1; set it to {cure}");
                Err(Fault::new(key, problem))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    fn tensor(values: [f32; 4]) -> Tensor<4> {
        Tensor::<1>::from_floats(values, &Device::flex()).reshape([2, 2, 1, 1])
    }

    fn close(a: Tensor<4>, b: [f32; 4]) {
        let a = a.into_data().try_into_vec::<f32>().expect("f32");
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-6), "{a:?} {b:?}");
    }

    #[test]
    fn values_survive_the_way_to_standard_units_and_back() {
        let values = [0.0, 0.25, 0.5, 1.0];
        let unit = Space { mean: 0.25, sd: 0.5, ..Space::images(ImageShape::new(2, 1, 1)) };
        close(unit.standard(tensor(values)), [-0.5, 0.0, 0.5, 1.5]);
        close(unit.from_standard(unit.standard(tensor(values))), values);
        assert_eq!(unit.standard_limits(), Some([-0.5, 1.5]));
        let real = Space::points(2, 3.0, 2.0);
        close(real.standard(tensor([1.0, 3.0, 5.0, -7.0])), [-1.0, 0.0, 1.0, -5.0]);
        close(
            real.from_standard(real.standard(tensor([1.0, 3.0, 5.0, -7.0]))),
            [1.0, 3.0, 5.0, -7.0],
        );
    }

    #[test]
    fn unit_values_are_centred_by_their_range_and_others_by_what_was_measured() {
        let unit = Space { mean: 0.1, sd: 0.3, ..Space::images(ImageShape::new(2, 1, 1)) };
        close(unit.centred(tensor([0.0, 0.25, 0.5, 1.0])), [-1.0, -0.5, 0.0, 1.0]);
        let real = Space::points(2, 3.0, 2.0);
        close(real.centred(tensor([1.0, 3.0, 5.0, -7.0])), [-1.0, 0.0, 1.0, -5.0]);
    }

    #[test]
    fn only_unit_values_are_cut() {
        let beyond = tensor([-2.0, -1.0, 1.0, 2.0]);
        close(
            Space::images(ImageShape::new(2, 1, 1)).from_standard(beyond.clone()),
            [0.0, 0.0, 1.0, 1.0],
        );
        close(Space::points(2, 0.0, 1.0).from_standard(beyond), [-2.0, -1.0, 1.0, 2.0]);
    }

    #[test]
    fn what_does_not_fit_a_space_is_said_with_its_cure() {
        let fault = Space::points(2, 0.0, 1.0).require_images("backbone", "conv", "mlp");
        assert_eq!(
            fault.expect_err("points are no images").to_string(),
            "backbone is conv, but the values are points, whose coordinates have no neighbours; set \
             it to mlp"
        );
        let fault = Space::points(2, 0.0, 1.0).require_unit("loss", "bce", "mse");
        assert_eq!(
            fault.expect_err("points are real").to_string(),
            "loss is bce, but the values are not all from 0 to 1; set it to mse"
        );
    }
}
