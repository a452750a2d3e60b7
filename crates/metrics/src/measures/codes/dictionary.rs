//! Whether units of a sparse code are the atoms that values were made of. Needs a sparse encoder, a decoder, and a
//! dataset that knows its atoms.

use super::measure::{CodeMeasure, Subject};
use crate::{features::host, findings::Findings, numerics::matrix::Rows};
use burn::tensor::Tensor;
use genlab_core::{Condition, Decode, Encode};
use genlab_data::Truth;
use genlab_results::{Direction::Higher, Entry, Section};

const RECOVERED: Entry = Entry {
    name: "dictionary/recovered",
    title: "Atoms recovered",
    unit: "fraction of atoms",
    better: Some(Higher),
    section: Section::Sparsity,
    meaning: "Share of the true atoms with a unit of their own whose column lies within a cosine of 0.9.",
    meaning_beyond_images: "Share of the true atoms with a unit of their own whose column lies within a cosine of 0.9.",
    ..Entry::BASE
};

const MEAN_COSINE: Entry = Entry {
    name: "dictionary/mean_max_cosine",
    title: "Mean max cosine to atoms",
    unit: "-1 to 1",
    better: Some(Higher),
    section: Section::Sparsity,
    meaning: "Cosine of each true atom with the decoder column nearest to it, averaged over atoms.",
    meaning_beyond_images: "Cosine of each true atom with the decoder column nearest to it, averaged over atoms.",
    ..Entry::BASE
};

/// A column with at least this cosine to an atom is that atom.
pub const RECOVERED_COSINE: f64 = 0.9;

/// The measure.
pub(super) struct PlantedDictionary;

impl CodeMeasure for PlantedDictionary {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&RECOVERED, &MEAN_COSINE]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let (model, context) = (subject.model, subject.context);
        let sparse = model.encoder().is_some_and(Encode::is_sparse);
        let atoms = context.dataset.truth.as_ref().and_then(Truth::atoms);
        let (Some(decoder), Some(atoms), true) = (model.decoder(), atoms, sparse) else { return };
        let cosines = cosines(atoms, &columns(decoder, &context.device));
        let (found, n) = (recovered(&cosines), atoms.len());
        out.push(context.metric(&RECOVERED, found as f64 / n as f64, n));
        let nearest: Vec<f64> =
            cosines.iter().map(|row| row.iter().copied().fold(-1.0, f64::max)).collect();
        out.push(context.mean(&MEAN_COSINE, &nearest));
    }
}

/// What each unit adds to a value when it is 1 and all others are off, `[units, numbers of a value]`: a column of the decoder
/// where that is linear.
pub(super) fn columns(decoder: &dyn Decode, device: &burn::tensor::Device) -> Rows {
    let units = decoder.latent_dim();
    let told = Condition::default();
    let decoded = decoder.decode(Tensor::<2>::eye(units, device), &told);
    let nothing = decoder.decode(Tensor::zeros([1, units], device), &told);
    let columns = (decoded - nothing).flatten::<2>(1, 3);
    let [_, numbers] = columns.dims();
    Rows::from_f32(numbers, &host::floats(columns))
}

/// Cosine of each atom with each column; 0 with a column of zeros.
fn cosines(atoms: &[Vec<f64>], columns: &Rows) -> Vec<Vec<f64>> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let length = |a: &[f64]| dot(a, a).sqrt();
    let cosine = |atom: &[f64], column: &[f64]| {
        let lengths = length(atom) * length(column);
        if lengths > 0.0 { dot(atom, column) / lengths } else { 0.0 }
    };
    atoms.iter().map(|atom| columns.iter().map(|column| cosine(atom, column)).collect()).collect()
}

/// The most atoms that can each be given a column of their own within [`RECOVERED_COSINE`]: a largest matching, grown by
/// augmenting paths (Kuhn 1955).
fn recovered(cosines: &[Vec<f64>]) -> usize {
    let columns = cosines.first().map_or(0, Vec::len);
    let mut owner: Vec<Option<usize>> = vec![None; columns];
    let give = |atom: usize, owner: &mut Vec<Option<usize>>| {
        find_column(atom, cosines, owner, &mut vec![false; columns])
    };
    (0..cosines.len()).filter(|&atom| give(atom, &mut owner)).count()
}

/// Gives `atom` a column, moving the atoms that hold it to others where need be.
fn find_column(
    atom: usize,
    cosines: &[Vec<f64>],
    owner: &mut Vec<Option<usize>>,
    tried: &mut Vec<bool>,
) -> bool {
    for column in 0..tried.len() {
        if cosines[atom][column] < RECOVERED_COSINE || std::mem::replace(&mut tried[column], true) {
            continue;
        }
        let is_free = match owner[column] {
            None => true,
            Some(other) => find_column(other, cosines, owner, tried),
        };
        if is_free {
            owner[column] = Some(atom);
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_atom_needs_a_column_of_its_own() {
        assert_eq!(recovered(&[vec![0.95, 0.1], vec![0.92, 0.2]]), 1, "two atoms, one column");
        // The first atom moves to the second column, so that the second atom has the first.
        assert_eq!(recovered(&[vec![0.95, 0.91], vec![0.92, 0.2]]), 2);
        assert_eq!(recovered(&[vec![0.95, 0.3], vec![0.1, 0.89]]), 1, "0.89 is below 0.9");
    }

    #[test]
    fn cosines_ignore_lengths_and_keep_signs() {
        let atoms = [vec![1.0, 0.0], vec![0.6, 0.8]];
        let columns = Rows::new(2, vec![0.0, 5.0, -2.0, 0.0, 0.0, 0.0]);
        let found = cosines(&atoms, &columns);
        let expected = [[0.0, -1.0, 0.0], [0.8, -0.6, 0.0]];
        for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
            assert!((found - expected).abs() < 1e-12);
        }
    }
}
