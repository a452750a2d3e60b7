//! What the evaluator asks of a model, and what it leaves out.

use crate::models::{
    Coin, Diverged, Identity, Model, Noise, Recall, bars, digits, figure, has, strip, value,
};
use burn::tensor::Device;
use genlab_core::{Observation, Seed};
use genlab_data::{Dataset, LoadOptions, Values, load};
use genlab_metrics::{
    Evaluation, Evaluator, Judge, ReferenceCache, Settings,
    numerics::{matrix::Rows, pca::Pca},
};
use genlab_results::Scope;

fn evaluate(data: &Dataset, model: &Model, batch: usize) -> Evaluation {
    let device = Device::flex();
    let judge = Judge::for_dataset(&data.name, data.space.shape, &device);
    let settings = Settings { batch, ..Settings::default() };
    Evaluator::new(data, judge, &device, Seed(0), settings).evaluate(model, &|_| ())
}

#[test]
fn a_perfect_reconstruction_has_no_error_and_its_codes_a_prior() {
    let found = evaluate(&digits(), &Model { identity: Some(Identity), ..Model::default() }, 250);
    assert_eq!(value(&found, "reconstruction/mse"), 0.0);
    assert_eq!(value(&found, "reconstruction/psnr"), 100.0);
    assert!(!has(&found, "reconstruction/ssim"), "8x8 is smaller than the window");
    assert!(found.notes.iter().any(|note| note.contains("smaller than its 11x11 window")));
    assert!((0.0..1.0).contains(&value(&found, "sparsity/l0")));
    let prior = found.prior.expect("fitted on codes").title();
    assert!(
        found.notes.iter().any(|note| note.contains(&format!("a {prior} fitted on"))),
        "{prior}"
    );
    let frechet = found.metrics.iter().find(|m| m.name == "samples/frechet").expect("a prior");
    // Draws of 360 real training digits score 1.0 to 1.7 here: codes that lose nothing are about as near.
    let (real, noise) = (frechet.real.expect("a row"), frechet.noise.expect("a row"));
    assert!(0.5 * real < frechet.value && frechet.value < 3.0 * real && real < 0.2 * noise);
    assert_eq!(found.samples.expect("360 samples").len(), 360);
}

