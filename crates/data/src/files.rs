//! Opening files that may be gzipped, and reading no more of them than they may hold.

use crate::error::DataError;
use flate2::read::MultiGzDecoder;
use genlab_core::files;
use std::{
    io::{self, BufReader, Read},
    path::{Path, PathBuf},
};

/// `folder/name.gz`, or `folder/name` if only that is there.
pub(crate) fn plain_or_gz(folder: &Path, name: &str) -> Option<PathBuf> {
    [folder.join(format!("{name}.gz")), folder.join(name)].into_iter().find(|path| path.is_file())
}

/// A reader of the decompressed content; a file is gzipped if its name ends in `.gz`.
pub(crate) fn open(path: &Path) -> Result<Box<dyn Read>, DataError> {
    let file = files::open(path).map_err(|reason| DataError::Io {
        action: "read",
        path: path.to_owned(),
        reason,
        cure: "check the path and its permissions".to_owned(),
    })?;
    let reader = BufReader::new(file);
    let zipped = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gz"));
    Ok(if zipped { Box::new(MultiGzDecoder::new(reader)) } else { Box::new(reader) })
}

/// The content up to and including byte `limit`: one byte more than `limit` means "too long".
pub(crate) fn read_past(reader: impl Read, limit: u64, file: &str) -> Result<Vec<u8>, DataError> {
    // All at once: memory that is never written to is none, and a vector that grows is there twice when it moves.
    let (mut bytes, mut reader) = (Vec::new(), reader.take(limit.saturating_add(1)));
    reserve(&mut bytes, limit as usize, file)?;
    let read = |reason| unreadable(file, &reason);
    reader.by_ref().take(limit).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 == limit {
        reader.read_to_end(&mut bytes).map_err(read)?;
    }
    Ok(bytes)
}

/// Room for `more` numbers of `file`.
///
/// # Errors
/// When this machine has not so much memory.
pub(crate) fn reserve<T>(numbers: &mut Vec<T>, more: usize, file: &str) -> Result<(), DataError> {
    numbers.try_reserve_exact(more).map_err(|_| {
        let bytes = (numbers.len().saturating_add(more)).saturating_mul(size_of::<T>());
        let fault = format!("holds {} MiB of values, more than there is memory for", bytes >> 20);
        DataError::malformed(file, fault).with_cure("use fewer or smaller values")
    })
}

/// A stream that broke off: a damaged gzip file, or a failing disk.
pub(crate) fn unreadable(file: &str, reason: &io::Error) -> DataError {
    let fault = match reason.kind() {
        io::ErrorKind::UnexpectedEof => "ends in the middle of its compressed data".to_owned(),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            format!("is not a valid gzip file ({reason})")
        }
        _ => format!("cannot be read to the end ({reason})"),
    };
    DataError::malformed(file, fault)
}
