//! What comes from outside: names, files that are none, files that were changed, data that moved, folders that are in use.

use crate::support::{command, json, metric, quick, quick_file, run, succeed};
use image::{GrayImage, Luma};
use std::{
    fs,
    path::Path,
    process::{Output, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

/// What the binary says when it refuses.
fn refusal(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let errors = errors(&output);
    assert!(!output.status.success(), "{args:?} was accepted:\n{errors}");
    assert!(!errors.contains("panicked"), "{args:?} panicked:\n{errors}");
    errors
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `count` pictures of 8x8 pixels in two class folders.
fn pictures(folder: &Path, count: u32) {
    for i in 0..count {
        let class = folder.join(if i % 2 == 0 { "bars" } else { "dots" });
        fs::create_dir_all(&class).unwrap();
        let picture = GrayImage::from_fn(8, 8, |x, y| {
            let place = if i % 2 == 0 { x } else { x * y };
            Luma([(place as u8).wrapping_mul((i % 23) as u8 + 5).wrapping_add(i as u8)])
        });
        picture.save(class.join(format!("{i:03}.png"))).unwrap();
    }
}

#[test]
fn what_has_no_effect_is_an_error_or_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let set = ["--model", "vae", "--dataset", "digits8x8", "--set", "model.ae.latent_dim=3"];
    let sentence = refusal(folder.path(), &set);
    assert!(sentence.contains("--set model.ae.latent_dim=3 has no effect"), "{sentence}");
    assert!(sentence.contains("what is trained is vae; leave it out, or add ae"), "{sentence}");
    assert!(!folder.path().join("runs").exists());

    pictures(&folder.path().join("data"), 20);
    for other in ["a.webp", "b.bmp"] {
        fs::write(folder.path().join("data").join(other), "other").unwrap();
    }
    let output = succeed(folder.path(), &["fetch", "folder:data"]);
    let told = errors(&output);
    assert!(
        told.contains("2 entries that are no .png, .jpg or .jpeg files, such as a.webp"),
        "{told}"
    );

    for split in ["train", "test"] {
        pictures(&folder.path().join("whole").join(split), 0);
        fs::create_dir_all(folder.path().join("whole").join(split)).unwrap();
        GrayImage::new(8, 8).save(folder.path().join("whole").join(split).join("0.png")).unwrap();
    }
    for i in 1..20 {
        GrayImage::new(8, 8).save(folder.path().join(format!("whole/test/{i}.png"))).unwrap();
    }
    let sentence = refusal(folder.path(), &["fetch", "folder:whole"]);
    assert!(sentence.contains("has folders called like splits (test, train)"), "{sentence}");

    let output = succeed(folder.path(), &["fetch", "digits8x8", "--data-dir", "data"]);
    assert!(errors(&output).contains("--data-dir data has no effect"), "{}", errors(&output));
}

#[test]
fn names_reach_terminals_and_reports_as_text() {
    let folder = tempfile::tempdir().unwrap();
    let name = "pictures\u{1b}[2J\u{202e}x";
    pictures(&folder.path().join(name), 20);
    let (file, dataset) = (quick_file(), format!("folder:{name}"));
    let more = ["--dataset", &dataset, "--budget-images", "64", "--out", "a\u{1b}[31mb"];
    let output = succeed(folder.path(), &quick(&file, "ae", &more));
    let fetched = succeed(folder.path(), &["fetch", &dataset]);
    let listed = succeed(folder.path(), &["list", "."]);
    let compared = succeed(folder.path(), &["compare", "a\u{1b}[31mb", "--out", "c"]);
    for output in [output, fetched, listed, compared] {
        for text in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(text);
            assert!(!text.contains(['\u{1b}', '\u{202e}']), "{text}");
        }
    }
    for name in ["comparison.md", "comparison.csv", "comparison.tex", "curves.csv"] {
        let text = fs::read_to_string(folder.path().join("c").join(name)).unwrap();
        assert!(!text.contains(['\u{1b}', '\u{202e}']), "{name}: {text}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_text_is_a_name_all_the_same() {
    use std::os::unix::ffi::OsStrExt;
    let folder = tempfile::tempdir().unwrap();
    let name = std::ffi::OsStr::from_bytes(b"run-\xff\xfe");
    let file = quick_file();
    let small = ["--budget-images", "64"];
    let started = |args: &[&str]| {
        let output = command(folder.path(), args).arg("--out").arg(name).output().unwrap();
        let told = errors(&output);
        assert!(!told.contains("panicked"), "{told}");
        (output.status.success(), told)
    };
    let (trained, told) = started(&quick(&file, "ae", &small));
    assert!(trained && folder.path().join(name).join("report.html").exists(), "{told}");
    let output = command(folder.path(), &["sample"]).arg(folder.path().join(name)).output();
    assert!(output.unwrap().status.success());
    let other = tempfile::tempdir().unwrap();
    let group = ["--experiment", &file, "--model", "ae,vae", "--budget-images", "64"];
    let output = command(other.path(), &group).arg("--out").arg(name).output().unwrap();
    assert!(output.status.success(), "{}", errors(&output));
    assert!(other.path().join(name).join("comparison.md").exists());
}

/// Devices that never end, and pipes that never begin.
#[cfg(target_os = "linux")]
#[test]
fn what_is_no_file_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    pictures(&folder.path().join("data"), 20);
    fs::rename(&pipe, folder.path().join("data/bars/pipe.png")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", folder.path().join("zero.npz")).unwrap();
    let begun = Instant::now();
    for args in [
        &["--experiment", "pipe", "--model", "ae"][..],
        &["--experiment", "/dev/zero", "--model", "ae"],
        &["fetch", "folder:data"],
        &["fetch", "series:pipe:x"],
        &["metrics", "zero.npz", "digits8x8:test"],
        &["metrics", "digits8x8:test", "digits8x8:test", "--judge", "pipe"],
        &["metrics", "digits8x8:test", "digits8x8:test", "--judge", "/dev/zero"],
    ] {
        let sentence = refusal(folder.path(), args);
        let known = ["a pipe or a device and no file", "is neither a file or folder"];
        assert!(known.iter().any(|known| sentence.contains(known)), "{args:?}: {sentence}");
    }
    assert!(begun.elapsed() < Duration::from_mins(1));
}

#[test]
fn work_that_cannot_be_written_is_refused_before_it_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let file = quick_file();
    succeed(folder.path(), &quick(&file, "gan", &["--budget-images", "32", "--out", "run"]));
    fs::create_dir(folder.path().join("folder.npz")).unwrap();
    fs::write(folder.path().join("file"), "x").unwrap();
    for (out, expected) in [
        ("folder.npz", "--out folder.npz is a folder; give the name of a file"),
        ("file/x.npz", "cannot write into file"),
    ] {
        let sentence = refusal(folder.path(), &["sample", "run", "--out", out]);
        assert!(sentence.contains(expected), "{sentence}");
    }
    succeed(folder.path(), &["sample", "run", "--count", "2", "--out", "new/folder/x.npz"]);
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1, "no trial is left");
}

#[test]
fn reference_rows_that_were_changed_are_told_of_and_computed_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (file, cache) = (quick_file(), folder.path().join("cache"));
    let train = |out: &str| {
        let args = quick(&file, "ae", &["--budget-images", "64", "--out", out]);
        let output = command(folder.path(), &args).env("XDG_CACHE_HOME", &cache).output().unwrap();
        assert!(output.status.success(), "{}", errors(&output));
        errors(&output)
    };
    assert!(!train("one").contains("damaged"));
    let rows = cache.join("genlab/references");
    let path = fs::read_dir(&rows).unwrap().next().unwrap().unwrap().path();
    let text = fs::read_to_string(&path).unwrap();
    let place = text.find("\"value\":").unwrap() + "\"value\":".len();
    let mut changed = text.clone().into_bytes();
    changed[place] = if changed[place] == b'7' { b'8' } else { b'7' };
    fs::write(&path, changed).unwrap();
    let told = train("two");
    assert!(told.contains("are damaged: they are computed anew"), "{told}");
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "and kept again");
    let references =
        |run: &str| json(&folder.path().join(run).join("results.json"))["references"].clone();
    assert_eq!(references("one"), references("two"));
    assert!(!train("three").contains("damaged"));
}

