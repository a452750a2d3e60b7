//! `run.json` as a list of facts.

use crate::format;
use crate::names::capitalised;
use genlab_results::{OpenedRecord, OpenedRole, RunRecord, Style};

/// How much is shown of the hash of another run.
const HASH_DIGITS: usize = 12;

/// One line of provenance.
pub(super) struct Fact {
    pub(super) title: String,
    pub(super) text: String,
    /// Shown in a fixed-width font.
    pub(super) code: bool,
}

/// What a record says, in the order of the page; what it does not know is left out.
pub(super) fn facts(record: &RunRecord) -> Vec<Fact> {
    let RunRecord { git, dataset, end, exit_reason, peak_memory_bytes, .. } = record;
    let fact = |title: &str, text, code| Fact { title: title.to_owned(), text, code };
    let plain = |title, text: String| fact(title, text, false);
    let code = |title, text: String| fact(title, text, true);
    let yes_or_no = |yes: bool| if yes { "yes" } else { "no" };
    let count = |count: usize| format::count(count as f64);
    let splits =
        [("training", dataset.train), ("validation", dataset.validation), ("test", dataset.test)]
            .into_iter()
            .filter(|(_, size)| *size > 0)
            .map(|(split, size)| format!("{} {split}", count(size)));
    let seeds: Vec<String> = record.seeds.iter().map(u64::to_string).collect();
    let unless_0 = |number: usize| if number == 0 { String::new() } else { count(number) };
    let memory = peak_memory_bytes.map(|bytes| format::one(Style::Bytes, bytes as f64));
    let noun = capitalised(dataset.noun());
    let before = [
        code("Command", command(record)),
        plain("genlab", record.genlab_version.clone()),
        code("Git commit", git.as_ref().map_or_else(String::new, |git| git.hash.clone())),
        plain(
            "Uncommitted changes",
            git.as_ref().map_or_else(String::new, |git| yes_or_no(git.dirty).into()),
        ),
        code("Cargo.lock SHA-256", record.cargo_lock_sha256.clone()),
        plain("Data set", dataset.name.clone()),
        plain(&noun, splits.collect::<Vec<_>>().join(", ")),
        code("Data SHA-256", dataset.sha256.clone()),
        plain("Data licence", dataset.licence.clone()),
    ];
    let opened = record.opened.iter().map(|run| match run.role {
        OpenedRole::Base => plain("Built on", used(run)),
        OpenedRole::Judge => plain("Judged by", used(run)),
    });
    let after = [
        plain("Backend", record.backend.clone()),
        plain("Device", record.device.clone()),
        plain("Threads", unless_0(record.threads)),
        plain("Seeds", seeds.join(", ")),
        plain("Started", record.start.clone()),
        plain("Ended", end.clone().unwrap_or_default()),
        plain("How it ended", exit_reason.clone().unwrap_or_default()),
        plain("Peak memory", memory.map_or_else(String::new, |memory| format!("{memory} MiB"))),
        plain("Format version", unless_0(record.schema_version as usize)),
    ];
    let facts = before.into_iter().chain(opened).chain(after);
    facts.filter(|fact| !fact.text.is_empty()).collect()
}

/// "vae trained on ring-8, runs/vae-ring-s0 (SHA-256 0123456789ab)".
fn used(run: &OpenedRecord) -> String {
    let OpenedRecord { path, model, dataset, sha256, .. } = run;
    let on = if dataset.is_empty() { "" } else { " trained on " };
    let hash: String = sha256.chars().take(HASH_DIGITS).collect();
    let hash = if hash.is_empty() { hash } else { format!(" (SHA-256 {hash})") };
    format!("{model}{on}{dataset}, {path}{hash}")
}

/// The command line of a run; empty if it is not known.
pub(super) fn command(record: &RunRecord) -> String {
    record.argv.join(" ")
}

/// "Step 120: resumed after an interruption": what happened to a run.
pub(super) fn events(record: &RunRecord) -> Vec<String> {
    let line = |event: &genlab_results::Event| {
        format!("Step {}: {}", format::count(event.step as f64), event.text)
    };
    record.events.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_results::{Commit, DataRecord, Event};

    #[test]
    fn facts_that_are_known_stand_in_the_order_of_the_page() {
        let record = RunRecord {
            argv: ["bench-runner", "--model", "vae"].map(str::to_owned).to_vec(),
            git: Some(Commit { hash: "ab12".into(), dirty: false }),
            dataset: DataRecord { train: 8000, test: 2000, ..DataRecord::default() },
            threads: 2,
            peak_memory_bytes: Some(734_003_200),
            ..RunRecord::default()
        };
        let facts = facts(&record);
        let lines: Vec<_> = facts.iter().map(|f| format!("{}: {}", f.title, f.text)).collect();
        assert_eq!(
            lines,
            [
                "Command: bench-runner --model vae",
                "Git commit: ab12",
                "Uncommitted changes: no",
                "Images: 8\u{202f}000 training, 2\u{202f}000 test",
                "Threads: 2",
                "Peak memory: 700.0 MiB",
            ]
        );
        assert!(facts[0].code && !facts[2].code);
        assert!(super::facts(&RunRecord::default()).is_empty());
    }

    #[test]
    fn what_a_run_was_built_on_is_told_and_its_data_are_called_what_they_are() {
        let opened = |path: &str, sha256: String| OpenedRecord {
            path: path.into(),
            model: "flow".into(),
            sha256,
            ..OpenedRecord::default()
        };
        let judge = OpenedRecord {
            role: OpenedRole::Judge,
            dataset: "ring-8".into(),
            ..opened("c", String::new())
        };
        let record = RunRecord {
            dataset: DataRecord { kind: "points".into(), test: 10, ..DataRecord::default() },
            opened: vec![
                opened("runs/a", "0123456789abcdef".repeat(4)),
                opened("b", String::new()),
                judge,
            ],
            ..RunRecord::default()
        };
        let lines: Vec<_> =
            facts(&record).iter().map(|f| format!("{}: {}", f.title, f.text)).collect();
        assert_eq!(
            lines,
            [
                "Points: 10 test",
                "Built on: flow, runs/a (SHA-256 0123456789ab)",
                "Built on: flow, b",
                "Judged by: flow trained on ring-8, c",
            ]
        );
    }

    #[test]
    fn events_are_told_with_their_steps() {
        let events = vec![Event::new(1200, "interrupted"), Event::new(1200, "resumed")];
        let record = RunRecord { events, ..RunRecord::default() };
        let told = super::events(&record);
        assert_eq!(told, ["Step 1\u{202f}200: interrupted", "Step 1\u{202f}200: resumed"]);
    }
}
