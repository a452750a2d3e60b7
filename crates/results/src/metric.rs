//! One reported number, and the one way to make it.

use crate::catalogue::{Direction, Entry};
use serde::{Deserialize, Serialize};

/// One reported number. A metric that a model lacks is absent; it is never 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// An [`Entry`]'s name: `section/name`.
    pub name: String,
    /// The split it was measured on: `test`, `validation`, `train`.
    pub split: String,
    /// The number, always finite.
    pub value: f64,
    /// How many images, points, series or samples are behind it.
    pub n: usize,
    /// The unit, in words.
    pub unit: String,
    /// What the unit cannot say: "statically binarised pixels, k = 100".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub qualifier: Option<String>,
    /// Which way it improves; `null` where neither way is better.
    pub better: Option<Direction>,
    /// Lower and upper end of a 95 % interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ci95: Option<[f64; 2]>,
    /// What real data score against the same reference with the same n.
    #[serde(default, rename = "floor", skip_serializing_if = "Option::is_none")]
    pub real: Option<f64>,
    /// What noise scores against the same reference with the same n.
    #[serde(default, rename = "ceiling", skip_serializing_if = "Option::is_none")]
    pub noise: Option<f64>,
}

/// Why a number is not reported: it is infinite or not a number.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{name} on {split} is {value} (n = {n}) and is left out: a reported number is finite")]
pub struct NotFinite {
    /// The metric.
    pub name: String,
    /// The split.
    pub split: String,
    /// The value.
    pub value: f64,
    /// As [`Metric::n`].
    pub n: usize,
}

impl Metric {
    /// A metric whose unit and direction come from the catalogue.
    ///
    /// # Errors
    /// When `value` is not finite.
    pub fn new(entry: &Entry, split: &str, value: f64, n: usize) -> Result<Self, NotFinite> {
        let (name, split) = (entry.name.to_owned(), split.to_owned());
        if !value.is_finite() {
            return Err(NotFinite { name, split, value, n });
        }
        Ok(Self {
            name,
            split,
            value,
            n,
            unit: entry.unit.to_owned(),
            qualifier: None,
            better: entry.better,
            ci95: None,
            real: None,
            noise: None,
        })
    }

    /// With what the unit cannot say: of what, by which method.
    pub fn qualified(mut self, qualifier: &str) -> Self {
        self.qualifier = Some(qualifier.to_owned());
        self
    }

    /// In another unit than the catalogue's, for data that are not images: "nats per point".
    pub fn in_unit(mut self, unit: &str) -> Self {
        unit.clone_into(&mut self.unit);
        self
    }

    /// Unit and qualifier: "nats per image, grey pixels".
    pub fn qualified_unit(&self) -> String {
        let parts = [Some(self.unit.as_str()), self.qualifier.as_deref()];
        let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
        parts.collect::<Vec<_>>().join(", ")
    }

    /// With a 95 % interval of `half_width` to either side; an infinite one is left out.
    pub fn with_half_width(mut self, half_width: f64) -> Self {
        self.ci95 =
            half_width.is_finite().then_some([self.value - half_width, self.value + half_width]);
        self
    }

    /// With what real data and what noise score.
    pub fn with_bounds(mut self, real: Option<f64>, noise: Option<f64>) -> Self {
        self.real = real.filter(|v| v.is_finite());
        self.noise = noise.filter(|v| v.is_finite());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Section;

    static KL: Entry = Entry {
        name: "kl/total",
        unit: "nats per image",
        section: Section::Likelihood,
        ..Entry::BASE
    };
    static FRECHET: Entry = Entry {
        name: "samples/frechet",
        unit: "judge features",
        better: Some(Direction::Lower),
        ..Entry::BASE
    };

    #[test]
    fn direction_is_always_written_and_other_absent_fields_never() {
        let metric = Metric::new(&KL, "test", 17.2, 2000).unwrap();
        assert_eq!(
            serde_json::to_string(&metric).unwrap(),
            r#"{"name":"kl/total","split":"test","value":17.2,"n":2000,"unit":"nats per image","better":null}"#
        );
        let metric = Metric::new(&FRECHET, "test", 1.0, 2).unwrap().with_bounds(Some(0.5), None);
        let json = serde_json::to_string(&metric).unwrap();
        assert!(json.contains(r#""better":"lower""#) && json.contains(r#""floor":0.5"#), "{json}");
    }

    #[test]
    fn a_number_that_is_not_finite_is_refused_in_words() {
        let error = Metric::new(&FRECHET, "test", f64::NAN, 100).unwrap_err();
        assert_eq!(
            error.to_string(),
            "samples/frechet on test is NaN (n = 100) and is left out: a reported number is finite"
        );
    }

    #[test]
    fn a_qualifier_stands_beside_the_unit_and_not_in_it() {
        let metric = Metric::new(&KL, "test", 1.0, 2).unwrap().qualified("grey pixels");
        assert_eq!(metric.qualified_unit(), "nats per image, grey pixels");
        assert_eq!(metric.unit, "nats per image");
    }

    #[test]
    fn data_that_are_no_images_have_a_unit_of_their_own() {
        let metric = Metric::new(&KL, "test", 1.0, 2).unwrap().in_unit("nats per point");
        assert_eq!(metric.clone().qualified("exact").qualified_unit(), "nats per point, exact");
        assert_eq!((metric.name.as_str(), metric.value), (KL.name, 1.0));
    }
}
