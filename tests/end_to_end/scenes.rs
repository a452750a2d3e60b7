//! Scenes: what is drawn from captions, read by their judge, held beside them, said of them, cut out of them and found in them.

use crate::support::{json, metric, run, succeed};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
};

fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    assert!(!output.status.success(), "{args:?} was accepted");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

const SMALL: [&str; 4] = ["--budget-images", "320", "--set", "evaluation.samples=60"];

#[test]
fn captions_are_drawn_judged_and_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let model = ["--model", "ddpm", "--dataset", "scenes-32", "--out", "told"];
    let told = ["--set", "model.ddpm.condition=caption", "--set", "model.ddpm.sampler.steps=2"];
    succeed(folder.path(), &[&model[..], &told, &SMALL].concat());
    let dir = folder.path().join("told");
    let of = |name: &str| metric(&dir, name).unwrap_or_else(|| panic!("no {name}"));
    for name in ["all", "all_one", "all_two", "digit", "colour", "size", "relation", "all_unseen"] {
        assert!((0.0..=1.0).contains(&of(&format!("captions/{name}"))), "{name}");
    }
    // The judge of scenes gives the features as well.
    assert!((0.0..=1.0).contains(&of("samples/precision")));
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    for words in ["real scenes, others&#39; captions", "Row by row they were told: a "] {
        assert!(report.contains(words), "{words}");
    }

    let samplers = ["samplers", "told", "--solver", "ddim", "--calls", "4", "--guidance", "1,2"];
    let samplers = [&samplers[..], &["--split", "validation", "--samples", "130"]].concat();
    succeed(folder.path(), &samplers);
    let csv = fs::read_to_string(dir.join("samplers/samplers.csv")).unwrap();
    let columns = csv.lines().next().unwrap();
    for column in ["captions/all,captions/all low", "captions/relation", "samples/frechet"] {
        assert!(columns.contains(column), "{column}: {columns}");
    }
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains(">Guidance</h2>") && report.contains("all, two objects"));

    // A row of before captions were measured is measured again, and no other.
    let file = dir.join("samplers/samplers.json");
    let whole = json(&file);
    let mut earlier = whole.clone();
    let metrics = earlier["rows"][0]["metrics"].as_array_mut().unwrap();
    metrics.retain(|metric| !metric["name"].as_str().unwrap().starts_with("captions/"));
    assert!(metrics.len() < whole["rows"][0]["metrics"].as_array().unwrap().len());
    fs::write(&file, earlier.to_string()).unwrap();
    succeed(folder.path(), &samplers);
    let again = json(&file);
    let [before, after] = [&whole, &again].map(|rows| rows["rows"].as_array().unwrap());
    assert_eq!((after.len(), &after[1]), (before.len(), &before[1]));
    let captions = |row: &Value| {
        let all = row["metrics"].as_array().unwrap().iter();
        all.filter(|metric| metric["name"] == "captions/all").cloned().collect::<Vec<_>>()
    };
    let measured = captions(&after[0]);
    assert_eq!((measured.len(), &measured), (1, &captions(&before[0])));

    let sample = ["sample", "told", "--count", "2", "--caption"];
    succeed(folder.path(), &[&sample[..], &["A small red three above a green one"]].concat());
    let drawn = "samples-s0-a-small-red-three-above-a-green-one.png";
    assert!(dir.join("samples").join(drawn).exists());
    for text in ["", "a red", "a mauve three", "a red one above a red two above a red three"] {
        let errors = refusal(folder.path(), &[&sample[..], &[text]].concat());
        assert!(errors.contains("is not what told has learned to read: "), "{errors}");
    }
}

#[test]
fn what_has_no_captions_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let quick = ["--model", "vae", "--dataset", "digits8x8", "--out", "vae"];
    succeed(folder.path(), &[&quick[..], &SMALL].concat());
    let errors = refusal(folder.path(), &["sample", "vae", "--caption", "a red three"]);
    assert!(errors.contains("--caption has no meaning here: vae was trained without"), "{errors}");
    let told = ["--model", "vae", "--dataset", "digits8x8", "--set", "model.vae.condition=caption"];
    let errors = refusal(folder.path(), &told);
    assert!(
        errors.contains("but the dataset has no captions; set it to none, or choose scenes-32"),
        "{errors}"
    );
    for unsaid in [
        ["--model", "clip", "--dataset", "ring-8"],
        ["--model", "captioner", "--dataset", "digits8x8"],
    ] {
        let errors = refusal(folder.path(), &unsaid);
        assert!(errors.contains("learns from captions, and the dataset has n"), "{errors}");
    }
    let single = ["--model", "clip", "--dataset", "digits8x8", "--batch-size", "1"];
    let errors = refusal(folder.path(), &single);
    assert!(errors.contains("batch_size is 1, but clip learns which caption"), "{errors}");
    let errors = refusal(folder.path(), &["--model", "segmenter", "--dataset", "digits8x8"]);
    assert!(
        errors.contains("model.segmenter learns where objects are, and the dataset does not say"),
        "{errors}"
    );
    let errors = refusal(folder.path(), &["--model", "grounder", "--dataset", "digits8x8"]);
    assert!(errors.contains("model.grounder learns from captions and from where"), "{errors}");
    let heads = [
        "--set",
        "model.ddpm.network.channels=[12,18]",
        "--set",
        "model.ddpm.network.norm_groups=6",
    ];
    let scenes =
        ["--model", "ddpm", "--dataset", "scenes-32", "--set", "model.ddpm.condition=caption"];
    let errors = refusal(folder.path(), &[&scenes[..], &heads].concat());
    assert!(
        errors.contains("channels is 18; it must be a multiple of condition.heads = 4"),
        "{errors}"
    );
}

