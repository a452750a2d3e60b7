//! Images as vectors of their pixels.

use crate::numerics::matrix::Rows;
use genlab_data::Images;

/// Images as rows of `C·H·W` values in [0, 1].
pub fn rows(images: &Images) -> Rows {
    let values = images.pixels.iter().map(|&level| f64::from(level) / 255.0).collect();
    Rows::new(images.shape.pixels(), values)
}