#[test]
fn real_images_score_like_the_real_row_and_noise_like_the_noise_row() {
    let data = digits();
    let recall = Model { sampler: Some(Box::new(Recall(digits()))), ..Model::default() };
    let real = evaluate(&data, &recall, 250);
    let noise = evaluate(&data, &Model { sampler: Some(Box::new(Noise)), ..Model::default() }, 250);
    assert_eq!(value(&real, "cost/network_calls_per_sample"), 3.0);
    for name in ["samples/frechet", "samples/kernel_distance"] {
        let metric = real.metrics.iter().find(|m| m.name == name).expect("samples are scored");
        let (best, worst) = (metric.real.expect("real row"), metric.noise.expect("noise row"));
        assert!(metric.value < best + 0.1 * (worst - best), "{metric:?}");
        assert!(value(&noise, name) > best + 0.9 * (worst - best), "{name}");
    }
    assert!(value(&real, "samples/coverage") > 0.8 && value(&noise, "samples/coverage") < 0.1);
    assert!(!has(&real, "reconstruction") && !has(&real, "kl") && !has(&real, "elbo"));
    let names: Vec<&str> = real.references.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["real", "pca-mixture", "gaussian", "class-mean", "noise"]);
    assert_eq!(strip(&real, "baseline"), (64, 8));
    assert_eq!(figure(&real, "baseline").scope, Scope::Shared);
    assert_eq!((strip(&real, "grid"), strip(&real, "neighbours")), ((100, 10), (40, 10)));
    assert!((bars(&real, "class_histogram").iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn kept_references_are_the_computed_ones_and_changed_or_foreign_files_are_not_read() {
    let (data, device) = (digits(), Device::flex());
    let folder = std::env::temp_dir().join(format!("genlab-references-{}", std::process::id()));
    let rows = |program: &str| {
        let judge = Judge::for_dataset(&data.name, data.space.shape, &device);
        let cache = ReferenceCache::new(folder.clone(), program.into(), |_| ());
        let settings = Settings { samples: 100, ..Settings::default() };
        let evaluator = Evaluator::new(&data, judge, &device, Seed(0), settings).with_cache(cache);
        evaluator.references().to_vec()
    };
    let files = || -> Vec<_> {
        let entries = std::fs::read_dir(&folder).expect("a cache was written");
        entries.map(|entry| entry.expect("readable").path()).collect()
    };
    let computed = rows("one build");
    let [file] = &files()[..] else { panic!("one file: {:?}", files()) };
    let text = std::fs::read_to_string(file).expect("readable");
    let written = || std::fs::metadata(file).and_then(|data| data.modified()).expect("readable");
    let before = written();
    assert_eq!((rows("one build"), written()), (computed.clone(), before), "found, not computed");
    // One digit, which is a number all the same.
    std::fs::write(file, text.replacen("\"n\":100", "\"n\":900", 1)).expect("writable");
    assert_ne!(std::fs::read_to_string(file).expect("readable"), text);
    assert_eq!(rows("one build"), computed);
    assert_eq!(std::fs::read_to_string(file).expect("readable"), text);
    std::fs::write(file, &text[..text.len() / 2]).expect("writable");
    assert_eq!(rows("one build"), computed);
    assert_eq!(rows("another build"), computed);
    assert_eq!(files().len(), 2);
    std::fs::remove_dir_all(&folder).expect("removable");
}

#[test]
fn samples_that_are_not_finite_are_not_scored() {
    let model = Model { sampler: Some(Box::new(Diverged)), ..Model::default() };
    let found = evaluate(&digits(), &model, 250);
    assert!(!has(&found, "samples"));
    assert!(
        found.notes.iter().any(|note| note.contains("360 of 360 samples hold values that are"))
    );
}

#[test]
fn nothing_depends_on_the_batch_size() {
    let data = digits();
    let model = || Model {
        sampler: Some(Box::new(Noise)),
        coin: Some(Coin(Observation::Bernoulli)),
        ..Model::default()
    };
    let (a, b) = (evaluate(&data, &model(), 250), evaluate(&data, &model(), 17));
    assert_eq!(a.samples, b.samples);
    for (a, b) in a.metrics.iter().zip(&b.metrics).filter(|(a, _)| !a.name.contains("seconds")) {
        let tolerance = 1e-5 * a.value.abs();
        assert!(a.name == b.name && (a.value - b.value).abs() <= tolerance, "{a:?} {b:?}");
    }
}

#[test]
fn the_bound_of_a_fair_coin_is_known() {
    let found = evaluate(
        &digits(),
        &Model { coin: Some(Coin(Observation::Bernoulli)), ..Model::default() },
        100,
    );
    let coin = 64.0 * 2.0_f64.ln();
    for (name, expected) in [
        ("reconstruction/nll", coin),
        ("kl/total", 4.0),
        ("negative_elbo", coin + 4.0),
        ("elbo", -coin - 4.0),
        ("kl/active_units", 0.0),
        ("nll/binarised", coin),
        ("nll/bits_per_dim_binarised", 1.0),
    ] {
        assert!((value(&found, name) - expected).abs() < 1e-4, "{name} {}", value(&found, name));
    }
    assert!(value(&found, "negative_elbo_grey") > coin + 5.0, "grey pixels are not binarised");
    assert_eq!(bars(&found, "kl_per_dimension"), [2.0, 2.0]);
    assert!(!has(&found, "samples"), "a coin has no decoder");
    assert!(found.notes.iter().any(|note| note.contains("neither samples nor decodes")));
}

#[test]
fn without_a_judge_pixels_are_scored_and_a_note_says_what_is_missing() {
    let mut data = Dataset { name: "folder:faces".into(), ..digits() };
    data.train.labels = None;
    let model = Model { sampler: Some(Box::new(Noise)), ..Model::default() };
    let found = evaluate(&data, &model, 250);
    assert!(!has(&found, "samples/frechet") && !has(&found, "samples/modes"));
    for name in ["samples/sliced_wasserstein", "samples/pixel_mmd"] {
        let metric = found.metrics.iter().find(|m| m.name == name).expect("needs no judge");
        let (best, worst) = (metric.real.unwrap(), metric.noise.unwrap());
        assert!(metric.value > best + 0.9 * (worst - best), "{metric:?}");
    }
    assert!(found.samples.is_some());
    assert_eq!(strip(&found, "baseline").0, 64);
    assert!(found.figures.iter().all(|figure| figure.name != "class_histogram"));
    let reason = "folder:faces has no labels to train a judge on";
    assert!(found.notes.iter().any(|note| note.contains(reason)), "{:?}", found.notes);
}

#[test]
fn principal_components_of_mnist_lose_what_peers_measured() {
    let data = load("mnist-10k", &LoadOptions::default()).expect("mnist-10k is embedded");
    let rows = |images: &Values| Rows::new(784, images.to_f64());
    let test = rows(&data.test);
    let pca = Pca::fit(&rows(&data.train), 64).expect("9000 images");
    // scikit-learn on all 10,000 training images (ours leave out the validation split), clipped.
    for (kept, expected) in [(16, 0.0256), (32, 0.0154), (64, 0.0078)] {
        let mut pca = pca.clone();
        pca.directions = pca.directions.take(kept);
        let back = pca.inverse(&pca.transform(&test));
        let squares =
            test.values.iter().zip(&back.values).map(|(a, b)| (a - b.clamp(0.0, 1.0)).powi(2));
        let mse = squares.sum::<f64>() / test.values.len() as f64;
        assert!((mse - expected).abs() < 1e-4, "{kept} components: {mse}");
    }
}

#[test]
fn too_few_images_leave_out_what_needs_more_and_say_the_numbers() {
    let mut data = digits();
    data.test = data.test.take(40);
    let model = Model { sampler: Some(Box::new(Noise)), ..Model::default() };
    let found = evaluate(&data, &model, 250);
    assert!(!has(&found, "samples/frechet") && has(&found, "samples/kernel_distance"));
    assert!(found.notes.iter().any(|note| note.contains("needs at least 64 vectors")));
}
