//! Training curves from `metrics.jsonl`.

use crate::log::Log;

/// The time is no curve itself.
const TIME: &str = "seconds";

/// One logged scalar over training.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// `train/loss`, `validation/kl`, `images_per_second`, ...
    pub name: String,
    /// (seen in training, value), in order; finite values only.
    pub points: Vec<(f64, f64)>,
}

/// Everything that a run logged, in the order of first appearance.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves(pub Vec<Curve>);

impl Curves {
    /// The curve of that name.
    pub fn get(&self, name: &str) -> Option<&Curve> {
        self.0.iter().find(|curve| curve.name == name)
    }

    /// Those of a log that have a value.
    pub fn of(log: &Log) -> Self {
        let names = log.names().iter().filter(|name| *name != TIME);
        let curves = names.map(|name| Curve { name: name.clone(), points: log.points(name) });
        Self(curves.filter(|curve| !curve.points.is_empty()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resumed_run_keeps_the_later_line_of_a_step() {
        let text = "{\"step\":1,\"images\":10,\"train/loss\":5.0}\n\
                    {\"step\":2,\"images\":20,\"train/loss\":4.0}\n\
                    {\"step\":2,\"images\":20,\"train/loss\":4.5,\"seconds\":3}\n\
                    {\"step\":2,\"images\":20,\"validation/loss\":null}\n\
                    {\"step\":3,\"images\":30,\"train/lo";
        let curves = Curves::of(&Log::parse(text).unwrap());
        assert_eq!(curves.0.len(), 1, "no curve for seconds, none without a value");
        assert_eq!(curves.get("train/loss").unwrap().points, [(10.0, 5.0), (20.0, 4.5)]);
    }
}
