//! `metrics A B`: what is read, what is refused, what is printed.

use crate::support::{command, json, quick, quick_file, repository, run, succeed};
use image::{GrayImage, Luma};
use serde_json::Value;
use std::{fs, io::Write, path::Path};
use zip::{CompressionMethod, ZipWriter, write::SimpleFileOptions};

/// `count` PNG files of 8x8 pixels, no two alike.
fn pictures(path: &Path, count: u32) {
    fs::create_dir_all(path).unwrap();
    for i in 0..count {
        let level = |x: u32, y: u32| ((x * (i % 13 + 1) * 9 + y * (i % 7 + 2) * 17) % 256) as u8;
        let image = GrayImage::from_fn(8, 8, |x, y| Luma([level(x, y)]));
        image.save(path.join(format!("{i:04}.png"))).unwrap();
    }
}

/// An .npz file as numpy.savez writes it (stored, one array).
fn npz(path: &Path, descr: &str, shape: &str, values: &[u8]) {
    let dictionary = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}");
    let width = (10 + dictionary.len() + 1).next_multiple_of(64) - 11;
    let mut archive = ZipWriter::new(fs::File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    archive.start_file("images.npy", options).unwrap();
    archive.write_all(b"\x93NUMPY\x01\x00").unwrap();
    archive.write_all(&(width as u16 + 1).to_le_bytes()).unwrap();
    archive.write_all(format!("{dictionary:<width$}\n").as_bytes()).unwrap();
    archive.write_all(values).unwrap();
    archive.finish().unwrap();
}

fn floats(values: impl Iterator<Item = f32>) -> Vec<u8> {
    values.flat_map(f32::to_le_bytes).collect()
}

fn scores(folder: &Path, args: &[&str]) -> Value {
    let mut all = vec!["metrics"];
    all.extend(args);
    all.push("--json");
    serde_json::from_slice(&succeed(folder, &all).stdout).unwrap()
}

fn value(scores: &Value, name: &str) -> f64 {
    let metrics = scores["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["name"] == name).unwrap()["value"].as_f64().unwrap()
}

#[test]
fn a_run_scores_against_its_test_split_what_its_results_say() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "vae", &["--budget-images", "600", "--out", "run"]));
    let results = json(&folder.path().join("run/results.json"));
    let scores = scores(folder.path(), &["run", "digits8x8:test"]);
    assert_eq!(scores["judge"], results["judge"]);
    let reported = results["metrics"].as_array().unwrap();
    let shared: Vec<&Value> = scores["metrics"].as_array().unwrap().iter().collect();
    assert!(shared.len() >= 7, "{scores}");
    for metric in shared {
        let own = reported.iter().find(|own| own["name"] == metric["name"]).unwrap();
        for key in ["value", "n", "unit", "qualifier", "better", "split", "ci95"] {
            assert_eq!(own[key], metric[key], "{key} of {metric}");
        }
    }
    // The printed table names the judge by its hash.
    let printed = succeed(folder.path(), &["metrics", "run", "digits8x8:test"]);
    let printed = String::from_utf8_lossy(&printed.stdout).into_owned();
    let hash = scores["judge"]["sha256"].as_str().unwrap();
    assert!(printed.contains("samples/frechet") && printed.contains(hash), "{printed}");
}

#[test]
fn a_folder_an_archive_of_bytes_and_one_of_floats_score_alike() {
    let folder = tempfile::tempdir().unwrap();
    pictures(&folder.path().join("pictures"), 100);
    let level = |i: usize, x: u32, y: u32| {
        let i = i as u32;
        ((x * (i % 13 + 1) * 9 + y * (i % 7 + 2) * 17) % 256) as u8
    };
    let bytes: Vec<u8> =
        (0..100).flat_map(|i| (0..64).map(move |place| level(i, place % 8, place / 8))).collect();
    npz(&folder.path().join("bytes.npz"), "|u1", "(100, 8, 8)", &bytes);
    let unit = floats(bytes.iter().map(|v| f32::from(*v) / 255.0));
    npz(&folder.path().join("floats.npz"), "<f4", "(100, 1, 8, 8)", &unit);
    let reference = "digits8x8:test";
    let scored: Vec<Value> = ["pictures", "bytes.npz", "floats.npz"]
        .map(|samples| scores(folder.path(), &[samples, reference])["metrics"].clone())
        .into();
    assert_eq!(scored[0], scored[1]);
    assert_eq!(scored[1], scored[2]);
    // Between two sets that come from nowhere the judge follows from the size of the images.
    let alone = scores(folder.path(), &["pictures", "bytes.npz"]);
    assert_eq!(alone["judge"]["name"], "digits-8");
    assert!(value(&alone, "samples/frechet") < 1e-6, "a set is no distance from itself");
    assert_eq!(value(&alone, "samples/coverage"), 1.0);
}

