//! Settings as `config` prints them: name, default, meaning, and what they can be.

use super::{
    census::{Setting, of, of_model},
    words,
};
use crate::{
    registry::ModelConfig,
    terminal::{WIDTH, wrapped},
};
use anyhow::{Result, bail};
use serde_json::Value;

/// The settings that `what` names, with their defaults on a dataset: those of a model, by its name; those below or at a
/// path, or a part of one; without it those that all models share.
///
/// # Errors
/// When there are none.
pub(crate) fn described(what: Option<&str>, dataset: Option<&str>) -> Result<String> {
    let models = ModelConfig::known_names();
    let model = what.and_then(|what| models.iter().copied().find(|model| *model == what));
    let all = model.map_or_else(|| of(dataset), |model| of_model(model, dataset));
    let chosen = all.into_iter().filter(|setting| match (model, what) {
        (Some(_), _) => setting.path.starts_with("model."),
        (None, Some(what)) => holds(&setting.path, what),
        (None, None) => !setting.path.starts_with("model."),
    });
    let mut entries: Vec<Entry> = Vec::new();
    for setting in chosen {
        let alike = |entry: &&mut Entry| {
            entry.setting.path == setting.path && entry.setting.meaning == setting.meaning
        };
        match entries.iter_mut().find(alike) {
            Some(entry) => entry.needs.push(setting.needs),
            None => entries.push(Entry { needs: vec![setting.needs.clone()], setting }),
        }
    }
    if entries.is_empty() {
        let what = what.unwrap_or_default();
        let hint = words::suggestion(what, models.iter().copied());
        bail!(
            "no setting is called {what:?}; give a model ({}) or a part of a name{hint}",
            models.join(", ")
        );
    }
    let mut text: Vec<String> = entries.iter().map(Entry::text).collect();
    if what.is_none() {
        text.push(format!(
            "A model's own settings: bench-runner config MODEL, with one of {}.",
            models.join(", ")
        ));
    }
    Ok(text.join("\n"))
}

/// Full paths of the settings that `short` can stand for, those that end with it: of `model`, else of any.
pub(super) fn places(short: &str, model: &str) -> Vec<String> {
    let mut paths: Vec<String> = of(None).into_iter().map(|setting| setting.path).collect();
    paths.retain(|path| path.strip_suffix(short).is_some_and(|before| before.ends_with('.')));
    paths.sort();
    paths.dedup();
    let own = |path: &&String| {
        path.starts_with(&format!("model.{model}.")) || !path.starts_with("model.")
    };
    let of_model: Vec<String> = paths.iter().filter(own).cloned().collect();
    if of_model.is_empty() { paths } else { of_model }
}

/// Whether `path` has the keys of `what` next to each other.
fn holds(path: &str, what: &str) -> bool {
    format!(".{path}.").contains(&format!(".{}.", what.trim_matches('.')))
}

struct Entry {
    setting: Setting,
    /// Without what it does not exist; several ways to it.
    needs: Vec<Vec<String>>,
}

impl Entry {
    fn text(&self) -> String {
        let Setting { path, default, kinds, words, meaning, range, .. } = &self.setting;
        let mut lines = vec![format!("{path} = {}", shown(default))];
        let mut told = vec![meaning.clone()];
        let told_before = |rule: &str| meaning.contains(rule) || meaning.contains("[0, 1)");
        let rules = range.iter().map(String::as_str).filter(|rule| !told_before(rule));
        let rules: Vec<&str> = rules.collect();
        if !rules.is_empty() {
            told.push(format!("It must be {}.", rules.join(" and ")));
        }
        if !self.needs.iter().any(Vec::is_empty) {
            told.push(format!("Only where {}.", self.conditions().join(" and ")));
        }
        lines.extend(wrapped(&told.join(" "), 4, WIDTH));
        for kind in if kinds.is_empty() { words } else { kinds } {
            let colon = if kind.meaning.is_empty() { "" } else { ": " };
            let text = wrapped(&format!("{}{colon}{}", kind.name, kind.meaning), 8, WIDTH);
            lines.extend(text.iter().enumerate().map(|(row, line)| match row {
                0 => format!("      - {}", line.trim_start()),
                _ => line.clone(),
            }));
        }
        lines.join("\n")
    }

    /// `x is a or b`, for each setting without which it does not exist.
    fn conditions(&self) -> Vec<String> {
        let mut conditions: Vec<(&str, Vec<&str>)> = Vec::new();
        for (path, value) in self.needs.iter().flatten().map(|need| parts(need)) {
            match conditions.iter_mut().find(|(known, _)| *known == path) {
                Some((_, values)) if values.contains(&value) => {}
                Some((_, values)) => values.push(value),
                None => conditions.push((path, vec![value])),
            }
        }
        let told = |(path, values): (&str, Vec<&str>)| format!("{path} is {}", values.join(" or "));
        conditions.into_iter().map(told).collect()
    }
}

/// The setting that a line of `--set` is about, and what it is set to.
fn parts(need: &str) -> (&str, &str) {
    let (path, value) = need.split_once('=').unwrap_or((need, ""));
    (path.strip_suffix(".kind").unwrap_or(path), if value == "{}" { "on" } else { value })
}

/// A default as `--set` takes it.
fn shown(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) if !text.is_empty() => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_told_with_its_meaning_its_range_and_its_kinds() {
        let text = described(Some("vae"), None).expect("a model");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for told in [
            "model.vae.beta = 1.0 ",
            "It must be 0 or greater. ",
            " - bernoulli: Independent Bernoulli pixels",
            " Only where model.vae.likelihood is gaussian. ",
            " Only where model.vae.objective is iwae or ciwae. ",
        ] {
            assert!(flat.contains(told), "{told}\n{text}");
        }
        assert!(!text.contains("model.ae.") && !text.contains("[`"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn every_setting_has_a_meaning() {
        let bare: Vec<_> = of(None)
            .into_iter()
            .filter(|setting| setting.meaning.is_empty())
            .map(|s| s.name)
            .collect();
        assert!(bare.is_empty(), "{bare:#?}");
    }

    #[test]
    fn a_part_of_a_name_finds_it_and_a_slip_is_told() {
        let text = described(Some("beta"), None).expect("a setting");
        assert!(text.contains("\nmodel.vae.beta = "), "{text}");
        let text = described(Some("budget"), Some("ring-8")).expect("settings");
        assert!(text.starts_with("budget.images = 400000\n"), "{text}");
        let error = described(Some("vea"), None).expect_err("a slip").to_string();
        assert!(error.ends_with("; did you mean \"vae\"?"), "{error}");
        let (vae, kl) = ("model.vae.beta", "model.sparse-ae.sparsity.beta");
        assert_eq!(places("beta", "vae"), [vae]);
        assert_eq!(places("beta", "ae"), [kl, vae]);
        assert_eq!(places("vae.latent_dim", "gan"), ["model.vae.latent_dim"]);
        assert!(places("nothing", "vae").is_empty());
    }
}
