//! What a user may choose about data, and what to choose where files are missing.

use crate::{catalogue::Official, embedded};
use genlab_core::{Fault, Space};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Channels of a folder's images.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ColourMode {
    /// One channel if all images are grey, else three.
    #[default]
    Auto,
    /// One channel: Rec. 709 luma of colour images.
    Grey,
    /// Three channels: grey images are repeated.
    Rgb,
}

/// What becomes of grey pixels in training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Binarise {
    /// They stay grey.
    #[default]
    None,
    /// Each is drawn as black or white, with its grey value as probability, each time it is seen.
    Dynamic,
}

impl Binarise {
    /// # Errors
    /// When values leave [0, 1], where no pixel is grey; the fault is that of `binarise`.
    pub fn fits(self, space: Space) -> Result<(), Fault> {
        match self {
            Self::None => Ok(()),
            Self::Dynamic => space.require_unit("binarise", "dynamic", "none"),
        }
    }
}

/// How far a download has come. Given several times per second while bytes arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DownloadProgress {
    /// Name of the file.
    pub file: &'static str,
    /// Bytes received from the mirror that is being tried.
    pub received: u64,
    /// Bytes of the whole file.
    pub total: u64,
}

/// Called while bytes arrive.
pub(crate) type Progress = Box<dyn Fn(DownloadProgress) + Send + Sync>;

/// Called with one line about what was passed over.
pub(crate) type Notice = Box<dyn Fn(&str) + Send + Sync>;

/// How to find and shape a dataset. The default suits every named dataset.
#[derive(Default)]
pub struct LoadOptions {
    /// Folder with the files of `mnist`, `fashion-mnist` or `cifar10` (or with a sub-folder of that
    /// name that contains them). None: the user's cache folder, else a download. Embedded and
    /// drawn datasets and `folder:PATH` ignore it.
    pub data_dir: Option<PathBuf>,
    /// Height and width that a folder's images are resized to, in pixels. Named datasets keep the
    /// size they have, and refuse any other; points have none.
    pub image_size: Option<(usize, usize)>,
    /// Channels of a folder's images. Named datasets refuse a mode that does not match their own.
    pub colour: ColourMode,
    /// Told how downloads are coming along.
    pub progress: Option<Progress>,
    /// Told what was passed over: files of a folder that are no pictures.
    pub notice: Option<Notice>,
}

/// What to do without a network: which files to put where, and which datasets need no file at all.
pub(crate) fn cure(official: &Official, folder: &Path) -> String {
    let files: Vec<&str> = official.files.iter().map(|file| file.name).collect();
    format!(
        "put {} into {}, or into a folder given with --data-dir, or use an embedded dataset ({})",
        files.join(", "),
        folder.display(),
        embedded::names()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::ImageShape;

    #[test]
    fn only_what_lies_in_the_unit_interval_can_be_made_black_and_white() {
        let (images, points) =
            (Space::images(ImageShape::new(1, 2, 2)), Space::points(2, 0.0, 1.0));
        assert_eq!(Binarise::Dynamic.fits(images), Ok(()));
        assert_eq!(Binarise::None.fits(points), Ok(()));
        let fault = Binarise::Dynamic.fits(points).expect_err("reals have no grey").to_string();
        let expected =
            "binarise is dynamic, but the values are not all from 0 to 1; set it to none";
        assert_eq!(fault, expected);
    }
}
