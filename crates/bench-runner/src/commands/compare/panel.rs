//! The judges of `compare --judge`: the runs' own and others, before the samples that the runs have left behind.

use crate::{
    cli::{CompareArgs, JudgeArgs},
    config::{JudgeConfig, RunConfig},
    device, instruments,
    run::{
        self,
        directory::{self, RunDir},
        opened::Runs,
        provenance,
        stations::{Scoring, Source, Stations},
    },
    terminal,
};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use genlab_core::ImageShape;
use genlab_data::{Dataset, Values, read_npz};
use genlab_metrics::{
    CATALOGUE, Judge, Split,
    evaluate::panel::{RealValues, StoredSamples, panel as judged},
    features::judge::RANDOM,
};
use genlab_report::run::folders;
use genlab_results::{JudgeInfo, OpenedRole, Panel, RunRecord, Section};
use std::{
    fmt::{self, Display},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// How long it is kept quiet about who looks at what.
const PATIENCE: Duration = Duration::from_secs(2);

/// What a judge that is a file of weights begins with.
const FILE: &str = "inception=";

/// What the runs' own judges and those of `args` say of the samples of the runs in `dirs`. A run that has none is left out, as are
/// copies of others; notes say so. Nothing where no judge is asked for.
///
/// # Errors
/// When runs are of different data, a judge cannot look at what they make, or it or their data cannot be read.
pub(super) fn panel(args: &CompareArgs, dirs: &[PathBuf]) -> Result<Panel> {
    if args.judge.is_empty() {
        return Ok(Panel::default());
    }
    let begun = Instant::now();
    let progress = |text: &str| {
        if begun.elapsed() > PATIENCE {
            terminal::note(text);
        }
    };
    let asked = Asked::all(args)?;
    let device = device::parse(&args.device)?;
    let (mut runs, mut notes) = (Vec::new(), Vec::new());
    for (dir, name) in dirs.iter().zip(folders(dirs)) {
        match Scored::read(dir, &name) {
            Ok(run) => runs.push(run),
            Err(error) => notes.push(left_out(&name, &error)),
        }
    }
    let Some(first) = runs.first() else { return Ok(Panel { notes, ..Panel::default() }) };
    if let Some(other) = runs.iter().find(|run| run.measured_on != first.measured_on) {
        let told = |run: &Scored| format!("{} was measured on {}", run.name, run.measured_on);
        bail!(
            "--judge has no meaning here: {}, and {}: no order of their samples says which is better; compare them apart, or \
             leave --judge out",
            told(first),
            told(other)
        );
    }
    let dataset = run::load_again(first.dir.path(), &first.data)
        .with_context(|| format!("cannot load the data of {}", first.name))?;
    provenance::require_same_data(&first.dir, &dataset)?;
    let (judges, said) = judges(&asked, &runs, &dataset, &device, &progress)?;
    notes.extend(said);
    let mut stored: Vec<StoredSamples> = Vec::new();
    for run in &runs {
        match run.samples(dataset.space.shape) {
            Ok(samples) => notes.extend(add_samples(&mut stored, &run.name, samples)),
            Err(error) => notes.push(left_out(&run.name, &error)),
        }
    }
    if stored.is_empty() {
        return Ok(Panel { notes, ..Panel::default() });
    }
    let split = first.measured_on.split;
    let values = match split {
        Split::Test => &dataset.test,
        Split::Validation => &dataset.validation,
    };
    let real = RealValues { values, split: split.name() };
    let mut panel = judged(&judges, real, &stored, &device, &progress);
    let shown = |run: &&Scored| stored.iter().any(|stored| stored.run == run.name);
    let given: Vec<&Given> = runs.iter().filter(shown).map(|run| &run.given).collect();
    let differ = Given::differ(&given);
    if !differ.is_empty() {
        panel.apart = true;
        panel.agreements.clear();
        notes.push(format!(
            "Runs are not ranked by several judges, and nothing is said about how far judges agree: the runs differ in {}, \
             so no order of them says which model is better.",
            differ.join(" and ")
        ));
    }
    panel.notes.splice(0..0, notes);
    Ok(panel)
}

fn left_out(run: &str, reason: &dyn Display) -> String {
    format!("{run} is left out of the tables of several judges: {reason:#}.")
}

/// Adds the samples of a run. Says so where they are another's: a copy of a run would count twice in every order.
fn add_samples(stored: &mut Vec<StoredSamples>, run: &str, samples: Values) -> Option<String> {
    if let Some(other) = stored.iter().find(|other| other.samples == samples) {
        let reason = format!("its samples are those of {}, which count once", other.run);
        return Some(left_out(run, &reason));
    }
    stored.push(StoredSamples { run: run.to_owned(), samples });
    None
}

/// A judge that the command line asks for.
struct Asked {
    /// As it is asked for.
    name: String,
    /// Which it is; None: the random network.
    config: Option<JudgeConfig>,
}

impl Asked {
    /// # Errors
    /// When a `--judge` names no judge, or `--judge-sha256` pins nothing.
    fn all(args: &CompareArgs) -> Result<Vec<Self>> {
        let pinned = args.judge.iter().any(|name| name.starts_with(FILE));
        if args.judge_sha256.is_some() && !pinned {
            bail!("--judge-sha256 pins the weights of --judge inception=FILE, and no judge is one");
        }
        args.judge.iter().map(|name| Self::new(name, args.judge_sha256.as_deref())).collect()
    }

    fn new(name: &str, sha256: Option<&str>) -> Result<Self> {
        let name = name.to_owned();
        if name == RANDOM {
            return Ok(Self { name, config: None });
        }
        if name != "dataset" && !name.starts_with("run=") && !name.starts_with(FILE) {
            bail!("--judge {name} is not a judge; give random, dataset, run=DIR or inception=FILE");
        }
        // The pin is of a file: other judges beside it have none.
        let judge_sha256 = sha256.filter(|_| name.starts_with(FILE)).map(str::to_owned);
        let flags = JudgeArgs { judge: Some(name.clone()), judge_sha256 };
        Ok(Self { name, config: JudgeConfig::from_flags(&flags)? })
    }

    /// The judge of this dataset; None where the dataset has none of its own.
    ///
    /// # Errors
    /// When it cannot look at the dataset's values, or cannot be read.
    fn judge(&self, scoring: &Scoring, dataset: &Dataset, runs: &Runs) -> Result<Option<Judge>> {
        instruments::require_images(dataset, &self.name)?;
        if self.config.is_none() {
            return Ok(Some(Judge::random(dataset, runs.device())?));
        }
        let judge = self.config.clone();
        instruments::judge(&Scoring { judge, ..scoring.clone() }, dataset, runs)
    }
}

/// A run whose samples were scored.
struct Scored {
    name: String,
    dir: RunDir,
    data: Source,
    scoring: Scoring,
    /// Who scored them.
    judge: Option<JudgeInfo>,
    measured_on: MeasuredOn,
    given: Given,
}

/// What runs must have in common for an order of them to say which model is better.
struct Given {
    /// Training images.
    budget: u64,
    /// SHA-256 of the runs that it was built on.
    bases: Vec<String>,
    /// What kinds of things its model is told, and controlled by.
    told: [String; 2],
}

impl Given {
    fn new(config: &RunConfig, record: &RunRecord) -> Self {
        let settings = config.model.settings();
        let kind =
            |key: &str, nothing: &str| settings[key]["kind"].as_str().unwrap_or(nothing).to_owned();
        let bases = record.opened.iter().filter(|run| run.role == OpenedRole::Base);
        Self {
            budget: config.budget.images,
            bases: bases.map(|run| run.sha256.clone()).collect(),
            told: [kind("condition", "none"), kind("control", "off")],
        }
    }

    /// In what some of these differ.
    fn differ(all: &[&Self]) -> Vec<&'static str> {
        let differ =
            |same: fn(&Self, &Self) -> bool| all.windows(2).any(|two| !same(two[0], two[1]));
        let parts = [
            ("their budgets", differ(|a, b| a.budget == b.budget)),
            ("their bases", differ(|a, b| a.bases == b.bases)),
            ("what they are told", differ(|a, b| a.told == b.told)),
        ];
        parts.into_iter().filter(|(_, differ)| *differ).map(|(what, _)| what).collect()
    }
}