#[test]
fn a_finished_run_finds_its_data_from_anywhere_and_is_told_where_they_went() {
    let folder = tempfile::tempdir().unwrap();
    pictures(&folder.path().join("data"), 500);
    let (file, cache) = (quick_file(), folder.path().join("cache"));
    let within = |place: &Path, args: &[&str]| {
        command(place, args).env("XDG_CACHE_HOME", &cache).output().unwrap()
    };
    let more = ["--dataset", "folder:data", "--budget-images", "320", "--out", "run"];
    assert!(within(folder.path(), &quick(&file, "ae", &more)).status.success());
    let elsewhere = folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let before = metric(&folder.path().join("run"), "samples/frechet").unwrap();
    let measured = |output: &Output| -> f64 {
        assert!(output.status.success(), "{}", errors(output));
        let results: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let metrics = results["metrics"].as_array().unwrap();
        let found = metrics.iter().find(|metric| metric["name"] == "samples/frechet").unwrap();
        found["value"].as_f64().unwrap()
    };
    let again = within(&elsewhere, &["evaluate", "../run", "--json"]);
    assert_eq!(measured(&again), before, "from another folder");

    fs::rename(folder.path().join("data"), folder.path().join("moved")).unwrap();
    let lost = within(folder.path(), &["evaluate", "run"]);
    let sentence = errors(&lost);
    assert!(
        !lost.status.success() && sentence.contains("say where to with --dataset"),
        "{sentence}"
    );
    let named = within(folder.path(), &["evaluate", "run", "--dataset", "folder:moved", "--json"]);
    assert_eq!(measured(&named), before, "where it is told that they are");
    let others = within(folder.path(), &["evaluate", "run", "--dataset", "digits8x8"]);
    assert!(errors(&others).contains("the data of run have changed"), "{}", errors(&others));
    // Its judge is known by the hash of the data.
    let scored = within(folder.path(), &["metrics", "run", "run", "--json"]);
    assert!(scored.status.success(), "{}", errors(&scored));
    let scores: serde_json::Value = serde_json::from_slice(&scored.stdout).unwrap();
    let results = json(&folder.path().join("run/results.json"));
    assert_eq!(scores["judge"]["sha256"], results["judge"]["sha256"]);
}

