//! Values that are not images, models that are told classes, runs that build on others.

use crate::support::{checkpoint, json, metric, quick, quick_file, repository, run, succeed};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// What the binary says when it refuses.
fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success(), "{args:?} was accepted");
    errors
}

#[test]
fn points_run_through_every_model_into_a_report_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let small = ["--set", "evaluation.samples=300", "--budget-images", "20000"];
    let args = ["--model", "all", "--dataset", "ring-8", "--out", "ring"];
    succeed(folder.path(), &[&args[..], &small].concat());
    for model in ["ae", "sparse-ae", "vae", "gan", "ddpm"] {
        let dir = folder.path().join("ring").join(format!("{model}-s0"));
        assert!(metric(&dir, "samples/high_quality").is_some(), "{model}");
        assert!(metric(&dir, "reconstruction/ssim").is_none(), "points have no windows");
        for name in ["samples/samples.npz", "figures/grid.png"] {
            assert!(dir.join(name).exists(), "{model} left no {name}");
        }
        assert_eq!(json(&dir.join("run.json"))["dataset"]["kind"], "points");
        let figures = json(&dir.join("results.json"))["figures"].clone();
        let grid =
            figures.as_array().unwrap().iter().find(|figure| figure["name"] == "grid").unwrap();
        assert_eq!(grid["plot"]["kind"], "scatter");
        assert!(grid["plot"]["density"]["values"].as_array().unwrap().len() > 1000);
        let report = fs::read_to_string(dir.join("report.html")).unwrap();
        assert!(!report.contains(">Pictures</h2>"), "{model}: a picture that nothing explains");
        assert_eq!(report.contains(">Denoising</h2>"), model == "ddpm");
        let reconstructs = ["ae", "sparse-ae", "vae"].contains(&model);
        assert_eq!(report.contains(">Originals and reconstructions</h2>"), reconstructs);
        assert!(report.contains("class=\"dots "), "{model}: no scatter plot");
        for word in ["per image", "real image", "the image", "training image", "judge's"] {
            assert!(!report.contains(word), "{model}: {word:?}, but a point is no image");
        }
    }
}

#[test]
fn what_sample_writes_of_points_is_read_by_metrics_with_its_classes() {
    let folder = tempfile::tempdir().unwrap();
    let args =
        ["--model", "ddpm", "--dataset", "ring-8", "--budget-images", "4000", "--out", "run"];
    let told = ["--set", "model.ddpm.condition=class", "--set", "evaluation.samples=300"];
    succeed(folder.path(), &[&args[..], &told].concat());
    let draw = ["sample", "run", "--class", "each", "--count", "40", "--out"];
    succeed(folder.path(), &[&draw[..], &["each.npz"]].concat());
    for others in ["run", "ring-8:test"] {
        for sides in [["each.npz", others], [others, "each.npz"]] {
            let output = succeed(folder.path(), &[&["metrics"], &sides[..], &["--json"]].concat());
            let scores: Value = serde_json::from_slice(&output.stdout).unwrap();
            assert!(scores["metrics"].to_string().contains("samples/sliced_wasserstein"));
        }
    }
    let sentence = refusal(folder.path(), &["metrics", "each.npz", "each.npz"]);
    assert!(sentence.contains("compare points with a run or a split of points"), "{sentence}");
    let judged = ["metrics", "each.npz", "ring-8:test", "--judge", "mnist-28"];
    assert!(refusal(folder.path(), &judged).contains("without a judge; leave --judge out"));

    let archive = fs::File::open(folder.path().join("each.npz")).unwrap();
    let mut archive = zip::ZipArchive::new(archive).unwrap();
    let mut labels = Vec::new();
    std::io::Read::read_to_end(&mut archive.by_name("labels.npy").unwrap(), &mut labels).unwrap();
    let told: Vec<u8> = labels[128..].iter().step_by(4).copied().collect();
    assert_eq!(told, (0..8).flat_map(|class| [class; 40]).collect::<Vec<u8>>());
    succeed(folder.path(), &[&draw[..], &["each.png"]].concat());
    let colours = image::open(folder.path().join("each.png")).unwrap().color();
    assert_eq!(colours.channel_count(), 3);
}

