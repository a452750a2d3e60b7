//! `metrics A B`

use crate::{
    cli::MetricsArgs,
    device,
    image_source::{ImageSource, Origin},
    instruments,
    run::{self, directory, opened::Runs, stations::Stations},
    terminal,
};
use anyhow::{Result, bail};
use burn::tensor::Device;
use genlab_core::{Kind, Phase, Seed};
use genlab_metrics::{
    Judge,
    measures::{
        sets::{
            add_intervals,
            pair::{ImageSet, Pair, ScoreSettings},
            score,
        },
        units,
    },
};
use genlab_results::{JudgeInfo, Metric};
use serde::Serialize;
use std::{path::Path, process::ExitCode};

/// The draws of what is taken of a side that is longer than the other.
const SAMPLES: &str = "metrics/samples";
const REFERENCE: &str = "metrics/reference";

/// What `--json` prints: the `judge` and `metrics` of results.json.
#[derive(Serialize)]
struct Output<'a> {
    schema_version: u32,
    samples: &'a str,
    reference: &'a str,
    judge: Option<JudgeInfo>,
    metrics: &'a [Metric],
    notes: &'a [String],
}

/// # Errors
/// When a side cannot be read, the sides do not fit together, or there is no judge for them.
pub(crate) fn execute(args: &MetricsArgs) -> Result<ExitCode> {
    let device = device::parse(&args.device)?;
    let data_dir = args.data_dir.as_deref();
    let [mut samples, mut reference] = ImageSource::pair(&args.samples, &args.reference, data_dir)?;
    ImageSource::agree_on_channels(&mut samples, &mut reference);
    let (space, other) = (samples.images.space, reference.images.space);
    let (shape, [what, others]) =
        (space.shape, [space, other].map(|space| units::noun(space.kind)));
    if (shape, space.kind) != (other.shape, other.kind) {
        bail!(
            "{} holds {what} of {shape} and {} {others} of {} (channels x height x width): only values of \
             one kind and size can be compared",
            samples.name,
            reference.name,
            other.shape
        );
    }
    // Both are judged in the units of the reference.
    samples.images.space = other;
    let n = samples.images.len().min(reference.images.len()).min(args.limit as usize);
    let (names, split) = ([samples.name.clone(), reference.name.clone()], reference.split);
    // The first of a folder may all be of one class: a part is drawn.
    let noise = Seed(args.seed).during(Phase::Evaluate);
    let sides = [(SAMPLES, &samples), (REFERENCE, &reference)].map(|(name, source)| {
        let all = source.images.len();
        if all == n {
            return source.images.clone();
        }
        let mut rows: Vec<usize> =
            noise.permutation(name, 0, all).into_iter().take(n).map(|row| row as usize).collect();
        rows.sort_unstable();
        source.images.select(&rows)
    });
    let longer = [&samples, &reference].into_iter().filter(|source| source.images.len() > n);
    let cuts: Vec<String> = longer
        .map(|source| {
            let (all, name) = (source.images.len(), &source.name);
            format!(
                "taking {n} of {all} {what} of {name}, drawn by --seed: distances depend on their number"
            )
        })
        .collect();
    let judge = judge(args, samples, reference, &device)?;
    for cut in &cuts {
        terminal::note(cut);
    }

    let [left, right] = sides.map(|images| ImageSet::new(images, judge.as_ref(), &device));
    let (seed, frechet_infinity) = (Seed(args.seed), args.frechet_infinity);
    let pair = Pair::new(&left, &right, ScoreSettings { seed, split, frechet_infinity });
    let mut scored = score(&pair);
    add_intervals(&mut scored.metrics, &pair);
    if judge.is_none() && left.images.space.kind == Kind::Images {
        scored.notes.push(format!(
            "Metrics of features are absent: there is no judge for images of {shape}; compare with \
             a labelled dataset's split, or name a judge's file with --judge."
        ));
    }
    let judge = judge.as_ref().map(Judge::info);
    if args.json {
        terminal::line(&serde_json::to_string_pretty(&Output {
            schema_version: genlab_results::SCHEMA_VERSION,
            samples: &names[0],
            reference: &names[1],
            judge,
            metrics: &scored.metrics,
            notes: &scored.notes,
        })?);
        return Ok(ExitCode::SUCCESS);
    }
    terminal::line(&format!("{} against {}, {n} {what} each", names[0], names[1]));
    terminal::line(&terminal::metrics_table(&scored.metrics));
    if let Some(judge) = &judge {
        terminal::line(&terminal::judge_line(judge));
    }
    for note in &scored.notes {
        terminal::line(note);
    }
    Ok(ExitCode::SUCCESS)
}

/// The judge that is asked for; else that of the reference's dataset, else of the samples', else the
/// only one for their size. None where there is none.
fn judge(
    args: &MetricsArgs,
    samples: ImageSource,
    reference: ImageSource,
    device: &Device,
) -> Result<Option<Judge>> {
    let space = reference.images.space;
    let shape = space.shape;
    if let Some(name) = args.judge.as_ref().filter(|_| space.kind != Kind::Images) {
        bail!(
            "--judge {name} has no meaning here: {} are scored in their own coordinates without a judge; \
             leave --judge out",
            units::noun(space.kind)
        );
    }
    let dataset = |sources: [ImageSource; 2]| {
        let known = |source: &ImageSource| !matches!(source.origin, Origin::Unknown);
        sources.into_iter().find(known).map_or(Ok(None), ImageSource::into_dataset)
    };
    let judge = if let Some(run) = args.judge.as_ref().and_then(|name| name.strip_prefix("run=")) {
        let run = Path::new(run);
        let dataset = if let Some(dataset) = dataset([reference, samples])? {
            dataset
        } else {
            run::load_again(run, &Stations::of(directory::read_config(run)?).data)?
        };
        Some(instruments::of_run(run, &dataset, &Runs::new(device))?)
    } else if let Some(name) = &args.judge {
        Some(instruments::judge_named(name, args.judge_sha256.as_deref(), device)?)
    } else {
        match dataset([reference, samples])? {
            Some(dataset) => instruments::judge_of(&dataset, device)?,
            None => instruments::judge_for(shape, device)?,
        }
    };
    if let Some(judge) = &judge
        && let Some(own) = judge.shape().filter(|own| *own != shape)
    {
        bail!(
            "judge {} looks at images of {own}, and these are {shape}; choose another with --judge",
            judge.name
        );
    }
    if let Some(judge) = &judge
        && judge.shape().is_none()
        && ![1, 3].contains(&shape.channels)
    {
        bail!(
            "judge {} looks at grey and RGB images, and these are {shape}; choose another with --judge",
            judge.name
        );
    }
    Ok(judge)
}
