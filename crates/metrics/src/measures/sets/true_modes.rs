//! Whether samples lie where values gather. Needs data whose modes are known.

use super::{measure::SetMeasure, pair::Pair};
use crate::findings::Findings;
use genlab_data::{Mode, Values};
use genlab_results::{Direction::Higher, Direction::Lower, Entry, Rank, Section, Style};

const TRUE_MODES: Entry = Entry {
    name: "samples/true_modes",
    title: "True modes covered",
    unit: "modes",
    better: Some(Higher),
    section: Section::Samples,
    style: Style::Count,
    rank: Rank::Headline,
    meaning: "Modes of the true density with at least one sample within 3 standard deviations.",
    ..Entry::BASE
};

const HIGH_QUALITY: Entry = Entry {
    name: "samples/high_quality",
    title: "High-quality samples",
    unit: "fraction of samples",
    better: Some(Higher),
    range: [0.0, 1.0],
    section: Section::Samples,
    rank: Rank::Headline,
    meaning: "Samples within 3 standard deviations of a mode of the true density.",
    ..Entry::BASE
};

const MODE_KL: Entry = Entry {
    name: "samples/mode_kl",
    title: "Mode KL",
    unit: "nats",
    better: Some(Lower),
    range: [0.0, f64::INFINITY],
    section: Section::Samples,
    meaning: "KL of the samples' histogram over nearest modes from the real values'.",
    ..Entry::BASE
};

/// Standard deviations from a mode that a sample of high quality is within.
const REACH: f64 = 3.0;

/// The measure.
pub(super) struct TrueModes;

impl SetMeasure for TrueModes {
    fn entries(&self) -> &'static [&'static Entry] {
        &[&TRUE_MODES, &HIGH_QUALITY, &MODE_KL]
    }

    fn score(&self, pair: &Pair<'_>, out: &mut Findings) {
        let Some(modes) = pair.truth.and_then(|truth| truth.modes()) else { return };
        let [found, real] = [pair.samples, pair.real].map(|set| visits(&set.images, modes));
        let of = format!("of {}", modes.len());
        let covered = found.within.iter().filter(|count| **count > 0).count();
        out.push(pair.metric(&TRUE_MODES, covered as f64).map(|metric| metric.qualified(&of)));
        let near: usize = found.within.iter().sum();
        out.push(pair.metric(&HIGH_QUALITY, near as f64 / pair.samples.images.len() as f64));
        let shares = |visits: &Visits| {
            let all: usize = visits.nearest.iter().sum();
            visits.nearest.iter().map(|count| *count as f64 / all as f64).collect::<Vec<f64>>()
        };
        let kl = super::classes::histogram_kl(&shares(&found), &shares(&real));
        out.push(pair.metric(&MODE_KL, kl));
    }
}

/// How many points each mode has.
pub(super) struct Visits {
    /// Of those that are nearest to it, in its standard deviations.
    pub(super) nearest: Vec<usize>,
    /// Of those within [`REACH`] standard deviations too.
    within: Vec<usize>,
}

/// Mode and high-quality counts as in section 4.1 of Lin et al. 2018 (PacGAN, arXiv:1712.04086).
pub(super) fn visits(values: &Values, modes: &[Mode]) -> Visits {
    let mut visits = Visits { nearest: vec![0; modes.len()], within: vec![0; modes.len()] };
    for index in 0..values.len() {
        let point = values.row_f64(index);
        let distance = |mode: &Mode| {
            let squares = point.iter().zip(&mode.centre).map(|(x, c)| (x - c).powi(2));
            squares.sum::<f64>().sqrt() / mode.sd
        };
        let distances = modes.iter().map(distance).enumerate();
        let Some((mode, nearest)) = distances.min_by(|a, b| a.1.total_cmp(&b.1)) else { continue };
        visits.nearest[mode] += 1;
        if nearest <= REACH {
            visits.within[mode] += 1;
        }
    }
    visits
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::Space;

    #[test]
    fn a_point_counts_for_its_nearest_mode_and_only_nearby_as_of_high_quality() {
        let mode = |x: f64| Mode { weight: 0.5, centre: vec![x, 0.0], sd: 0.1 };
        let points = vec![0.0, 0.0, 0.29, 0.0, 0.31, 0.0, 0.9, 0.0];
        let visits =
            visits(&Values::floats(Space::points(2, 0.0, 1.0), points), &[mode(0.0), mode(1.0)]);
        assert_eq!((visits.nearest, visits.within), (vec![3, 1], vec![2, 1]));
    }
}
