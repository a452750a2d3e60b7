//! What a run logged, step by step: `metrics.jsonl`.

use crate::csv;
use crate::error::Result;
use genlab_results::{FileError, file};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::path::Path;

/// Keys that say when a line was logged.
const WHEN: [&str; 2] = ["step", "images"];

/// The lines of a log, one per step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Log {
    /// What was logged, in the order of first appearance.
    names: Vec<String>,
    steps: BTreeMap<u64, Map<String, Value>>,
}

impl Log {
    /// Reads `metrics.jsonl`; a file that is not there gives no lines.
    ///
    /// # Errors
    /// When the file cannot be read, or a line before the last is not a JSON object. A last line cut
    /// short by a crash is left out.
    pub fn read(path: &Path) -> Result<Self> {
        let Some(bytes) = file::read(path)? else { return Ok(Self::default()) };
        let log = Self::parse(&String::from_utf8_lossy(&bytes));
        Ok(log.map_err(|reason| FileError::damaged(path, reason, file::TRAINED_AGAIN))?)
    }

    /// The lines of a text such as `metrics.jsonl` holds.
    ///
    /// # Errors
    /// As [`Self::read`]: the line and what is wrong with it.
    pub fn parse(text: &str) -> std::result::Result<Self, String> {
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
            for name in object.keys().filter(|name| !WHEN.contains(&name.as_str())) {
                if !names.contains(name) {
                    names.push(name.clone());
                }
            }
            let step = object.get("step").and_then(Value::as_u64).unwrap_or(index as u64);
            steps.entry(step).or_default().extend(object);
        }
        Ok(Self { names, steps })
    }

    /// What was logged besides when.
    pub(crate) fn names(&self) -> &[String] {
        &self.names
    }

    /// Step and values of the last line.
    pub fn last(&self) -> Option<(u64, &Map<String, Value>)> {
        self.steps.last_key_value().map(|(step, line)| (*step, line))
    }

    /// (seen in training, value) of one scalar, in order; numbers only.
    pub fn points(&self, name: &str) -> Vec<(f64, f64)> {
        let point = |(step, line): (&u64, &Map<String, Value>)| {
            let x = line.get("images").and_then(Value::as_f64).unwrap_or(*step as f64);
            line.get(name).and_then(Value::as_f64).map(|y| (x, y))
        };
        self.steps.iter().filter_map(point).collect()
    }
}

/// A log with what its lines begin with: of several runs, which it is.
pub(crate) type Told<'a> = (Vec<String>, &'a Log);

/// The text of `curves.csv`: a line per step of each log, a column per scalar, empty where it was not logged. None without
/// a line. `heads` are the columns that tell the logs apart.
pub(crate) fn csv(heads: &[&str], logs: &[Told<'_>]) -> Option<String> {
    let mut names: Vec<&String> = Vec::new();
    for name in logs.iter().flat_map(|(_, log)| log.names()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let scalars = names.iter().map(|name| name.as_str());
    let header: Vec<String> =
        heads.iter().copied().chain(WHEN).chain(scalars).map(str::to_owned).collect();
    let mut out = csv::record(&header);
    for (told, log) in logs {
        for (step, line) in &log.steps {
            let number = |name: &str| match line.get(name) {
                Some(Value::Number(number)) => number.to_string(),
                _ => String::new(),
            };
            let when = [step.to_string(), number("images")];
            let values = names.iter().map(|name| number(name));
            out +=
                &csv::record(&told.iter().cloned().chain(when).chain(values).collect::<Vec<_>>());
        }
    }
    logs.iter().any(|(_, log)| !log.steps.is_empty()).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_line_is_named() {
        let error = Log::parse("{\"step\":1}\noops\n{\"step\":2}\n").unwrap_err();
        assert!(error.starts_with("line 2 is not a JSON object"), "{error}");
    }

    #[test]
    fn a_table_has_a_line_per_step_and_nothing_where_nothing_was_logged() {
        let one = Log::parse(
            "{\"step\":1,\"images\":10,\"train/loss\":5.0,\"seconds\":0.25}\n\
             {\"step\":2,\"images\":20,\"train/loss\":1e-9}\n\
             {\"step\":2,\"images\":20,\"train/loss\":0.1}\n",
        );
        let other = Log::parse("{\"step\":3,\"images\":30,\"train/kl\":null}\n");
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(
            csv(&[], &[(vec![], &one)]).unwrap(),
            "step,images,train/loss,seconds\n1,10,5.0,0.25\n2,20,0.1,\n"
        );
        let told = |run: &str| vec![run.to_owned(), "vae".to_owned()];
        assert_eq!(
            csv(&["run", "model"], &[(told("a,b"), &one), (told("b"), &other)]).unwrap(),
            "run,model,step,images,train/loss,seconds,train/kl\n\"a,b\",vae,1,10,5.0,0.25,\n\
             \"a,b\",vae,2,20,0.1,,\nb,vae,3,30,,,\n"
        );
        assert_eq!(csv(&[], &[(vec![], &Log::default())]), None);
    }
}
