//! Settings as they are kept: the name of a run, and the file that gives it again.
//!
//! A run's name ends in a hash of [`SETTINGS_VERSION`], the model and the [`differences`] of its
//! settings from the model's defaults on its kind of values, but for where files lie. So a setting that is added later, with a
//! default that leaves runs as they were, renames none of them. A change of a default, or of what a
//! setting means, must raise the version; `defaults/` holds a snapshot of all defaults, and a test
//! refuses a change of it under the same version.
//!
//! `config.toml` of a run holds every setting, with `settings_version` and `settings_hash` (the hash
//! of the name) on top. Which files a later build takes over:
//!
//! - of another version, or of none: no file.
//! - of this version with fewer keys: every file; what is missing has its default.
//! - of this version with keys that this build does not know, so written by a later build: those whose
//!   `settings_hash` comes out the same without these keys. They had their defaults then, and a default
//!   of a key that was added within a version changes nothing.

use super::{
    differences::{differences, sorted},
    draft::{Draft, NONE, Refused},
    judge::JudgeConfig,
    layer::{Layer, parse_toml},
    run_config::RunConfig,
};
use anyhow::{Context, Result, bail};
use genlab_core::{Check, digest::sha256};
use serde_json::{Value, json};
use std::path::Path;
use toml::Table;

/// Raised whenever a default or the meaning of a setting changes: runs of different versions never
/// pass for one another.
pub(crate) const SETTINGS_VERSION: u32 = 3;

const VERSION: &str = "settings_version";
const HASH: &str = "settings_hash";

impl RunConfig {
    /// The settings as a file that gives this run again.
    pub(crate) fn to_toml(&self) -> String {
        let mut table = Table::new();
        table.insert(VERSION.to_owned(), SETTINGS_VERSION.into());
        table.insert(HASH.to_owned(), self.hash().into());
        let settings = serde_json::to_value(self).expect("settings are plain values");
        if let toml::Value::Table(settings) = toml_value(&settings) {
            table.extend(settings);
        }
        toml::to_string(&table).expect("a table of plain values serialises")
    }

    /// The settings in the `config.toml` of a run.
    ///
    /// # Errors
    /// One line: what keeps this build from taking the file over.
    pub(crate) fn from_toml(text: &str) -> Result<Self> {
        let mut table = parse_toml(text)?;
        let version = table.remove(VERSION);
        if version != Some(SETTINGS_VERSION.into()) {
            bail!("{}, or train the run anew with --fresh", other_version(version.as_ref()));
        }
        let hash = table.remove(HASH);
        let models = table.get("model").and_then(toml::Value::as_table);
        let dataset = table.get("dataset").and_then(toml::Value::as_str);
        let defaults = |model: &String| Self::defaults(model, dataset);
        let defaults = models.and_then(|models| models.keys().find_map(defaults));
        let mut draft = Draft::new(&defaults.context("it names no model")?);
        let mut unknown = Vec::new();
        let set = |path: &[String], value: &Value| match draft.set(path, value, "config.toml") {
            Err(Refused::Unknown { path, .. }) => {
                unknown.push(path);
                Ok(())
            }
            set => set,
        };
        Layer::of_table(&table, "config.toml").each(|_| false, set)?;
        let config = draft.finish();
        config.check()?;
        if !unknown.is_empty() && hash != Some(config.hash().into()) {
            bail!(
                "it uses settings that this bench-runner does not know ({}); use the one that wrote \
                 it, or train the run anew with --fresh",
                unknown.join(", ")
            );
        }
        Ok(config)
    }

    /// Eight hexadecimal digits that tell settings apart. Where files lie is no setting.
    pub(crate) fn hash(&self) -> String {
        let mut settings = self.clone();
        settings.data.dir = None;
        if let JudgeConfig::Inception(file) = &mut settings.evaluation.judge {
            file.path.clear();
        }
        if let Some(file) = &mut settings.evaluation.lpips {
            file.path.clear();
        }
        let named = json!({
            VERSION: SETTINGS_VERSION,
            "model": self.model.name(),
            "differences": settings.differences(),
        });
        sha256(sorted(&named).to_string().as_bytes())[..8].to_owned()
    }

