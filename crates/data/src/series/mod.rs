//! A column of a CSV file as a dataset of windows.
//!
//! A window is a past of [`PAST`] numbers, which a model can be told, and a future of [`HORIZON`], which is the
//! value that it learns. The first 70 % of the series are for training, the next 10 % for validation, the
//! last 20 % for tests, and no window reaches from one stretch into another. Numbers stay in the units of the
//! file; models see them in standard units, by the mean and the standard deviation of the training stretch.

mod csv;

use crate::{
    dataset::Dataset,
    error::DataError,
    values::{Pasts, Values},
};
use genlab_core::Space;
use std::path::Path;

/// Numbers of a window that a model can be told: two turns of the longest waves that [`HORIZON`] asks for.
pub(crate) const PAST: usize = 24;
/// Numbers of a window that are forecast.
pub(crate) const HORIZON: usize = 12;

/// What a name of such a dataset begins with.
pub(crate) const PREFIX: &str = "series:";
/// How it goes on.
pub(crate) const CURE: &str = "write series:FILE.csv:COLUMN for a column of a CSV file";

/// Tenths of a series that are for training and for validation; the rest is for tests.
const TENTHS: [usize; 2] = [7, 1];

/// The least series of which every stretch holds a window.
const LEAST: usize = 10 * (PAST + HORIZON) / TENTHS[1];

const LICENCE: &str = "the file's own numbers; their licence is not known to genlab";

/// The column that `place`, `FILE.csv:COLUMN`, says, cut into windows.
///
/// # Errors
/// When there is no such file or column, when it holds something that is no number, when it is too short, or
/// when its training stretch is constant.
pub(crate) fn load(name: &str, place: &str) -> Result<Dataset, DataError> {
    let Some((file, column)) =
        place.rsplit_once(':').filter(|(f, c)| !f.is_empty() && !c.is_empty())
    else {
        return Err(DataError::UnknownName { name: name.to_owned(), cure: CURE.to_owned() });
    };
    let numbers = csv::column(Path::new(file), column)?;
    let splits = split(&numbers, file, column)?;
    Ok(Dataset::of_splits(name, None, splits, LICENCE))
}

/// Windows of three stretches of a series.
fn split(numbers: &[f64], file: &str, column: &str) -> Result<[Values; 3], DataError> {
    if numbers.len() < LEAST {
        let fault = format!("has {} numbers in column {column}, too few to cut", numbers.len());
        let cure =
            format!("windows of {} in three stretches take at least {LEAST} rows", PAST + HORIZON);
        return Err(DataError::malformed(file, fault).with_cure(&cure));
    }
    let ends = [TENTHS[0], TENTHS[0] + TENTHS[1]].map(|tenths| numbers.len() * tenths / 10);
    let (train, rest) = numbers.split_at(ends[0]);
    let (validation, test) = rest.split_at(ends[1] - ends[0]);
    // The future of a window is all that the mean and the standard deviation are measured on.
    if train[PAST..].iter().all(|number| (*number as f32) == train[PAST] as f32) {
        let fault = format!("has a column {column} that never changes where it is trained on");
        let cure = "choose a column that changes in the first 70 % of the rows";
        return Err(DataError::malformed(file, fault).with_cure(cure));
    }
    // Windows that are measured do not share what they forecast, so that each counts for itself.
    Ok([windows(train, 1), windows(validation, HORIZON), windows(test, HORIZON)])
}

/// Every window of a stretch that begins a multiple of `stride` after its first number.
fn windows(stretch: &[f64], stride: usize) -> Values {
    of_windows(stretch.windows(PAST + HORIZON).step_by(stride))
}

/// Values with pasts of windows of `PAST + HORIZON` numbers.
pub(crate) fn of_windows<'a>(windows: impl Iterator<Item = &'a [f64]>) -> Values {
    let (mut pasts, mut futures) = (Vec::new(), Vec::new());
    for window in windows {
        let (past, future) = window.split_at(PAST);
        pasts.extend(past.iter().map(|x| *x as f32));
        futures.extend(future.iter().map(|x| *x as f32));
    }
    // The range is measured when the splits become a dataset.
    let values = Values::floats(Space::series(HORIZON, 0.0, 1.0), futures);
    values.with_pasts(Some(Pasts { length: PAST, numbers: pasts }))
}

#[cfg(test)]
mod tests;