#[test]
fn what_is_made_for_images_is_refused_on_points_before_anything_is_written() {
    let folder = tempfile::tempdir().unwrap();
    for (model, set, expected) in [
        (
            "ddpm",
            "model.ddpm.network=u-net",
            "model.ddpm.network is u-net, but the values are points",
        ),
        ("gan", "model.gan.critic=conv", "model.gan.critic is conv, but the values are points"),
        ("vae", "model.vae.likelihood=bernoulli", "model.vae.likelihood is bernoulli"),
        ("ae", "data.binarise=dynamic", "data.binarise is dynamic"),
    ] {
        let args = ["--model", model, "--dataset", "ring-8", "--set", set, "--out", "never"];
        let sentence = refusal(folder.path(), &args);
        assert!(sentence.contains(expected) && sentence.contains("set it to"), "{sentence}");
        assert!(!folder.path().join("never").exists(), "{set} left something behind");
    }
}

#[test]
fn a_model_that_is_told_classes_draws_the_class_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let sample =
        |run: &str, more: &[&str]| [&["sample", run, "--count", "3"], more].concat().join(" ");
    for model in ["vae", "gan", "ddpm"] {
        let set = format!("model.{model}.condition=class");
        succeed(folder.path(), &quick(&file, model, &["--set", &set, "--out", model]));
        let dir = folder.path().join(model);
        let agreement = metric(&dir, "samples/class_agreement").unwrap();
        assert!((0.0..=1.0).contains(&agreement), "{model}: {agreement}");
        let report = fs::read_to_string(dir.join("report.html")).unwrap();
        assert!(report.contains(">Samples of each class</h2>") && report.contains("judge agrees"));
        let drawn = |more: &[&str], out: &str| {
            let line = sample(model, &[more, &["--out", out]].concat());
            succeed(folder.path(), &line.split(' ').collect::<Vec<_>>());
            fs::read(folder.path().join(out)).unwrap()
        };
        let three = drawn(&["--class", "3"], "three.npz");
        assert_eq!(three, drawn(&["--class", "3"], "again.npz"), "{model}");
        assert_ne!(three, drawn(&["--class", "4"], "four.npz"), "{model}");
        drawn(&["--class", "each"], "each.png");
        let wrong = sample(model, &["--class", "12"]);
        let sentence = refusal(folder.path(), &wrong.split(' ').collect::<Vec<_>>());
        assert!(
            sentence.contains("there is no class 12") && sentence.contains("0 to 9"),
            "{sentence}"
        );
        let guided = sample(model, &["--class", "3", "--guidance", "3"]);
        let guided: Vec<&str> = guided.split(' ').collect();
        if model == "ddpm" {
            assert_ne!(three, drawn(&["--class", "3", "--guidance", "3"], "guided.npz"));
            assert_eq!(three, drawn(&["--class", "3", "--guidance", "1.5"], "as-it-is.npz"));
        } else {
            let sentence = refusal(folder.path(), &guided);
            let why = if model == "gan" { "cannot be guided" } else { "guidance needs a model" };
            assert!(sentence.contains(why), "{sentence}");
        }
        for (more, expected) in [
            (&["--class="][..], "--class is empty"),
            (&["--class", "none", "--guidance", "2"], "no meaning with --class none"),
            (
                &["--class", "3", "--guidance", "1e30"],
                if model == "ddpm" { "from 0 to 1000" } else { "here" },
            ),
            (
                &["--steps", "100000"],
                if model == "ddpm" { "give 10000 or fewer" } else { "take no steps" },
            ),
        ] {
            let line = sample(model, more);
            let sentence = refusal(folder.path(), &line.split(' ').collect::<Vec<_>>());
            assert!(sentence.contains(expected), "{sentence}");
        }
        if model == "vae" {
            let none = sample(model, &["--class", "none"]);
            let sentence = refusal(folder.path(), &none.split(' ').collect::<Vec<_>>());
            assert!(sentence.contains("was told the class of every value"), "{sentence}");
        } else {
            assert_ne!(three, drawn(&["--class", "none"], "none.npz"), "{model}");
        }
    }
    succeed(folder.path(), &quick(&file, "vae", &["--budget-images", "320", "--out", "plain"]));
    let sentence = refusal(folder.path(), &["sample", "plain", "--class", "3"]);
    assert!(sentence.contains("--set model.vae.condition=class"), "{sentence}");
    succeed(folder.path(), &quick(&file, "ae", &["--budget-images", "320", "--out", "ae"]));
    let sentence = refusal(folder.path(), &["sample", "ae", "--class", "3"]);
    assert!(sentence.contains("never told a class"), "{sentence}");
}

