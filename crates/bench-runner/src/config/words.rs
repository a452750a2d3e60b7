//! Settings, and what is wrong with them, in words.

use serde_json::{Map, Value};

/// Names the variant in a table of an enum.
pub(crate) const KIND: &str = "kind";

/// Longer values are cut in messages.
const LONGEST_VALUE: usize = 60;

/// Keys joined by dots, on one line whatever they are; an empty one as `""`.
pub(crate) fn path(keys: &[String]) -> String {
    let word = |key: &String| match key.as_str() {
        "" => "\"\"".to_owned(),
        key => key.chars().flat_map(char::escape_debug).collect(),
    };
    keys.iter().map(word).collect::<Vec<_>>().join(".")
}

/// A value as it is written, on one line.
pub(crate) fn value(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= LONGEST_VALUE {
        return text;
    }
    text.chars().take(LONGEST_VALUE).chain(['…']).collect()
}

/// What would have done in place of `given`: by what stands there now and, where that says nothing, by
/// serde's `reason` for refusing it.
pub(crate) fn expected(reason: Option<&str>, current: &Value, given: &Value) -> String {
    let reason = reason.unwrap_or_default();
    if let Some(variants) = variants(reason) {
        return either(&variants);
    }
    let wanted = reason.rsplit_once("expected ").map(|(_, wanted)| wanted).unwrap_or_default();
    match current {
        Value::Null => sort(wanted, given),
        Value::Object(table) => match table.get(KIND) {
            Some(kind) => format!("a kind, such as {kind}"),
            None => "a table".to_owned(),
        },
        Value::Array(items) => match items.first() {
            Some(item) => format!("a list of {}, such as {}", nouns(item), self::value(current)),
            None => "a list".to_owned(),
        },
        Value::Bool(_) => "true or false".to_owned(),
        Value::Number(number) if number.is_f64() => format!("a number, such as {current}"),
        Value::Number(_) => format!("{}, such as {current}", whole(given)),
        Value::String(_) => format!("text in quotes, such as {}", self::value(current)),
    }
}

/// `a table: set file.path=TEXT and file.pin=TEXT`, for a table at `path` with these defaults.
pub(crate) fn table(path: &[String], defaults: &Map<String, Value>) -> String {
    let setting = |(key, value): (&String, &Value)| {
        let example = match value {
            Value::Array(_) => "[...]",
            Value::String(_) => "TEXT",
            _ => "VALUE",
        };
        format!("{}.{key}={example}", self::path(path))
    };
    let settings: Vec<String> = defaults.iter().map(setting).collect();
    format!("a table: set {}", settings.join(" and "))
}

/// The names that serde would have taken, where its reason is an unknown variant.
pub(crate) fn variants(reason: &str) -> Option<Vec<String>> {
    let names = reason.strip_prefix("unknown variant")?.rsplit_once("expected ")?.1;
    Some(names.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// `"a"`, `"a" or "b"`, `"a", "b" or "c"`.
fn either(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

fn nouns(example: &Value) -> &'static str {
    match example {
        Value::Number(number) if number.is_f64() => "numbers",
        Value::Number(_) => "whole numbers",
        _ => "texts",
    }
}

/// The whole number that would have done in place of `given`, which was refused.
fn whole(given: &Value) -> &'static str {
    match given.as_f64() {
        Some(x) if x < 0.0 => "a whole number, 0 or greater",
        Some(x) if x.fract() == 0.0 => "a smaller whole number",
        _ => "a whole number",
    }
}

/// Whether serde refused a list for having too many items.
pub(crate) fn is_too_long(reason: &str) -> bool {
    reason.ends_with("fewer elements in array")
}

/// What serde calls its types, as users call them.
fn sort(wanted: &str, given: &Value) -> String {
    let length = wanted.strip_prefix("an array of length ");
    match wanted {
        "u16" | "u32" | "u64" | "usize" | "i64" => whole(given),
        "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "path string" => "text in quotes",
        "a sequence" => "a list",
        _ if wanted.starts_with("struct ") || wanted.contains(" enum ") => "a table",
        _ => return length.map_or_else(|| wanted.to_owned(), |n| format!("a list of {n} numbers")),
    }
    .to_owned()
}

/// `; did you mean "x"?` for the nearest of `known`, or nothing where none is near.
pub(crate) fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    known
        .map(|name| (strsim::damerau_levenshtein(word, name), name))
        .filter(|(edits, name)| *edits <= 2.min(name.len() / 2))
        .min_by_key(|(edits, _)| *edits)
        .map(|(_, name)| format!("; did you mean {name:?}?"))
        .unwrap_or_default()
}

/// What is wrong with TOML that cannot be parsed, and where.
pub(crate) fn toml_fault(text: &str, error: &toml::de::Error) -> String {
    let what = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
    match error.span().and_then(|span| text.get(..span.start)) {
        Some(before) => format!("line {}: {what}", before.matches('\n').count() + 1),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_of_toml_is_one_line_with_its_number() {
        let text = "seed = 1\n[model.vae\n";
        let error = text.parse::<toml::Table>().unwrap_err();
        let fault = toml_fault(text, &error);
        assert!(fault.starts_with("line 2: ") && !fault.contains('\n'), "{fault}");
    }

    #[test]
    fn whatever_a_key_or_value_holds_stays_on_one_line() {
        assert_eq!(path(&["a\nb".into(), "c".into()]), "a\\nb.c");
        assert_eq!(path(&["a".into(), String::new()]), "a.\"\"");
        assert_eq!(value(&Value::String("a\nb".into())), "\"a\\nb\"");
        assert_eq!(value(&Value::String("a".repeat(500))).chars().count(), LONGEST_VALUE + 1);
    }

    #[test]
    fn the_nearest_name_is_suggested_where_one_is_near() {
        let known = || ["beta", "kind"].into_iter();
        assert_eq!(suggestion("beat", known()), "; did you mean \"beta\"?");
        assert_eq!(suggestion("weather", known()), "");
    }
}
