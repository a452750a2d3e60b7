//! Where images come from, and how they reach a training step.
//!
//! [`load`] turns a name into a [`Dataset`]: three splits of u8 pixels with a content hash. The
//! embedded datasets (`mnist-10k`, `fashion-3k`, `digits8x8`) are compiled into the binary and need
//! no file and no network; `mnist`, `fashion-mnist` and `cifar10` are found on disk or downloaded
//! against pinned hashes; `folder:PATH` reads PNG and JPEG files. [`read_pictures`] and [`read_npz`]
//! read image sets that are not datasets, such as somebody's samples; [`npz_bytes`] writes one.
//!
//! [`BatchStream`] then uploads the training split once and makes the batch of any step on the
//! device, as a pure function of the run's seed and the step's number.
//!
//! Two rules keep runs comparable. Splits are fixed by this crate's own seed, never by the run's, so
//! that every run of every model sees the same training, validation and test images. And whatever a
//! file contains, reading it ends in data or in one [`DataError`] sentence, in bounded memory.

mod archive;
mod catalogue;
mod cifar;
mod dataset;
mod device;
mod embedded;
mod error;
mod fetch;
mod files;
mod folder;
mod idx;
mod images;
mod load;
mod locate;
mod npz;
mod options;
mod picture;
mod stream;
#[cfg(test)]
mod testing;

pub use dataset::Dataset;
pub use device::DeviceImages;
pub use error::DataError;
pub use folder::read_pictures;
pub use images::Images;
pub use load::{known_names, load};
pub use locate::cache_folder;
pub use npz::{npz_bytes, read_npz};
pub use options::{Binarise, ColourMode, DownloadProgress, LoadOptions};
pub use stream::BatchStream;
