//! Going on from a finished run.

use crate::{
    context::{InitContext, Start},
    opened::{OpenedRun, deserialize_path},
    optim::Optimized,
    settings::{Check, Fault},
};
use burn::module::Module;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fmt::Display,
    path::{Path, PathBuf},
};

/// The setting: the finished run that a model goes on from, and what of it is trained.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BaseConfig {
    /// Its run directory.
    #[serde(deserialize_with = "deserialize_path")]
    pub run: PathBuf,
    /// Parameters, or modules that hold some, that are trained; none: all of them. The others stay as
    /// they are in the run, byte for byte.
    pub trained: Vec<String>,
}

impl Check for BaseConfig {
    fn check(&self) -> Result<(), Fault> {
        if self.run.as_os_str().is_empty() {
            return Err(Fault::new("run", "is empty; give the run directory of a finished run"));
        }
        Ok(())
    }
}

impl BaseConfig {
    /// The run by the name that these settings have for it.
    pub fn named(&self) -> Base<'_> {
        Base { key: "run", run: &self.run }
    }

    /// `net` with the weights that the run keeps of the network called `prefix`. It must be `alike` to a run with the
    /// settings `own`.
    ///
    /// # Errors
    /// When the run cannot be opened, is of another model, keeps another network, is about other values, has other such
    /// settings, or has nothing of the names in `trained`.
    pub fn build_on<M: Module>(
        &self,
        net: Optimized<M>,
        prefix: &str,
        own: &impl Serialize,
        alike: Alike<'_>,
        context: &InitContext,
    ) -> Result<Optimized<M>, Fault> {
        self.build_beside(net, prefix, own, alike, context).map(|(net, _)| net)
    }

    /// As [`Self::build_on`], with the run itself; None where it is not opened, because all weights are put back
    /// ([`Start::Restored`]).
    ///
    /// # Errors
    /// As [`Self::build_on`].
    pub fn build_beside<M: Module>(
        &self,
        mut net: Optimized<M>,
        prefix: &str,
        own: &impl Serialize,
        alike: Alike<'_>,
        context: &InitContext,
    ) -> Result<(Optimized<M>, Option<OpenedRun>), Fault> {
        let mut run = None;
        if context.start == Start::Fresh {
            let base = self.named();
            let mut opened = base.open(own, alike, context)?;
            net.adopt(prefix, &mut opened.state).map_err(|_| base.keeps_another(&opened))?;
            run = Some(opened);
        }
        if self.trained.is_empty() {
            return Ok((net, run));
        }
        let unknown =
            |name| Fault::new("trained", format!("names {name}, which the network lacks"));
        Ok((net.only(&self.trained).map_err(unknown)?, run))
    }
}

/// Which runs' weights mean the same as a model's own.
#[derive(Clone, Copy, Debug)]
pub struct Alike<'a> {
    /// Those of this model,
    pub model: &'a str,
    /// that have the same of these settings.
    pub settings: &'a [&'a str],
}

/// A finished run whose weights a model takes over, as its settings name it.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// What the settings call it.
    pub key: &'a str,
    /// Its run directory.
    pub run: &'a Path,
}

