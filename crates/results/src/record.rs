//! `run.json`: where a run comes from and how it went.

use crate::event::Event;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Everything in `run.json`. A key that a file lacks is empty, 0 or None here; a key that is not
/// known is passed over, so that versions read each other's files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RunRecord {
    /// [`crate::SCHEMA_VERSION`].
    pub schema_version: u32,
    /// The version of the program.
    pub genlab_version: String,
    /// The command of the last session, word by word.
    pub argv: Vec<String>,
    /// The checkout that the command ran in; None outside one.
    pub git: Option<Commit>,
    /// SHA-256 of the dependencies that the program was built from, in hexadecimal.
    pub cargo_lock_sha256: String,
    /// The data.
    pub dataset: DataRecord,
    /// Finished runs that this one was built on, or is judged by.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<OpenedRecord>,
    /// `flex`, `cuda`, ...
    pub backend: String,
    /// As after `--device`, but never `auto`.
    pub device: String,
    /// Threads of the host.
    pub threads: usize,
    /// The seeds of the run.
    pub seeds: Vec<u64>,
    /// Start of the last session in UTC: `2026-11-22T06:30:00Z`.
    pub start: String,
    /// Its end; None while it runs, or if it was killed.
    pub end: Option<String>,
    /// `finished`, `interrupted` or `diverged`; None as [`RunRecord::end`].
    pub exit_reason: Option<String>,
    /// Largest resident size of the process, where the system tells.
    pub peak_memory_bytes: Option<u64>,
    /// What happened on the way, over all sessions.
    pub events: Vec<Event>,
}

/// A checkout.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Commit {
    /// The commit.
    pub hash: String,
    /// Whether files differ from it.
    pub dirty: bool,
}

/// A finished run that another uses: one that was trained further, a teacher, a judge.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OpenedRecord {
    /// What it is used for.
    pub role: OpenedRole,
    /// Its directory, as the settings name it.
    pub path: String,
    /// The same seen from the directory of the run that uses it: it holds wherever both are moved together.
    pub from_run: String,
    /// Its model's name on the command line.
    pub model: String,
    /// The name of the dataset that it was trained on.
    pub dataset: String,
    /// SHA-256 of what was read of it, in hexadecimal.
    pub sha256: String,
}

/// What a run uses another for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OpenedRole {
    /// Its training goes on from it or learns from it.
    #[default]
    Base,
    /// It is measured by it, and trained as it would be without.
    Judge,
}

/// The data of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataRecord {
    /// Its name.
    pub name: String,
    /// What it is made of: `images`, `points` or `series`; empty in files from before there was
    /// anything but images.
    pub kind: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// On what terms it may be used.
    pub licence: String,
    /// The whole path of its files when the run was made; absent where nobody named one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What every value is, as genlab-core's `Space` says it; absent in files from before it was kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub space: Option<Value>,
    /// Names of the classes, where there are any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classes: Option<Vec<String>>,
    /// How many there are to train on.
    pub train: usize,
    /// How many there are to validate on.
    pub validation: usize,
    /// How many there are to test on.
    pub test: usize,
}

impl DataRecord {
    /// What it is made of, in a sentence: "images".
    pub fn noun(&self) -> &str {
        if self.kind.is_empty() { "images" } else { &self.kind }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_those_that_tools_rely_on_in_their_order() {
        let record = RunRecord {
            git: Some(Commit { hash: "ab12".into(), dirty: true }),
            events: vec![Event::new(7, "interrupted")],
            ..RunRecord::default()
        };
        let json = |opened: &str| {
            r#"{"schema_version":0,"genlab_version":"","argv":[],"#.to_owned()
                + r#""git":{"hash":"ab12","dirty":true},"cargo_lock_sha256":"","#
                + r#""dataset":{"name":"","kind":"","sha256":"","licence":"","#
                + r#""train":0,"validation":0,"test":0},"#
                + opened
                + r#""backend":"","device":"","threads":0,"seeds":[],"start":"","end":null,"#
                + r#""exit_reason":null,"peak_memory_bytes":null,"#
                + r#""events":[{"step":7,"text":"interrupted"}]}"#
        };
        assert_eq!(serde_json::to_string(&record).unwrap(), json(""));
        let [path, from_run, model, dataset, sha256] =
            ["runs/a", "../a", "vae", "ring-8", "cd"].map(str::to_owned);
        let role = OpenedRole::Judge;
        let opened = OpenedRecord { role, path, from_run, model, dataset, sha256 };
        let record = RunRecord { opened: vec![opened], ..record };
        let opened = r#""opened":[{"role":"judge","path":"runs/a","from_run":"../a","#.to_owned()
            + r#""model":"vae","dataset":"ring-8","sha256":"cd"}],"#;
        let opened = &opened;
        assert_eq!(serde_json::to_string(&record).unwrap(), json(opened));
        assert_eq!(serde_json::from_str::<RunRecord>(&json(opened)).unwrap(), record);
    }

    #[test]
    fn data_of_no_kind_are_images() {
        let record = |kind: &str| DataRecord { kind: kind.into(), ..DataRecord::default() };
        assert_eq!(
            ["", "images", "points"].map(|k| record(k).noun().to_owned()),
            ["images", "images", "points"]
        );
    }

    #[test]
    fn a_record_of_another_version_is_read_as_far_as_it_goes() {
        let json = r#"{"git": null, "threads": 2, "weather": {"sky": "blue"},
            "dataset": {"sha256": "ab", "pages": 3}}"#;
        let record: RunRecord = serde_json::from_str(json).unwrap();
        let dataset = DataRecord { sha256: "ab".into(), ..DataRecord::default() };
        assert_eq!(record, RunRecord { threads: 2, dataset, ..RunRecord::default() });
    }
}