    /// The keys by which these settings differ from the model's defaults on their dataset.
    fn differences(&self) -> Value {
        let defaults = Self::defaults(self.model.name(), Some(&self.dataset));
        differences(&defaults.expect("every model has its defaults"), self)
    }

    /// `<model>-<dataset>-s<seed>-<hash>`.
    pub(crate) fn run_name(&self) -> String {
        format!("{}-{}-s{}-{}", self.model.name(), self.dataset_slug(), self.seed, self.hash())
    }

    /// The dataset's name as part of a file name.
    pub(crate) fn dataset_slug(&self) -> String {
        let name = match self.dataset.strip_prefix("folder:") {
            Some(path) => {
                let last = Path::new(path).file_name().map(|name| name.to_string_lossy());
                format!("folder-{}", last.unwrap_or_default())
            }
            None => match self.dataset.strip_prefix("series:") {
                Some(place) => {
                    let last = Path::new(place).file_name().map(|name| name.to_string_lossy());
                    format!("series-{}", last.unwrap_or_default())
                }
                None => self.dataset.clone(),
            },
        };
        name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect()
    }
}

/// The settings of an experiment file, which may be the `config.toml` of a run.
///
/// # Errors
/// When it is one of another version.
pub(super) fn without_header(mut table: Table) -> Result<Table> {
    let version = table.remove(VERSION);
    if version.is_some() && version != Some(SETTINGS_VERSION.into()) {
        bail!("{}", other_version(version.as_ref()));
    }
    table.remove(HASH);
    Ok(table)
}

fn other_version(version: Option<&toml::Value>) -> String {
    let version = match version {
        Some(version) => format!("its {VERSION} is {version}"),
        None => format!("it has no {VERSION}"),
    };
    format!(
        "{version}, so another bench-runner wrote it, and this one reads version \
         {SETTINGS_VERSION} alone; use the one that wrote it"
    )
}

/// As TOML, which has no null.
fn toml_value(value: &Value) -> toml::Value {
    match value {
        Value::Null => NONE.into(),
        Value::Bool(b) => (*b).into(),
        Value::Number(number) => match number.as_i64() {
            Some(n) => n.into(),
            None => number.as_f64().expect("whole numbers are checked to fit").into(),
        },
        Value::String(text) => text.as_str().into(),
        Value::Array(items) => toml::Value::Array(items.iter().map(toml_value).collect()),
        Value::Object(table) => {
            let pairs = table.iter().map(|(key, value)| (key.clone(), toml_value(value)));
            toml::Value::Table(pairs.collect())
        }
    }
}

