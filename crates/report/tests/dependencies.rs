//! What the crate stands on: reading results and writing pages takes no tensors and no network.

#![expect(clippy::unwrap_used, reason = "a test that cannot read what it needs should fail")]

use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

/// Packages, or beginnings of their names, that a report has no use for.
const FOREIGN: [&str; 8] = [
    "burn",
    "faer",
    "genlab-core",
    "genlab-data",
    "genlab-kernels",
    "genlab-metrics",
    "ureq",
    "rustls",
];

/// What cargo prints; None where it cannot be started.
fn cargo(args: &[&str]) -> Option<String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = match output {
        Ok(output) => output,
        #[expect(clippy::print_stderr, reason = "a skipped test says so")]
        Err(error) => {
            eprintln!("skipped: cargo cannot be started: {error}");
            return None;
        }
    };
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The names of all packages that are built for `package`, itself and its tests included.
fn built_for(package: &str, metadata: &Value) -> BTreeSet<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let list = |value: &Value| value.as_array().unwrap().clone();
    let packages = list(&metadata["packages"]);
    let names: BTreeMap<String, String> =
        packages.iter().map(|package| (text(&package["id"]), text(&package["name"]))).collect();
    let nodes = list(&metadata["resolve"]["nodes"]);
    let needs: BTreeMap<String, Vec<String>> = nodes
        .iter()
        .map(|node| (text(&node["id"]), list(&node["dependencies"]).iter().map(text).collect()))
        .collect();
    let mut open: Vec<&String> =
        names.iter().filter(|(_, name)| *name == package).map(|(id, _)| id).collect();
    assert_eq!(open.len(), 1, "one package is called {package}");
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop() {
        if found.insert(id) {
            open.extend(&needs[id]);
        }
    }
    found.into_iter().map(|id| names[id].clone()).collect()
}

#[test]
fn reports_stand_on_the_results_alone() {
    // The packages of other platforms need not be on this machine.
    let Some(version) = cargo(&["-vV"]) else { return };
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let args = ["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform"];
    let Some(metadata) = cargo(&[&args[..], &[host]].concat()) else { return };
    let metadata: Value = serde_json::from_str(&metadata).unwrap();

    let built = built_for("genlab-report", &metadata);
    assert!(built.contains("genlab-results") && built.contains("askama"), "{built:?}");
    let foreign: Vec<&String> = built
        .iter()
        .filter(|name| FOREIGN.iter().any(|foreign| name.starts_with(foreign)))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?} came in");
    let whole = built_for("bench-runner", &metadata);
    let known = |foreign: &&str| whole.iter().any(|name| name.starts_with(*foreign));
    assert!(FOREIGN.iter().all(known), "names that no package has");
}
