//! How many units of a code are on. Needs an encoder whose codes are meant to be sparse.

use super::measure::{CodeMeasure, Subject};
use crate::{findings::Findings, numerics::matrix::Rows};
use genlab_core::Encode;
use genlab_results::{Direction::Lower, Entry, Section, Style};

const L0: Entry = Entry {
    name: "sparsity/l0",
    title: "Active fraction",
    unit: "fraction of units",
    section: Section::Sparsity,
    meaning: "Share of code units that are on, averaged over images.",
    meaning_beyond_images: "Share of code units that are on, averaged over examples.",
    ..Entry::BASE
};

const HOYER: Entry = Entry {
    name: "sparsity/hoyer",
    title: "Hoyer sparseness",
    unit: "0 to 1",
    section: Section::Sparsity,
    meaning: "0 where all units are equally large, 1 where one is on; averaged over codes that are \
              not zero.",
    ..Entry::BASE
};

const DEAD: Entry = Entry {
    name: "sparsity/dead",
    title: "Dead units",
    unit: "units",
    better: Some(Lower),
    section: Section::Sparsity,
    style: Style::Count,
    meaning: "Code units that are off for every held-out image.",
    meaning_beyond_images: "Code units that are off for every held-out example.",
    ..Entry::BASE
};

const ALWAYS_ON: Entry = Entry {
    name: "sparsity/always_on",
    title: "Always-on units",
    unit: "units",
    section: Section::Sparsity,
    style: Style::Count,
    meaning: "Code units that are on for every held-out image.",
    meaning_beyond_images: "Code units that are on for every held-out example.",
    ..Entry::BASE
};

/// A unit is on for an image when its size exceeds this share of the largest size any unit reaches
/// on any image. Relative, so that it means the same for codes of any scale; above zero, because a
/// sigmoid never reaches it and f32 rounding may miss it.
pub const ON_SHARE: f64 = 0.01;

/// The measure.
pub(super) struct SparseUnits;

impl CodeMeasure for SparseUnits {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&L0, &HOYER, &DEAD, &ALWAYS_ON]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        if !subject.model.encoder().is_some_and(Encode::is_sparse) {
            return;
        }
        let Some(codes) = subject.codes() else { return };
        let (n, context) = (codes.mean.len(), subject.context);
        let found = sparsity(&codes.mean);
        out.push(context.metric(&L0, found.active_fraction, n));
        let hoyer = hoyer(&codes.mean);
        if !hoyer.is_empty() {
            out.push(context.mean(&HOYER, &hoyer));
        }
        out.push(context.metric(&DEAD, found.dead_units as f64, n));
        out.push(context.metric(&ALWAYS_ON, found.always_on_units as f64, n));
    }
}

/// How sparse a set of codes is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sparsity {
    /// Mean share of units that are on, in [0, 1].
    pub active_fraction: f64,
    /// Units that are off for every image.
    pub dead_units: usize,
    /// Units that are on for every image.
    pub always_on_units: usize,
}

/// For how many images each unit of codes `[images, units]` is on.
pub(super) fn times_on(codes: &Rows) -> Vec<usize> {
    let largest = codes.values.iter().fold(0.0_f64, |max, v| max.max(v.abs()));
    let mut counts = vec![0_usize; codes.dim];
    for row in codes.iter() {
        for (count, value) in counts.iter_mut().zip(row) {
            *count += usize::from(value.abs() > ON_SHARE * largest);
        }
    }
    counts
}

/// Counts the units that are on in codes `[images, units]`.
pub fn sparsity(codes: &Rows) -> Sparsity {
    let counts = times_on(codes);
    Sparsity {
        active_fraction: counts.iter().sum::<usize>() as f64 / codes.values.len() as f64,
        dead_units: counts.iter().filter(|&&count| count == 0).count(),
        always_on_units: counts.iter().filter(|&&count| count == codes.len()).count(),
    }
}

/// Hoyer's sparseness of each code: (√n − |x|₁ / |x|₂) / (√n − 1), from 0 where all units are equally
/// large to 1 where a single one is on (section 3.1 of Hoyer 2004, JMLR 5). It needs no threshold. A
/// code of zeros has no direction and is left out, as are codes of a single unit.
pub fn hoyer(codes: &Rows) -> Vec<f64> {
    if codes.dim < 2 {
        return Vec::new();
    }
    let root = (codes.dim as f64).sqrt();
    let sparseness = |row: &[f64]| {
        let sum: f64 = row.iter().map(|v| v.abs()).sum();
        let length = row.iter().map(|v| v * v).sum::<f64>().sqrt();
        (length > 0.0).then(|| (root - sum / length) / (root - 1.0))
    };
    codes.iter().filter_map(sparseness).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_counted_by_hand() {
        let codes = Rows::new(4, vec![0.0, 1.0, 0.0, -2.0, 0.0, 0.5, 0.0, 0.01]);
        let expected = Sparsity { active_fraction: 3.0 / 8.0, dead_units: 2, always_on_units: 1 };
        assert_eq!(sparsity(&codes), expected);
    }

    #[test]
    fn a_code_of_zeros_is_dead_altogether() {
        let codes = Rows::new(2, vec![0.0; 6]);
        let expected = Sparsity { active_fraction: 0.0, dead_units: 2, always_on_units: 0 };
        assert_eq!(sparsity(&codes), expected);
    }

    #[test]
    fn hoyers_sparseness_runs_from_even_to_single_and_skips_zeros() {
        let codes =
            Rows::new(4, vec![2.0, -2.0, 2.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, -7.0, 0.0, 0.0]);
        assert_eq!(hoyer(&codes), [0.0, 1.0]);
        // |x|₁ = 7, |x|₂ = 5, n = 2.
        let root = 2.0_f64.sqrt();
        let expected = (root - 7.0 / 5.0) / (root - 1.0);
        assert!((hoyer(&Rows::new(2, vec![3.0, 4.0]))[0] - expected).abs() < 1e-12);
    }
}
