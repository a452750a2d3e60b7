//! Distributions of the plane that are no mixtures of round Gaussians.

use super::Distribution;
use crate::truth::{Curve, Gaussian, Shape, Tiles, Truth};
use std::f64::consts::FRAC_1_SQRT_2;

/// `gaussian-diagonal`: one Gaussian around (1, 2) with standard deviations of 5 and 1 along the coordinates, from the
/// homework on latent variables of the course CS294-158 (Berkeley). A decoder of independent Gaussian numbers needs no code
/// to explain it.
pub(super) fn diagonal() -> Distribution {
    gaussian([1.0, 0.0])
}

/// `gaussian-rotated`: the same, turned by 45° around its centre. There a code must say where along the diagonal a point
/// lies.
pub(super) fn rotated() -> Distribution {
    gaussian([FRAC_1_SQRT_2, FRAC_1_SQRT_2])
}

fn gaussian(axis: [f64; 2]) -> Distribution {
    let truth = Truth::Gaussian(Gaussian::new([1.0, 2.0], axis, [5.0, 1.0]));
    Distribution { truth, classes: None }
}

/// `two-moons`: two half circles that reach into each other, with noise of standard deviation 0.1. Classes
/// are the moons.
pub(super) fn two_moons() -> Distribution {
    Distribution {
        truth: Truth::Curve(Curve::new(Shape::TwoMoons, 0.1)),
        classes: Some(["upper moon", "lower moon"].map(str::to_owned).to_vec()),
    }
}

/// `swiss-roll`: a spiral whose turns lie 0.9 apart, with noise of standard deviation 0.1.
pub(super) fn swiss_roll() -> Distribution {
    Distribution { truth: Truth::Curve(Curve::new(Shape::SwissRoll, 0.1)), classes: None }
}

/// `checkerboard`: the eight dark squares of a board of four by four from -4 to 4. Its edges are sharp, and between
/// squares that touch at a corner there is nothing.
pub(super) fn checkerboard() -> Distribution {
    let steps = [-4.0, -2.0, 0.0, 2.0];
    let corners = steps.iter().enumerate().flat_map(|(column, &x)| {
        let dark = move |&(row, _): &(usize, f64)| (column + row) % 2 == 0;
        steps.into_iter().enumerate().filter(dark).map(move |(_, y)| [x, y])
    });
    let corners: Vec<[f64; 2]> = corners.collect();
    Distribution { truth: Truth::Tiles(Tiles::new(&corners, 2.0)), classes: None }
}
