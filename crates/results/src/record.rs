//! `run.json`: where a run comes from and how it went.

use crate::event::Event;
use serde::{Deserialize, Serialize};

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

/// The data of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DataRecord {
    /// Its name.
    pub name: String,
    /// SHA-256 of its content, in hexadecimal.
    pub sha256: String,
    /// On what terms it may be used.
    pub licence: String,
    /// Training images.
    pub train: usize,
    /// Validation images.
    pub validation: usize,
    /// Test images.
    pub test: usize,
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
        assert_eq!(
            serde_json::to_string(&record).unwrap(),
            r#"{"schema_version":0,"genlab_version":"","argv":[],"#.to_owned()
                + r#""git":{"hash":"ab12","dirty":true},"cargo_lock_sha256":"","#
                + r#""dataset":{"name":"","sha256":"","licence":"","train":0,"validation":0,"test":0},"#
                + r#""backend":"","device":"","threads":0,"seeds":[],"start":"","end":null,"#
                + r#""exit_reason":null,"peak_memory_bytes":null,"#
                + r#""events":[{"step":7,"text":"interrupted"}]}"#
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
