//! Values made out of given ones.

use crate::support::{metric, quick, quick_file, run, succeed};
use genlab_data::{LoadOptions, Values, load, npz_bytes, read_npz};
use std::{fs, path::Path};

fn train(folder: &Path, out: &str, more: &[&str]) {
    let file = quick_file();
    let small = ["--budget-images", "1280", "--set", "evaluation.samples=70", "--out", out];
    succeed(folder, &quick(&file, "ddpm", &[&small[..], more].concat()));
}

fn test_images(count: usize) -> Values {
    load("digits8x8", &LoadOptions::default()).unwrap().test.take(count)
}

/// What `edit` writes into an archive.
fn edited(folder: &Path, args: &[&str]) -> Values {
    succeed(folder, &[&["edit", "run"], args, &["--out", "edited.npz"]].concat());
    read_npz(&folder.join("edited.npz")).unwrap()
}

/// The mean absolute difference of pixels.
fn apart(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).sum::<f32>() / a.len() as f32
}

#[test]
fn a_finished_diffusion_model_edits_images_and_refuses_what_it_cannot() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    train(folder, "run", &[]);
    let two = test_images(2);
    fs::write(folder.join("two.npz"), npz_bytes(&two).unwrap()).unwrap();
    let inputs = ["test:2", "two.npz"];

    for input in inputs {
        let args = ["--task", "inpaint", "--mask", "left", "--input", input, "--count", "3"];
        let painted = edited(folder, &args);
        assert_eq!(painted.len(), 6, "three variants of each");
        for (index, value) in (0..6).map(|index| (index, painted.image(index))) {
            let original = two.image(index / 3);
            for (place, (found, given)) in value.iter().zip(original).enumerate() {
                assert!(place % 8 < 4 || found.abs_diff(*given) <= 1, "{input}: {place}");
            }
        }
        assert_ne!(painted.image(0), painted.image(1), "two variants are one");
    }
    let varied = |strength: &str| {
        let args = ["--task", "vary", "--strength", strength, "--input", "test:2", "--count", "1"];
        apart(&edited(folder, &args).to_f32(), &two.to_f32())
    };
    let [little, all] = ["0.1", "1"].map(varied);
    assert!(little < 0.5 * all, "a tenth of the steps moves {little}, all of them {all}");
    let args = ["--task", "denoise", "--noise", "0.05", "--input", "two.npz", "--count", "1"];
    assert!(apart(&edited(folder, &args).to_f32(), &two.to_f32()) < 0.1);
    succeed(folder, &["edit", "run", "--task", "vary", "--input", "test:3", "--out", "grid.png"]);
    // Three rows of an input and four variants, enlarged.
    let png = fs::read(folder.join("grid.png")).unwrap();
    let side = |at: usize| f64::from(u32::from_be_bytes(png[at..at + 4].try_into().unwrap()));
    assert!((side(16) / side(20) - 5.0 / 3.0).abs() < 0.05, "{} {}", side(16), side(20));

    for (args, sentence) in [
        (&["--task", "inpaint", "--input", "test:1"][..], "--task inpaint needs --mask"),
        (&["--task", "vary", "--noise", "1", "--input", "test:1"], "--noise has no meaning"),
        (&["--task", "vary", "--strength", "2", "--input", "test:1"], "--strength 2 is not"),
        (&["--task", "vary", "--input", "test:9999"], "with a COUNT from 1 to 360"),
        (&["--task", "vary", "--input", "nothing.png"], "there is no file nothing.png"),
        (&["--task", "inpaint", "--mask", "middle", "--input", "test:1"], "no part or file middle"),
        (&["--task", "super-resolve", "--input", "test:1"], "was not told images at a lower"),
    ] {
        let output = run(folder, &[&["edit", "run"], args].concat());
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && errors.contains(sentence), "{args:?}: {errors}");
    }
}

#[test]
fn a_model_that_is_told_low_resolutions_keeps_them_and_is_measured_beside_interpolation() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let told = ["--set", "model.ddpm.condition=low-resolution"];
    let plain = ["--set", "model.ddpm.sampler.guidance.scale=1"];
    train(folder, "run", &[&told[..], &plain].concat());
    let value = |name| metric(&folder.join("run"), name).unwrap();
    assert!(value("super_resolution/inconsistency") < 0.02);
    let (one, mean) = (value("super_resolution/psnr_sample"), value("super_resolution/psnr"));
    assert!(mean > one, "the mean of samples has the smaller error: {mean}, {one}");
    assert!(folder.join("run/samples/super_resolution.png").exists());
    let made = edited(folder, &["--task", "super-resolve", "--input", "test:2", "--count", "2"]);
    assert_eq!((made.len(), made.shape().height), (4, 8));
    let window = |image: &[u8], y: usize, x: usize| {
        let at = |i: usize, j: usize| f32::from(image[(2 * y + i) * 8 + 2 * x + j]) / 255.0;
        (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0
    };
    let two = test_images(2);
    let mut error = 0.0;
    for (index, place) in (0..4).flat_map(|index| (0..16).map(move |place| (index, place))) {
        let (y, x) = (place / 4, place % 4);
        let told = window(two.image(index / 2), y, x);
        error += (window(made.image(index), y, x) - told).abs() / 64.0;
    }
    assert!(error < 0.02, "{error}");
}
