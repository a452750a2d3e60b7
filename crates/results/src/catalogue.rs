//! What a metric is called, measured in, and for: written once, beside the measure that computes it.

use serde::{Deserialize, Serialize};

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Smaller is better.
    Lower,
    /// Larger is better.
    Higher,
}

/// One table of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Metrics of generated samples.
    Samples,
    /// What is said of a future whose past is told.
    Forecasts,
    /// Bounds on the likelihood and their terms.
    Likelihood,
    /// Metrics of reconstructions.
    Reconstruction,
    /// What the codes know.
    Latent,
    /// How sparse the codes are.
    Sparsity,
    /// How well classes are told apart.
    Classification,
    /// How well pictures and captions go together, and captions are written.
    Captions,
    /// How well objects are found and cut out.
    Objects,
    /// How far a game between two networks is from its end.
    Game,
    /// Time, memory, size.
    Cost,
    /// Everything else, and metrics that the catalogue does not know.
    Other,
}

impl Section {
    /// All sections, in the order of reports.
    pub const ALL: [Self; 12] = [
        Self::Samples,
        Self::Forecasts,
        Self::Likelihood,
        Self::Reconstruction,
        Self::Latent,
        Self::Sparsity,
        Self::Classification,
        Self::Captions,
        Self::Objects,
        Self::Game,
        Self::Cost,
        Self::Other,
    ];

    /// The heading.
    pub fn title(self) -> &'static str {
        match self {
            Self::Samples => "Sample quality",
            Self::Forecasts => "Forecasts",
            Self::Likelihood => "Likelihood and KL",
            Self::Reconstruction => "Reconstruction",
            Self::Latent => "Latent codes",
            Self::Sparsity => "Sparsity",
            Self::Classification => "Classification",
            Self::Captions => "Pictures and captions",
            Self::Objects => "Objects",
            Self::Game => "Game",
            Self::Cost => "Cost",
            Self::Other => "Other numbers",
        }
    }
}

/// How the numbers of a metric are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Four significant digits.
    Plain,
    /// Whole numbers.
    Count,
    /// Bytes, written in MiB.
    Bytes,
    /// Seconds, written in the unit that fits.
    Seconds,
}

/// How prominent a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// Sentences and pairwise tables are about it, and it leads the headline numbers.
    Leading,
    /// One of the headline numbers of a run.
    Headline,
    /// In the tables alone.
    Detail,
}

/// One kind of metric.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Entry {
    /// The name in `results.json`.
    pub name: &'static str,
    /// A short title for tables.
    pub title: &'static str,
    /// Whether the title keeps its capital within a sentence: it begins with a proper name.
    pub proper_name: bool,
    /// The unit.
    pub unit: &'static str,
    /// Which way it improves; None where neither way is better for every model.
    pub better: Option<Direction>,
    /// The least and the greatest value that it can take; intervals are cut to it.
    pub range: [f64; 2],
    /// The table that it stands in.
    pub section: Section,
    /// How its numbers are written.
    pub style: Style,
    /// How prominent it is.
    pub rank: Rank,
    /// What it is in a few words, for headlines; empty where the unit says enough.
    pub gloss: &'static str,
    /// One line on what it says.
    pub meaning: &'static str,
    /// The same of values that are no images; empty where [`Entry::meaning`] is true of them too.
    pub meaning_beyond_images: &'static str,
}

impl Entry {
    /// What it says of data that are called so: "images", "points".
    pub fn meaning_for(&self, noun: &str) -> &'static str {
        let beyond = noun != "images" && !self.meaning_beyond_images.is_empty();
        if beyond { self.meaning_beyond_images } else { self.meaning }
    }

    /// What most entries have in common, to be completed: any value, plainly written, a detail of
    /// [`Section::Other`], without a direction.
    pub const BASE: Self = Self {
        name: "",
        title: "",
        proper_name: false,
        unit: "",
        better: None,
        range: [f64::NEG_INFINITY, f64::INFINITY],
        section: Section::Other,
        style: Style::Plain,
        rank: Rank::Detail,
        gloss: "",
        meaning: "",
        meaning_beyond_images: "",
    };
}

/// Every entry that some evaluation produces, in the order of reports.
#[derive(Clone, Debug)]
pub struct Catalogue(Vec<&'static Entry>);

impl Catalogue {
    /// A catalogue of these entries: by section, and within a section in the order given.
    pub fn new(entries: impl IntoIterator<Item = &'static Entry>) -> Self {
        let mut entries: Vec<&'static Entry> = entries.into_iter().collect();
        entries.sort_by_key(|entry| entry.section);
        Self(entries)
    }

    /// The entries in order.
    pub fn iter(&self) -> impl Iterator<Item = &'static Entry> + '_ {
        self.0.iter().copied()
    }

    /// The entry of that name.
    pub fn get(&self, name: &str) -> Option<&'static Entry> {
        self.iter().find(|entry| entry.name == name)
    }

    /// Where reports put the metric of that name; after all others if it is unknown.
    pub fn place(&self, name: &str) -> usize {
        self.iter().position(|entry| entry.name == name).unwrap_or(self.0.len())
    }

    /// The table that the metric of that name stands in.
    pub fn section(&self, name: &str) -> Section {
        self.get(name).map_or(Section::Other, |entry| entry.section)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static LATE: Entry = Entry { name: "b", section: Section::Cost, ..Entry::BASE };
    static EARLY: Entry = Entry { name: "a", section: Section::Samples, ..Entry::BASE };

    #[test]
    fn entries_stand_by_section_and_unknown_names_come_last() {
        let catalogue = Catalogue::new([&LATE, &EARLY]);
        assert_eq!(catalogue.iter().map(|entry| entry.name).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!([catalogue.place("b"), catalogue.place("c")], [1, 2]);
        assert_eq!(
            [catalogue.section("b"), catalogue.section("c")],
            [Section::Cost, Section::Other]
        );
        assert_eq!(catalogue.get("a"), Some(&EARLY));
    }
}