/// Every file below a folder with its contents.
fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(contents(&path));
        } else {
            found.insert(path.clone(), fs::read(path).unwrap());
        }
    }
    found
}

/// What `run.json` calls the weights of a run: the hash of their lines in its last manifest.
fn hash_of_weights(run: &Path) -> String {
    let manifest = fs::read_to_string(checkpoint(run).join("MANIFEST")).unwrap();
    let weights = |line: &&str| line.ends_with("weights.safetensors") || line.contains("ema.");
    let lines: Vec<&str> = manifest.lines().filter(weights).collect();
    genlab_core::digest::sha256(lines.join("\n").as_bytes())
}

/// The bytes of every tensor of a safetensors file.
fn tensors(path: &Path) -> BTreeMap<String, Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let header: BTreeMap<String, Value> = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    let tensor = |(name, entry): (String, Value)| {
        let ends = entry["data_offsets"].as_array()?;
        let [from, to] = [0, 1].map(|i| 8 + length + ends[i].as_u64().unwrap() as usize);
        Some((name, bytes[from..to].to_vec()))
    };
    header.into_iter().filter_map(tensor).collect()
}

#[test]
fn a_run_goes_on_from_another_and_trains_only_what_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    let class = ["--set", "model.ddpm.condition=class", "--budget-images", "640"];
    succeed(folder.path(), &quick(&file, "ddpm", &[&class[..], &["--out", "base"]].concat()));
    let base = folder.path().join("base");
    let before = contents(&base);
    let tuned = [
        &class[..],
        &["--set", "model.ddpm.base.run=base", "--set", "model.ddpm.base.trained=[\"up.1\"]"],
        &["--seed", "7", "--out", "tuned"],
    ]
    .concat();
    succeed(folder.path(), &quick(&file, "ddpm", &tuned));
    assert_eq!(contents(&base), before, "the base run was touched");

    let dir = folder.path().join("tuned");
    let hash = hash_of_weights(&base);
    let opened = json(&dir.join("run.json"))["opened"].clone();
    let expected = serde_json::json!([{
        "role": "base", "path": "base", "from_run": "../base", "model": "ddpm",
        "dataset": "digits8x8", "sha256": hash
    }]);
    assert_eq!(opened, expected);

    // A run never discards what it is built on.
    let onto = [&tuned[..tuned.len() - 1], &["base", "--fresh"]].concat();
    let sentence = refusal(folder.path(), &quick(&file, "ddpm", &onto));
    assert!(sentence.contains("are not apart") && contents(&base) == before, "{sentence}");

    // The averaged weights of the base are the weights that stay.
    let averages = tensors(&checkpoint(&base).join("ema.safetensors"));
    let weights = tensors(&checkpoint(&dir).join("weights.safetensors"));
    let (mut stayed, mut moved) = (0, 0);
    for (name, bytes) in &weights {
        let average = &averages[&name.replacen("net.", "net.average.", 1)];
        if name.starts_with("net.up.1.") {
            moved += usize::from(bytes != average);
        } else {
            assert_eq!(bytes, average, "{name} was trained");
            stayed += 1;
        }
    }
    assert!(stayed > 20 && moved > 5, "{stayed} stayed, {moved} moved");

    // The run stands on its own once it is trained.
    fs::remove_dir_all(&base).unwrap();
    succeed(folder.path(), &["sample", "tuned", "--class", "3", "--count", "2"]);
    let report = fs::read_to_string(dir.join("report.html")).unwrap();
    assert!(report.contains(&hash[..12]), "the report does not say what the run is built on");
}

