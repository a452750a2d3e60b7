//! Settings in the making: a whole value that is changed one key at a time.
//!
//! Because a draft is whole between any two keys, whatever cannot be read is the fault of the key that
//! was set last, and a key that the type does not keep does not exist. A table with the key `kind` is a
//! variant of an enum: another kind replaces it by that variant with the variant's own defaults. TOML
//! has no null, so the text "none" switches an optional setting off.

use super::words::{self, KIND};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::marker::PhantomData;

/// Switches an optional setting off.
pub(crate) const NONE: &str = "none";

/// A value of `T` in the making.
#[derive(Clone, Debug)]
pub(crate) struct Draft<T> {
    value: Value,
    whole: PhantomData<T>,
}

/// Why a key was not set: one sentence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    /// It does not exist.
    #[error("unknown setting {path} (in {origin}){known}{hint}")]
    Unknown {
        /// The keys to it.
        path: String,
        /// Where it was given.
        origin: String,
        /// `; the settings here are a, b`, or nothing.
        known: String,
        /// `; did you mean "beta"?`, or nothing.
        hint: String,
    },
    /// It would lie below a value that is not a table.
    #[error("unknown setting {path} (in {origin}); {value} is not a table: set it to {expected}")]
    BelowAValue {
        /// The keys to it.
        path: String,
        /// Where it was given.
        origin: String,
        /// The keys to the value.
        value: String,
        /// What the value can be.
        expected: String,
    },
    /// Its value is of another type.
    #[error("{path} is {given} (in {origin}); it should be {expected}")]
    Mistyped {
        /// The keys to it.
        path: String,
        /// The value that was given.
        given: String,
        /// Where it was given.
        origin: String,
        /// What would do.
        expected: String,
    },
}

impl<T: Serialize + DeserializeOwned> Draft<T> {
    /// A draft that starts as `settings`.
    pub(crate) fn new(settings: &T) -> Self {
        let value = serde_json::to_value(settings).expect("settings are plain values");
        Self { value, whole: PhantomData }
    }

    /// What stands at `path`, which exists; null where an optional setting is off.
    pub(crate) fn at(&self, path: &[String]) -> &Value {
        lookup(&self.value, path).expect("a path of these settings")
    }

    /// The finished settings.
    pub(crate) fn finish(self) -> T {
        serde_json::from_value(self.value).expect("every key was set on a whole value")
    }

    /// Sets the key at `path` to the value that `origin` gives it.
    ///
    /// # Errors
    /// When there is no such key, or the value is of another type.
    pub(crate) fn set(
        &mut self,
        path: &[String],
        given: &Value,
        origin: &str,
    ) -> Result<(), Refused> {
        self.find(path, origin)?;
        // `x.kind = "a"` is the long form of `x = "a"`.
        let target = match path.split_last() {
            Some((key, table)) if key == KIND => table,
            _ => path,
        };
        let current = self.find(target, origin)?;
        let keeps_kind = given.is_string() && current.get(KIND) == Some(given);
        let keeps_table = current.is_object() && given == &json!({});
        if keeps_kind || keeps_table {
            return Ok(());
        }
        let mut reason = None;
        for candidate in candidates(current, given) {
            let switches_off = candidate.is_null();
            let kind = candidate.get(KIND).cloned();
            match self.with(target, candidate) {
                // A type that has no kinds reads over the word.
                Ok(value) if path == target && kind_at(&value, target) != kind.as_ref() => {}
                Ok(value) => match lookup(&value, if switches_off { target } else { path }) {
                    Some(_) => {
                        self.value = value;
                        return Ok(());
                    }
                    None => return Err(unknown(path, parent(&value, path), origin)),
                },
                Err(error) if reason.is_none() && !switches_off => reason = Some(error.to_string()),
                Err(_) => {}
            }
        }
        if reason.as_deref().is_some_and(words::is_too_long) {
            // Of an empty list serde says how long it must be, of one that is too long it does not.
            reason = self.with(target, json!([])).err().map(|error| error.to_string());
        }
        let mut expected = words::expected(reason.as_deref(), current, given);
        if current.is_null()
            && let Ok(on) = self.with(target, json!({}))
            && let Some(Value::Object(table)) = lookup(&on, target)
        {
            expected = words::table(target, table);
        }
        if self.with(target, Value::Null).is_ok() {
            expected.push_str(", or \"none\"");
        }
        let (path, given, origin) = (words::path(path), words::value(given), origin.to_owned());
        Err(Refused::Mistyped { path, given, origin, expected })
    }

