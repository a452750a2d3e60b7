//! Which value of a row may be called best.

use crate::stats::{Estimate, SEEDS_FOR_A_CLAIM};
use genlab_results::Direction;
use serde::Serialize;

/// What a table says about a value beside the others of its row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Mark {
    /// Nothing.
    #[default]
    None,
    /// The best point value; too few seeds for a claim.
    Leading,
    /// The best mean, its interval clear of all others, at least three seeds each.
    Best,
    /// The best mean or not distinguishable from it.
    Tied,
}

/// One value that takes part: its text decides whether a reader could see a difference.
pub(crate) struct Candidate<'a> {
    pub(crate) estimate: Estimate,
    pub(crate) text: &'a str,
}

/// Marks for the candidates of one row, in their order. Without a direction, or with fewer than two
/// candidates, nothing is marked.
pub(crate) fn marks(candidates: &[Candidate<'_>], better: Option<Direction>) -> Vec<Mark> {
    let mut marks = vec![Mark::None; candidates.len()];
    let (Some(direction), 2..) = (better, candidates.len()) else { return marks };
    let score = |candidate: &Candidate<'_>| match direction {
        Direction::Lower => candidate.estimate.mean,
        Direction::Higher => -candidate.estimate.mean,
    };
    let order = |a: &usize, b: &usize| score(&candidates[*a]).total_cmp(&score(&candidates[*b]));
    let Some(best) = (0..candidates.len()).min_by(order) else { return marks };
    let leader = &candidates[best];
    let ties = |rival: &Candidate<'_>| {
        let intervals = [&rival.estimate, &leader.estimate].iter().all(|e| e.half_width.is_some());
        rival.text == leader.text || (intervals && rival.estimate.overlaps(&leader.estimate))
    };
    for (index, rival) in candidates.iter().enumerate().filter(|(index, _)| *index != best) {
        if ties(rival) {
            marks[index] = Mark::Tied;
        }
    }
    let enough = candidates.iter().all(|c| c.estimate.seeds >= SEEDS_FOR_A_CLAIM);
    marks[best] = match (marks.contains(&Mark::Tied), enough) {
        (true, _) => Mark::Tied,
        (false, true) => Mark::Best,
        (false, false) => Mark::Leading,
    };
    marks
}

#[cfg(test)]
mod tests {
    use super::*;
    use Direction::{Higher, Lower};

    fn check(rows: &[(&str, &[f64])], better: Option<Direction>, expected: &[Mark]) {
        let candidates: Vec<_> = rows
            .iter()
            .map(|(text, seeds)| Candidate { estimate: Estimate::over_seeds(seeds).unwrap(), text })
            .collect();
        assert_eq!(marks(&candidates, better), expected);
    }

    #[test]
    fn one_seed_leads_but_claims_nothing() {
        check(&[("3", &[3.0]), ("1", &[1.0])], Some(Lower), &[Mark::None, Mark::Leading]);
        check(&[("3", &[3.0]), ("1", &[1.0])], Some(Higher), &[Mark::Leading, Mark::None]);
    }

    #[test]
    fn nothing_is_marked_without_a_direction_or_a_rival() {
        check(&[("3", &[3.0]), ("1", &[1.0])], None, &[Mark::None, Mark::None]);
        check(&[("3", &[3.0])], Some(Lower), &[Mark::None]);
    }

    #[test]
    fn three_seeds_with_clear_intervals_make_a_best() {
        let (low, high) = ([1.0, 1.1, 1.2], [5.0, 5.1, 5.2]);
        check(&[("1.1", &low), ("5.1", &high)], Some(Lower), &[Mark::Best, Mark::None]);
    }

    #[test]
    fn overlapping_intervals_are_ties_and_others_are_not() {
        let (a, b, c) = ([1.0, 1.5, 2.0], [1.2, 1.6, 2.2], [90.0, 91.0, 92.0]);
        let expected = [Mark::Tied, Mark::Tied, Mark::None];
        check(&[("a", &a), ("b", &b), ("c", &c)], Some(Lower), &expected);
    }

    #[test]
    fn values_that_read_the_same_are_ties() {
        check(
            &[("1.000", &[1.0]), ("1.000", &[1.000_01])],
            Some(Higher),
            &[Mark::Tied, Mark::Tied],
        );
    }
}
