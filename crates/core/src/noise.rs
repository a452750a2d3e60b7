//! Noise is data: every random draw of training, sampling and evaluation is a pure function of
//! (seed, stream, step, row).
//!
//! Rows are images: the position in the training stream, the index in a split, or the number of a
//! sample. Each row owns a stretch of one ChaCha8 keystream, so it does not matter in which batch a
//! row is drawn, on which backend, by how many threads, or who drew before.

use burn::tensor::{Device, Tensor, TensorData};
use rand::{RngExt, SeedableRng, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The seed of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Seed(pub u64);

/// What a draw is for. Two purposes never share a keystream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Stream {
    /// The order of images within an epoch.
    Order = 1,
    /// Which training images become the validation split.
    Split = 2,
    /// The seed handed to the device to initialise parameters.
    Init = 3,
    /// Pixels of a binarised image.
    Binarise = 4,
    /// The reparameterisation of a posterior.
    Posterior = 5,
    /// A latent code that starts a sample.
    Latent = 6,
    /// The latent codes a critic is trained on.
    CriticLatent = 7,
    /// Diffusion times.
    Time = 8,
    /// Noise mixed into an image by a diffusion process.
    Diffusion = 9,
    /// Noise added at each step of a sampler.
    Sampler = 10,
    /// Corruption of an input (denoising models).
    Corruption = 11,
    /// Choices of an evaluation: subsets, bootstrap, probes.
    Evaluation = 12,
    /// Pure-noise images, the ceiling of every sample metric.
    Ceiling = 13,
}

/// Words of keystream owned by one row of one step: room for 2^30 draws.
const WORDS_PER_ROW: u32 = 32;

impl Seed {
    /// The generator of one row. `step` separates draws for the same row and purpose.
    pub fn row(self, stream: Stream, step: u64, row: u64) -> ChaCha8Rng {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..16].copy_from_slice(&(stream as u64).to_le_bytes());
        key[16..24].copy_from_slice(b"genlab/1");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(step);
        rng.set_word_pos(u128::from(row) << WORDS_PER_ROW);
        rng
    }

    /// Standard normal values, one row of `shape[1..]` per index in `rows`.
    pub fn normal<const D: usize>(
        self,
        stream: Stream,
        step: u64,
        rows: Range<u64>,
        shape: [usize; D],
        device: &Device,
    ) -> Tensor<D> {
        self.fill(stream, step, rows, shape, device, |rng| rng.sample(StandardNormal))
    }

    /// Values uniform in [0, 1), one row of `shape[1..]` per index in `rows`.
    pub fn uniform<const D: usize>(
        self,
        stream: Stream,
        step: u64,
        rows: Range<u64>,
        shape: [usize; D],
        device: &Device,
    ) -> Tensor<D> {
        self.fill(stream, step, rows, shape, device, RngExt::random::<f32>)
    }

    fn fill<const D: usize>(
        self,
        stream: Stream,
        step: u64,
        rows: Range<u64>,
        shape: [usize; D],
        device: &Device,
        draw: impl Fn(&mut ChaCha8Rng) -> f32 + Sync,
    ) -> Tensor<D> {
        let count = (rows.end - rows.start) as usize;
        assert_eq!(count, shape[0], "the first dimension of a noise tensor counts its rows");
        let width: usize = shape[1..].iter().product();
        let mut values = vec![0.0_f32; count * width];
        // A row of a few numbers is cheaper to draw than to hand to another thread.
        let rows_per_task = (4096 / width.max(1)).max(1);
        values.par_chunks_mut((rows_per_task * width).max(1)).enumerate().for_each(
            |(task, chunk)| {
                let first = rows.start + (task * rows_per_task) as u64;
                for (row, values) in (first..).zip(chunk.chunks_mut(width.max(1))) {
                    let mut rng = self.row(stream, step, row);
                    values.fill_with(|| draw(&mut rng));
                }
            },
        );
        Tensor::from_data(TensorData::new(values, shape), device)
    }
}

/// Uniform permutation of `0..len`, a pure function of (seed, stream, step).
pub fn permutation(seed: Seed, stream: Stream, step: u64, len: usize) -> Vec<u32> {
    let mut rng = seed.row(stream, step, 0);
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
            .normal(Stream::Latent, 3, rows, [n, 5], &Device::flex())
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
    fn streams_and_steps_differ() {
        let draw = |stream, step| Seed(7).row(stream, step, 0).random::<u64>();
        assert_ne!(draw(Stream::Latent, 0), draw(Stream::Latent, 1));
        assert_ne!(draw(Stream::Latent, 0), draw(Stream::Posterior, 0));
    }

    #[test]
    fn normal_draws_have_mean_zero_and_variance_one() {
        let x = Seed(1).normal(Stream::Latent, 0, 0..200, [200, 500], &Device::flex());
        let data = x.into_data();
        let x = data.as_slice::<f32>().expect("f32");
        let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / x.len() as f64;
        let var = x.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>() / x.len() as f64;
        assert!(mean.abs() < 0.02, "{mean}");
        assert!((var - 1.0).abs() < 0.02, "{var}");
    }

    #[test]
    fn a_permutation_holds_every_index_once() {
        let mut order = permutation(Seed(3), Stream::Order, 2, 1000);
        assert_ne!(order[..10], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        order.sort_unstable();
        assert!(order.iter().enumerate().all(|(i, &v)| i as u32 == v));
    }
}
