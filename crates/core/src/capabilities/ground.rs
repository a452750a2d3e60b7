//! What captions name, found in values.

use burn::tensor::{Int, Tensor};

/// Where a grounder finds what it is asked for.
#[derive(Clone, Debug)]
pub struct Grounded {
    /// `[B, K]` in [0, 1]: how sure it is that each value shows the object of each phrase.
    pub scores: Tensor<2>,
    /// `[B, K, 4]`: left, top, right and bottom edge of a box around it, in pixels from the upper left corner of the value and
    /// within it. There is one whether or not the value shows such an object.
    pub boxes: Tensor<3>,
}

/// Finds the objects of values that captions name.
pub trait Ground {
    /// Where values `[B, C, H, W]` of the dataset's space show the objects of captions `[B, T]`, each row by itself: `words`
    /// `[B, K]` are the places of the words for their digits among those of the caption, as [`Objects::words`] has them. What
    /// is said of a word that names no object means nothing.
    ///
    /// [`Objects::words`]: crate::Objects::words
    fn ground(
        &self,
        values: Tensor<4>,
        captions: Tensor<2, Int>,
        words: Tensor<2, Int>,
    ) -> Grounded;
}
