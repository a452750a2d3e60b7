//! Sparse combinations of atoms that a sparse code should find again.

use super::{Distribution, key};
use crate::truth::{Dictionary, Truth};
use genlab_core::noise::keystream;

pub(super) const NAME: &str = "planted-dictionary";

/// Atoms, and the coordinates of each: twice as many atoms as coordinates, so that no rotation finds them.
const ATOMS: [usize; 2] = [64, 32];
/// The stretch of keystream that atoms come from: no split has this number.
const ATOMS_OF_ALL_SPLITS: u64 = u64::MAX;

/// `planted-dictionary`: 64 atoms on the sphere in 32 dimensions, 3 to 5 of them in a value with coefficients from 0.5 to
/// 1.5, and noise of 0.02 on each coordinate.
pub(super) fn planted() -> Distribution {
    let mut rng = keystream(key(NAME), ATOMS_OF_ALL_SPLITS, 0);
    let dictionary = Dictionary::draw_atoms(&mut rng, ATOMS, 3..=5, [0.5, 1.5], 0.02);
    Distribution { truth: Truth::Dictionary(dictionary), classes: None }
}