#[test]
fn a_base_that_does_not_fit_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "vae", &["--budget-images", "320", "--out", "vae"]));
    succeed(folder.path(), &quick(&file, "ddpm", &["--budget-images", "320", "--out", "ddpm"]));
    for (sets, expected) in [
        (
            &["model.ddpm.base.run=nowhere"][..],
            "model.ddpm.base.run is nowhere, which is not there; give the directory of a run",
        ),
        (
            &["model.ddpm.base.run=vae"],
            "model.ddpm.base.run is vae, a run of vae; give a finished run of ddpm",
        ),
        (
            &["model.ddpm.base.run=ddpm", "model.ddpm.target=start"],
            "trained with target = v and not start; choose another run, or --set model.ddpm.target=v",
        ),
        (
            &["model.ddpm.base.run=ddpm", "model.ddpm.condition=class"],
            "trained with condition = none and not class; choose another run, or --set \
             model.ddpm.condition=none",
        ),
        (
            &["model.ddpm.base=ddpm"],
            "a table: set model.ddpm.base.run=TEXT and model.ddpm.base.trained=[...]",
        ),
        (
            &["model.ddpm.base.run=ddpm", "model.ddpm.base.trained=[\"upp\"]"],
            "model.ddpm.base.trained names \"upp\"",
        ),
        (&["model.ddpm.base.trained=[\"head\"]"], "model.ddpm.base.run is empty"),
    ] {
        let sets = sets.iter().flat_map(|set| ["--set", set]);
        let more: Vec<&str> = sets.chain(["--out", "never"]).collect();
        let planned = [&more[..], &["--dry-run"]].concat();
        for more in [&more, &planned] {
            let sentence = refusal(folder.path(), &quick(&file, "ddpm", more));
            assert!(sentence.contains(expected), "{sentence}");
            assert!(!folder.path().join("never").exists());
        }
    }
}

#[test]
fn a_base_that_is_damaged_is_to_be_mended_itself() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "ddpm", &["--budget-images", "320", "--out", "base"]));
    let weights = checkpoint(&folder.path().join("base")).join("ema.safetensors");
    let mut bytes = fs::read(&weights).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&weights, bytes).unwrap();
    let more = ["--set", "model.ddpm.base.run=base", "--out", "never"];
    let sentence = refusal(folder.path(), &quick(&file, "ddpm", &more));
    let expected = "model.ddpm.base.run is base, which cannot be opened: its checkpoint file";
    assert!(sentence.contains(expected) && sentence.contains("train that run again"), "{sentence}");
    assert!(!sentence.contains("--fresh") && !folder.path().join("never").exists(), "{sentence}");
}

#[test]
fn the_readmes_example_of_going_on_from_a_run_works() {
    let folder = tempfile::tempdir().unwrap();
    let readme = fs::read_to_string(repository("README.md")).unwrap();
    let (_, section) = readme.split_once("## Going on from a finished run").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let lines: Vec<&str> =
        section.lines().filter_map(|line| line.strip_prefix("bench-runner ")).collect();
    assert_eq!(lines.len(), 3);
    for line in lines {
        let words = line.split(' ').map(|word| word.trim_matches('\''));
        // The same with a budget of a few seconds.
        let mut args: Vec<&str> =
            words.filter(|word| !["--budget-images", "20000"].contains(word)).collect();
        args.extend(["--budget-images", "320", "--set", "evaluation.samples=300"]);
        succeed(folder.path(), &args);
    }
    for run in ["tuned", "head"] {
        let opened = json(&folder.path().join(run).join("run.json"))["opened"].clone();
        assert_eq!((&opened[0]["path"], &opened[0]["role"]), (&"base".into(), &"base".into()));
    }
}

