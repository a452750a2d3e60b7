//! Laying settings over defaults: a key that has no default does not exist.

use anyhow::{Result, bail};
use toml::{Table, Value};

/// Lays `over` on `base`, key by key. Other models' tables under `[model]` are passed over, so that
/// one experiment file can serve several models.
///
/// # Errors
/// Names a key that does not exist, with the nearest one that does.
pub(crate) fn overlay(base: &mut Table, over: &Table, origin: &str) -> Result<()> {
    overlay_at(base, over, &mut Vec::new(), origin)
}

fn overlay_at(base: &mut Table, over: &Table, path: &mut Vec<String>, origin: &str) -> Result<()> {
    for (key, value) in over {
        path.push(key.clone());
        let at_model = path.len() == 2 && path[0] == "model";
        let known: Vec<String> = base.keys().cloned().collect();
        match (base.get_mut(key), value) {
            (None, _) if at_model && is_model(key) => {}
            (None, _) => bail!("{}", unknown(path, &known, origin)),
            (Some(Value::Table(base)), Value::Table(over)) => {
                overlay_at(base, over, path, origin)?;
            }
            (Some(Value::Table(_)), _) => {
                bail!("{} in {origin} is a table, not a value", path.join("."));
            }
            (Some(base), value) => *base = coerce(base, value, path, origin)?,
        }
        path.pop();
    }
    Ok(())
}

fn is_model(key: &str) -> bool {
    crate::registry::ModelConfig::by_name(key).is_some()
}

/// `value` where `base` stood: of the same type, except that 4 is a fine way to write 4.0.
fn coerce(base: &Value, value: &Value, path: &[String], origin: &str) -> Result<Value> {
    match (base, value) {
        (Value::Float(_), Value::Integer(n)) => Ok(Value::Float(*n as f64)),
        (Value::Integer(_), Value::Float(x)) if x.fract() == 0.0 && x.abs() < 9e15 => {
            Ok(Value::Integer(*x as i64))
        }
        (base, value) if base.same_type(value) => Ok(value.clone()),
        (base, value) => bail!(
            "{} in {origin} is {value}, {}; it should be {}, such as {base}",
            path.join("."),
            kind(value),
            kind(base),
        ),
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::String(_) => "a text",
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Datetime(_) => "a date",
        Value::Array(_) => "a list",
        Value::Table(_) => "a table",
    }
}

fn unknown(path: &[String], known: &[String], origin: &str) -> String {
    let last = path.last().map(String::as_str).unwrap_or_default();
    let hint = suggestion(last, known.iter().map(String::as_str));
    format!(
        "there is no setting {} (in {origin}){hint}; known here: {}",
        path.join("."),
        known.join(", ")
    )
}

/// `, did you mean "x"?` for the nearest of `known`, or nothing where none is near.
pub(crate) fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(edits, name)| *edits <= 2.min(name.len() / 2))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| format!(", did you mean {name:?}?"))
        .unwrap_or_default()
}

/// Splits `model.vae.beta=4`. The value is TOML; what is not valid TOML is taken as text.
///
/// # Errors
/// When there is no `=`.
pub(crate) fn parse_set(text: &str) -> Result<(Vec<String>, Value)> {
    let Some((key, value)) = text.split_once('=') else {
        bail!("--set {text} has no value; write --set key=value, for example model.vae.beta=4");
    };
    let path = key.trim().split('.').map(|part| part.trim().to_owned()).collect();
    let value = format!("value = {}", value.trim())
        .parse::<Table>()
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| Value::String(value.trim().to_owned()));
    Ok((path, value))
}

/// Lays one value on `base` at `path`.
///
/// # Errors
/// As [`overlay`].
pub(crate) fn set(base: &mut Table, path: &[String], value: Value) -> Result<()> {
    let mut over = Table::new();
    insert(&mut over, &path.iter().map(String::as_str).collect::<Vec<_>>(), value);
    overlay(base, &over, "--set")
}

/// Puts `value` at `path`, making tables on the way.
pub(crate) fn insert(table: &mut Table, path: &[&str], value: Value) {
    match path {
        [] => {}
        [key] => {
            table.insert((*key).to_owned(), value);
        }
        [key, rest @ ..] => {
            let inner =
                table.entry((*key).to_owned()).or_insert_with(|| Value::Table(Table::new()));
            if let Value::Table(inner) = inner {
                insert(inner, rest, value);
            }
        }
    }
}

/// A TOML error as one sentence.
pub(crate) fn one_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}
