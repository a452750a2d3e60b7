//! Which samplers are compared, and at which points: what the flags ask for, in the order of the rows.

use crate::{
    cli::SamplersArgs,
    commands::sample::MOST_GUIDANCE,
    config::{laid, spelled},
    registry::{ModelConfig, Weights},
};
use anyhow::{Result, bail};
use genlab_core::settings::within;
use genlab_ddpm::{SamplerConfig, Solver, Spacing};

/// Every solver for any network whose steps are no other's: by default "euler" is "ddim" and "euler-ancestral" is
/// "ancestral".
const SOLVERS: [&str; 4] = ["ddim", "ancestral", "heun", "dpmpp-2m"];

/// A solver with its times and the weights that it asks.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sampler {
    pub(super) settings: SamplerConfig,
    pub(super) weights: Weights,
}

impl Sampler {
    /// The solver's name and that of its spacing.
    pub(super) fn names(&self) -> [String; 2] {
        [spelled(&self.settings.solver), spelled(&self.settings.spacing)]
    }
}

/// Where a sampler is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Point {
    /// Network calls of a sample, at most.
    pub(super) calls: usize,
    /// How strongly samples follow what is told; None where nothing can be followed.
    pub(super) guidance: Option<f64>,
}

/// Everything that is compared: each sampler at each point.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) samplers: Vec<Sampler>,
    pub(super) points: Vec<Point>,
}

/// Whether a model's samples can be pushed towards what it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Guidable {
    Yes,
    No,
}

/// The sampler of a run, whose samples take steps.
///
/// # Errors
/// When they take none.
pub(super) fn own<'a>(args: &SamplersArgs, model: &'a ModelConfig) -> Result<&'a SamplerConfig> {
    match model.sampler() {
        Some(sampler) => Ok(sampler),
        None => bail!(
            "{} is a run of {}, whose samples take no steps: there is no sampler to choose; give a run of ddpm",
            args.run.display(),
            model.name()
        ),
    }
}

impl Plan {
    /// # Errors
    /// When a flag names nothing that there is, or does not fit the run.
    pub(super) fn of(args: &SamplersArgs, model: &ModelConfig, guidable: Guidable) -> Result<Self> {
        let own = own(args, model)?;
        let solvers = solvers(&args.solver, own)?;
        let spacings = spacings(&args.spacing, own)?;
        let mut samplers = Vec::new();
        for weights in weights(args, model)? {
            for &spacing in &spacings {
                let settings =
                    solvers.iter().map(|&solver| SamplerConfig { solver, spacing, ..*own });
                samplers.extend(settings.map(|settings| Sampler { settings, weights }));
            }
        }
        for Sampler { settings, weights } in &samplers {
            within("model", &model.sampled_by(*settings, *weights)).map_err(|fault| {
                anyhow::anyhow!("{} cannot be sampled so: {fault}", args.run.display())
            })?;
        }
        let mut points = Vec::new();
        for guidance in guidance(args, own, guidable)? {
            let calls = distinct(args.calls.iter().map(|calls| *calls as usize));
            points.extend(calls.into_iter().map(|calls| Point { calls, guidance }));
        }
        Ok(Self { samplers, points })
    }
}

/// With neither a kind nor a setting of the run's own, so that a word means the same for every run.
fn bare() -> SamplerConfig {
    SamplerConfig { solver: Solver::Euler, spacing: Spacing::Uniform, ..SamplerConfig::default() }
}

fn solvers(words: &[String], own: &SamplerConfig) -> Result<Vec<Solver>> {
    let solver = |word: &str| -> Result<Solver> {
        Ok(laid(&bare(), "solver", word, &format!("--solver {word}"))?.solver)
    };
    let named: Result<Vec<Solver>> = words.iter().map(|word| solver(word)).collect();
    let mut named = named?;
    if named.is_empty() {
        named.push(own.solver);
        for word in SOLVERS {
            named.push(solver(word)?);
        }
    }
    Ok(distinct(named))
}

fn spacings(words: &[String], own: &SamplerConfig) -> Result<Vec<Spacing>> {
    let spacing = |word: &String| -> Result<Spacing> {
        Ok(laid(&bare(), "spacing", word, &format!("--spacing {word}"))?.spacing)
    };
    let named: Result<Vec<Spacing>> = words.iter().map(spacing).collect();
    let named = named?;
    Ok(if named.is_empty() { vec![own.spacing] } else { distinct(named) })
}