/// What runs must have in common for one judge to rank them.
#[derive(PartialEq)]
struct MeasuredOn {
    dataset: String,
    sha256: String,
    split: Split,
}

impl Display for MeasuredOn {
    /// "the test split of mnist-10k (SHA-256 3fa1c04b…)".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dataset, sha256, split } = self;
        write!(f, "the {} split of {dataset}", split.name())?;
        sha256.get(..8).map_or(Ok(()), |start| write!(f, " (SHA-256 {start}…)"))
    }
}

impl Scored {
    /// # Errors
    /// When the run has no samples with scores, or a file of it cannot be read.
    fn read(dir: &Path, name: &str) -> Result<Self> {
        let dir = RunDir::new(dir);
        let results = dir.read_results()?.context("it is not finished")?;
        let is_of_samples = |name: &str| CATALOGUE.section(name) == Section::Samples;
        if !results.metrics.iter().any(|metric| is_of_samples(&metric.name)) {
            bail!("it has no samples with scores");
        }
        let config = directory::read_config(dir.path())?;
        let record = dir.read_record()?.unwrap_or_default();
        let given = Given::new(&config, &record);
        let Stations { data, scoring, .. } = Stations::of(config);
        let measured_on = MeasuredOn {
            dataset: results.dataset,
            sha256: record.dataset.sha256,
            split: scoring.settings.split,
        };
        let (name, judge) = (name.to_owned(), results.judge);
        Ok(Self { name, dir, data, scoring, judge, measured_on, given })
    }

