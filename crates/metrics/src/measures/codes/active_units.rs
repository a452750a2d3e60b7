//! How many dimensions of a code are in use. Needs an encoder with a Gaussian posterior.

use super::measure::{CodeMeasure, Subject};
use crate::{
    findings::Findings,
    numerics::matrix::{Rows, add},
};
use genlab_results::{Entry, Section, Style};

const ACTIVE_UNITS: Entry = Entry {
    name: "kl/active_units",
    title: "Active units",
    unit: "latent dimensions",
    section: Section::Likelihood,
    style: Style::Count,
    meaning: "Dimensions whose posterior mean varies over images by more than 0.01 (Burda et al. \
              2016).",
    meaning_beyond_images: "Dimensions whose posterior mean varies over values by more than 0.01 \
                            (Burda et al. 2016).",
    ..Entry::BASE
};

/// A dimension is active when its posterior mean varies over images by more than this: Burda et
/// al. 2016 (arXiv:1509.00519), section 5.2.
pub const ACTIVE_VARIANCE: f64 = 0.01;

/// The measure.
pub(super) struct ActiveUnits;

impl CodeMeasure for ActiveUnits {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&ACTIVE_UNITS]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let Some([mean, _]) = subject.posteriors() else { return };
        let active = active_units(mean);
        out.push(subject.context.metric(&ACTIVE_UNITS, active as f64, mean.len()));
        if let Some(sentence) = collapse(active, mean.dim) {
            out.note(sentence);
        }
    }
}

/// What is to be said of dimensions that are not active.
fn collapse(active: usize, all: usize) -> Option<String> {
    if active == all {
        return None;
    }
    let mend = "a smaller weight of the KL, a warm-up of it or free bits give them back";
    Some(if active == 0 {
        format!(
            "The posterior has collapsed: the posterior means of all {all} latent dimensions are the same for every \
             value, so that the decoder is told nothing of what it decodes. Where that costs the bound something, {mend}."
        )
    } else {
        format!(
            "The posterior has collapsed in {} of {all} latent dimensions: their means are the same for every value \
             (a variance of at most {ACTIVE_VARIANCE}), so that they carry nothing. Where that costs the bound \
             something, {mend}.",
            all - active,
        )
    })
}

/// How many dimensions have a posterior mean whose variance over images exceeds
/// [`ACTIVE_VARIANCE`].
pub fn active_units(mean: &Rows) -> usize {
    let n = mean.len() as f64;
    let mut centre = vec![0.0; mean.dim];
    mean.iter().for_each(|row| add(&mut centre, row));
    let mut squares = vec![0.0; mean.dim];
    for row in mean.iter() {
        for ((sum, x), total) in squares.iter_mut().zip(row).zip(&centre) {
            *sum += (x - total / n).powi(2);
        }
    }
    squares.iter().filter(|&&sum| sum / n > ACTIVE_VARIANCE).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collapse_is_said_in_all_dimensions_in_some_and_not_in_none() {
        assert_eq!(collapse(20, 20), None);
        let some = collapse(12, 20).expect("eight are silent");
        assert!(some.starts_with("The posterior has collapsed in 8 of 20 latent"), "{some}");
        let all = collapse(0, 2).expect("all are silent");
        assert!(all.contains("all 2 latent dimensions are the same"), "{all}");
    }

    #[test]
    fn a_dimension_that_never_moves_is_not_active() {
        let codes = Rows::new(
            3,
            (0..30).flat_map(|i| [f64::from(i % 2), 5.0, f64::from(i % 2) * 0.19]).collect(),
        );
        assert_eq!(active_units(&codes), 1);
    }
}
