//! No two draws of a run collide: every random number from start to report, recorded and compared.

use super::{Ended, Existing, directory::RunDir, execute};
use crate::{
    cli::{Cli, SaveEvery},
    config,
    registry::ModelConfig,
};
use clap::Parser;
use genlab_core::{
    Phase, STARTING_NOISE,
    noise::record::{Drawn, record},
};
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a small run of `model` draws, with all that can be asked of it switched on.
fn drawn_by(model: &str) -> Vec<Drawn> {
    let folder = tempfile::tempdir().unwrap();
    let quick = concat!(env!("CARGO_MANIFEST_DIR"), "/../../experiments/digits8x8/quick.toml");
    let out = folder.path().join("run");
    let arguments = ["bench-runner", "--experiment", quick, "--model", model];
    let settings = [
        "budget.images=320",
        "data.binarise=dynamic",
        "evaluation.binarise=dynamic",
        "evaluation.samples=80",
        "evaluation.importance_samples=3",
        "evaluation.inverted_images=2",
        "evaluation.likelihood_images=2",
        "evaluation.frechet_infinity=true",
    ];
    let own: &[&str] = match model {
        "vae" => &[
            "model.vae.condition=class",
            "model.vae.objective=iwae",
            "model.vae.prior=vamp",
            "model.vae.sampled=draws",
        ],
        "gan" => &[
            "model.gan.condition=class",
            "model.gan.regularisers.real_slope={}",
            "model.gan.regularisers.fake_slope={}",
            "model.gan.regularisers.gradient_penalty={}",
            "model.gan.augmentation.diff_augment={}",
            "model.gan.augmentation.instance_noise={}",
            "model.gan.objective=relativistic",
        ],
        "ddpm" => &[
            "model.ddpm.condition=class",
            "model.ddpm.sampler.solver=ancestral",
            "model.ddpm.ema.also=[0.5]",
        ],
        _ => &[],
    };
    let settings = settings.iter().chain(own).flat_map(|setting| ["--set", setting]);
    let cli = Cli::try_parse_from(arguments.into_iter().chain(settings)).unwrap();
    let configs = config::resolve(&cli.run.settings, cli.run.seed, cli.run.seeds).unwrap();
    record(|| {
        let ended =
            execute(&configs[0], &RunDir::new(out), "flex", Existing::Keep, SaveEvery::default())
                .unwrap();
        assert!(matches!(ended, Ended::Finished), "{ended:?}");
    })
}

fn overlap(a: &Drawn, b: &Drawn) -> bool {
    a.rows.start < b.rows.end && b.rows.start < a.rows.end
}

#[test]
fn no_draw_of_a_run_recurs_in_another_phase_or_under_another_name() {
    let mut files: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for model in ModelConfig::names() {
        let drawn = drawn_by(model);
        let phases: BTreeSet<Phase> = drawn.iter().map(|draw| draw.phase).collect();
        assert!(phases.len() >= 4, "{model}: nothing was recorded in {phases:?}");
        let mut streams: BTreeMap<([u8; 32], u64), Vec<&Drawn>> = BTreeMap::new();
        for draw in &drawn {
            let known = streams.entry((draw.key, draw.step)).or_default();
            for other in known.iter().filter(|other| overlap(other, draw)) {
                let purpose = |draw: &Drawn| (draw.phase, draw.name.clone(), draw.seed);
                assert_eq!(purpose(other), purpose(draw), "{model}: one keystream");
            }
            known.push(draw);
            files.entry(draw.name.clone()).or_default().insert(draw.file);
        }
        // Scored on noise of its own: what a model trains on never starts a sample.
        for draw in drawn.iter().filter(|draw| draw.name == STARTING_NOISE) {
            assert_eq!(draw.phase, Phase::Sample, "{model}");
        }
    }
    // One place owns a name; all models share the name of the noise that samples start from.
    files.remove(STARTING_NOISE);
    for (name, files) in files {
        assert_eq!(files.len(), 1, "{name} is drawn in {files:?}");
    }
}
