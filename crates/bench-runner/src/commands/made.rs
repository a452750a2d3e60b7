//! Values that a command makes, and the files that they go into.

use anyhow::{Result, bail};
use burn::tensor::Tensor;
use genlab_core::SampleRequest;
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