    /// The kinds that the table at `path` can have; none where it is not a variant of an enum.
    pub(crate) fn kinds(&self, path: &[String]) -> Vec<String> {
        let tagged = self.at(path).get(KIND).is_some();
        let refused = self.with(path, json!({ KIND: "" })).err().filter(|_| tagged);
        refused.and_then(|error| words::variants(&error.to_string())).unwrap_or_default()
    }

    /// What stands at `path`; null below an optional table that is off.
    fn find(&self, path: &[String], origin: &str) -> Result<&Value, Refused> {
        let mut at = &self.value;
        for (depth, key) in path.iter().enumerate() {
            at = match at {
                Value::Object(table) => match table.get(key) {
                    Some(inner) => inner,
                    None => return Err(unknown(&path[..=depth], Some(table), origin)),
                },
                Value::Null => return Ok(&Value::Null),
                leaf => {
                    return Err(Refused::BelowAValue {
                        path: words::path(path),
                        origin: origin.to_owned(),
                        value: words::path(&path[..depth]),
                        expected: words::expected(None, leaf, &Value::Null),
                    });
                }
            };
        }
        Ok(at)
    }

    /// The whole value with `new` at `path`, and with the defaults of whatever that leaves out.
    fn with(&self, path: &[String], new: Value) -> serde_json::Result<Value> {
        let mut value = self.value.clone();
        let mut at = &mut value;
        for key in path {
            if at.is_null() {
                *at = json!({});
            }
            at = &mut at[key.as_str()];
        }
        *at = new;
        serde_json::to_value(serde_json::from_value::<T>(value)?)
    }
}

/// The ways to read `given` where `current` stands. A table is set key by key; as a whole it only
/// changes its kind or is switched off.
fn candidates(current: &Value, given: &Value) -> Vec<Value> {
    let off = (given == NONE).then_some(Value::Null);
    let as_it_is = (!current.is_object()).then(|| given.clone());
    let whole =
        Some(in_whole_numbers(given)).filter(|whole| !current.is_object() && whole != given);
    let tagged = current.is_null() || current.get(KIND).is_some();
    let variant = given.as_str().filter(|_| tagged).map(|kind| json!({ KIND: kind }));
    [off, as_it_is, whole, variant].into_iter().flatten().collect()
}

/// 1e5 for 100000, also inside of lists.
fn in_whole_numbers(given: &Value) -> Value {
    match given {
        Value::Array(items) => items.iter().map(in_whole_numbers).collect(),
        Value::Number(number) => match number.as_f64() {
            Some(x) if number.is_f64() && x.fract() == 0.0 && x.abs() < 9e15 => json!(x as i64),
            _ => given.clone(),
        },
        _ => given.clone(),
    }
}

fn kind_at<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    lookup(value, path)?.get(KIND)
}

fn lookup<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    path.iter().try_fold(value, |at, key| at.get(key))
}

fn parent<'a>(value: &'a Value, path: &[String]) -> Option<&'a Map<String, Value>> {
    lookup(value, path.split_last().map_or(path, |(_, parent)| parent))?.as_object()
}

