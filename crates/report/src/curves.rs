//! Training curves from `metrics.jsonl`.

use crate::error::Result;
use genlab_results::{FileError, file};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// Keys that place a line on the axes and are not curves themselves.
const AXES: [&str; 3] = ["step", "images", "seconds"];

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

    /// Reads `metrics.jsonl`; a file that is not there gives no curves.
    ///
    /// # Errors
    /// When the file cannot be read, or a line before the last is not a JSON object. A last line cut
    /// short by a crash is left out.
    pub fn read(path: &Path) -> Result<Self> {
        let Some(bytes) = file::read(path)? else { return Ok(Self::default()) };
        let curves = Self::parse(&String::from_utf8_lossy(&bytes));
        Ok(curves.map_err(|reason| FileError::damaged(path, reason, file::TRAINED_AGAIN))?)
    }

    fn parse(text: &str) -> std::result::Result<Self, String> {
        // A resumed run logs some steps again: the later line wins, key by key.
        let mut steps: BTreeMap<u64, Map<String, Value>> = BTreeMap::new();
        let mut names: Vec<String> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            if line.trim().is_empty() {
                continue;
            }
            let object: Map<String, Value> = match serde_json::from_str(line) {
                Ok(object) => object,
                Err(_) if !text.ends_with('\n') && index + 1 == text.lines().count() => break,
                Err(error) => {
                    return Err(format!("line {} is not a JSON object: {error}", index + 1));
                }
            };
            for name in object.keys().filter(|name| !AXES.contains(&name.as_str())) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let step = object.get("step").and_then(Value::as_u64).unwrap_or(index as u64);
            steps.entry(step).or_default().extend(object);
        }
        let curve = |name: String| {
            let point = |(step, line): (&u64, &Map<String, Value>)| {
                let x = line.get("images").and_then(Value::as_f64).unwrap_or(*step as f64);
                line.get(&name).and_then(Value::as_f64).map(|y| (x, y))
            };
            let points: Vec<_> = steps.iter().filter_map(point).collect();
            Curve { name, points }
        };
        let curves = names.into_iter().map(curve).filter(|curve| !curve.points.is_empty());
        Ok(Self(curves.collect()))
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
        let curves = Curves::parse(text).unwrap();
        assert_eq!(curves.0.len(), 1, "no curve for seconds, none without a value");
        assert_eq!(curves.get("train/loss").unwrap().points, [(10.0, 5.0), (20.0, 4.5)]);
    }

    #[test]
    fn a_damaged_line_is_named() {
        let error = Curves::parse("{\"step\":1}\noops\n{\"step\":2}\n").unwrap_err();
        assert!(error.starts_with("line 2 is not a JSON object"), "{error}");
    }
}