#[cfg(test)]
impl RunConfig {
    /// An experiment file that holds the differences alone.
    pub(super) fn differences_as_toml(&self) -> String {
        let differences = self.differences();
        let toml::Value::Table(mut table) = toml_value(&differences) else { unreachable!() };
        let models = table.entry("model").or_insert_with(|| toml::Value::Table(Table::new()));
        let models = models.as_table_mut().expect("settings of models are a table");
        models.entry(self.model.name()).or_insert_with(|| toml::Value::Table(Table::new()));
        toml::to_string(&table).expect("a table of plain values serialises")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::ModelConfig;
    use genlab_core::Kind;
    use std::path::PathBuf;

    fn vae() -> RunConfig {
        RunConfig::defaults("vae", None).unwrap()
    }

    fn refusal(text: &str) -> String {
        let error = RunConfig::from_toml(text).expect_err("refused");
        let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
        assert!(!chain.concat().contains('\n'));
        chain.join(": ")
    }

    #[test]
    fn where_files_lie_names_no_run_and_what_they_hold_does() {
        let mut moved = vae();
        moved.data.dir = Some("elsewhere".into());
        assert_eq!(moved.run_name(), vae().run_name());
        let judged = |path: &str, sha256: &str| {
            let file =
                genlab_metrics::PinnedFile { path: PathBuf::from(path), sha256: sha256.into() };
            let mut config = vae();
            config.evaluation.judge = JudgeConfig::Inception(file.clone());
            config.evaluation.lpips = Some(file);
            config.hash()
        };
        assert_eq!(judged("here", "ab"), judged("there", "ab"));
        assert_ne!(judged("here", "ab"), judged("here", "cd"));
        assert_ne!(judged("here", ""), vae().hash());
    }

    #[test]
    fn settings_seeds_datasets_and_models_have_names_of_their_own() {
        let name = |change: &dyn Fn(&mut RunConfig)| {
            let mut config = vae();
            change(&mut config);
            config.hash()
        };
        let names = [
            name(&|_| {}),
            name(&|config| config.seed = 1),
            name(&|config| config.dataset = "digits8x8".into()),
            name(&|config| config.batch_size = 64),
            name(&|config| config.model = ModelConfig::by_name("ae", Kind::Images).unwrap()),
        ];
        for (i, name) in names.iter().enumerate() {
            assert!(!names[..i].contains(name), "{i} recurs in {names:?}");
        }
        assert_eq!(vae().run_name(), format!("vae-mnist-10k-s0-{}", names[0]));
    }

    #[test]
    fn the_file_of_a_run_says_its_version_first_and_shows_what_is_off() {
        let text = vae().to_toml();
        let hash = vae().hash();
        let top = format!("settings_version = 3\nsettings_hash = \"{hash}\"\nseed = 0\n");
        assert!(text.starts_with(&top), "{text}");
        assert!(text.contains("\nimage_size = \"none\"\n"), "{text}");
    }

    #[test]
    fn a_file_of_another_version_or_of_none_is_refused() {
        let text = vae().to_toml();
        let other = text.replace("settings_version = 3", "settings_version = 1");
        assert!(refusal(&other).contains("its settings_version is 1"));
        let none = text.replace("settings_version = 3\n", "");
        assert!(refusal(&none).contains("it has no settings_version"));
    }

    #[test]
    fn a_file_of_fewer_keys_loads_with_defaults() {
        let text = vae().to_toml();
        let fewer = text.replace("samples = 2000\n", "").replace("beta = 1.0\n", "");
        assert_ne!(fewer, text);
        assert_eq!(RunConfig::from_toml(&fewer).unwrap(), vae());
    }

    #[test]
    fn keys_of_a_later_build_are_passed_over_only_where_they_change_nothing() {
        let later = |hash: &str| {
            let own = format!("settings_hash = \"{}\"", vae().hash());
            let text = vae().to_toml().replace(&own, &format!("settings_hash = \"{hash}\""));
            text.replace("[model.vae]\n", "[model.vae]\nfree_bits = 0.5\n")
        };
        assert_eq!(RunConfig::from_toml(&later(&vae().hash())).unwrap(), vae());
        let sentence = refusal(&later("00000000"));
        assert!(sentence.contains("does not know (model.vae.free_bits)"), "{sentence}");
        let kind = vae().to_toml().replace("kind = \"bernoulli\"", "kind = \"poisson\"");
        assert!(refusal(&kind).contains("it should be \"bernoulli\", \"gaussian\", "));
    }

    #[test]
    fn a_damaged_file_is_refused_in_one_sentence() {
        for (text, expected) in [
            ("settings_version = 3\n[model", "line 2"),
            ("settings_version = 3\nseed = 3\n", "it names no model"),
            ("settings_version = 3\nseed = \"x\"\n[model.vae]\n", "seed is \"x\""),
            ("settings_version = 3\n[model.vae]\nbeta = -1\n", "it must be 0 or greater"),
        ] {
            let sentence = refusal(text);
            assert!(sentence.contains(expected), "{sentence}");
        }
    }
}
