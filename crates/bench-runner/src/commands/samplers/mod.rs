//! `samplers RUN`: what the samples of a finished run score by solver, spacing, network calls, guidance and
//! weights.

mod charts;
mod plan;
mod rows;

use crate::{
    cli::SamplersArgs,
    device,
    run::{
        self,
        directory::{self, RunDir},
        opened::Runs,
        scoring,
        stations::{Stations, Training},
        training,
    },
    terminal,
};
use anyhow::{Context, Result, bail};
use burn::tensor::Device;
use genlab_core::{Generative, Kind, Sample};
use genlab_data::Dataset;
use genlab_metrics::{Evaluator, Scored, Split, Way, Ways};
use plan::{Guidable, Plan, Point, Sampler, steps_within};
use rows::{Key, Rows, Setup};
use std::process::ExitCode;

/// # Errors
/// When the run is not finished or its samples take no steps, a flag does not fit it, or a file cannot be
/// read or written.
pub(crate) fn execute(args: &SamplersArgs) -> Result<ExitCode> {
    let mut config = directory::read_config(&args.run)?;
    if let Some(dir) = &args.data_dir {
        config.data.dir = Some(dir.clone());
    }
    let settings = &mut config.evaluation.settings;
    settings.samples = args.samples.map_or(settings.samples, |samples| samples as usize);
    settings.split = match args.split.as_deref() {
        None => settings.split,
        Some("validation") => Split::Validation,
        Some(_) => Split::Test,
    };
    let Stations { data, training, scoring, .. } =
        Stations::of(config).with_chosen_average(&args.run)?;
    let own = *plan::own(args, &training.model)?;
    let device = device::parse(&args.device)?;
    let dataset = run::load_again(&args.run, &data)?;
    let run = Run { args, training: &training, dataset: &dataset, device: &device };
    let model = run.sampled_by(&Sampler { settings: own, weights: training.model.weights() })?;
    let guided = sampler(model.as_ref()).is_guided();
    let guidable = if guided { Guidable::Yes } else { Guidable::No };
    let plan = Plan::of(args, &training.model, guidable)?;
    let dir = RunDir::new(&args.run);
    let evaluator = scoring::evaluator(&scoring, &dataset, &Runs::of(&dir, &device)?)?;
    require_a_distance(args, &evaluator)?;
    let setup = measured(&run, &plan, &evaluator, &dir)?;
    let rows = Rows::read(&dir)?;
    let shown = rows.of(&setup);
    let mut figures = charts::all(&shown);
    let others = rows.count() - shown.len();
    if let Some(first) = figures.first_mut().filter(|_| others > 0) {
        let sentence = format!(
            "{others} rows of other numbers of samples, another split or another judge are in samplers.csv alone: distances of \
             one chart must be alike."
        );
        terminal::note(&sentence);
        first.caption.push(' ');
        first.caption.push_str(&sentence);
    }
    dir.write_samplers_figures(figures)?;
    genlab_report::run::write_run_report(dir.path(), &genlab_metrics::CATALOGUE)?;
    for path in [rows::table(&dir), dir.report()] {
        terminal::line(&path.display().to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// A finished run that is sampled in many ways.
struct Run<'a> {
    args: &'a SamplersArgs,
    training: &'a Training,
    dataset: &'a Dataset,
    device: &'a Device,
}

impl Run<'_> {
    /// Its model with another sampler.
    fn sampled_by(&self, sampler: &Sampler) -> Result<Box<dyn Generative>> {
        let model = self.training.model.sampled_by(sampler.settings, sampler.weights);
        let training = Training { model, ..self.training.clone() };
        Ok(training::finished(&self.args.run, &training, self.dataset, self.device)?.freeze())
    }

    /// The steps that fit into the calls of `point`.
    ///
    /// # Errors
    /// When none does, or the schedule has too few to spend them.
    fn way(&self, ways: &Ways<'_>, model: &dyn Generative, at: Point, name: &str) -> Result<Way> {
        let most = self.training.model.most_steps().unwrap_or(at.calls);
        let way = |steps| Way { steps, guidance: at.guidance };
        let count = |steps| ways.calls(sampler(model), model.conditions(), way(steps));
        let calls = at.calls;
        match steps_within(calls, most, count) {
            None => bail!(
                "--calls {calls} is too few: one step of {name} takes {} network calls; give as many or more",
                count(1)
            ),
            Some(steps) if steps == most && count(steps) < calls => bail!(
                "--calls {calls} is more than {name} can spend on a sample of {}; give {} or fewer",
                self.args.run.display(),
                count(steps)
            ),
            Some(steps) => Ok(way(steps)),
        }
    }
}

/// The sampler of a model whose samples take steps.
fn sampler(model: &dyn Generative) -> &dyn Sample {
    model.sampler().expect("a model with settings of a sampler has one")
}

/// # Errors
/// When nothing would say how far samples are from real values.
fn require_a_distance(args: &SamplersArgs, evaluator: &Evaluator<'_>) -> Result<()> {
    let run = args.run.display();
    match evaluator.context().dataset.space.kind {
        Kind::Images if evaluator.judge().is_none() => bail!(
            "{run} has no judge, without which there is no Fréchet distance of images; give a run on a dataset \
             with labels"
        ),
        Kind::Series => bail!(
            "{run} is a run on series, of which there is no Fréchet distance; give a run on images or points"
        ),
        Kind::Images | Kind::Points => Ok(()),
    }
}

/// Measures what no earlier command has, and says each row.
fn measured(run: &Run<'_>, plan: &Plan, evaluator: &Evaluator<'_>, dir: &RunDir) -> Result<Setup> {
    let context = evaluator.context();
    let setup = Setup {
        split: context.settings.split.name().to_owned(),
        samples: context.sample_count(),
        judge: evaluator.judge().map(|judge| judge.info().sha256),
    };
    let ways = Ways::new(evaluator);
    // All of them before the first sample is drawn: a flag that cannot be followed costs nothing.
    let models = plan.samplers.iter().map(|by| run.sampled_by(by)).collect::<Result<Vec<_>>>()?;
    let mut asked = Vec::new();
    for (by, model) in plan.samplers.iter().zip(&models) {
        for &point in &plan.points {
            let way = run.way(&ways, model.as_ref(), point, &by.names().join(", "))?;
            asked.push((model, Key::new(by, point, &setup), way));
        }
    }
    let mut rows = Rows::read(dir)?;
    let total = asked.len();
    for (number, (model, key, way)) in asked.into_iter().enumerate() {
        let conditions = model.conditions();
        if !rows.find(&key).is_some_and(|row| row.is_whole(conditions)) {
            let scored = ways.score(sampler(model.as_ref()), conditions, way);
            require_scores(&scored, setup.samples)?;
            rows.add(dir, key.clone(), way.steps, scored)?;
        }
        let row = rows.find(&key).context("a row that was measured is not there")?;
        terminal::line(&format!("[{}/{total}] {}", number + 1, row.line()));
    }
    Ok(setup)
}

/// # Errors
/// When samples are as they should be and have no distance all the same, such as too few.
fn require_scores(scored: &Scored, samples: usize) -> Result<()> {
    if scored.broken > 0 || rows::distance(&scored.metrics).is_some() {
        return Ok(());
    }
    let note = scored.notes.iter().find(|note| rows::is_of_distance(note));
    let why = note.and_then(|note| note.split_once(" is absent: "));
    let why = why.map_or("they have no distance from real ones.", |(_, why)| why);
    bail!("cannot score {samples} samples (--samples, at most the size of the split): {why}")
}
