//! Every setting that exists, with its default: counted for tests.

use super::{draft::Draft, run_config::RunConfig, words::KIND};
use crate::registry::ModelConfig;
use serde_json::{Value, json};

/// One setting of one model's runs.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Whose.
    pub(super) model: &'static str,
    /// Its path and what it depends on: `model.ae.backbone(conv).channels`.
    pub(super) name: String,
    /// The path alone.
    pub(super) path: String,
    /// `--set` lines without which it does not exist.
    pub(super) needs: Vec<String>,
    /// Its default; the default kind, where it names a variant.
    pub(super) default: Value,
    /// The kinds that it can be.
    pub(super) kinds: Vec<String>,
}

/// The settings of all models: those of the defaults, and those that exist once another kind is
/// chosen or an optional table is on, with the defaults that they start from.
pub(super) fn settings() -> Vec<Setting> {
    of(None)
}

/// The same on a dataset.
fn of(dataset: Option<&str>) -> Vec<Setting> {
    let mut found = Vec::new();
    for model in ModelConfig::known_names() {
        let draft = Draft::new(&RunConfig::defaults(model, dataset).unwrap());
        let mut census = Census { model, found: &mut found };
        census.table(&draft, &[], "", &[]);
    }
    found
}

struct Census<'a> {
    model: &'static str,
    found: &'a mut Vec<Setting>,
}

impl Census<'_> {
    fn table(&mut self, draft: &Draft<RunConfig>, path: &[String], name: &str, needs: &[String]) {
        let Value::Object(table) = draft.at(path) else { panic!("{name} is not a table") };
        for key in table.keys().filter(|key| *key != KIND) {
            let dot = if name.is_empty() { "" } else { "." };
            let path = [path, std::slice::from_ref(key)].concat();
            self.setting(draft, &path, &format!("{name}{dot}{key}"), needs);
        }
    }

    fn setting(&mut self, draft: &Draft<RunConfig>, path: &[String], name: &str, needs: &[String]) {
        let dotted = path.join(".");
        let value = draft.at(path);
        let kinds = draft.kinds(path);
        let default = match value {
            Value::Object(_) if kinds.is_empty() => return self.table(draft, path, name, needs),
            Value::Object(table) => table[KIND].clone(),
            leaf => leaf.clone(),
        };
        self.found.push(Setting {
            model: self.model,
            name: name.to_owned(),
            path: dotted.clone(),
            needs: needs.to_vec(),
            default,
            kinds: kinds.clone(),
        });
        if value.is_object() {
            self.table(draft, path, name, needs);
        }
        for kind in &kinds {
            let mut chosen = draft.clone();
            // By way of every other kind, so that it starts from its own defaults.
            for kind in kinds.iter().filter(|other| *other != kind).chain([kind]) {
                chosen.set(path, &json!(kind), "a test").unwrap();
            }
            let needs = [needs, &[format!("{dotted}.{KIND}={kind}")]].concat();
            self.table(&chosen, path, &format!("{name}({kind})"), &needs);
        }
        let mut on = draft.clone();
        if value.is_null() && on.set(path, &json!({}), "a test").is_ok() {
            let needs = [needs, &[format!("{dotted}={{}}")]].concat();
            self.table(&on, path, &format!("{name}(on)"), &needs);
        }
    }
}

mod tests {
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
        let kept: Map<String, Value> = fs::read(&path)
            .map(|bytes| serde_json::from_slice(&bytes).unwrap())
            .unwrap_or_default();
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
}
