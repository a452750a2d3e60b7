//! The .npy format: magic, version, a Python dictionary, the values.
//! (numpy.lib.format, versions 1 to 3.)

use super::refusal::{SAVE, SCALE, refused};
use crate::{error::DataError, files::reserve};
use genlab_core::{ImageShape, Kind, Space};
use std::io::Read;

/// The entry of an archive that holds the array `images`.
pub(super) const ARRAY: &str = "images.npy";

/// Bytes of a header at most; NumPy itself refuses more than 10,000 from strangers.
const MAX_HEADER: usize = 10_000;

/// Reserved at once at most, whatever a header promises; the rest grows with what arrives.
const FIRST_RESERVE: u64 = 1 << 24;

/// What one number of the array is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// An unsigned byte.
    U8,
    /// A float.
    Float(Float),
}

/// A float of some size and byte order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Float {
    /// `<f4`
    F32Little,
    /// `>f4`
    F32Big,
    /// `<f8`
    F64Little,
    /// `>f8`
    F64Big,
}

/// Which index runs fastest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// The last.
    C,
    /// The first.
    Fortran,
}

/// What stands before the values.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) element: Element,
    pub(super) order: Order,
    pub(super) shape: Vec<usize>,
}

impl Element {
    pub(super) fn bytes(self) -> usize {
        match self {
            Self::U8 => 1,
            Self::Float(Float::F32Little | Float::F32Big) => 4,
            Self::Float(Float::F64Little | Float::F64Big) => 8,
        }
    }

    /// The number in these bytes, which are as many as it has.
    fn value(self, bytes: &[u8]) -> f64 {
        let four = || bytes.try_into().expect("four bytes");
        let eight = || bytes.try_into().expect("eight bytes");
        match self {
            Self::U8 => f64::from(bytes[0]),
            Self::Float(Float::F32Little) => f64::from(f32::from_le_bytes(four())),
            Self::Float(Float::F32Big) => f64::from(f32::from_be_bytes(four())),
            Self::Float(Float::F64Little) => f64::from_le_bytes(eight()),
            Self::Float(Float::F64Big) => f64::from_be_bytes(eight()),
        }
    }

    /// From NumPy's name of a type.
    fn parse(name: &str, file: &str) -> Result<Self, DataError> {
        Ok(match name {
            "|u1" | "<u1" | ">u1" | "u1" => Self::U8,
            "<f4" => Self::Float(Float::F32Little),
            ">f4" => Self::Float(Float::F32Big),
            "<f8" => Self::Float(Float::F64Little),
            ">f8" => Self::Float(Float::F64Big),
            other => {
                let fault = format!("contains images of type {other}, whose range is not known");
                return Err(refused(file, fault, SCALE));
            }
        })
    }
}

impl Header {
    pub(super) fn read(source: &mut impl Read, file: &str) -> Result<Self, DataError> {
        let damaged = |fault: &str| refused(file, fault, SAVE);
        let start = read_exactly(source, 8, file)?;
        let (magic, version) = start.split_at(6);
        if magic != b"\x93NUMPY" {
            return Err(damaged("contains an images.npy that is not a NumPy array"));
        }
        let length = match version[0] {
            1 => read_exactly(source, 2, file)?,
            2 | 3 => read_exactly(source, 4, file)?,
            _ => return Err(damaged("uses a NumPy format newer than version 3")),
        };
        let length = length.iter().rev().fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        if length > MAX_HEADER {
            return Err(damaged("has an array header of more than 10000 bytes"));
        }
        let text = read_exactly(source, length as u64, file)?;
        Self::parse(&String::from_utf8_lossy(&text), file)
    }

    /// From `{'descr': '|u1', 'fortran_order': False, 'shape': (5, 28, 28), }`.
    fn parse(text: &str, file: &str) -> Result<Self, DataError> {
        let damaged = || refused(file, "has an array header that cannot be read", SAVE);
        let descr = field(text, "descr").ok_or_else(damaged)?;
        if descr.starts_with('[') {
            return Err(refused(file, "contains records, not numbers", SCALE));
        }
        let quote = descr.chars().next().filter(|c| "'\"".contains(*c)).ok_or_else(damaged)?;
        let name = descr[1..].split(quote).next().ok_or_else(damaged)?;
        let order = field(text, "fortran_order").ok_or_else(damaged)?;
        let order = match (order.starts_with("True"), order.starts_with("False")) {
            (true, _) => Order::Fortran,
            (_, true) => Order::C,
            _ => return Err(damaged()),
        };
        let sizes = field(text, "shape").and_then(|rest| rest.strip_prefix('('));
        let (sizes, _) = sizes.and_then(|rest| rest.split_once(')')).ok_or_else(damaged)?;
        let sizes = sizes.split(',').map(str::trim).filter(|size| !size.is_empty());
        let shape = sizes.map(|size| size.parse().map_err(|_| damaged()));
        Ok(Self {
            element: Element::parse(name, file)?,
            order,
            shape: shape.collect::<Result<_, _>>()?,
        })
    }
}

