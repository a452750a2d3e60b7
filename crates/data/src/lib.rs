//! Where values come from, and how they reach a training step.
//!
//! [`load`] turns a name into a [`Dataset`]: three splits of [`Values`] of one space, with a content
//! hash.
//!
//! - The embedded datasets (`mnist-10k`, `fashion-3k`, `digits8x8`) are compiled into the binary and
//!   need no file and no network; `mnist`, `fashion-mnist` and `cifar10` are found on disk or downloaded
//!   against pinned hashes; `folder:PATH` reads PNG and JPEG files. All of these are images of bytes.
//! - The drawn datasets (`ring-8`, `two-moons`, ...) are points whose distribution is known:
//!   their [`Truth`] says what density, modes, denoiser or atoms a model should have learned. Each has 4,096
//!   training, 512 validation and 2,048 test points.
//! - [`scenes`] are pictures of coloured digits, drawn as well, with captions, frames and masks: `scenes-32`,
//!   `scenes-48`, `scenes-32-noisy` with wrong captions among them, and `scenes-32-subject` with an item that is no digit.
//! - [`moving`] has the clips of `moving-digits`, drawn as well: the frames of a clip are the channels of one image.
//! - Series are cut into windows: a past of 24 numbers, which a model can be told, and a future of 12, which
//!   is the value. `ar1` and `sines` are drawn; `series:FILE.csv:COLUMN` is a column of a file.
//!
//! [`kind_of`] says what a dataset's values are before anything is read. [`read_pictures`], [`read_npz`]
//! and [`read_npz_values`] read sets that are not datasets, such as somebody's samples; [`npz_bytes`]
//! writes one, and [`npz_with_captions`] one with what each value was told.
//!
//! [`BatchStream`] then uploads the training split once and makes the batch of any step on the
//! device, as a pure function of the run's seed and the step's number.
//!
//! Two rules keep runs comparable. Splits, and the points that are drawn, are fixed by this crate's own
//! seeds, never by the run's, so that every run of every model sees the same training, validation and
//! test values. And whatever a file contains, reading it ends in data or in one [`DataError`] sentence,
//! in bounded memory.

mod archive;
mod catalogue;
mod cifar;
mod dataset;
mod device;
mod drawn;
mod embedded;
mod error;
mod fetch;
mod files;
mod folder;
mod hash;
mod idx;
mod load;
mod locate;
mod npz;
mod options;
mod picture;
pub mod scenes;
mod series;
#[cfg(test)]
mod sorted;
mod stream;
#[cfg(test)]
mod testing;
mod truth;
mod values;

pub use dataset::Dataset;
pub use device::DeviceValues;
pub use drawn::moving;
pub use error::DataError;
pub use folder::read_pictures;
pub use load::{is_official, kind_of, known_names, load};
pub use locate::cache_folder;
pub use npz::{npz_bytes, npz_with_captions, read_npz, read_npz_values};
pub use options::{Binarise, ColourMode, DownloadProgress, LoadOptions};
pub use picture::read_picture;
pub use stream::BatchStream;
pub use truth::{
    Ar1, Curve, Dictionary, Gaussian, GaussianMixture, Mode, Normal, Shape, Tiles, Truth, Uniform,
};
pub use values::{Cut, Numbers, Pasts, Values};