#[test]
fn a_group_folder_belongs_to_one_process_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let group = folder.path().join("group");
    fs::create_dir(&group).unwrap();
    let held = fs::File::create(group.join(".lock")).unwrap();
    held.lock().unwrap();
    let args =
        ["--model", "ae,vae", "--dataset", "digits8x8", "--budget-images", "64", "--out", "group"];
    let sentence = refusal(folder.path(), &args);
    assert!(sentence.contains("another process is at work in group"), "{sentence}");
    assert_eq!(fs::read_dir(&group).unwrap().count(), 1, "nothing was written there");
    drop(held);
    succeed(folder.path(), &args);
    assert!(!group.join(".lock").exists() && group.join("report.html").exists());
}

#[cfg(unix)]
#[test]
fn a_run_whose_folder_was_removed_stops_and_writes_nothing_into_its_successor() {
    let folder = tempfile::tempdir().unwrap();
    let (file, dir) = (quick_file(), folder.path().join("run"));
    let long = quick(&file, "ae", &["--budget-images", "100000000", "--out", "run"]);
    let mut first = command(folder.path(), &long).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    // With the first line in it all that is written later has been opened.
    let logged = || fs::metadata(dir.join("metrics.jsonl")).is_ok_and(|file| file.len() > 0);
    while !logged() && begun.elapsed() < Duration::from_mins(1) {
        sleep(Duration::from_millis(50));
    }
    assert!(logged(), "it never began");
    fs::remove_dir_all(&dir).unwrap();
    // Another takes its place, as a run of a few steps does.
    let short = quick(&file, "ae", &["--budget-images", "64", "--out", "run"]);
    let second = run(folder.path(), &short);
    let left = |dir: &Path| fs::read_to_string(dir.join("config.toml")).unwrap();
    let after = second.status.success().then(|| left(&dir));
    // A line is logged every few hundred thousandth of so long a run, a checkpoint is saved every minute.
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = first.try_wait().unwrap() {
            break status;
        }
        if begun.elapsed() > Duration::from_secs(150) {
            first.kill().unwrap();
            panic!("it goes on in a folder that is none of its own");
        }
        sleep(Duration::from_millis(100));
    };
    let mut told = String::new();
    std::io::Read::read_to_string(&mut first.stderr.take().unwrap(), &mut told).unwrap();
    assert!(!status.success() && told.contains("was removed or replaced while"), "{told}");
    if let Some(after) = after {
        assert!(after.contains("images = 64\n") && left(&dir) == after);
    }
}