#[test]
fn images_without_a_judge_are_scored_by_their_pixels_alone() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..50 * 128).map(|i| (i * i % 251) as u8).collect();
    npz(&folder.path().join("wide.npz"), "|u1", "(50, 8, 16)", &bytes);
    let scores = scores(folder.path(), &["wide.npz", "wide.npz"]);
    assert!(scores["judge"].is_null());
    assert_eq!(value(&scores, "samples/roughness"), 1.0);
    let names = scores["metrics"].as_array().unwrap().iter().map(|metric| &metric["name"]);
    assert!(names.clone().all(|name| name != "samples/frechet"), "{scores}");
    let notes = scores["notes"].to_string();
    assert!(notes.contains("there is no judge for images of 1x8x16"), "{notes}");
}

#[test]
fn a_measure_that_needs_more_values_is_left_out_and_the_others_are_not() {
    let folder = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..100 * 64).map(|i| (i * i % 251) as u8).collect();
    npz(&folder.path().join("few.npz"), "|u1", "(63, 8, 8)", &bytes[..63 * 64]);
    npz(&folder.path().join("good.npz"), "|u1", "(100, 8, 8)", &bytes);
    let scores = scores(folder.path(), &["few.npz", "good.npz"]);
    let names = scores["metrics"].as_array().unwrap().iter().map(|metric| &metric["name"]);
    assert!(names.clone().all(|name| name != "samples/frechet"), "{scores}");
    assert!(value(&scores, "samples/coverage") > 0.0 && value(&scores, "samples/pixel_mmd") < 1.0);
    let notes = scores["notes"].to_string();
    assert!(notes.contains("needs at least 64 vectors on each side, and there are 63"), "{notes}");
}

/// The same pictures, class by class and mixed, as an archive.
fn in_two_orders(folder: &Path) {
    let digits = genlab_data::load("digits8x8", &genlab_data::LoadOptions::default()).unwrap();
    let labels = digits.train.labels.clone().unwrap();
    let mixed: Vec<usize> = (0..1200).map(|i| i * 7 % 1200).collect();
    let mut sorted = mixed.clone();
    sorted.sort_by_key(|&row| labels[row]);
    for (name, rows) in [("sorted.npz", &sorted), ("mixed.npz", &mixed)] {
        let images = digits.train.select(rows).with_labels(None);
        fs::write(folder.join(name), genlab_data::npz_bytes(&images).unwrap()).unwrap();
    }
}

#[test]
fn what_a_set_scores_does_not_depend_on_the_order_of_its_files() {
    let folder = tempfile::tempdir().unwrap();
    in_two_orders(folder.path());
    let scored = |name: &str| scores(folder.path(), &[name, "digits8x8:test", "--limit", "300"]);
    let (sorted, mixed) = (scored("sorted.npz"), scored("mixed.npz"));
    // The first 300 of the sorted ones are of three classes, whose distance is ten times that of the mixed.
    for name in ["samples/frechet", "samples/kernel_distance", "samples/pixel_mmd"] {
        let [a, b] = [&sorted, &mixed].map(|scores| value(scores, name));
        let apart = (a - b).abs();
        assert!(apart < 0.5 * a.abs().max(b.abs()) || apart < 0.01, "{name}: {a} and {b}");
    }
}