fn unknown(path: &[String], beside: Option<&Map<String, Value>>, origin: &str) -> Refused {
    let names: Vec<&str> = beside.into_iter().flat_map(Map::keys).map(String::as_str).collect();
    let kind = beside.and_then(|table| table.get(KIND)?.as_str());
    let place = kind.map(|kind| format!("where kind is {kind:?}, ")).unwrap_or_default();
    let known = match names.as_slice() {
        [] => String::new(),
        [only] => format!("; {place}the only setting here is {only}"),
        _ => format!("; {place}the settings here are {}", names.join(", ")),
    };
    let last = path.last().map(String::as_str).unwrap_or_default();
    Refused::Unknown {
        path: words::path(path),
        origin: origin.to_owned(),
        known,
        hint: words::suggestion(last, names.iter().copied()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Net {
        width: usize,
        rate: f64,
        hidden: Vec<usize>,
        size: Option<[usize; 2]>,
        groups: Option<usize>,
        file: Option<File>,
        colour: Colour,
        loss: Loss,
    }

    #[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct File {
        path: String,
        pin: String,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "kebab-case")]
    enum Colour {
        None,
        Grey,
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Loss {
        Plain,
        Clipped(Clip),
    }

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(default)]
    struct Clip {
        at: f64,
        rise: Rise,
    }

    #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "kind", rename_all = "kebab-case")]
    enum Rise {
        Flat,
        Steep,
    }

    impl Default for Net {
        fn default() -> Self {
            Self {
                width: 20,
                rate: 1.0,
                hidden: vec![400],
                size: None,
                groups: Some(8),
                file: None,
                colour: Colour::Grey,
                loss: Loss::Plain,
            }
        }
    }

    impl Default for Clip {
        fn default() -> Self {
            Self { at: 0.01, rise: Rise::Flat }
        }
    }

    fn set(draft: &mut Draft<Net>, path: &str, given: Value) -> Result<(), Refused> {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        draft.set(&path, &given, "--set")
    }

    fn with(keys: &[(&str, Value)]) -> Net {
        let mut draft = Draft::new(&Net::default());
        for (path, given) in keys {
            set(&mut draft, path, given.clone()).unwrap();
        }
        draft.finish()
    }

    fn refusal(keys: &[(&str, Value)]) -> String {
        let mut draft = Draft::new(&Net::default());
        let ((path, given), before) = keys.split_last().unwrap();
        for (path, given) in before {
            set(&mut draft, path, given.clone()).unwrap();
        }
        set(&mut draft, path, given.clone()).expect_err("refused").to_string()
    }

    #[test]
    fn numbers_may_be_written_with_or_without_a_point() {
        let net = with(&[("rate", json!(4)), ("width", json!(1e5)), ("hidden", json!([4e2, 7]))]);
        assert_eq!((net.rate, net.width, net.hidden), (4.0, 100_000, vec![400, 7]));
    }

    #[test]
    fn another_kind_starts_from_its_own_defaults_and_the_same_kind_keeps_what_was_set() {
        let clipped = |at| Loss::Clipped(Clip { at, ..Clip::default() });
        assert_eq!(with(&[("loss", json!("clipped"))]).loss, clipped(0.01));
        assert_eq!(with(&[("loss.kind", json!("clipped"))]).loss, clipped(0.01));
        let at = ("loss.at", json!(0.5));
        assert_eq!(with(&[("loss", json!("clipped")), at.clone()]).loss, clipped(0.5));
        let again = [("loss", json!("clipped")), at.clone(), ("loss.kind", json!("clipped"))];
        assert_eq!(with(&again).loss, clipped(0.5));
        let there_and_back =
            [("loss", json!("clipped")), at, ("loss", json!("plain")), ("loss", json!("clipped"))];
        assert_eq!(with(&there_and_back).loss, clipped(0.01));
        let inner = with(&[("loss", json!("clipped")), ("loss.rise", json!("steep"))]).loss;
        assert_eq!(inner, Loss::Clipped(Clip { rise: Rise::Steep, ..Clip::default() }));
    }

    #[test]
    fn none_switches_off_what_is_optional_and_is_a_word_elsewhere() {
        let net = with(&[("groups", json!("none")), ("colour", json!("none"))]);
        assert_eq!((net.groups, net.colour), (None, Colour::None));
        let net = with(&[("size", json!([3, 4])), ("file.pin", json!("ab"))]);
        let file = File { pin: "ab".into(), ..File::default() };
        assert_eq!((net.size, net.file), (Some([3, 4]), Some(file)));
        let net = with(&[("file.pin", json!("ab")), ("file", json!("none"))]);
        assert_eq!(net.file, None);
        assert_eq!(with(&[("file", json!({}))]).file, Some(File::default()));
        let word = refusal(&[("file", json!("weights.bin"))]);
        assert!(word.contains("file is \"weights.bin\" (in --set)"), "{word}");
        assert!(word.contains("a table: set file.path=TEXT and file.pin=TEXT"), "{word}");
    }

    #[test]
    fn a_key_that_does_not_exist_is_named_with_its_neighbours() {
        for (keys, expected) in [
            (
                &[("widht", json!(3))][..],
                "unknown setting widht (in --set); the settings here are width, rate, hidden, \
                 size, groups, file, colour, loss; did you mean \"width\"?",
            ),
            (
                &[("loss.at", json!(3))],
                "unknown setting loss.at (in --set); where kind is \"plain\", the only setting \
                 here is kind",
            ),
            (
                &[("file.pni", json!("ab"))],
                "unknown setting file.pni (in --set); the settings here are path, pin; did you \
                 mean \"pin\"?",
            ),
            (
                &[("loss", json!("clipped")), ("loss.rise.to", json!(3))],
                "unknown setting loss.rise.to (in --set); where kind is \"flat\", the only \
                 setting here is kind",
            ),
            (&[("file.kind", json!("ab"))], "unknown setting file.kind (in --set)"),
            (&[(".", json!(1))], "unknown setting \"\" (in --set); the settings here are width, "),
        ] {
            let sentence = refusal(keys);
            assert!(sentence.starts_with(expected), "{sentence}");
        }
    }

    #[test]
    fn a_value_of_another_type_is_told_what_it_should_be() {
        for (keys, expected) in [
            (
                &[("width", json!("wide"))][..],
                "width is \"wide\" (in --set); it should be a whole number, such as 20",
            ),
            (
                &[("width", json!(-1))],
                "width is -1 (in --set); it should be a whole number, 0 or greater, such as 20",
            ),
            (&[("width", json!(1e20))], "it should be a smaller whole number, such as 20"),
            (&[("width", json!(2.5))], "it should be a whole number, such as 20"),
            (&[("width", json!("none"))], "it should be a whole number, such as 20"),
            (&[("rate", json!([1]))], "rate is [1] (in --set); it should be a number, such as 1.0"),
            (&[("groups", json!("few"))], "it should be a whole number, such as 8, or \"none\""),
            (&[("hidden", json!(4))], "it should be a list of whole numbers, such as [400]"),
            (&[("hidden", json!(["a"]))], "it should be a list of whole numbers, such as [400]"),
            (&[("size", json!("big"))], "it should be a list of 2 numbers, or \"none\""),
            (&[("size", json!([1, 2, 3]))], "it should be a list of 2 numbers, or \"none\""),
            (
                &[("file", json!(4))],
                "file is 4 (in --set); it should be a table: set file.path=TEXT and file.pin=TEXT, or \
                 \"none\"",
            ),
            (&[("file.pin", json!(4))], "it should be text in quotes"),
            (&[("colour", json!("blue"))], "it should be \"none\" or \"grey\""),
            (&[("loss", json!("round"))], "it should be \"plain\" or \"clipped\""),
            (&[("loss.kind", json!("round"))], "it should be \"plain\" or \"clipped\""),
            (&[("loss", json!(3))], "loss is 3 (in --set); it should be a kind, such as \"plain\""),
            (
                &[("width.at", json!(3))],
                "unknown setting width.at (in --set); width is not a table: set it to a whole \
                 number, such as 20",
            ),
        ] {
            let sentence = refusal(keys);
            assert!(sentence.contains(expected), "{sentence}");
        }
    }
}
