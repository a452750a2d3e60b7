//! Mixtures of Gaussians on which models of this field are compared.

use super::Distribution;
use crate::truth::{GaussianMixture, Mode, Truth};
use std::f64::consts::SQRT_2;

/// `ring-8`: eight equally likely Gaussians on a circle of radius 2, as in Metz et al. 2017
/// (arXiv:1611.02163), with a standard deviation of 0.1. Theirs is 0.02; others have radii of 1 to 2 and
/// 0.01 to 0.1. Neighbours are 15 standard deviations apart, so that every point belongs to a mode, and
/// modes are wide enough for their width to be learned or missed. Classes are angles.
pub(super) fn ring() -> Distribution {
    // Written out, because sines may differ in their last digit from machine to machine.
    let centres = [
        [2.0, 0.0],
        [SQRT_2, SQRT_2],
        [0.0, 2.0],
        [-SQRT_2, SQRT_2],
        [-2.0, 0.0],
        [-SQRT_2, -SQRT_2],
        [0.0, -2.0],
        [SQRT_2, -SQRT_2],
    ];
    Distribution {
        truth: alike(&centres, 0.1),
        classes: Some((0..8).map(|i| format!("{}°", 45 * i)).collect()),
    }
}

/// `grid-25`: 25 equally likely Gaussians with a standard deviation of 0.05 on a square grid from -4 to
/// 4 in steps of 2, as the 2D-grid of Lin et al. 2018 (PacGAN, arXiv:1712.04086, table 1). Classes are
/// centres.
pub(super) fn grid() -> Distribution {
    let steps = [-4.0, -2.0, 0.0, 2.0, 4.0];
    let centres: Vec<_> = steps.iter().flat_map(|&x| steps.map(|y| [x, y])).collect();
    Distribution {
        truth: alike(&centres, 0.05),
        classes: Some(centres.iter().map(|[x, y]| format!("({x}, {y})")).collect()),
    }
}

/// `mixture-1d`: three Gaussians on a line, unlike in weight and width, so that a density can be looked
/// at beside its estimate.
pub(super) fn line() -> Distribution {
    let mode = |weight, centre, sd| Mode { weight, centre: vec![centre], sd };
    let modes = vec![mode(0.3, -2.0, 0.5), mode(0.5, 0.0, 0.3), mode(0.2, 3.0, 0.7)];
    Distribution {
        truth: Truth::Mixture(GaussianMixture::new(modes)),
        classes: Some(["left", "middle", "right"].map(str::to_owned).to_vec()),
    }
}

/// `mixture-2d`: five Gaussians of the plane, unlike in weight and width, of which some overlap. Classes are centres.
pub(super) fn plane() -> Distribution {
    let mode = |weight, centre: [f64; 2], sd| Mode { weight, centre: centre.to_vec(), sd };
    let modes = vec![
        mode(0.3, [0.0, 0.0], 0.3),
        mode(0.25, [2.0, 1.5], 0.5),
        mode(0.2, [-2.0, 1.0], 0.4),
        mode(0.15, [1.0, -2.0], 0.2),
        mode(0.1, [-1.5, -1.5], 0.6),
    ];
    let classes = modes.iter().map(|mode| format!("({}, {})", mode.centre[0], mode.centre[1]));
    let classes = Some(classes.collect());
    Distribution { truth: Truth::Mixture(GaussianMixture::new(modes)), classes }
}

/// Equally likely Gaussians of one width.
fn alike(centres: &[[f64; 2]], sd: f64) -> Truth {
    let weight = 1.0 / centres.len() as f64;
    let mode = |centre: &[f64; 2]| Mode { weight, centre: centre.to_vec(), sd };
    Truth::Mixture(GaussianMixture::new(centres.iter().map(mode).collect()))
}
