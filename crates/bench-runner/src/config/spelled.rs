//! A variant of an enum in one word, for flags: `ddim`, `dpmpp-2m:eta=1`.

use super::{
    draft::Draft,
    layer::{Layer, parse_set},
    words::KIND,
};
use anyhow::{Result, bail};
use genlab_core::Check;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

/// Its kind, with the settings that are not the defaults of that kind; what [`laid`] reads.
pub(crate) fn spelled<T: Serialize + DeserializeOwned>(variant: &T) -> String {
    let value = |variant: &T| serde_json::to_value(variant).expect("settings are plain values");
    let own = value(variant);
    let kind = own[KIND].as_str().expect("an enum with kinds").to_owned();
    let plain = serde_json::from_value(json!({ KIND: kind })).map(|plain: T| value(&plain));
    let plain = plain.expect("every setting of a kind has a default");
    let own = own.as_object().expect("an enum with kinds is a table");
    let differ = own.iter().filter(|(key, value)| plain.get(*key) != Some(value));
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        // 1, not 1.0.
        Value::Number(number) => {
            number.as_f64().map_or_else(|| number.to_string(), |x| x.to_string())
        }
        other => other.to_string(),
    };
    differ.fold(kind, |word, (key, value)| format!("{word}:{key}={}", text(value)))
}

/// `settings` with the variant under `key` that `word` spells; what the word leaves out are the defaults of
/// its kind, if the variant in `settings` is of another. `origin` is how messages name the word.
///
/// # Errors
/// When there is no such kind or setting of it, or its value makes no sense.
pub(crate) fn laid<T: Serialize + DeserializeOwned + Check>(
    settings: &T,
    key: &str,
    word: &str,
    origin: &str,
) -> Result<T> {
    let mut pieces = word.split(':');
    let kind = pieces.next().unwrap_or_default().trim();
    let mut layer = Layer::new(origin);
    layer.put(vec![key.to_owned(), KIND.to_owned()], kind.into());
    for piece in pieces {
        if !piece.contains('=') {
            bail!("{piece:?} in {origin} has no value; write {kind}:setting=value");
        }
        let (path, value) = parse_set(&format!("{key}.{piece}"))?;
        layer.put(path, value);
    }
    let mut draft = Draft::new(settings);
    layer.over(&mut draft, |_| false)?;
    let laid = draft.finish();
    match laid.check() {
        Ok(()) => Ok(laid),
        Err(fault) => bail!("{fault} (in {origin})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_ddpm::{SamplerConfig, Solver, Spacing, Variance};

    fn bare() -> SamplerConfig {
        let (solver, spacing) = (Solver::Euler, Spacing::Uniform);
        SamplerConfig { solver, spacing, ..SamplerConfig::default() }
    }

    fn solver(word: &str) -> Result<Solver> {
        Ok(laid(&bare(), "solver", word, "--solver")?.solver)
    }

    #[test]
    fn a_word_is_the_kind_and_what_is_not_its_default() {
        for (variant, word) in [
            (Solver::Euler, "euler"),
            (Solver::Ddim { eta: 0.0 }, "ddim"),
            (Solver::Dpmpp2m { eta: 1.0 }, "dpmpp-2m:eta=1"),
            (Solver::Ancestral { variance: Variance::FixedSmall }, "ancestral"),
            (
                Solver::Ancestral { variance: Variance::FixedLarge },
                "ancestral:variance=fixed-large",
            ),
        ] {
            assert_eq!(spelled(&variant), word);
            assert_eq!(solver(word).unwrap(), variant);
        }
        assert_eq!(solver("dpmpp-2m").unwrap(), Solver::Dpmpp2m { eta: 0.0 });
        let karras = Spacing::Karras { rho: 5.0, sigma_min: 0.015, sigma_max: 80.0 };
        let word = spelled(&karras);
        assert_eq!(word, "karras:rho=5:sigma_max=80");
        assert_eq!(laid(&bare(), "spacing", &word, "--spacing").unwrap().spacing, karras);
    }

    #[test]
    fn a_word_that_spells_nothing_is_refused_in_words() {
        for (word, expected) in [
            ("ddmi", "it should be \"ddim\", \"ancestral\""),
            ("euler:eta=1", "unknown setting solver.eta (in --solver)"),
            ("ddim:eta=2", "solver.eta is 2; it must be at most 1 (in --solver)"),
            ("ddim:eta", "\"eta\" in --solver has no value; write ddim:setting=value"),
            ("", "it should be \"ddim\""),
        ] {
            let error = solver(word).unwrap_err().to_string();
            assert!(error.contains(expected), "{word}: {error}");
        }
    }
}
