//! Every setting that exists, with its default and what it means.

use super::{draft::Draft, meaning::Meanings, run_config::RunConfig, words::KIND};
use crate::registry::ModelConfig;
use genlab_core::Check;
use serde_json::{Value, json};

/// One setting of one model's runs.
#[derive(Clone, Debug)]
pub(super) struct Setting {
    /// Whose.
    #[cfg(test)]
    pub(super) model: &'static str,
    /// Its path and what it depends on: `model.ae.backbone(conv).channels`.
    #[cfg(test)]
    pub(super) name: String,
    /// The path alone.
    pub(super) path: String,
    /// `--set` lines without which it does not exist.
    pub(super) needs: Vec<String>,
    /// Its default; the default kind, where it names a variant.
    pub(super) default: Value,
    /// The kinds that it can be.
    pub(super) kinds: Vec<Word>,
    /// The words that it can be, where it is one without kinds.
    pub(super) words: Vec<Word>,
    /// What it is; empty where that is not written down.
    pub(super) meaning: String,
    /// Which numbers it can be, as the rest of a sentence: `0 or greater`.
    pub(super) range: Vec<String>,
}

/// A variant or word that a setting can be.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) name: String,
    pub(super) meaning: String,
}

/// The settings of all models: those of the defaults, and those that exist once another kind is
/// chosen or an optional table is on, with the defaults that they start from.
#[cfg(test)]
pub(super) fn settings() -> Vec<Setting> {
    of(None)
}

/// The same on a dataset.
pub(super) fn of(dataset: Option<&str>) -> Vec<Setting> {
    ModelConfig::known_names().into_iter().flat_map(|model| of_model(model, dataset)).collect()
}

/// Those of one model's runs on a dataset; none where there is no such model.
pub(super) fn of_model(model: &'static str, dataset: Option<&str>) -> Vec<Setting> {
    let mut found = Vec::new();
    if let Some(defaults) = RunConfig::defaults(model, dataset) {
        let mut census = Census {
            #[cfg(test)]
            model,
            meanings: &Meanings::new(),
            found: &mut found,
        };
        census.table(&Draft::new(&defaults), &[], "", &[]);
    }
    found
}

struct Census<'a> {
    #[cfg(test)]
    model: &'static str,
    meanings: &'a Meanings,
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
            #[cfg(test)]
            model: self.model,
            #[cfg(test)]
            name: name.to_owned(),
            path: dotted.clone(),
            needs: needs.to_vec(),
            default,
            kinds: kinds
                .iter()
                .map(|kind| Word {
                    name: kind.clone(),
                    meaning: self.meanings.of_kind(draft, path, kind),
                })
                .collect(),
            words: self.meanings.words(draft, path),
            meaning: self.meanings.of(draft, path),
            range: range(draft, path),
        });
        if value.is_object() {
            self.table(draft, path, name, needs);
        }
        for kind in &kinds {
            let mut chosen = draft.clone();
            // By way of every other kind, so that it starts from its own defaults.
            for kind in kinds.iter().filter(|other| *other != kind).chain([kind]) {
                chosen.set(path, &json!(kind), "a default").expect("a kind that it has");
            }
            let needs = [needs, &[format!("{dotted}.{KIND}={kind}")]].concat();
            self.table(&chosen, path, &format!("{name}({kind})"), &needs);
        }
        let mut on = draft.clone();
        if value.is_null() && on.set(path, &json!({}), "a default").is_ok() {
            let needs = [needs, &[format!("{dotted}={{}}")]].concat();
            self.table(&on, path, &format!("{name}(on)"), &needs);
        }
    }
}

/// What is said of numbers far outside, by those who check them.
fn range(draft: &Draft<RunConfig>, path: &[String]) -> Vec<String> {
    let mut on = draft.clone();
    let is_number = |value: &Value| value.is_number() || value.is_null();
    if !is_number(draft.at(path)) {
        return Vec::new();
    }
    let mut said: Vec<String> = Vec::new();
    for probe in [json!(-1e9), json!(0), json!(1), json!(1e9)] {
        if on.set(path, &probe, "a default").is_err() {
            continue;
        }
        let Err(fault) = on.clone().finish().check() else { continue };
        let rule = fault.problem.split_once("; it must be ").map(|(_, rule)| rule.to_owned());
        // A size of a million is a slip of the finger, which is no range to tell of.
        let rule = rule.filter(|rule| fault.path == path.join(".") && !rule.contains("000000"));
        said.extend(rule.filter(|rule| !said.contains(rule)));
    }
    said
}

#[cfg(test)]
#[path = "census_tests.rs"]
mod tests;