#[test]
fn towers_hold_pictures_beside_captions() {
    let folder = tempfile::tempdir().unwrap();
    let model = ["--model", "clip", "--dataset", "scenes-32", "--out", "clip"];
    succeed(folder.path(), &[&model[..], &SMALL].concat());
    let dir = folder.path().join("clip");
    for name in ["recall_at_1", "digit", "phrase", "unseen", "relation", "infonce"] {
        assert!(metric(&dir, &format!("alignment/{name}")).is_some(), "{name}");
    }
    assert!(metric(&dir, "alignment/above_floor").is_some_and(|nats| nats >= 0.0));
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains("Which caption is near which picture"));

    // They judge samples that are told captions, and the judge of scenes reads these all the same.
    let told = ["--model", "vae", "--dataset", "scenes-32", "--set", "model.vae.condition=caption"];
    let judged = ["--judge", "run=clip", "--out", "vae"];
    succeed(folder.path(), &[&told[..], &judged, &SMALL].concat());
    let of = |name: &str| {
        metric(&folder.path().join("vae"), name).unwrap_or_else(|| panic!("no {name}"))
    };
    assert!((-1.0..=1.0).contains(&of("captions/clip_score")));
    assert!((0.0..=1.0).contains(&of("captions/all")));
    let report = fs::read_to_string(folder.path().join("vae/report.html")).unwrap();
    assert!(report.contains("real scenes, relations turned round"));
}

#[test]
fn an_encoder_of_captions_begins_with_that_of_a_run_that_is_named_and_not_needed_again() {
    let folder = tempfile::tempdir().unwrap();
    let towers = ["--model", "clip", "--dataset", "scenes-32", "--out", "clip"];
    let small = [
        "--set",
        "model.clip.image.convolutions=[[8,2],[16,2]]",
        "--set",
        "model.clip.text.width=16",
        "--set",
        "model.clip.hard_negatives=turned",
    ];
    succeed(folder.path(), &[&towers[..], &small, &SMALL].concat());
    let clip = folder.path().join("clip");
    let log = fs::read_to_string(clip.join("metrics.jsonl")).unwrap();
    assert!(log.contains("train/turned") && log.contains("validation/turned"), "{log}");

    let told = ["--model", "vae", "--dataset", "scenes-32", "--set", "model.vae.condition=caption"];
    let begun = ["--set", "model.vae.condition.run=clip", "--out", "vae"];
    let told = [&told[..], &begun, &SMALL].concat();
    let errors = refusal(folder.path(), &told);
    let expected = "condition.run is clip, whose clip was trained with text.width = 16 and not 64; choose another run, or set \
                    condition.width to 16";
    assert!(errors.contains(expected), "{errors}");
    succeed(folder.path(), &[&told[..], &["--set", "model.vae.condition.width=16"]].concat());
    let dir = folder.path().join("vae");
    let opened = json(&dir.join("run.json"))["opened"].clone();
    assert_eq!((&opened[0]["path"], &opened[0]["role"]), (&"clip".into(), &"base".into()));
    assert_eq!(opened[0]["sha256"].as_str().unwrap().len(), 64);
    fs::remove_dir_all(&clip).unwrap();
    succeed(folder.path(), &["evaluate", "vae"]);
}

/// A small CLIP that has learned from labelled pictures in `folder`, and which share of their classes it finds.
pub(crate) fn clip_of_classes(folder: &Path, dataset: &str) -> (PathBuf, f64) {
    let model = ["--model", "clip", "--dataset", dataset, "--out", "clip"];
    let small = [
        "--set",
        "model.clip.image.convolutions=[[8,2],[16,2]]",
        "--set",
        "model.clip.text.width=16",
    ];
    let budget = ["--budget-images", "6400", "--batch-size", "64"];
    succeed(folder, &[&model[..], &small, &budget].concat());
    let dir = folder.join("clip");
    let of = |name: &str| {
        metric(&dir, &format!("alignment/{name}")).unwrap_or_else(|| panic!("no {name}"))
    };
    // Whoever tells nothing apart pays ln 128.
    assert!(of("above_floor") >= 0.0 && of("infonce") < 128.0_f64.ln(), "{}", of("infonce"));
    let class = of("class");
    (dir, class)
}