/// What follows a key of the dictionary.
fn field<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let quoted = ['\'', '"'].map(|quote| format!("{quote}{key}{quote}"));
    let after = quoted.iter().find_map(|key| text.split_once(key.as_str()))?.1;
    Some(after.trim_start().strip_prefix(':')?.trim_start())
}

/// The next `length` bytes, in memory that grows with what arrives.
fn read_exactly(source: &mut impl Read, length: u64, file: &str) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::with_capacity(length.min(FIRST_RESERVE) as usize);
    source
        .take(length)
        .read_to_end(&mut bytes)
        .map_err(|reason| refused(file, format!("cannot be read to the end ({reason})"), SAVE))?;
    if (bytes.len() as u64) < length {
        return Err(refused(file, "ends in the middle of the array called images", SAVE));
    }
    Ok(bytes)
}

/// Numbers that are taken from the archive at once.
const AT_ONCE: usize = 1 << 16;

/// All numbers of an array in row-major order, as `convert` makes them of their value and of how many stand before them in
/// the file. Nothing is held but the result.
///
/// # Errors
/// The first that `convert` refuses; or the array ends early, goes on after its end, or is damaged.
pub(super) fn read<T: Copy + Default>(
    source: &mut impl Read,
    header: &Header,
    file: &str,
    convert: impl Fn(f64, usize) -> Result<T, DataError>,
) -> Result<Vec<T>, DataError> {
    let (size, total) = (header.element.bytes(), header.shape.iter().product::<usize>());
    let mut places = (header.order == Order::Fortran).then(|| Places::new(&header.shape));
    let mut numbers: Vec<T> = Vec::new();
    let mut done = 0;
    while done < total {
        let count = AT_ONCE.min(total - done);
        let bytes = read_exactly(source, (count * size) as u64, file)?;
        match &mut places {
            None => {
                if numbers.is_empty() {
                    // Memory that is never written to is none.
                    reserve(&mut numbers, total, file)?;
                }
                for (at, chunk) in bytes.chunks_exact(size).enumerate() {
                    numbers.push(convert(header.element.value(chunk), done + at)?);
                }
            }
            Some(places) => {
                if numbers.is_empty() {
                    // Whether there is so much memory; then so much that is nowhere before it is written to.
                    reserve(&mut numbers, total, file)?;
                    numbers = vec![T::default(); total];
                }
                for (at, chunk) in bytes.chunks_exact(size).enumerate() {
                    numbers[places.next()] = convert(header.element.value(chunk), done + at)?;
                }
            }
        }
        done += count;
    }
    expect_end(source, file)?;
    Ok(numbers)
}

/// Where the numbers of an array whose first index runs fastest lie in one whose last does.
struct Places {
    /// Sizes, and what a step of each index is worth, the first first.
    sizes: Vec<(usize, usize)>,
    index: Vec<usize>,
    place: usize,
}

impl Places {
    fn new(sizes: &[usize]) -> Self {
        let worth = |axis: usize| sizes[axis + 1..].iter().product();
        let sizes: Vec<_> = sizes.iter().enumerate().map(|(axis, s)| (*s, worth(axis))).collect();
        Self { index: vec![0; sizes.len()], sizes, place: 0 }
    }

    /// The place of the next number.
    fn next(&mut self) -> usize {
        let place = self.place;
        for (index, (size, worth)) in self.index.iter_mut().zip(&self.sizes) {
            *index += 1;
            self.place += worth;
            if *index < *size {
                break;
            }
            self.place -= *size * worth;
            *index = 0;
        }
        place
    }
}

/// Reads beyond the values, which is when the archive compares its check sum.
fn expect_end(source: &mut impl Read, file: &str) -> Result<(), DataError> {
    match source.read(&mut [0]) {
        Ok(0) => Ok(()),
        Ok(_) => Err(refused(file, "contains more values than its header says", SAVE)),
        Err(reason) => Err(refused(file, format!("is damaged ({reason})"), SAVE)),
    }
}

/// The sizes of an array of `count` values of this space.
pub(super) fn dims(space: Space, count: usize) -> Vec<usize> {
    let ImageShape { channels, height, width } = space.shape;
    match (space.kind, channels) {
        (Kind::Images, 1) => vec![count, height, width],
        (Kind::Images, _) => vec![count, channels, height, width],
        (Kind::Points, _) => vec![count, space.shape.pixels()],
        (Kind::Series, _) => vec![count, channels, height * width],
    }
}
