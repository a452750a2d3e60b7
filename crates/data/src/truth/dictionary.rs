//! Sparse combinations of known atoms: what a sparse code should find again.

use genlab_core::noise::shuffled;
use rand::{RngExt, rngs::ChaCha8Rng};
use rand_distr::StandardNormal;
use std::ops::RangeInclusive;

/// x = Σ_{i ∈ S} c_i a_i + s ε, with a set S of atoms of any of some sizes, all alike, c_i uniform, ε standard normal.
#[derive(Clone, Debug, PartialEq)]
pub struct Dictionary {
    atoms: Vec<Vec<f64>>,
    active: RangeInclusive<usize>,
    coefficients: [f64; 2],
    noise: f64,
}

impl Dictionary {
    /// `count` atoms of `dimensions` coordinates, uniform on the sphere of radius 1; as many of them as `active` says
    /// make a value, with coefficients between the two given, and noise of the standard deviation `noise`.
    ///
    /// Panics where a value would need more atoms than there are.
    pub(crate) fn draw_atoms(
        rng: &mut ChaCha8Rng,
        [count, dimensions]: [usize; 2],
        active: RangeInclusive<usize>,
        coefficients: [f64; 2],
        noise: f64,
    ) -> Self {
        assert!(*active.end() <= count, "a value has no more atoms than there are");
        let mut atom = |_| {
            let direction: Vec<f64> = (0..dimensions).map(|_| rng.sample(StandardNormal)).collect();
            let length = direction.iter().map(|x: &f64| x * x).sum::<f64>().sqrt();
            direction.into_iter().map(|x| x / length).collect()
        };
        Self { atoms: (0..count).map(&mut atom).collect(), active, coefficients, noise }
    }

    /// Coordinates of one point.
    pub fn dimensions(&self) -> usize {
        self.atoms[0].len()
    }

    /// Directions of length 1.
    pub fn atoms(&self) -> &[Vec<f64>] {
        &self.atoms
    }

    pub(super) fn draw(&self, rng: &mut ChaCha8Rng) -> Vec<f64> {
        let active = rng.random_range(*self.active.start() as u64..=*self.active.end() as u64);
        let mut point = vec![0.0; self.dimensions()];
        let [low, high] = self.coefficients;
        for atom in shuffled(rng, self.atoms.len()).into_iter().take(active as usize) {
            let coefficient = low + (high - low) * rng.random::<f64>();
            point
                .iter_mut()
                .zip(&self.atoms[atom as usize])
                .for_each(|(x, a)| *x += coefficient * a);
        }
        for x in &mut point {
            *x += self.noise * rng.sample::<f64, _>(StandardNormal);
        }
        point
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::noise::keystream;

    #[test]
    fn values_are_few_atoms_with_positive_coefficients() {
        // As many atoms as coordinates and no noise: coefficients are found by elimination.
        let mut rng = keystream([1; 32], 0, 0);
        let dictionary = Dictionary::draw_atoms(&mut rng, [4, 4], 1..=2, [0.5, 1.5], 0.0);
        for atom in dictionary.atoms() {
            assert!((atom.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() < 1e-12);
        }
        for _ in 0..50 {
            let coefficients = solve(dictionary.atoms(), dictionary.draw(&mut rng));
            let on = coefficients.iter().filter(|c| c.abs() > 1e-9);
            let on: Vec<f64> = on.copied().collect();
            assert!((1..=2).contains(&on.len()), "{coefficients:?}");
            assert!(on.iter().all(|c| (0.5..1.5).contains(c)), "{coefficients:?}");
        }
    }

    /// c with Σ_i c_i a_i = x, by Gauss and Jordan with pivots.
    fn solve(atoms: &[Vec<f64>], x: Vec<f64>) -> Vec<f64> {
        let n = x.len();
        let row = |i: usize| atoms.iter().map(|a| a[i]).chain([x[i]]).collect::<Vec<f64>>();
        let mut rows: Vec<Vec<f64>> = (0..n).map(row).collect();
        for i in 0..n {
            let size = |r: &usize| rows[*r][i].abs();
            let pivot = (i..n).max_by(|a, b| size(a).total_cmp(&size(b))).expect("rows");
            rows.swap(i, pivot);
            let lead: Vec<f64> = rows[i].iter().map(|v| v / rows[i][i]).collect();
            for (r, row) in rows.iter_mut().enumerate() {
                let factor = if r == i { 0.0 } else { row[i] };
                row.iter_mut().zip(&lead).for_each(|(v, l)| *v -= factor * l);
            }
            rows[i] = lead;
        }
        rows.iter().map(|row| row[n]).collect()
    }
}
