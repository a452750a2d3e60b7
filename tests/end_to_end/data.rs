//! Every model on every kind of data.

use crate::support::{MODELS, json, metric, quick, quick_file, repository, run, succeed};
use image::{Rgb, RgbImage};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Colour gradients in two classes.
fn colour_folder(path: &Path, count: u32, width: u32, height: u32) {
    for i in 0..count {
        let class = path.join(if i % 2 == 0 { "warm" } else { "cold" });
        fs::create_dir_all(&class).unwrap();
        let image = RgbImage::from_fn(width, height, |x, y| {
            let (x, y) = ((x * 255 / width) as u8, (y * 255 / height) as u8);
            if i % 2 == 0 { Rgb([200, x, (i * 3) as u8]) } else { Rgb([(i * 3) as u8, y, 200]) }
        });
        image.save(class.join(format!("{i:03}.png"))).unwrap();
    }
}

#[test]
fn a_folder_of_colour_pictures_trains_every_model() {
    let folder = tempfile::tempdir().unwrap();
    colour_folder(&folder.path().join("pictures"), 60, 17, 23);
    let file = quick_file();
    for model in MODELS {
        let more = ["--dataset", "folder:pictures", "--budget-images", "320", "--out", model];
        succeed(folder.path(), &quick(&file, model, &more));
        let dir = folder.path().join(model);
        assert!(dir.join("samples/grid.png").exists(), "{model}");
        assert_eq!(metric(&dir, "samples/frechet"), None, "too few pictures for a judge");
    }
}

#[test]
fn a_run_is_not_taken_for_one_of_pictures_that_have_changed_since() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    colour_folder(&pictures, 30, 12, 12);
    let file = quick_file();
    let more = ["--dataset", "folder:pictures", "--budget-images", "64", "--out", "ae"];
    let args = quick(&file, "ae", &more);
    succeed(folder.path(), &args);
    let results = fs::read(folder.path().join("ae/results.json")).unwrap();
    RgbImage::from_pixel(12, 12, Rgb([9, 9, 9])).save(pictures.join("warm/000.png")).unwrap();
    for args in [&args[..], &["evaluate", "ae"], &["sample", "ae"]] {
        let output = run(folder.path(), args);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?} was accepted");
        assert!(errors.contains("the data of ae have changed"), "{args:?}: {errors}");
    }
    assert_eq!(fs::read(folder.path().join("ae/results.json")).unwrap(), results);
    succeed(folder.path(), &[&args[..], &["--fresh"]].concat());
}

#[test]
fn a_split_of_one_picture_has_no_interpolation_and_all_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    colour_folder(&folder.path().join("pictures"), 12, 17, 23);
    let more = ["--dataset", "folder:pictures", "--budget-images", "64", "--out", "run"];
    let more = [&more[..], &["--set", "evaluation.split=validation"]].concat();
    succeed(folder.path(), &quick(&quick_file(), "ae", &more));
    let dir = folder.path().join("run");
    assert!(dir.join("samples/reconstructions.png").exists());
    assert!(!dir.join("samples/interpolation.png").exists());
    assert!(metric(&dir, "reconstruction/mse").is_some());
}

/// Official data beside the repository, where it is there.
fn shared(name: &str) -> Option<String> {
    let path = repository("../shared/datasets").join(name);
    if path.exists() {
        return Some(path.to_string_lossy().into_owned());
    }
    #[expect(clippy::print_stderr, reason = "a skipped test says so")]
    {
        eprintln!("skipped: there is no {}", path.display());
    }
    None
}

#[test]
fn official_files_train_every_model() {
    let Some(data) = shared("cifar10-4000") else { return };
    let out = tempfile::tempdir().unwrap();
    let mut judges = BTreeSet::new();
    for model in MODELS {
        let run = trained_on_few(out.path(), model, "cifar10", &data);
        assert!(metric(&run, "samples/frechet").is_some(), "{model}");
        judges.insert(json(&run.join("results.json"))["judge"]["sha256"].to_string());
    }
    assert_eq!(judges.len(), 1, "one judge for all models");
}

#[test]
fn official_files_train_a_classifier() {
    let Some(data) = shared("fashion-mnist") else { return };
    let out = tempfile::tempdir().unwrap();
    let run = trained_on_few(out.path(), "classifier", "fashion-mnist", &data);
    assert_eq!(json(&run.join("run.json"))["dataset"]["train"], 55_000);
    assert!(metric(&run, "classify/accuracy").is_some());
}

/// A run of a few images of the files in `data`.
fn trained_on_few(out: &Path, model: &str, dataset: &str, data: &str) -> PathBuf {
    let more = ["--dataset", dataset, "--data-dir", data, "--budget-images", "320", "--out", model];
    let more = [&more[..], &["--set", "evaluation.samples=300"]].concat();
    succeed(out, &quick(&quick_file(), model, &more));
    out.join(model)
}

#[test]
fn sampling_needs_no_data() {
    let folder = tempfile::tempdir().unwrap();
    let pictures = folder.path().join("pictures");
    for class in ["a", "b"] {
        fs::create_dir_all(pictures.join(class)).unwrap();
        for i in 0..20_u8 {
            let picture = image::GrayImage::from_fn(8, 8, |x, y| {
                image::Luma([(x as u8 * 13) ^ (y as u8 * 29) ^ (i * 7)])
            });
            picture.save(pictures.join(class).join(format!("{i}.png"))).unwrap();
        }
    }
    let file = quick_file();
    let small = ["--dataset", "folder:pictures", "--budget-images", "320", "--out"];
    let told = ["told", "--set", "model.vae.condition=class"];
    succeed(folder.path(), &quick(&file, "vae", &[&small[..], &["plain"]].concat()));
    succeed(folder.path(), &quick(&file, "vae", &[&small[..], &told].concat()));
    let samples = |run: &str, out: &str, more: &[&str]| {
        succeed(folder.path(), &[&["sample", run, "--count", "9", "--out", out], more].concat());
        fs::read(folder.path().join(out)).unwrap()
    };
    let before = [samples("plain", "1.npz", &[]), samples("told", "2.npz", &["--class", "b"])];
    fs::rename(&pictures, folder.path().join("elsewhere")).unwrap();
    let after = [samples("plain", "3.npz", &[]), samples("told", "4.npz", &["--class", "b"])];
    assert!(before == after);
    let output = run(folder.path(), &["sample", "told"]);
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && errors.contains("comes from the data of the run"),
        "{errors}"
    );
}

#[test]
fn other_files_under_an_official_name_are_called_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let fashion = repository("crates/data/embedded/fashion-3k").to_string_lossy().into_owned();
    let output = succeed(folder.path(), &["fetch", "mnist", "--data-dir", &fashion]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(told.starts_with(&format!("idx:{fashion}: ")) && !told.contains("LeCun"), "{told}");
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        warned.contains("the files are not those of mnist: results call them idx:"),
        "{warned}"
    );
}
