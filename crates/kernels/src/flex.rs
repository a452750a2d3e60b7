//! Reading and making the CPU backend's tensors, and the memory that the kernels work in.

use std::{cell::RefCell, mem::MaybeUninit, ops::Range};

use burn::{
    backend::{
        Bytes, DType,
        flex::{FlexTensor, Layout},
    },
    tensor::{Device, Tensor},
};
use rayon::prelude::*;

/// Whether the fast kernels apply: f32 on the CPU backend, tracked or not.
pub(crate) fn is_fast<const D: usize>(x: &Tensor<D>) -> bool {
    x.dtype() == DType::F32 && x.device() == Device::flex()
}

/// The same tensor in row-major order; transposed, sliced and expanded views are copied.
pub(crate) fn dense(x: FlexTensor) -> FlexTensor {
    if x.is_contiguous() { x } else { x.to_contiguous() }
}

/// The elements of a [`dense`] tensor.
pub(crate) fn floats(x: &FlexTensor) -> &[f32] {
    x.as_slice::<f32>().expect("dense() made it contiguous and is_fast() checked for f32")
}

/// The dimensions of `x`, whose rank is `D`.
pub(crate) fn dims<const D: usize>(x: &FlexTensor) -> [usize; D] {
    x.layout().shape().as_slice().try_into().expect("the public functions fix the rank")
}

/// A tensor of `shape` that takes over `values`.
pub(crate) fn tensor(values: Vec<f32>, shape: &[usize]) -> FlexTensor {
    debug_assert_eq!(values.len(), shape.iter().product::<usize>());
    FlexTensor::new(Bytes::from_elems(values), Layout::contiguous(shape.into()), DType::F32)
}

/// Elements per task of an elementwise kernel: 64 KiB, which stays in the second-level cache.
pub(crate) const TASK: usize = 16 * 1024;

/// Makes a vector of `len` floats by running `work(index, chunk)` on consecutive chunks of `chunk`
/// elements in parallel, and collects what `work` returns in the order of the chunks.
///
/// A chunk is zeroed by its own thread just before `work` overwrites it: small chunks never leave
/// the cache between the two, which makes zeros nearly as cheap as uninitialised memory.
pub(crate) fn build<R: Send>(
    len: usize,
    chunk: usize,
    work: impl Fn(usize, &mut [f32]) -> R + Sync,
) -> (Vec<f32>, Vec<R>) {
    let cleared = |index, part: &mut [MaybeUninit<f32>]| {
        part.fill(MaybeUninit::new(0.0));
        #[expect(unsafe_code, reason = "MaybeUninit::write_filled is not stable yet")]
        // SAFETY: the line above initialised every element of `part`.
        let part = unsafe { part.assume_init_mut() };
        work(index, part)
    };
    #[expect(unsafe_code, reason = "calls the function below")]
    // SAFETY: `cleared` initialises every element.
    unsafe {
        build_uncleared(len, chunk, cleared)
    }
}

/// The same for chunks too large to be zeroed for nothing.
///
/// # Safety
/// `work` must initialise every element of its chunk.
#[expect(unsafe_code, reason = "see above")]
pub(crate) unsafe fn build_uncleared<R: Send>(
    len: usize,
    chunk: usize,
    work: impl Fn(usize, &mut [MaybeUninit<f32>]) -> R + Sync,
) -> (Vec<f32>, Vec<R>) {
    let mut values: Vec<f32> = Vec::with_capacity(len);
    let target = &mut values.spare_capacity_mut()[..len];
    let run = |(index, part): (usize, &mut [MaybeUninit<f32>])| work(index, part);
    let results: Vec<R> = if len <= chunk {
        target.chunks_mut(chunk.max(1)).enumerate().map(run).collect()
    } else {
        target.par_chunks_mut(chunk).enumerate().map(run).collect()
    };
    // SAFETY: the capacity is at least `len`, and the caller vouches that `work` initialised every
    // chunk of the first `len` elements; had one panicked, we would not be here.
    unsafe {
        values.set_len(len);
    }
    (values, results)
}

