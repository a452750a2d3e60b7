use super::*;
use crate::config::stored::SETTINGS_VERSION;
use serde_json::Map;
use std::{fs, path::Path};

/// Set to write the snapshot.
const WRITE: &str = "GENLAB_WRITE_DEFAULTS";

#[test]
fn a_default_changes_only_with_the_version_of_the_settings() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("defaults");
    let path = folder.join(format!("v{SETTINGS_VERSION}.json"));
    let entry =
        |setting: Setting| (format!("{}: {}", setting.model, setting.name), setting.default);
    let mut now: Map<String, Value> = settings().into_iter().map(entry).collect();
    // Other kinds of values by what differs.
    for (key, value) in of(Some("ring-8")).into_iter().map(entry) {
        if now.get(&key) != Some(&value) {
            now.insert(format!("points, {key}"), value);
        }
    }
    let kept: Map<String, Value> =
        fs::read(&path).map(|bytes| serde_json::from_slice(&bytes).unwrap()).unwrap_or_default();
    let changed: Vec<_> = kept.keys().filter(|key| kept.get(*key) != now.get(*key)).collect();
    assert!(
        changed.is_empty(),
        "these defaults changed: {changed:?}; raise SETTINGS_VERSION in config/stored.rs, so that \
         no earlier run is taken for a new one, and run this test with {WRITE}=1"
    );
    if std::env::var_os(WRITE).is_some() {
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        fs::write(&path, serde_json::to_string_pretty(&now).unwrap() + "\n").unwrap();
        return;
    }
    let new: Vec<_> = now.keys().filter(|key| !kept.contains_key(*key)).collect();
    assert!(
        new.is_empty(),
        "these settings are new: {new:?}; if their defaults leave runs as they were, run this test \
         with {WRITE}=1; else raise SETTINGS_VERSION in config/stored.rs first"
    );
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "one snapshot, of this version");
}