#[test]
fn a_folder_and_the_archive_of_its_pictures_are_no_distance_apart() {
    let folder = tempfile::tempdir().unwrap();
    let colour = folder.path().join("grey-in-colour");
    fs::create_dir_all(&colour).unwrap();
    let level =
        |i: u32, x: u32, y: u32| ((x * (i % 13 + 1) * 9 + y * (i % 7 + 2) * 17) % 256) as u8;
    for i in 0..100 {
        let image = image::RgbImage::from_fn(8, 8, |x, y| image::Rgb([level(i, x, y); 3]));
        image.save(colour.join(format!("{i:03}.png"))).unwrap();
    }
    let plane = |i: u32| (0..64).map(move |place| level(i, place % 8, place / 8));
    let bytes: Vec<u8> = (0..100).flat_map(|i| (0..3).flat_map(move |_| plane(i))).collect();
    npz(&folder.path().join("colour.npz"), "|u1", "(100, 3, 8, 8)", &bytes);
    let scores = scores(folder.path(), &["grey-in-colour", "colour.npz"]);
    assert_eq!(value(&scores, "samples/roughness"), 1.0);
    assert!(value(&scores, "samples/sliced_wasserstein") < 1e-9, "{scores}");
}

#[test]
fn what_cannot_be_interpreted_is_refused_in_one_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let bytes: Vec<u8> = (0..100 * 64).map(|i| (i * 7 % 256) as u8).collect();
    npz(&at("good.npz"), "|u1", "(100, 8, 8)", &bytes);
    npz(&at("wide.npz"), "|u1", "(50, 8, 16)", &bytes);
    npz(&at("flat.npz"), "|u1", "(100, 64)", &bytes);
    npz(&at("u16.npz"), "<u2", "(50, 8, 8)", &bytes);
    npz(&at("signed.npz"), "<f4", "(100, 8, 8)", &floats((0..6400).map(|i| (i % 3) as f32 - 1.0)));
    npz(&at("levels.npz"), "<f4", "(100, 8, 8)", &floats((0..6400).map(|i| (i % 256) as f32)));
    let holes = (0..6400).map(|i| if i == 900 { f32::NAN } else { 0.5 });
    npz(&at("holes.npz"), "<f4", "(100, 8, 8)", &floats(holes));
    npz(&at("mask.npz"), "|u1", "(100, 8, 8)", &bytes.iter().map(|v| v % 2).collect::<Vec<_>>());
    npz(&at("mnist.npz"), "|u1", "(2, 28, 28)", &bytes[..2 * 784]);
    fs::write(at("notes.txt"), "text").unwrap();
    fs::write(at("broken.npz"), "PK\x03\x04").unwrap();
    fs::create_dir_all(at("empty")).unwrap();
    pictures(&at("mixed"), 3);
    GrayImage::new(9, 8).save(at("mixed/9.png")).unwrap();
    for (args, expected) in [
        (&["wide.npz", "good.npz"][..], "of 1x8x16 and good.npz images of 1x8x8"),
        (&["flat.npz", "good.npz"], "has images of shape (100, 64)"),
        (&["u16.npz", "good.npz"], "images of type <u2, whose range is not known"),
        (&["signed.npz", "good.npz"], "contains the value -1 in image 0, outside [0, 1]"),
        (&["levels.npz", "good.npz"], "contains the value 2 in image 0, outside [0, 1]"),
        (&["holes.npz", "good.npz"], "not finite (NaN) in image 14"),
        (&["mask.npz", "good.npz"], "only the uint8 values 0 and 1"),
        (&["broken.npz", "good.npz"], "broken.npz is not an .npz archive"),
        (&["notes.txt", "good.npz"], "its name does not end in .npz"),
        (&["empty", "good.npz"], "contains no .png, .jpg or .jpeg files"),
        (&["mixed", "good.npz"], "resize all images to the same size"),
        (&["nowhere", "good.npz"], "\"nowhere\" is neither a file or folder nor a split"),
        (&["good.npz", "digits8x8"], "write digits8x8:test"),
        (&["good.npz", "digits:test"], "there is no dataset called `digits`"),
        (&["mnist.npz", "mnist.npz"], "choose one with --judge: mnist-28, fashion-28"),
        (&["good.npz", "good.npz", "--judge", "mnist-28"], "looks at images of 1x28x28"),
        (&["good.npz", "good.npz", "--judge", "mnist"], "there is no judge \"mnist\""),
        (
            &["good.npz", "good.npz", "--judge", "inception=notes.txt"],
            "the weights notes.txt are not pinned",
        ),
        (&["good.npz", "good.npz", "--judge", "mnist-28", "--judge-sha256", "ab"], "needs no pin"),
        (&["good.npz", "good.npz", "--judge", "notes.txt"], "notes.txt is not a judge"),
    ] {
        let mut all = vec!["metrics"];
        all.extend(args);
        let output = run(folder.path(), &all);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success(), "{args:?} was accepted");
        assert!(errors.contains(expected), "{args:?}: expected {expected:?} in:\n{errors}");
        assert_eq!(errors.trim().lines().count(), 1, "{args:?}:\n{errors}");
        assert!(output.stdout.is_empty(), "{args:?} printed numbers");
    }
}

