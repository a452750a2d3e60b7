//! `run.json` as a list of facts.

use crate::format::Style;
use crate::names::sentence;
use serde_json::{Map, Value};

/// One line of provenance.
pub(super) struct Fact {
    pub(super) title: String,
    pub(super) text: String,
    /// Shown in a fixed-width font.
    pub(super) code: bool,
}

/// Well-known keys in the order of the page, with their titles.
const KNOWN: [(&str, &str); 29] = [
    ("argv", "Command"),
    ("command", "Command"),
    ("genlab_version", "genlab"),
    ("version", "genlab"),
    ("git", "Git commit"),
    ("git.hash", "Git commit"),
    ("git.commit", "Git commit"),
    ("git.dirty", "Uncommitted changes"),
    ("git_hash", "Git commit"),
    ("git_dirty", "Uncommitted changes"),
    ("cargo_lock_sha256", "Cargo.lock SHA-256"),
    ("dataset.name", "Data set"),
    ("dataset.sha256", "Data SHA-256"),
    ("dataset.licence", "Data licence"),
    ("dataset.license", "Data licence"),
    ("dataset.source", "Data source"),
    ("backend", "Backend"),
    ("device", "Device"),
    ("threads", "Threads"),
    ("seed", "Seed"),
    ("seeds", "Seeds"),
    ("start", "Started"),
    ("started", "Started"),
    ("end", "Ended"),
    ("ended", "Ended"),
    ("seconds", "Duration"),
    ("exit_reason", "Ended because"),
    ("peak_memory_bytes", "Peak memory"),
    ("schema_version", "Format version"),
];

/// Every value of `run.json`: well-known keys first and under their titles, others by their path.
pub(super) fn facts(provenance: &Map<String, Value>) -> Vec<Fact> {
    let mut leaves = Vec::new();
    flatten("", provenance, &mut leaves);
    let place = |path: &str| KNOWN.iter().position(|(known, _)| *known == path);
    leaves.sort_by_key(|(path, _)| place(path).unwrap_or(KNOWN.len()));
    leaves.into_iter().filter_map(|(path, value)| fact(&path, &value)).collect()
}

/// The command line of a run, if it is known.
pub(super) fn command(provenance: &Map<String, Value>) -> Option<String> {
    text(provenance.get("argv").or_else(|| provenance.get("command"))?, " ")
}

fn fact(path: &str, value: &Value) -> Option<Fact> {
    let known = KNOWN.iter().find(|(known, _)| *known == path);
    let title =
        known.map_or_else(|| sentence(&path.replace('.', " ")), |(_, title)| (*title).into());
    let number = value.as_f64();
    let text = match (Style::of(path, ""), number) {
        (Style::Bytes, Some(bytes)) => format!("{} MiB", Style::Bytes.one(bytes)),
        (Style::Seconds, Some(seconds)) => Style::Seconds.one(seconds),
        _ if path == "seconds" => Style::Seconds.one(number?),
        _ => text(value, if path == "argv" { " " } else { ", " })?,
    };
    let code =
        matches!(path, "argv" | "command") || path.contains("sha256") || path.contains("git");
    let code = code && !value.is_boolean();
    Some(Fact { title, text, code })
}

fn flatten(prefix: &str, object: &Map<String, Value>, leaves: &mut Vec<(String, Value)>) {
    for (key, value) in object {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Object(inner) => flatten(&path, inner, leaves),
            value => leaves.push((path, value.clone())),
        }
    }
}

/// Null is no fact; lists are joined.
fn text(value: &Value, separator: &str) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Bool(true) => Some("yes".into()),
        Value::Bool(false) => Some("no".into()),
        Value::String(text) => Some(text.clone()),
        Value::Array(items) => {
            let items: Vec<String> =
                items.iter().filter_map(|item| text(item, separator)).collect();
            Some(items.join(separator))
        }
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_facts_come_first_and_unknown_ones_are_kept() {
        let json = r#"{"weather": {"sky": "blue"}, "peak_memory_bytes": 734003200, "exit_reason": null,
            "argv": ["bench-runner", "--model", "vae"], "git": {"hash": "ab12", "dirty": false}}"#;
        let facts = facts(&serde_json::from_str(json).unwrap());
        let lines: Vec<_> = facts.iter().map(|f| format!("{}: {}", f.title, f.text)).collect();
        assert_eq!(
            lines,
            [
                "Command: bench-runner --model vae",
                "Git commit: ab12",
                "Uncommitted changes: no",
                "Peak memory: 700.0 MiB",
                "Weather sky: blue",
            ]
        );
        assert!(facts[0].code && !facts[2].code);
    }
}
