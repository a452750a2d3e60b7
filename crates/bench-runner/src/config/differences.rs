//! What of some settings differs from their defaults.

use super::{draft::Draft, words::KIND};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};

/// The keys by which `settings` differ from `defaults`, in nested tables. A variant of an enum that is
/// not the default's is told by its kind and by what differs from its own defaults; so is an optional
/// table that the defaults switch off. Laid over the defaults they give the settings again, and a key
/// that is added later, with a default that changes nothing, is not among them.
pub(crate) fn differences<T: Serialize + DeserializeOwned>(defaults: &T, settings: &T) -> Value {
    let settings = serde_json::to_value(settings).expect("settings are plain values");
    let differences = below(&mut Draft::new(defaults), &mut Vec::new(), &settings);
    differences.unwrap_or_else(|| json!({}))
}

fn below<T: Serialize + DeserializeOwned>(
    base: &mut Draft<T>,
    path: &mut Vec<String>,
    settings: &Value,
) -> Option<Value> {
    let own = base.at(path).clone();
    let Value::Object(table) = settings else {
        return (own != *settings).then(|| settings.clone());
    };
    let mut found = Map::new();
    if let Some(kind) = table.get(KIND).filter(|kind| own.get(KIND) != Some(kind)) {
        start_as(base, path, kind);
        found.insert(KIND.to_owned(), kind.clone());
    } else if own.is_null() {
        start_as(base, path, &json!({}));
    }
    for (key, value) in table.iter().filter(|(key, _)| *key != KIND) {
        path.push(key.clone());
        found.extend(below(base, path, value).map(|value| (key.clone(), value)));
        path.pop();
    }
    (own.is_null() || !found.is_empty()).then_some(Value::Object(found))
}

/// Puts the defaults of a variant, or of an optional table, where `base` has another or none.
fn start_as<T: Serialize + DeserializeOwned>(base: &mut Draft<T>, path: &[String], what: &Value) {
    base.set(path, what, "settings").expect("a kind of settings that exist, with its defaults");
}

/// The same value with the keys of every table in alphabetical order.
pub(crate) fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(table) => {
            let mut pairs: Vec<_> = table.iter().map(|(k, v)| (k.clone(), sorted(v))).collect();
            pairs.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        leaf => leaf.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::run_config::RunConfig;

    fn of(model: &str, keys: &[(&str, Value)]) -> Value {
        let defaults = RunConfig::defaults(model, None).unwrap();
        let mut draft = Draft::new(&defaults);
        for (path, given) in keys {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            draft.set(&path, given, "a test").unwrap();
        }
        differences(&defaults, &draft.finish())
    }

    #[test]
    fn defaults_differ_in_nothing_and_a_value_in_itself() {
        assert_eq!(of("vae", &[]), json!({}));
        assert_eq!(
            of("vae", &[("model.vae.beta", json!(4)), ("seed", json!(3))]),
            json!({ "seed": 3, "model": { "vae": { "beta": 4.0 } } })
        );
    }

    #[test]
    fn another_kind_is_told_with_what_differs_from_its_own_defaults() {
        let keys = [
            ("model.vae.likelihood", json!("gaussian")),
            ("model.vae.likelihood.sigma", json!(0.5)),
        ];
        let told = |likelihood: Value| json!({ "model": { "vae": { "likelihood": likelihood } } });
        assert_eq!(of("vae", &keys[..1]), told(json!({ "kind": "gaussian" })));
        assert_eq!(of("vae", &keys), told(json!({ "kind": "gaussian", "sigma": 0.5 })));
    }

    #[test]
    fn what_is_optional_differs_by_being_on_or_off() {
        let off = [("model.gan.generator.norm_groups", json!("none"))];
        let expected = json!({ "model": { "gan": { "generator": { "norm_groups": null } } } });
        assert_eq!(of("gan", &off), expected);
        assert_eq!(
            of("gan", &[("evaluation.lpips", json!({}))]),
            json!({ "evaluation": { "lpips": {} } })
        );
        assert_eq!(
            of("gan", &[("evaluation.lpips.sha256", json!("ab"))]),
            json!({ "evaluation": { "lpips": { "sha256": "ab" } } })
        );
    }

    #[test]
    fn sorting_reaches_every_table() {
        let value = json!({ "b": [{ "d": 1, "c": 2 }], "a": { "f": 3, "e": null } });
        assert_eq!(sorted(&value).to_string(), r#"{"a":{"e":null,"f":3},"b":[{"c":2,"d":1}]}"#);
    }
}