fn weights(args: &SamplersArgs, model: &ModelConfig) -> Result<Vec<Weights>> {
    let (run, kept) = (args.run.display(), model.decays());
    let Some((used, others)) = kept.split_first() else {
        return match args.weights.iter().find(|word| *word != "raw") {
            Some(word) => bail!(
                "--weights {word} has no meaning here: {run} kept no average of its weights, so samples are drawn with \
                 those that training ended with; leave it out"
            ),
            None => Ok(vec![Weights::Raw]),
        };
    };
    let named = |word: &String| match word.as_str() {
        "averaged" => Ok(Weights::Averaged),
        "raw" => Ok(Weights::Raw),
        decay => match decay.parse::<f64>() {
            Ok(decay) if decay == *used => Ok(Weights::Averaged),
            Ok(decay) if others.contains(&decay) => Ok(Weights::Decay(decay)),
            _ => {
                let kept: Vec<String> = kept.iter().map(f64::to_string).collect();
                bail!(
                    "--weights {word} is not possible: {run} kept averages by {}; give one of these decays, averaged or \
                     raw (further ones are kept with model.ddpm.ema.also)",
                    kept.join(", ")
                )
            }
        },
    };
    if args.weights.is_empty() {
        return Ok(vec![Weights::Averaged]);
    }
    Ok(distinct(args.weights.iter().map(named).collect::<Result<Vec<_>>>()?))
}

fn guidance(
    args: &SamplersArgs,
    own: &SamplerConfig,
    guidable: Guidable,
) -> Result<Vec<Option<f64>>> {
    match (args.guidance.as_slice(), guidable) {
        ([], Guidable::No) => Ok(vec![None]),
        ([], Guidable::Yes) => Ok(vec![Some(own.guidance.scale())]),
        ([first, ..], Guidable::No) => bail!(
            "--guidance {first} has no meaning here: the samples of {} cannot be guided, which takes a model that was trained \
             with and without classes or captions, or keeps early weights to lead away from, and a solver other than \
             mean-flow; train one with --set model.ddpm.condition=class or --set model.ddpm.sampler.guidance=auto",
            args.run.display()
        ),
        (scales, Guidable::Yes) => {
            if let Some(scale) = scales.iter().find(|w| !(0.0..=MOST_GUIDANCE).contains(*w)) {
                bail!(
                    "--guidance {scale:e} is not possible; give numbers from 0 to {MOST_GUIDANCE}, such as 2"
                );
            }
            Ok(distinct(scales.iter().copied()).into_iter().map(Some).collect())
        }
    }
}

/// Each once, in their order.
fn distinct<T: PartialEq>(all: impl IntoIterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for one in all {
        if !distinct.contains(&one) {
            distinct.push(one);
        }
    }
    distinct
}