    /// Its samples, images of this shape, in the form in which they were scored.
    ///
    /// # Errors
    /// When they are not there, or are no such images.
    fn samples(&self, shape: ImageShape) -> Result<Values> {
        let path = self.dir.samples().join("samples.npz");
        let samples = read_npz(&path)?;
        if samples.shape() != shape || samples.is_empty() {
            bail!("{} holds no images of {shape}", path.display());
        }
        Ok(samples)
    }
}

/// The runs' own judges, then those that are asked for, each once. Notes say which are others than they should be, copies or none.
fn judges(
    asked: &[Asked],
    runs: &[Scored],
    dataset: &Dataset,
    device: &Device,
    progress: &dyn Fn(&str),
) -> Result<(Vec<Judge>, Vec<String>)> {
    let (mut judges, mut notes): (Vec<Judge>, Vec<String>) = (Vec::new(), Vec::new());
    for run in runs {
        let own = run.judge.as_ref().map(|judge| &judge.sha256);
        if judges.iter().all(|judge| Some(&judge.sha256) != own) {
            progress(&format!("reading the judge of {}", run.name));
            let judge = Runs::of(&run.dir, device)
                .and_then(|runs| instruments::judge(&run.scoring, dataset, &runs))
                .with_context(|| format!("cannot open the judge of {}", run.name))?;
            if own.is_some_and(|own| judge.as_ref().is_some_and(|judge| judge.sha256 != *own)) {
                notes.push(format!(
                    "The judge of {} is not the one that scored it: its weights have another SHA-256 than results.json says.",
                    run.name
                ));
            }
            notes.extend(judge.and_then(|judge| add(&mut judges, judge)));
        }
    }
    // Paths of those that are asked for are seen from here.
    let here = Runs::new(device);
    for asked in asked {
        progress(&format!("reading judge {}", asked.name));
        notes.extend(match asked.judge(&runs[0].scoring, dataset, &here)? {
            Some(judge) => add(&mut judges, judge),
            None => Some(format!("Judge {} is left out: {} has none.", asked.name, dataset.name)),
        });
    }
    Ok((judges, notes))
}

/// Adds a judge. Says so where its weights are another's: the two would agree as one agrees with itself.
fn add(judges: &mut Vec<Judge>, judge: Judge) -> Option<String> {
    if let Some(known) = judges.iter().find(|known| known.sha256 == judge.sha256) {
        // Whoever asks for a judge that the runs have themselves gets what was asked for.
        return (known.name != judge.name).then(|| {
            format!(
                "Judge {} is left out: its weights are those of {}, which count once.",
                judge.name, known.name
            )
        });
    }
    judges.push(judge);
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_data::{LoadOptions, load};

    #[test]
    fn copies_of_a_judge_or_of_a_run_count_once_and_a_sentence_says_so() {
        let (data, device) = (load("digits8x8", &LoadOptions::default()).unwrap(), Device::flex());
        let named = |name: &str| {
            let mut judge = Judge::random(&data, &device).unwrap();
            judge.name = name.to_owned();
            judge
        };
        let mut judges = Vec::new();
        let [first, again, copy] = ["vit", "vit", "copy"].map(|name| add(&mut judges, named(name)));
        assert_eq!((judges.len(), first, again), (1, None, None));
        assert_eq!(
            copy.unwrap(),
            "Judge copy is left out: its weights are those of vit, which count once."
        );

        let mut stored = Vec::new();
        assert_eq!(add_samples(&mut stored, "a", data.test.take(9)), None);
        assert_eq!(add_samples(&mut stored, "b", data.test.take(8)), None);
        let said = add_samples(&mut stored, "c", data.test.take(9)).unwrap();
        assert!(said.starts_with("c is left out") && said.contains("those of a,"), "{said}");
        assert_eq!(stored.len(), 2);
    }

    #[test]
    fn runs_that_were_given_different_things_differ_in_what_they_were_given() {
        let given = |budget, base: &str, condition: &str| Given {
            budget,
            bases: vec![base.to_owned()],
            told: [condition.to_owned(), "off".to_owned()],
        };
        let [one, same, other] =
            [given(100, "ab", "none"), given(100, "ab", "none"), given(200, "cd", "class")];
        assert!(Given::differ(&[&one, &same]).is_empty());
        assert_eq!(
            Given::differ(&[&one, &same, &other]),
            ["their budgets", "their bases", "what they are told"]
        );
        assert_eq!(Given::differ(&[&one, &given(100, "ab", "class")]), ["what they are told"]);
    }
}
