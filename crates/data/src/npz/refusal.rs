//! How an archive is refused: the file, its fault, and how to write one that can be read.

use crate::error::DataError;

/// For archives that are damaged or lay things out differently.
pub(super) const SAVE: &str = "write it with numpy.savez(path, images=array)";

/// For values whose range would have to be guessed.
pub(super) const SCALE: &str =
    "save uint8 values from 0 to 255, or floats from 0 to 1; genlab does not guess the range";

/// The archive `file` with a fault and a cure.
pub(super) fn refused(file: &str, fault: impl Into<String>, cure: &str) -> DataError {
    DataError::malformed(file, fault).with_cure(cure)
}