/// The most steps, of at most `most`, that take at most `calls` network calls, where `count` says what so
/// many steps take and grows with them. None where one step takes more.
pub(super) fn steps_within(
    calls: usize,
    most: usize,
    count: impl Fn(usize) -> usize,
) -> Option<usize> {
    // The answer lies in low..high, with 0 for none.
    let (mut low, mut high) = (0, most.min(calls) + 1);
    while high - low > 1 {
        let middle = usize::midpoint(low, high);
        if count(middle) <= calls { low = middle } else { high = middle }
    }
    (low > 0).then_some(low)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::{Cli, Command};
    use clap::Parser;
    use genlab_core::{ConditionConfig, EmaConfig, Kind};
    use genlab_ddpm::{DdpmConfig, Guidance};

    fn args(flags: &[&str]) -> SamplersArgs {
        let line = [&["bench-runner", "samplers", "run"], flags].concat();
        match Cli::try_parse_from(line).unwrap().command {
            Some(Command::Samplers(args)) => args,
            other => panic!("{other:?}"),
        }
    }

    fn ddpm() -> DdpmConfig {
        DdpmConfig { condition: ConditionConfig::Class, ..DdpmConfig::for_kind(Kind::Images) }
    }

    fn plan(flags: &[&str], guidable: Guidable) -> Result<Plan> {
        Plan::of(&args(flags), &ModelConfig::Ddpm(ddpm()), guidable)
    }

    #[test]
    fn without_flags_every_solver_takes_the_spacing_weights_and_guidance_of_the_run() {
        let plan = plan(&[], Guidable::Yes).unwrap();
        let own = ddpm().sampler;
        assert_eq!(plan.samplers[0], Sampler { settings: own, weights: Weights::Averaged });
        let names: Vec<_> = plan.samplers.iter().map(Sampler::names).collect();
        assert!(names.iter().all(|[_, spacing]| spacing == "karras"), "{names:?}");
        let solvers: Vec<_> = names.iter().map(|[solver, _]| solver.as_str()).collect();
        assert_eq!(solvers[0], "dpmpp-2m:eta=1");
        assert_eq!(solvers[1..], SOLVERS);
        let calls: Vec<_> = plan.points.iter().map(|point| point.calls).collect();
        assert_eq!(calls, [5, 10, 20, 50]);
        assert!(plan.points.iter().all(|point| point.guidance == Some(1.5)));
    }

    #[test]
    fn all_that_is_named_is_combined_once() {
        let flags = [
            "--solver=ddim,heun,ddim:eta=0",
            "--spacing=trailing,karras",
            "--calls=10,5,10",
            "--guidance=0,1",
            "--weights=averaged,raw",
        ];
        let plan = plan(&flags, Guidable::Yes).unwrap();
        assert_eq!(plan.samplers.len(), 2 * 2 * 2);
        assert_eq!(plan.samplers[1].names(), ["heun", "trailing"]);
        assert_eq!(plan.samplers[4].weights, Weights::Raw);
        let points: Vec<_> = plan.points.iter().map(|p| (p.calls, p.guidance)).collect();
        assert_eq!(points, [(10, Some(0.0)), (5, Some(0.0)), (10, Some(1.0)), (5, Some(1.0))]);
    }

    #[test]
    fn every_solver_for_any_network_stands_in_the_list_but_for_those_that_step_like_another() {
        let error = plan(&["--solver=none"], Guidable::No).unwrap_err().to_string();
        let (_, known) = error.split_once("should be ").unwrap();
        let mut known: Vec<&str> = known.split('"').skip(1).step_by(2).collect();
        known.retain(|kind| !["euler", "euler-ancestral", "mean-flow"].contains(kind));
        assert_eq!(known, SOLVERS);
    }

    #[test]
    fn what_does_not_fit_the_run_is_refused_in_a_sentence() {
        let error = plan(&["--guidance=2"], Guidable::No).unwrap_err().to_string();
        assert!(error.contains("the samples of run cannot be guided"), "{error}");
        let error = plan(&["--guidance=1,nan"], Guidable::Yes).unwrap_err().to_string();
        assert!(error.contains("is not possible; give numbers from 0 to 1000"), "{error}");
        let plain = ModelConfig::Ddpm(DdpmConfig { ema: EmaConfig::Off, ..ddpm() });
        let raw = Plan::of(&args(&["--weights=raw"]), &plain, Guidable::No).unwrap();
        assert_eq!(raw.samplers[0].weights, Weights::Raw);
        let error = Plan::of(&args(&["--weights=averaged"]), &plain, Guidable::No);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("kept no average"), "{error}");
        let error = plan(&["--solver=ddim:eta=2"], Guidable::No).unwrap_err().to_string();
        assert!(error.contains("it must be at most 1 (in --solver ddim:eta=2)"), "{error}");
        let error = plan(&["--solver=mean-flow"], Guidable::No).unwrap_err().to_string();
        assert!(error.contains("run cannot be sampled so: model.ddpm.sampler"), "{error}");
        let vae = ModelConfig::by_name("vae", Kind::Images).unwrap();
        let error = Plan::of(&args(&[]), &vae, Guidable::No).unwrap_err().to_string();
        assert!(error.contains("is a run of vae, whose samples take no steps"), "{error}");
    }

    #[test]
    fn averages_are_named_by_their_decay() {
        let ema = EmaConfig::Exponential { decay: 0.995, also: vec![0.9, 0.999] };
        let model = ModelConfig::Ddpm(DdpmConfig { ema, ..ddpm() });
        let plan = |flag: &str| Plan::of(&args(&[flag]), &model, Guidable::No);
        let samplers = plan("--weights=raw,0.999,0.995,averaged").unwrap().samplers;
        let mut weights: Vec<_> = samplers.into_iter().map(|sampler| sampler.weights).collect();
        weights.dedup();
        assert_eq!(weights, [Weights::Raw, Weights::Decay(0.999), Weights::Averaged]);
        let error = plan("--weights=0.5").unwrap_err().to_string();
        assert!(error.contains("run kept averages by 0.995, 0.9, 0.999; give one"), "{error}");
    }

    #[test]
    fn the_guidance_of_the_run_is_that_of_either_kind() {
        let guidance = Guidance::Auto { scale: 1.5, share: 0.25, interval: None };
        let config = DdpmConfig { sampler: SamplerConfig { guidance, ..ddpm().sampler }, ..ddpm() };
        let model = ModelConfig::Ddpm(config);
        let plan = Plan::of(&args(&[]), &model, Guidable::Yes).unwrap();
        assert!(plan.points.iter().all(|point| point.guidance == Some(1.5)));
        let plan = Plan::of(&args(&["--guidance=3"]), &model, Guidable::Yes).unwrap();
        assert!(plan.points.iter().all(|point| point.guidance == Some(3.0)));
    }

    #[test]
    fn as_many_steps_are_taken_as_fit_into_the_calls() {
        let [once, heun, twice] = [|n| n, |n| 2 * n - 1, |n: usize| 2 * n];
        assert_eq!(steps_within(10, 1000, once), Some(10));
        assert_eq!(steps_within(10, 1000, heun), Some(5));
        assert_eq!(steps_within(5, 1000, heun), Some(3));
        assert_eq!(steps_within(1, 1000, heun), Some(1));
        assert_eq!(steps_within(5, 1000, twice), Some(2));
        assert_eq!(steps_within(1, 1000, twice), None);
        assert_eq!(steps_within(2000, 1000, once), Some(1000));
        assert_eq!(steps_within(1000, 1000, once), Some(1000));
    }
}