#[test]
fn classes_are_captions_of_labelled_pictures() {
    let folder = tempfile::tempdir().unwrap();
    let (dir, class) = clip_of_classes(folder.path(), "digits8x8");
    // Chance is 0.1.
    assert!(class > 0.3, "{class}");
    assert!(metric(&dir, "alignment/digit").is_none(), "nobody says it");
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    for words in ["Which caption is near which picture", "What batches tell apart"] {
        assert!(report.contains(words), "{words}");
    }
}

/// A captioner of `dataset` that learns for a moment.
fn captioner<'a>(dataset: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let small = [
        "model.captioner.image.convolutions=[[8,2],[16,2]]",
        "model.captioner.image.transformer.width=16",
        "model.captioner.text.width=16",
    ];
    let small = small.iter().flat_map(|setting| ["--set", *setting]);
    let model = ["--model", "captioner", "--dataset", dataset];
    model.into_iter().chain(small).chain(SMALL).chain(more.iter().copied()).collect()
}

#[test]
fn pictures_are_described_and_captions_filtered_by_an_earlier_run() {
    let folder = tempfile::tempdir().unwrap();
    succeed(folder.path(), &captioner("scenes-32-noisy", &["--out", "first"]));
    let dir = folder.path().join("first");
    for name in ["exact_one", "exact_two", "unseen", "auroc", "filter_auroc"] {
        let found = metric(&dir, &format!("description/{name}"));
        assert!(found.is_some_and(|share| (0.0..=1.0).contains(&share)), "{name}: {found:?}");
    }
    // The entropy of the captions is about ln 2 of every second picture.
    assert!(metric(&dir, "description/nll").unwrap() > 0.3);
    assert!(metric(&dir, "alignment/recall_at_1").is_some(), "its vectors align as well");
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    for words in ["Pictures and what is said of them", "planted wrong captions (training)"] {
        assert!(report.contains(words), "{words}");
    }
    let entropy = "entropy of captions, given the picture";
    assert!(!report.contains(entropy), "wrong captions have another");

    let filter = ["--set", "model.captioner.filter.run=first", "--out", "second"];
    succeed(folder.path(), &captioner("scenes-32-noisy", &filter));
    let second = folder.path().join("second");
    let opened = json(&second.join("run.json"))["opened"].clone();
    assert_eq!((&opened[0]["path"], &opened[0]["role"]), (&"first".into(), &"base".into()));
    let log = fs::read_to_string(second.join("metrics.jsonl")).unwrap();
    assert!(log.contains("train/kept") && log.contains("train/counted"), "{log}");
    let other = ["--set", "model.captioner.embedding_dim=32", "--out", "never"];
    let other = captioner("scenes-32-noisy", &[&filter[..2], &other].concat());
    let errors = refusal(folder.path(), &other);
    let expected = "filter.run is first, whose captioner was trained with embedding_dim = 64";
    assert!(errors.contains(expected), "{errors}");

    // The filter's weights are its own once it is trained.
    fs::remove_dir_all(&dir).unwrap();
    succeed(folder.path(), &["evaluate", "second"]);
    let errors = refusal(folder.path(), &["--model", "captioner", "--dataset", "digits8x8"]);
    assert!(
        errors.contains("model.captioner learns from captions, and the dataset has none"),
        "{errors}"
    );
}

#[test]
fn a_finished_run_is_controlled_by_masks_and_stands_beside_itself() {
    let folder = tempfile::tempdir().unwrap();
    let told = ["--model", "ddpm", "--dataset", "scenes-32", "--set", "model.ddpm.sampler.steps=2"];
    let told = [&told[..], &["--set", "model.ddpm.condition=caption"], &SMALL].concat();
    succeed(folder.path(), &[&told[..], &["--out", "base"]].concat());
    let control = ["--set", "model.ddpm.control=mask", "--set", "model.ddpm.control.base=base"];
    let errors = refusal(folder.path(), &[&told[..], &control, &["--out", "never"]].concat());
    assert!(errors.contains("control is mask, but sampler.guidance is auto"), "{errors}");
    let led = ["--set", "model.ddpm.sampler.guidance=classifier-free"];
    let told = [&told[..], &led].concat();
    succeed(folder.path(), &[&told[..], &control, &["--out", "controlled"]].concat());
    let dir = folder.path().join("controlled");
    for name in ["control/iou", "captions/digit"] {
        let share = metric(&dir, name).unwrap_or_else(|| panic!("no {name}"));
        assert!((0.0..=1.0).contains(&share), "{name}: {share}");
    }
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    for words in ["without control", "real pictures, others&#39; masks", "Ink as told"] {
        assert!(report.contains(words), "{words}");
    }

    let twice = ["--set", "model.ddpm.control=mask", "--set", "model.ddpm.control.base=controlled"];
    let further = ["--set", "model.ddpm.base.run=controlled"];
    for (sets, key) in [(&twice[..], "control.base"), (&further[..], "base.run")] {
        let errors = refusal(folder.path(), &[&told[..], sets, &["--out", "twice"]].concat());
        let expected = format!(
            "model.ddpm.{key} is controlled, whose ddpm is controlled itself; give the run that it controls, which its settings call base"
        );
        assert!(errors.contains(&expected), "{errors}");
    }

    // It needs its base no more.
    fs::remove_dir_all(folder.path().join("base")).unwrap();
    succeed(folder.path(), &["sample", "controlled", "--count", "2"]);
    let errors = refusal(folder.path(), &["export", "controlled"]);
    assert!(errors.contains("cannot be exported"), "{errors}");
}