/// The cache folder can be moved by the environment on Linux alone.
#[cfg(target_os = "linux")]
#[test]
fn a_labelled_folder_gets_a_judge_on_first_use_that_is_kept_and_named() {
    let folder = tempfile::tempdir().unwrap();
    for (class, step) in [("bars", 1), ("stripes", 2)] {
        fs::create_dir_all(folder.path().join("data").join(class)).unwrap();
        for i in 0..100_u32 {
            let image = GrayImage::from_fn(8, 8, |x, y| {
                let place = if step == 1 { x } else { y };
                Luma([if place % 4 == i % 4 { 200 + (i % 50) as u8 } else { (i % 90) as u8 }])
            });
            image.save(folder.path().join(format!("data/{class}/{i:03}.png"))).unwrap();
        }
    }
    let cache = folder.path().join("cache");
    let metrics = || {
        let args = ["metrics", "folder:data:train", "folder:data:train", "--json"];
        let output = command(folder.path(), &args).env("XDG_CACHE_HOME", &cache).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "{errors}");
        (serde_json::from_slice::<Value>(&output.stdout).unwrap(), errors)
    };
    let (first, told) = metrics();
    let hash = first["judge"]["sha256"].as_str().unwrap().to_owned();
    assert!(told.contains("training judge auto-") && told.contains(&hash), "{told}");
    assert!(first["judge"]["accuracy"].as_f64().unwrap() > 0.9, "{first}");
    let (again, told) = metrics();
    assert_eq!((again, told.as_str()), (first.clone(), ""), "the second time it is found");
    fs::remove_dir_all(&cache).unwrap();
    let (anew, _) = metrics();
    assert_eq!(anew["judge"], first["judge"], "the same data gives the same judge");

    // A run on the folder is judged by it as well.
    let file = quick_file();
    let more = ["--dataset", "folder:data", "--budget-images", "320", "--out", "run"];
    let output = command(folder.path(), &quick(&file, "vae", &more))
        .env("XDG_CACHE_HOME", &cache)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(json(&folder.path().join("run/results.json"))["judge"], first["judge"]);
}

#[test]
fn every_subcommand_has_help_with_an_example() {
    let folder = repository(".");
    for subcommand in ["compare", "sample", "evaluate", "metrics", "devices"] {
        let help = succeed(&folder, &[subcommand, "--help"]);
        let help = String::from_utf8_lossy(&help.stdout).into_owned();
        assert!(help.contains(&format!("bench-runner {subcommand}")), "{help}");
        assert!(help.contains("Example"), "{help}");
    }
}

#[test]
fn a_part_of_a_set_is_drawn_by_the_seed() {
    let folder = tempfile::tempdir().unwrap();
    let frechet = |seed: &str| {
        let args = ["metrics", "digits8x8:train", "digits8x8:test", "--limit", "200", "--json"];
        let output = succeed(folder.path(), &[&args[..], &["--seed", seed]].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(errors.contains("taking 200 of 1294 images of digits8x8:train, drawn by --seed"));
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap();
        let metrics = printed["metrics"].as_array().unwrap().clone();
        metrics.iter().find(|m| m["name"] == "samples/frechet").unwrap()["value"].as_f64()
    };
    assert_eq!(frechet("1"), frechet("1"));
    assert_ne!(frechet("1"), frechet("2"));
}