impl Base<'_> {
    /// The run, which must be `alike` to one with the settings `own`.
    ///
    /// # Errors
    /// When it cannot be opened, is of another model, is about other values, or has other such settings.
    pub fn open(
        self,
        own: &impl Serialize,
        alike: Alike<'_>,
        context: &InitContext,
    ) -> Result<OpenedRun, Fault> {
        let opened = self.any(context)?;
        self.require_alike(&opened, own, alike, context)?;
        Ok(opened)
    }

    /// The run, whatever it is of.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn any(self, context: &InitContext) -> Result<OpenedRun, Fault> {
        let run = self.run.display();
        let fault = |error| Fault::new(self.key, format!("is {run}, which {error}"));
        context.runs.open(self.run).map_err(fault)
    }

    /// That it is of another model than the one that is asked for.
    pub fn is_of_another(self, opened: &OpenedRun, model: &str) -> Fault {
        let (run, of) = (self.run.display(), &opened.model);
        Fault::new(self.key, format!("is {run}, a run of {of}; give a finished run of {model}"))
    }

    /// That it keeps other parameters than are asked for.
    pub fn keeps_another(self, opened: &OpenedRun) -> Fault {
        let problem = "keeps another network than these settings describe";
        self.fault(opened, format_args!("{problem}; choose another run"))
    }

    /// What is wrong with it and how to mend it.
    pub fn fault(self, opened: &OpenedRun, problem: impl Display) -> Fault {
        let run = self.run.display();
        Fault::new(self.key, format!("is {run}, whose {} {problem}", opened.model))
    }

    fn require_alike(
        self,
        opened: &OpenedRun,
        own: &impl Serialize,
        alike: Alike<'_>,
        context: &InitContext,
    ) -> Result<(), Fault> {
        let fault = |problem: String| {
            Err(self.fault(opened, format_args!("{problem}; choose another run")))
        };
        if opened.model != alike.model {
            return Err(self.is_of_another(opened, alike.model));
        }
        let (base, values) = (opened.space, context.space);
        if (base.shape, base.kind) != (values.shape, values.kind) {
            return fault(format!(
                "was trained on values of {} and not of {}",
                base.shape, values.shape
            ));
        }
        let own = serde_json::to_value(own).expect("settings are plain values");
        if opened.classes != context.classes && !own["condition"]["kind"].eq("none") {
            return fault("knows another number of classes".into());
        }
        for key in alike.settings {
            let [base, here] = [&opened.settings[key], &own[key]];
            if base == here {
                continue;
            }
            // A whole table is nothing that a user would write: what differs is.
            let Some((path, value, here)) = differing(key, base, here) else { continue };
            let cure = format!("--set model.{}.{path}={value}", opened.model);
            let problem = format_args!(
                "was trained with {path} = {value} and not {here}; choose another run, or {cure}"
            );
            return Err(self.fault(opened, problem));
        }
        Ok(())
    }
}

/// The first setting at or below `path` in which two values differ, as a user writes it with the values of both:
/// a variant is written as its kind. Which run weights began with says nothing of what they mean.
pub(crate) fn differing(
    path: &str,
    base: &Value,
    here: &Value,
) -> Option<(String, String, String)> {
    if base == here {
        return None;
    }
    let (Value::Object(base), Value::Object(own)) = (base, here) else {
        return Some((path.to_owned(), written(base), written(here)));
    };
    if base.get(KIND) != own.get(KIND) {
        let kinds = [base, own].map(|table| table.get(KIND).map_or("none".into(), written));
        let [base, own] = kinds;
        return Some((path.to_owned(), base, own));
    }
    let mut keys = base.keys().chain(own.keys()).filter(|key| key.as_str() != ORIGIN);
    keys.find_map(|key| {
        let [base, own] = [base, own].map(|table| table.get(key).unwrap_or(&Value::Null));
        differing(&format!("{path}.{key}"), base, own)
    })
}

/// A value as `--set` takes it.
fn written(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        Value::Object(table) => table.get(KIND).map_or_else(|| value.to_string(), written),
        value => value.to_string(),
    }
}

/// The key that names a variant.
const KIND: &str = "kind";
/// The key that names the run that weights began with.
const ORIGIN: &str = "run";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_differs_is_told_as_a_user_writes_it() {
        for (base, here, expected) in [
            (json!({ "kind": "class" }), json!({ "kind": "none" }), ("key", "class", "none")),
            (json!("noise"), json!("start"), ("key", "noise", "start")),
            (
                json!({ "kind": "u-net", "channels": [8, 16] }),
                json!({ "kind": "u-net", "channels": [8] }),
                ("key.channels", "[8,16]", "[8]"),
            ),
            (
                json!({ "kind": "mlp", "norm": null }),
                json!({ "kind": "mlp", "norm": 8 }),
                ("key.norm", "none", "8"),
            ),
        ] {
            let (path, value, own) = differing("key", &base, &here).expect("they differ");
            assert_eq!((path.as_str(), value.as_str(), own.as_str()), expected);
        }
        assert_eq!(differing("key", &json!({ "a": 1 }), &json!({ "a": 1 })), None);
        let [from_run, fresh] = [json!("runs/a"), json!(null)]
            .map(|run| json!({ "kind": "caption", "width": 64, "run": run }));
        assert_eq!(differing("condition", &from_run, &fresh), None);
    }
}