#[test]
fn a_finished_run_learns_a_subject_beside_what_it_draws_itself() {
    let folder = tempfile::tempdir().unwrap();
    let told = ["--model", "ddpm", "--set", "model.ddpm.sampler.steps=2"];
    let told = [&told[..], &["--set", "model.ddpm.condition=caption"], &SMALL].concat();
    succeed(folder.path(), &[&told[..], &["--dataset", "scenes-32", "--out", "base"]].concat());
    let subject = ["--dataset", "scenes-32-subject", "--set", "model.ddpm.preservation.pictures=6"];
    let subject = [&told[..], &subject].concat();
    let errors = refusal(folder.path(), &[&subject[..], &["--out", "never"]].concat());
    assert!(errors.contains("preservation is of 6 pictures, but there is no base"), "{errors}");

    let base = ["--set", "model.ddpm.base.run=base", "--out", "subject"];
    succeed(folder.path(), &[&subject[..], &base].concat());
    let dir = folder.path().join("subject");
    for name in ["shown", "leaked", "kept"] {
        let share = metric(&dir, &format!("subject/{name}"));
        assert!(share.is_some_and(|share| (0.0..=1.0).contains(&share)), "{name}: {share:?}");
    }
    let opened = json(&dir.join("run.json"))["opened"].clone();
    assert_eq!((&opened[0]["path"], opened.as_array().unwrap().len()), (&"base".into(), 1));
    assert_eq!(opened[0]["sha256"].as_str().unwrap().len(), 64);
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    for words in ["held-out views of the subject", "What is left of digits", "A new subject"] {
        assert!(report.contains(words), "{words}");
    }

    // It needs its base no more, and is asked for what no other model can be.
    fs::remove_dir_all(folder.path().join("base")).unwrap();
    let text = "a blue subject left of a red three";
    succeed(folder.path(), &["sample", "subject", "--count", "2", "--caption", text]);
}

#[test]
fn objects_are_cut_out_where_somebody_points() {
    let folder = tempfile::tempdir().unwrap();
    let model = ["--model", "segmenter", "--dataset", "scenes-32", "--out", "segmenter"];
    succeed(folder.path(), &[&model[..], &SMALL].concat());
    let dir = folder.path().join("segmenter");
    for name in ["point", "point_best", "second_click", "box", "unseen", "fashion", "component"] {
        let iou = metric(&dir, &format!("segmentation/{name}_iou"));
        assert!(iou.is_some_and(|iou| (0.0..=1.0).contains(&iou)), "{name}: {iou:?}");
    }
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    for words in ["Cut out by a click", "What is cut out", "makes no values"] {
        assert!(report.contains(words), "{words}");
    }
    let curves = fs::read_to_string(dir.join("metrics.jsonl")).unwrap();
    assert!(curves.contains("validation/second_iou"), "validation has objects as well");
}

#[test]
fn objects_are_found_that_captions_name() {
    let folder = tempfile::tempdir().unwrap();
    let model = ["--model", "grounder", "--dataset", "scenes-48", "--out", "grounder"];
    succeed(folder.path(), &[&model[..], &SMALL].concat());
    let dir = folder.path().join("grounder");
    for name in ["recall", "unseen", "ap50", "mean_iou", "colour_blob"] {
        let share = metric(&dir, &format!("grounding/{name}"));
        assert!(share.is_some_and(|share| (0.0..=1.0).contains(&share)), "{name}: {share:?}");
    }
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    for words in ["Found by a phrase", "What is found", "makes no values"] {
        assert!(report.contains(words), "{words}");
    }
    let curves = fs::read_to_string(dir.join("metrics.jsonl")).unwrap();
    assert!(curves.contains("validation/alignment"), "validation has objects as well");
}