/// Makes N vectors of `count` chunks each, `chunks` floats long, by running `work(index, parts)` on the
/// chunks of one index together, which begin as zeros, in parallel.
pub(crate) fn build_each<const N: usize>(
    count: usize,
    chunks: [usize; N],
    work: impl Fn(usize, [&mut [f32]; N]) + Sync,
) -> [Vec<f32>; N] {
    let mut vectors = chunks.map(|chunk| vec![0.0; count * chunk]);
    let mut rests = vectors.each_mut().map(Vec::as_mut_slice);
    let mut parts = Vec::with_capacity(count);
    for _ in 0..count {
        let mut lens = chunks.into_iter();
        parts.push(rests.each_mut().map(|rest| {
            let len = lens.next().expect("as many as vectors");
            rest.split_off_mut(..len).expect("the vectors have `count` chunks")
        }));
    }
    parts.into_par_iter().enumerate().for_each(|(index, parts)| work(index, parts));
    vectors
}

/// Parts of a batch that sums over it are taken in, whatever the number of threads: what a network computes must not
/// depend on the machine. Every part costs a set of sums of its own, so there are few.
pub(crate) const SHARES: usize = 2;

/// Part `part` of `parts` of `0..len`.
fn range(part: usize, parts: usize, len: usize) -> Range<usize> {
    part * len / parts..(part + 1) * len / parts
}

/// Splits `0..len` into [`SHARES`] ranges (fewer where there is less work) and runs `work` on each in parallel; the
/// results come in the order of the ranges.
pub(crate) fn split<R: Send>(len: usize, work: impl Fn(Range<usize>) -> R + Sync) -> Vec<R> {
    let shares = SHARES.min(len).max(1);
    (0..shares).into_par_iter().map(|share| work(range(share, shares, len))).collect()
}

/// As [`split`], for `count` sums that do not depend on each other: `work(range, sums)` returns the floats of those sums. Where
/// there are more threads than shares, several have a share in common, and each takes some of its sums.
pub(crate) fn split_sums(
    len: usize,
    count: usize,
    work: impl Fn(Range<usize>, Range<usize>) -> Vec<f32> + Sync,
) -> Vec<Vec<f32>> {
    let shares = SHARES.min(len).max(1);
    let tasks = rayon::current_num_threads().div_ceil(shares).min(count).max(1);
    let task =
        |index: usize| work(range(index / tasks, shares, len), range(index % tasks, tasks, count));
    let parts: Vec<Vec<f32>> = (0..shares * tasks).into_par_iter().map(task).collect();
    if tasks == 1 { parts } else { parts.chunks(tasks).map(<[_]>::concat).collect() }
}

/// Adds the vectors of `parts` from first to last.
pub(crate) fn fold(parts: Vec<Vec<f32>>) -> Vec<f32> {
    let mut parts = parts.into_iter();
    let mut total = parts.next().unwrap_or_default();
    for part in parts {
        for (sum, value) in total.iter_mut().zip(part) {
            *sum += value;
        }
    }
    total
}

thread_local! {
    static SCRATCH: RefCell<Vec<f32>> = const { RefCell::new(Vec::new()) };
}

/// Lends `work` this thread's scratch memory of `len` floats with arbitrary content, from the start
/// of a cache line. It is kept between calls, so a training loop pays its page faults once. Must not
/// be nested, and `work` must not start parallel work (this thread could steal a task that asks for
/// scratch itself).
pub(crate) fn with_scratch<R>(len: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    SCRATCH.with_borrow_mut(|scratch| {
        const LINE: usize = 16;
        if scratch.len() < len + LINE {
            scratch.resize(len + LINE, 0.0);
        }
        let first = scratch.as_ptr().align_offset(LINE * size_of::<f32>()).min(LINE);
        work(&mut scratch[first..first + len])
    })
}
