//! Values as vectors of their pixels.

use crate::numerics::matrix::Rows;
use genlab_data::Values;

/// Values as rows of `C·H·W` numbers in the units of their space.
pub fn rows(images: &Values) -> Rows {
    Rows::new(images.shape().pixels(), images.to_f64())
}