#[test]
fn a_run_is_judged_by_the_classifier_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "classifier", &["--out", "mine"]));
    let mine = folder.path().join("mine");
    let accuracy = metric(&mine, "classify/accuracy").unwrap();
    assert!(accuracy > 0.6, "{accuracy}");
    assert_eq!(metric(&mine, "samples/frechet"), None);
    let results = json(&mine.join("results.json"));
    assert!(results["judge"].is_null(), "there is nothing to judge");
    assert!(results["notes"].to_string().contains("makes no values"), "{}", results["notes"]);
    let report = fs::read_to_string(mine.join("report.html")).unwrap();
    assert!(report.contains("Accuracy") && report.contains("makes no values"));

    let small = ["--budget-images", "640", "--out"];
    let judged = [&["--judge", "run=mine"], &small[..], &["vae"]].concat();
    succeed(folder.path(), &quick(&file, "vae", &judged));
    let dir = folder.path().join("vae");
    let weights = fs::read(checkpoint(&mine).join("ema.safetensors")).unwrap();
    let judge = json(&dir.join("results.json"))["judge"].clone();
    assert_eq!((&judge["name"], &judge["accuracy"]), (&"mine".into(), &accuracy.into()));
    assert_eq!(judge["sha256"], genlab_core::digest::sha256(&weights));
    assert!(metric(&dir, "samples/frechet").unwrap() > 0.0);
    let opened = json(&dir.join("run.json"))["opened"].clone();
    let hash = hash_of_weights(&mine);
    let expected = serde_json::json!([{
        "role": "judge", "path": "mine", "from_run": "../mine", "model": "classifier",
        "dataset": "digits8x8", "sha256": hash
    }]);
    assert_eq!(opened, expected);
    // The same judge again, chosen for a run that had another.
    succeed(folder.path(), &quick(&file, "ae", &[&small[..], &["ae"]].concat()));
    let output = succeed(folder.path(), &["evaluate", "ae", "--judge", "run=mine", "--json"]);
    let results: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(results["judge"], judge);

    let other = ["--dataset", "mnist-10k", "--judge", "run=mine", "--out", "never"];
    let points = ["--dataset", "ring-8", "--judge", "run=mine", "--out", "never"];
    for (more, expected) in [
        (&["--judge", "run=vae", "--out", "never"][..], "run vae cannot judge: its model is vae"),
        (
            &["--judge", "run=nowhere", "--out", "never"],
            "judge run=nowhere is not there; give the directory of a run",
        ),
        (&other, "run mine knows images of 1x8x8 and cannot judge images of 1x28x28"),
        (&points, "ring-8 holds points, which are scored in their own coordinates without a judge"),
    ] {
        let sentence = refusal(folder.path(), &[&["--model", "vae"], more].concat());
        assert!(sentence.contains(expected), "{sentence}");
        assert!(!folder.path().join("never").exists(), "{more:?} left something behind");
        let several = refusal(folder.path(), &[&["--model", "vae,gan"], more].concat());
        assert!(several.contains(expected) && !folder.path().join("never").exists(), "{several}");
    }
    // What is there is discarded only once all that takes its place is there.
    let before = contents(&dir);
    let anew = [&["--judge", "run=nowhere"], &small[..], &["vae", "--fresh"]].concat();
    refusal(folder.path(), &quick(&file, "vae", &anew));
    assert_eq!(contents(&dir), before, "a refused --fresh discarded a run");
    let points = ["--model", "vit", "--dataset", "ring-8", "--out", "never"];
    assert!(refusal(folder.path(), &points).contains("model.vit reads images, and these are none"));
    let idle = quick(&file, "classifier", &["--judge", "run=mine", "--out", "never"]);
    assert!(refusal(folder.path(), &idle).contains("makes no values that a judge could look at"));

    assert!(
        refusal(folder.path(), &["sample", "mine"])
            .contains("which draws no samples; give a run of ae, sparse-ae, vae")
    );

    // `./mine/` is `mine`, for images too, and a finished run finds its judge from anywhere.
    let written = [&["--judge", "run=./mine/"], &small[..], &["vae"]].concat();
    succeed(folder.path(), &quick(&file, "vae", &written));
    let images = ["metrics", "vae", "digits8x8:test", "--judge", "run=mine", "--json"];
    let output = succeed(folder.path(), &images);
    let scores: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(scores["judge"], judge);
    let moved = folder.path().join("moved");
    fs::create_dir(&moved).unwrap();
    for run in ["vae", "mine"] {
        fs::rename(folder.path().join(run), moved.join(run)).unwrap();
    }
    for (from, run) in [(&moved, "vae"), (&folder.path().to_owned(), "moved/vae")] {
        let output = succeed(from, &["evaluate", run, "--json"]);
        let results: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(results["judge"], judge);
    }
    let unlabelled = ["--model", "classifier", "--dataset", "mixture-1d", "--set"];
    let conv = [&unlabelled[..], &["model.classifier.network=conv", "--out", "never-2"]].concat();
    assert!(refusal(folder.path(), &conv).contains("model.classifier.network is conv, but the"));
    assert!(!folder.path().join("never-2").exists());
}
