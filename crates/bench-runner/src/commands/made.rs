//! Values that a command makes, and the files that they go into.

use anyhow::{Context, Result, bail};
use burn::tensor::Tensor;
use genlab_core::{Kind, SampleRequest, Space};
use genlab_metrics::picture;
use genlab_report::png;
use genlab_results::atomic;
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

/// Numbers of an archive at most, which are four gigabytes while they are made.
const MOST_NUMBERS: usize = 1 << 30;

/// # Errors
/// When `out` is a folder, or its folder cannot be written to: asked before there is anything to lose.
pub(super) fn require_writable(out: &Path) -> Result<()> {
    if out.is_dir() {
        bail!("--out {} is a folder; give the name of a file", out.display());
    }
    let named = |path: &Path| {
        if path.as_os_str().is_empty() { Path::new(".").to_owned() } else { path.to_owned() }
    };
    let mut above = out.ancestors().skip(1).map(named);
    let Some(folder) = above.find(|path| path.exists()) else { return Ok(()) };
    // A file that is gone again says more than permissions do.
    let tried = tempfile::Builder::new().prefix(atomic::PREFIX).tempfile_in(&folder);
    tried.map(drop).with_context(|| format!("cannot write into {}", folder.display()))
}

/// # Errors
/// When a picture of so many values would be larger than anybody can look at, or an archive larger than memory.
pub(super) fn require_size(out: &Path, count: usize, space: Space) -> Result<()> {
    let numbers = count.saturating_mul(space.shape.pixels());
    if numbers > MOST_NUMBERS {
        bail!(
            "{count} samples of {} are {} million numbers, more than {} million; give fewer, and more of them with \
             another --seed",
            space.shape,
            numbers / 1_000_000,
            MOST_NUMBERS / 1_000_000
        );
    }
    let tile = picture::shown_shape(space.shape);
    let pixels = png::pixels_of_tile([tile.channels, tile.height, tile.width]);
    let pixels = pixels.saturating_mul(count);
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
