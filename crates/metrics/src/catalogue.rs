//! Every metric that this crate produces, collected from the measures that compute them.

use crate::measures::{
    alignment, captions, classify, codes, control, cost, descriptions, forecast, game, grounding,
    motion, noise, pairs, segmentation, sets, subject, super_resolution,
};
use genlab_results::Catalogue;
use std::sync::LazyLock;

/// Every entry, in the order of reports: by section, and within one as the lists of measures have it.
pub static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    let measured = pairs::entries()
        .chain(super_resolution::ENTRIES)
        .chain(codes::entries())
        .chain(noise::entries())
        .chain(captions::ENTRIES)
        .chain(control::ENTRIES)
        .chain(subject::ENTRIES)
        .chain(motion::ENTRIES)
        .chain(sets::entries());
    let measured = measured.chain(forecast::entries()).chain(game::ENTRIES);
    let measured = measured.chain(classify::ENTRIES);
    // What writes captions also holds them beside pictures, which is not what it is for.
    let measured = measured.chain(descriptions::ENTRIES).chain(alignment::entries());
    let measured = measured.chain(segmentation::ENTRIES).chain(grounding::ENTRIES);
    Catalogue::new(measured.chain(cost::ENTRIES))
});

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_results::Section;
    use std::collections::BTreeSet;

    #[test]
    fn every_metric_is_named_once_has_a_section_and_says_what_it_means() {
        let mut names = BTreeSet::new();
        for entry in CATALOGUE.iter() {
            assert!(names.insert(entry.name), "{} stands twice", entry.name);
            assert!(!entry.title.is_empty() && !entry.unit.is_empty() && !entry.meaning.is_empty());
            assert_ne!(entry.section, Section::Other, "{}", entry.name);
        }
    }

    #[test]
    fn every_metric_is_described_in_the_documentation() {
        let text = include_str!("../../../docs/metrics.md");
        for entry in CATALOGUE.iter() {
            let name = format!("`{}`", entry.name);
            assert!(text.contains(&name), "docs/metrics.md does not describe {name}");
        }
    }
}
