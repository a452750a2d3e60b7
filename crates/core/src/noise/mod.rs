//! Noise is data: every random draw of a run is a pure function of (seed, phase, name, step, row).
//!
//! The phase says when in a run it is made, the name what it is for: it is given where the draw is
//! made, `"model/latent"`, and hashed into the key, so this crate needs no list of names. Draws
//! under different names, or in different phases, never coincide; a routine that is used twice
//! draws the same numbers twice.
//!
//! Rows are images: the position in the training stream, the index in a split, or the number of a
//! sample. Each row owns a stretch of one ChaCha8 keystream, so it does not matter in which batch a
//! row is drawn, on which backend, by how many threads, or who drew before.

mod key;
#[cfg(feature = "testing")]
pub mod record;

pub use key::{Noise, Phase, Seed};

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use rayon::prelude::*;
use std::ops::Range;

/// The name of the noise that a sample starts from, shared by all models: reports promise that models
/// whose noise has one shape start from the same draws.
pub const STARTING_NOISE: &str = "sample/start";

/// Base-2 logarithm of the words of keystream that one row of one step owns: room for 2^30 draws.
const LOG2_WORDS_PER_ROW: u32 = 32;

impl Noise {
    /// The generator of one row of the draw called `name`. `step` separates draws of that name for the
    /// same row.
    #[track_caller]
    pub fn row(self, name: &str, step: u64, row: u64) -> ChaCha8Rng {
        self.note(name, step, row..row + 1);
        keystream(self.key(name), step, row)
    }

    /// Standard normal values, one row of `shape[1..]` per index in `rows`.
    #[track_caller]
    pub fn normal<const D: usize>(
        self,
        name: &str,
        step: u64,
        rows: Range<u64>,
        shape: [usize; D],
        device: &Device,
    ) -> Tensor<D> {
        self.fill(name, step, rows, shape, device, |rng| rng.sample(StandardNormal))
    }

    /// Values uniform in [0, 1), one row of `shape[1..]` per index in `rows`.
    #[track_caller]
    pub fn uniform<const D: usize>(
        self,
        name: &str,
        step: u64,
        rows: Range<u64>,
        shape: [usize; D],
        device: &Device,
    ) -> Tensor<D> {
        self.fill(name, step, rows, shape, device, RngExt::random::<f32>)
    }

    /// −1 or 1, each as often as the other (Rademacher's distribution), one row of `shape[1..]` per index in
    /// `rows`.
    #[track_caller]
    pub fn signs<const D: usize>(
        self,
        name: &str,
        step: u64,
        rows: Range<u64>,
        shape: [usize; D],
        device: &Device,
    ) -> Tensor<D> {
        self.fill(name, step, rows, shape, device, |rng| if rng.random() { 1.0 } else { -1.0 })
    }

    /// A uniform permutation of `0..len`: row 0 of the draw called `name`.
    #[track_caller]
    pub fn permutation(self, name: &str, step: u64, len: usize) -> Vec<u32> {
        shuffled(&mut self.row(name, step, 0), len)
    }

    #[track_caller]
    fn note(self, name: &str, step: u64, rows: Range<u64>) {
        #[cfg(feature = "testing")]
        record::note(self, name, step, rows);
        #[cfg(not(feature = "testing"))]
        let _ = (self, name, step, rows);
    }

    #[track_caller]
    fn fill<const D: usize>(
        self,
        name: &str,
        step: u64,
        rows: Range<u64>,
        shape: [usize; D],
        device: &Device,
        draw: impl Fn(&mut ChaCha8Rng) -> f32 + Sync,
    ) -> Tensor<D> {
        let count = (rows.end - rows.start) as usize;
        assert_eq!(count, shape[0], "the first dimension of a noise tensor counts its rows");
        self.note(name, step, rows.clone());
        let key = self.key(name);
        let width: usize = shape[1..].iter().product();
        let mut values = vec![0.0_f32; count * width];
        // A row of a few numbers is cheaper to draw than to hand to another thread.
        let rows_per_task = (4096 / width.max(1)).max(1);
        values.par_chunks_mut((rows_per_task * width).max(1)).enumerate().for_each(
            |(task, chunk)| {
                let first = rows.start + (task * rows_per_task) as u64;
                for (row, values) in (first..).zip(chunk.chunks_mut(width.max(1))) {
                    let mut rng = keystream(key, step, row);
                    values.fill_with(|| draw(&mut rng));
                }
            },
        );
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

/// The stretch of a keystream that belongs to (step, row). Draws of a run go through [`Noise`]; this is
/// for keys that are written out once and for all.
pub fn keystream(key: [u8; 32], step: u64, row: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(step);
    rng.set_word_pos(u128::from(row) << LOG2_WORDS_PER_ROW);
    rng
}

/// A uniform permutation of `0..len`.
pub fn shuffled(rng: &mut ChaCha8Rng, len: usize) -> Vec<u32> {
    let mut order: Vec<u32> = (0..len as u32).collect();
    // Fisher-Yates, written out so that the order does not depend on a library's version.
    for i in (1..len).rev() {
        order.swap(i, rng.random_range(0..=i as u64) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(rows: Range<u64>) -> Vec<f32> {
        let n = (rows.end - rows.start) as usize;
        Seed(7)
            .during(Phase::Sample)
            .normal("test", 3, rows, [n, 5], &Device::flex())
            .into_data()
            .as_slice::<f32>()
            .expect("f32")
            .to_vec()
    }

    #[test]
    fn a_row_does_not_depend_on_the_batch_it_is_drawn_in() {
        let whole = values(0..9);
        assert_eq!(whole[10..20], values(2..4));
    }

    #[test]
    fn seeds_phases_names_steps_and_rows_differ() {
        let draw = |seed, phase, name, step, row| {
            Seed(seed).during(phase).row(name, step, row).random::<u64>()
        };
        let all = [
            draw(7, Phase::Sample, "a", 0, 0),
            draw(8, Phase::Sample, "a", 0, 0),
            draw(7, Phase::Train, "a", 0, 0),
            draw(7, Phase::Sample, "b", 0, 0),
            draw(7, Phase::Sample, "a", 1, 0),
            draw(7, Phase::Sample, "a", 0, 1),
        ];
        for (i, value) in all.iter().enumerate() {
            assert!(!all[..i].contains(value), "{i} recurs in {all:?}");
        }
        assert_eq!(all[0], draw(7, Phase::Sample, "a", 0, 0));
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let noise = Seed(1).during(Phase::Train);
        let x = noise.normal("test", 0, 0..200, [200, 500], &Device::flex());
        let data = x.into_data();
        let x = data.as_slice::<f32>().expect("f32");
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / x.len() as f64;
        let var = x.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((var - 1.0).abs() < 0.02, "{var}");
    }

    #[test]
    fn signs_are_of_size_one_and_alike_often() {
        let noise = Seed(1).during(Phase::Evaluate);
        let x = noise.signs("test", 0, 0..100, [100, 500], &Device::flex()).into_data();
        let x = x.as_slice::<f32>().expect("f32");
        assert!(x.iter().all(|v| v.abs() == 1.0));
        let mean = x.iter().sum::<f32>() / x.len() as f32;
        assert!(mean.abs() < 0.02, "{mean}");
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = Seed(3).during(Phase::Train).permutation("test", 2, 1000);
        assert_ne!(order[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, &v)| i as u32 == v));
    }
}
