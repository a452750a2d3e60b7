//! What holds whatever is set.

use super::{
    census::{Setting, settings},
    resolve::resolve,
    run_config::RunConfig,
};
use crate::cli::Cli;
use anyhow::Result;
use clap::Parser;
use genlab_core::Check;
use proptest::{collection::vec, prelude::*, sample::select, strategy::ValueTree};
use serde_json::Value;
use std::fs;

/// The settings that a command line resolves to.
fn resolved(arguments: &[String]) -> Result<RunConfig> {
    let command = std::iter::once("bench-runner").chain(arguments.iter().map(String::as_str));
    let cli = Cli::try_parse_from(command).expect("flags that exist");
    resolve(&cli.run.settings, cli.run.seed, cli.run.seeds).map(|mut configs| configs.remove(0))
}

fn with_sets(model: &str, lines: &[String]) -> Vec<String> {
    let sets = lines.iter().map(|line| format!("--set={line}"));
    [format!("--model={model}")].into_iter().chain(sets).collect()
}

fn names(setting: &Setting) -> Vec<String> {
    setting.kinds.iter().map(|kind| kind.name.clone()).collect()
}

/// A value that a setting with this default may well take.
fn fitting(setting: &Setting) -> BoxedStrategy<String> {
    if !setting.kinds.is_empty() {
        return select(names(setting)).boxed();
    }
    let whole = || (1_u32..300).prop_map(|n| n.to_string());
    match &setting.default {
        Value::Number(number) if number.is_f64() => {
            prop_oneof![(0.0..1.0).prop_map(|x: f64| x.to_string()), whole()].boxed()
        }
        Value::Number(_) => prop_oneof![whole(), Just("1e3".to_owned())].boxed(),
        Value::Bool(_) => any::<bool>().prop_map(|b| b.to_string()).boxed(),
        Value::Array(_) => vec(1_u32..300, 0..4).prop_map(|list| format!("{list:?}")).boxed(),
        Value::String(text) if text.is_empty() => "[a-z]{0,8}".boxed(),
        Value::String(text) => Just(text.clone()).boxed(),
        _ => prop_oneof![whole(), Just("none".to_owned()), Just("[8, 9]".to_owned())].boxed(),
    }
}

/// A value of any sort.
fn any_value() -> impl Strategy<Value = String> {
    let odd = [
        "",
        "-1",
        "0",
        "1e300",
        "nan",
        "-inf",
        "none",
        "[]",
        "[1, 2, 3]",
        "{}",
        "{ kind = \"conv\" }",
        "{ kind = { kind = 3 } }",
        "true",
        "1979-05-27",
        "\"4\"",
        "99999999999999999999",
        "1\nb = 2",
    ];
    prop_oneof![select(odd.to_vec()).prop_map(str::to_owned), any::<String>()]
}

/// `--set` lines about one setting that exists, or almost.
fn lines() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    select(settings()).prop_flat_map(|setting| {
        let (path, model) = (setting.path.clone(), setting.model);
        let mangled = (0..path.len(), any::<char>()).prop_map({
            let path = path.clone();
            move |(at, with)| {
                path.char_indices().map(|(i, c)| if i == at { with } else { c }).collect()
            }
        });
        let below = Just(format!("{path}.kind"));
        let path = prop_oneof![8 => Just(path), 1 => below, 1 => mangled, 1 => any::<String>()];
        let value = prop_oneof![6 => fitting(&setting), 1 => any_value()];
        (path, value).prop_map(move |(path, value)| {
            let mut lines = setting.needs.clone();
            lines.push(format!("{path}={value}"));
            (model, lines)
        })
    })
}

/// Lines about several settings of one model, in any order; those of others are refused.
fn command() -> impl Strategy<Value = (&'static str, Vec<String>)> {
    vec(lines(), 1..6).prop_flat_map(|chosen| {
        let model = chosen[0].0;
        let own = chosen.into_iter().filter(|(of, _)| *of == model);
        let lines: Vec<String> = own.flat_map(|(_, lines)| lines).collect();
        (Just(model), Just(lines).prop_shuffle())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn set_lines_end_in_settings_that_come_back_or_in_one_sentence((model, lines) in command()) {
        let config = match resolved(&with_sets(model, &lines)) {
            Ok(config) => config,
            Err(error) => {
                let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
                let sentence = chain.join(": ");
                prop_assert!(!sentence.is_empty() && !sentence.contains('\n'), "{sentence:?}");
                return Ok(());
            }
        };
        prop_assert_eq!(config.check(), Ok(()));
        let text = config.to_toml();
        prop_assert_eq!(&RunConfig::from_toml(&text).unwrap(), &config, "{}", text);

        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [("whole.toml", text), ("differences.toml", config.differences_as_toml())] {
            let path = folder.path().join(name);
            fs::write(&path, &text).unwrap();
            let again = resolved(&[format!("--experiment={}", path.display())]).unwrap();
            prop_assert_eq!(&again, &config, "{}", text);
            prop_assert_eq!(again.run_name(), config.run_name());
        }
    }
}

#[test]
fn most_random_lines_are_settings() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (commands, mut taken) = (command(), 0);
    for _ in 0..200 {
        let (model, lines) = commands.new_tree(&mut runner).unwrap().current();
        taken += u32::from(resolved(&with_sets(model, &lines)).is_ok());
    }
    assert!((40..180).contains(&taken), "{taken} of 200 random commands were settings");
}
