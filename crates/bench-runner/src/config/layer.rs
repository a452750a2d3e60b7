//! Keys with values as somebody gave them, in a file, by `--set` or by a flag.

use super::{
    draft::{Draft, Refused},
    words::{self, KIND},
};
use anyhow::{Result, bail};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

/// Keys from one origin. In what order they were given does not matter, but for the same key twice:
/// kinds come before the parameters of their variant.
#[derive(Clone, Debug)]
pub(crate) struct Layer {
    keys: Vec<(Vec<String>, Value)>,
    origin: String,
}

impl Layer {
    /// No keys yet; `origin` is how messages name where they come from.
    pub(crate) fn new(origin: impl Into<String>) -> Self {
        Self { keys: Vec::new(), origin: origin.into() }
    }

    /// The keys of a TOML file.
    pub(crate) fn of_table(table: &toml::Table, origin: impl Into<String>) -> Self {
        let mut layer = Self::new(origin);
        for (key, value) in table {
            layer.put(vec![key.clone()], json(value));
        }
        layer
    }

    /// One more key; a table counts as each of its keys.
    pub(crate) fn put(&mut self, path: Vec<String>, value: Value) {
        match value {
            Value::Object(table) if !table.is_empty() => {
                for (key, value) in table {
                    self.put([path.as_slice(), &[key]].concat(), value);
                }
            }
            value => self.keys.push((path, value)),
        }
    }

    /// What it says last of a key; None where it does not.
    pub(crate) fn get(&self, key: &[&str]) -> Option<&Value> {
        self.keys.iter().rev().find(|(path, _)| path == key).map(|(_, value)| value)
    }

    /// The first key at or below `path`, whole.
    pub(crate) fn below(&self, path: &str) -> Option<String> {
        let mut whole = self.keys.iter().map(|(keys, _)| words::path(keys));
        whole.find(|whole| {
            whole.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Lays the keys over `draft`, but for those that `skip` says.
    ///
    /// # Errors
    /// The first key that does not exist or is of another type.
    pub(crate) fn over<T: Serialize + DeserializeOwned>(
        &self,
        draft: &mut Draft<T>,
        skip: impl Fn(&[String]) -> bool,
    ) -> Result<(), Refused> {
        self.each(skip, |path, value| draft.set(path, value, &self.origin))
    }

    /// Hands the keys that `skip` leaves to `set`, kinds before the parameters of their variant.
    pub(crate) fn each<E>(
        &self,
        skip: impl Fn(&[String]) -> bool,
        mut set: impl FnMut(&[String], &Value) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut keys: Vec<_> = self.keys.iter().filter(|(path, _)| !skip(path)).collect();
        // `loss` (its kind for short) before `loss.kind` before `loss.clip`.
        keys.sort_by_key(|(path, _)| (path.len(), path.last().is_none_or(|key| key != KIND)));
        keys.into_iter().try_for_each(|(path, value)| set(path, value))
    }
}

/// Splits `model.vae.beta=4`. The value is TOML; what is not valid TOML is taken as text.
///
/// # Errors
/// When there is no key or no `=`.
pub(crate) fn parse_set(text: &str) -> Result<(Vec<String>, Value)> {
    let shown: String = text.chars().flat_map(char::escape_debug).collect();
    let Some((key, value)) = text.split_once('=') else {
        bail!("--set {shown} has no value; write --set key=value, for example model.vae.beta=4");
    };
    if key.trim().is_empty() {
        bail!("--set {shown} has no key; write --set key=value, for example model.vae.beta=4");
    }
    let path = key.trim().split('.').map(|part| part.trim().to_owned()).collect();
    let parsed = format!("value = {}", value.trim()).parse::<toml::Table>().ok();
    // A line break in the value could smuggle in a second key.
    let parsed = parsed.filter(|table| table.len() == 1);
    let value = match parsed.as_ref().and_then(|table| table.get("value")) {
        Some(value) => json(value),
        None => Value::String(value.trim().to_owned()),
    };
    Ok((path, value))
}

/// Parses a TOML file.
///
/// # Errors
/// One line: which line of the file is wrong, and why.
pub(crate) fn parse_toml(text: &str) -> Result<toml::Table> {
    text.parse().map_err(|error| anyhow::anyhow!("{}", words::toml_fault(text, &error)))
}

/// JSON has neither dates nor numbers that are not finite; as texts they are refused where they matter.
fn json(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::String(text.clone()),
        toml::Value::Integer(n) => Value::from(*n),
        toml::Value::Float(x) if x.is_finite() => Value::from(*x),
        toml::Value::Float(_) | toml::Value::Datetime(_) => Value::String(value.to_string()),
        toml::Value::Boolean(b) => Value::Bool(*b),
        toml::Value::Array(items) => items.iter().map(json).collect(),
        toml::Value::Table(table) => {
            let pairs = table.iter().map(|(key, value)| (key.clone(), json(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn order(layer: &Layer) -> Vec<String> {
        let mut seen = Vec::new();
        let record = |path: &[String], value: &Value| {
            seen.push(format!("{}={value}", path.join(".")));
            Ok::<(), ()>(())
        };
        layer.each(|_| false, record).unwrap();
        seen
    }

    fn sets(lines: &[&str]) -> Layer {
        let mut layer = Layer::new("--set");
        for line in lines {
            let (path, value) = parse_set(line).unwrap();
            layer.put(path, value);
        }
        layer
    }

    #[test]
    fn kinds_come_first_in_whatever_order_they_were_given() {
        let expected = ["b=1", "a.kind=\"x\"", "a.clip=2", "a.rise.kind=\"y\"", "a.rise.at=3"];
        let given = ["a.rise.at=3", "a.clip=2", "a.rise.kind=y", "b=1", "a.kind=x"];
        assert_eq!(order(&sets(&given)), expected);
        let inline = ["a = { rise = { at = 3, kind = \"y\" }, clip = 2, kind = \"x\" }", "b=1"];
        assert_eq!(order(&sets(&inline)), expected);
        assert_eq!(order(&sets(&["a.clip=2", "a=x"])), ["a=\"x\"", "a.clip=2"]);
        assert_eq!(order(&sets(&["a=1", "a=2"])), ["a=1", "a=2"]);
    }

    #[test]
    fn a_value_is_toml_or_else_text() {
        for (line, expected) in [
            ("a=4", json!(4)),
            ("a = 1e5", json!(1e5)),
            ("a=[1, 2]", json!([1, 2])),
            ("a=true", json!(true)),
            ("a=bernoulli", json!("bernoulli")),
            ("a=\"4\"", json!("4")),
            ("a=b=c", json!("b=c")),
            ("a=nan", json!("nan")),
            ("a=", json!("")),
            ("a=1\nb=2", json!("1\nb=2")),
        ] {
            assert_eq!(parse_set(line).unwrap(), (vec!["a".to_owned()], expected), "{line}");
        }
        for line in ["model.vae.beta", "", "=4", "a\nb"] {
            let sentence = parse_set(line).unwrap_err().to_string();
            assert!(sentence.contains("--set key=value") && !sentence.contains('\n'), "{sentence}");
        }
    }
}
