//! Values that a command makes, and the files that they go into.

use anyhow::{Result, bail};
use burn::tensor::Tensor;
use genlab_core::{Kind, SampleRequest, Space};
use genlab_report::png;
use std::{ops::Range, path::Path};

/// Values per network call.
const CHUNK: usize = 100;

/// What `make` makes of a request, a part of it at a time.
pub(super) fn in_parts(
    request: &SampleRequest,
    make: impl Fn(&SampleRequest, Range<usize>) -> Tensor<4>,
) -> Tensor<4> {
    let part = |first: usize| {
        let rows = first..(first + CHUNK).min(request.count);
        make(&request.part(rows.clone()), rows)
    };
    Tensor::cat((0..request.count).step_by(CHUNK).map(part).collect(), 0)
}

/// Pixels of a picture at most, which are a gigabyte while it is made.
const MOST_PIXELS: usize = 100_000_000;

/// # Errors
/// When a picture of so many values would be larger than anybody can look at.
pub(super) fn require_size(out: &Path, count: usize, space: Space) -> Result<()> {
    let pixels = png::pixels_of_tile(space.shape.height, space.shape.width).saturating_mul(count);
    if is_archive(out) || space.kind != Kind::Images || pixels <= MOST_PIXELS {
        return Ok(());
    }
    bail!(
        "a picture of {count} samples would have {} million pixels; give fewer, or --out FILE.npz",
        pixels / 1_000_000
    )
}

/// Whether a file holds values and no picture of them.
pub(super) fn is_archive(out: &Path) -> bool {
    out.extension().is_some_and(|extension| extension == "npz")
}

/// # Errors
/// When the file is called like none that can be written.
pub(super) fn require_format(out: Option<&Path>) -> Result<()> {
    match out {
        Some(out) if !is_archive(out) && out.extension().is_none_or(|kind| kind != "png") => {
            bail!("--out {} ends in neither .png nor .npz; give a name that does", out.display())
        }
        _ => Ok(()),
    }
}
