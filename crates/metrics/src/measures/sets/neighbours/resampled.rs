//! Who lies in whose neighbourhood, kept as bits, so that precision, recall, density and coverage of
//! many resampled sets cost little more than those of one.

use super::maths::{BLOCK, Neighbourhoods, squared_radii};
use crate::numerics::matrix::{Rows, squared_distances, squared_norms};
use rayon::prelude::*;

/// Values a side whose memberships fit into memory as bits.
const MOST_IMAGES: usize = 20_000;

/// Which samples and real images lie in each other's neighbourhoods, which are those of the full sets.
#[derive(Debug)]
pub(crate) struct Memberships {
    /// Samples.
    samples: usize,
    /// Neighbours that make a neighbourhood.
    k: usize,
    /// One per real image.
    around: Vec<Membership>,
}

/// One bit per sample, in words of 64.
type Bits = Vec<u64>;

/// One real image among the samples.
#[derive(Debug)]
struct Membership {
    /// The samples inside this real image's neighbourhood.
    holds: Bits,
    /// The samples in whose neighbourhood it lies.
    held_by: Bits,
}

impl Memberships {
    /// None when a side has no more than `k` vectors, or too many for their memberships to fit into
    /// memory.
    pub(crate) fn new(samples: &Rows, real: &Rows, k: usize) -> Option<Self> {
        let (fewest, most) = (samples.len().min(real.len()), samples.len().max(real.len()));
        if k == 0 || fewest <= k || most > MOST_IMAGES {
            return None;
        }
        let (radius_of_sample, radius_of_real) =
            (squared_radii(samples, k), squared_radii(real, k));
        let norms = squared_norms(samples);
        let around = real
            .values
            .par_chunks(BLOCK * real.dim)
            .enumerate()
            .flat_map_iter(|(task, block)| {
                let distances = squared_distances(block, samples, &norms);
                let membership = |(i, row): (usize, &[f64])| {
                    let radius = radius_of_real[task * BLOCK + i];
                    let pairs = || row.iter().zip(&radius_of_sample);
                    Membership {
                        holds: bits(row.iter().map(|distance| *distance < radius)),
                        held_by: bits(pairs().map(|(distance, radius)| distance < radius)),
                    }
                };
                let memberships: Vec<_> =
                    distances.chunks(samples.len()).enumerate().map(membership).collect();
                memberships
            })
            .collect();
        Some(Self { samples: samples.len(), k, around })
    }

    /// The four numbers of the sets that these rows, with repetitions, make up.
    pub(crate) fn among(&self, samples: &[usize], real: &[usize]) -> Neighbourhoods {
        let (of_sample, of_real) = (counts(samples, self.samples), counts(real, self.around.len()));
        let present = bits(of_sample.iter().map(|count| *count > 0));
        let mut hit = vec![0_u64; present.len()];
        let (mut recalled, mut covered, mut inside) = (0, 0, 0);
        for (one, count) in self.around.iter().zip(&of_real).filter(|(_, count)| **count > 0) {
            if meet(&one.held_by, &present) {
                recalled += count;
            }
            if meet(&one.holds, &present) {
                covered += count;
                inside += count * members(&one.holds).map(|i| of_sample[i]).sum::<usize>();
            }
            hit.iter_mut().zip(&one.holds).for_each(|(all, word)| *all |= word);
        }
        let precise: usize = members(&hit).map(|i| of_sample[i]).sum();
        let share = |count: usize, of: usize| count as f64 / of as f64;
        Neighbourhoods {
            precision: share(precise, samples.len()),
            recall: share(recalled, real.len()),
            density: share(inside, self.k * samples.len()),
            coverage: share(covered, real.len()),
        }
    }
}

fn counts(rows: &[usize], len: usize) -> Vec<usize> {
    let mut counts = vec![0; len];
    for &row in rows {
        counts[row] += 1;
    }
    counts
}

fn bits(flags: impl Iterator<Item = bool>) -> Bits {
    let mut words = Vec::new();
    for (i, flag) in flags.enumerate() {
        if i % 64 == 0 {
            words.push(0);
        }
        words[i / 64] |= u64::from(flag) << (i % 64);
    }
    words
}

fn meet(a: &[u64], b: &[u64]) -> bool {
    a.iter().zip(b).any(|(a, b)| a & b != 0)
}

/// The places of the ones.
fn members(words: &[u64]) -> impl Iterator<Item = usize> {
    words.iter().enumerate().flat_map(|(word, &bits)| {
        let mut left = bits;
        std::iter::from_fn(move || {
            let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(word * 64 + bit)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measures::sets::neighbours::maths::neighbourhoods;

    fn wave(n: usize, frequency: f64) -> Rows {
        Rows::new(2, (0..2 * n).map(|i| ((i * i) as f64 * frequency).sin()).collect())
    }

    #[test]
    fn every_row_once_gives_the_plain_numbers() {
        let (samples, real) = (wave(150, 0.731), wave(200, 0.417));
        let memberships = Memberships::new(&samples, &real, 5).unwrap();
        let all = |n: usize| (0..n).collect::<Vec<_>>();
        let plain = neighbourhoods(&samples, &real, 5).unwrap();
        assert_eq!(memberships.among(&all(150), &all(200)), plain);
    }

    #[test]
    fn repetitions_count_and_absent_rows_do_not() {
        // Radii (k = 1): real 0, 1, 2, 10 have 1, 1, 1, 8; samples 0.5, 50, 51 have 49.5, 1, 1.
        let real = Rows::new(1, vec![0.0, 1.0, 2.0, 10.0]);
        let samples = Rows::new(1, vec![0.5, 50.0, 51.0]);
        let memberships = Memberships::new(&samples, &real, 1).unwrap();
        let found = memberships.among(&[0, 0, 1], &[0, 2, 2, 2]);
        // 0.5 lies in the ball of 0 alone of those drawn; it reaches all of them.
        assert_eq!(found.precision, 2.0 / 3.0);
        assert_eq!(found.recall, 1.0);
        assert_eq!(found.density, 2.0 / 3.0);
        assert_eq!(found.coverage, 1.0 / 4.0);
        let found = memberships.among(&[1, 1, 2], &[0, 1, 2, 3]);
        assert_eq!((found.precision, found.recall, found.coverage), (0.0, 0.0, 0.0));
    }
}
