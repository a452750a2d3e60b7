//! The evaluator on models whose numbers are known.

use burn::tensor::{Device, Tensor};
use genlab_core::{
    Batch, Codes, Decode, Density, Encode, Generative, Noise as Draws, Observation, Reconstruct,
    Sample, SampleRequest, Scalars, Seed, Term,
};
use genlab_data::{Dataset, Images, LoadOptions, load};
use genlab_metrics::{
    Evaluation, Evaluator, Judge, ReferenceCache, Settings,
    numerics::{matrix::Rows, pca::Pca},
};

/// What a test's model can do.
#[derive(Default)]
struct Model {
    sampler: Option<Box<dyn Sample + Send + Sync>>,
    identity: Option<Identity>,
    coin: Option<Coin>,
}

impl Generative for Model {
    fn num_params(&self) -> usize {
        7
    }

    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        self.sampler.as_deref().map(|s| s as &dyn Sample)
    }

    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        self.identity.as_ref().map(|m| m as &dyn Reconstruct)
    }

    fn encoder(&self) -> Option<&dyn Encode> {
        let identity = self.identity.as_ref().map(|m| m as &dyn Encode);
        identity.or(self.coin.as_ref().map(|m| m as &dyn Encode))
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        self.identity.as_ref().map(|m| m as &dyn Decode)
    }

    fn density(&self) -> Option<&dyn Density> {
        self.coin.as_ref().map(|m| m as &dyn Density)
    }
}

/// The pixels are the code.
struct Identity;

impl Reconstruct for Identity {
    fn reconstruct(&self, images: Tensor<4>) -> Tensor<4> {
        images
    }
}

impl Encode for Identity {
    fn encode(&self, images: Tensor<4>) -> Codes {
        Codes { mean: images.flatten(1, 3), log_var: None }
    }

    fn is_sparse(&self) -> bool {
        true
    }
}

impl Decode for Identity {
    fn latent_dim(&self) -> usize {
        64
    }

    fn decode(&self, codes: Tensor<2>) -> Tensor<4> {
        let [count, _] = codes.dims();
        codes.reshape([count, 1, 8, 8]).clamp(0.0, 1.0)
    }
}

/// Every pixel is a fair coin, and the code is twice the standard normal's mean off.
struct Coin;

impl Density for Coin {
    fn observation(&self) -> Observation {
        Observation::Bernoulli
    }

    fn negative_elbo(&self, images: Tensor<4>, _noise: Draws, _first: u64) -> Vec<Term> {
        let [count, ..] = images.dims();
        // x (1 - x) is zero on binary pixels alone, so grey ones show.
        let grey = images.clone() * (-images.clone() + 1.0);
        let nats = (grey + 2.0_f64.ln()).sum_dim(1).sum_dim(2).sum_dim(3);
        let kl = Tensor::full([count], 4.0, &images.device());
        vec![
            Term { name: "reconstruction", nats: nats.reshape([count]) },
            Term { name: "kl", nats: kl },
        ]
    }
}

impl Encode for Coin {
    fn encode(&self, images: Tensor<4>) -> Codes {
        let [count, ..] = images.dims();
        let zeros = Tensor::zeros([count, 2], &images.device());
        Codes { mean: zeros.clone() + 2.0, log_var: Some(zeros) }
    }
}

/// Training images, counted from the end.
struct Recall(Dataset);

impl Sample for Recall {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let end = self.0.train.len() - request.first as usize;
        self.0.train.tensor(end - request.count..end, &Device::flex()).flip([0])
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        3
    }
}

struct Noise;

impl Sample for Noise {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let shape = [request.count, 1, 8, 8];
        request.noise().uniform("test", 0, request.rows(), shape, &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// A model that has diverged.
struct Diverged;

impl Sample for Diverged {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        Tensor::full([request.count, 1, 8, 8], f32::NAN, &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

fn digits() -> Dataset {
    load("digits8x8", &LoadOptions::default()).expect("digits8x8 is embedded")
}

fn evaluate(data: &Dataset, model: &Model, batch: usize) -> Evaluation {
    let device = Device::flex();
    let judge = Judge::for_dataset(&data.name, data.shape, &device);
    let settings = Settings { batch, ..Settings::new(Seed(0)) };
    Evaluator::new(data, judge, &device, settings).evaluate(model, &|_| ())
}

#[track_caller]
fn value(found: &Evaluation, name: &str) -> f64 {
    let metric = found.metrics.iter().find(|m| m.name == name);
    metric.unwrap_or_else(|| panic!("no {name}: {:?}", found.notes)).value
}

fn has(found: &Evaluation, name: &str) -> bool {
    found.metrics.iter().any(|m| m.name.starts_with(name))
}

#[test]
fn a_perfect_reconstruction_has_no_error_and_its_codes_a_prior() {
    let found = evaluate(&digits(), &Model { identity: Some(Identity), ..Model::default() }, 250);
    assert_eq!(value(&found, "reconstruction/mse"), 0.0);
    assert_eq!(value(&found, "reconstruction/psnr"), 100.0);
    assert!(!has(&found, "reconstruction/ssim"), "8x8 is smaller than the window");
    assert!(found.notes.iter().any(|note| note.contains("smaller than its 11x11 window")));
    assert!((0.0..1.0).contains(&value(&found, "sparsity/l0")));
    assert_eq!(found.sample_title("ae"), "ae + Gaussian mixture prior (10)");
    let frechet = found.metrics.iter().find(|m| m.name == "samples/frechet").expect("a prior");
    assert!(frechet.real < Some(frechet.value) && Some(frechet.value) < frechet.noise);
    assert_eq!(found.samples.expect("360 samples").len(), 360);
}

#[test]
fn real_images_score_like_the_floor_and_noise_like_the_ceiling() {
    let data = digits();
    let recall = Model { sampler: Some(Box::new(Recall(digits()))), ..Model::default() };
    let real = evaluate(&data, &recall, 250);
    let noise = evaluate(&data, &Model { sampler: Some(Box::new(Noise)), ..Model::default() }, 250);
    assert_eq!(value(&real, "cost/network_calls_per_sample"), 3.0);
    for name in ["samples/frechet", "samples/kernel_distance"] {
        let metric = real.metrics.iter().find(|m| m.name == name).expect("samples are scored");
        let (floor, ceiling) = (metric.real.expect("real row"), metric.noise.expect("noise row"));
        assert!(metric.value < floor + 0.1 * (ceiling - floor), "{metric:?}");
        assert!(value(&noise, name) > floor + 0.9 * (ceiling - floor), "{name}");
    }
    assert!(value(&real, "samples/coverage") > 0.8 && value(&noise, "samples/coverage") < 0.1);
    assert!(!has(&real, "reconstruction") && !has(&real, "kl") && !has(&real, "elbo"));
    let names: Vec<&str> = real.references.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["real", "pca-mixture", "gaussian", "class-mean", "noise"]);
    assert_eq!(real.baseline_samples.expect("64 images").len(), 64);
    let histogram = real.class_histogram.expect("a judge");
    assert!((histogram.iter().sum::<f64>() - 1.0).abs() < 1e-12);
}

#[test]
fn kept_references_are_the_computed_ones_and_damaged_or_foreign_files_are_not_read() {
    let (data, device) = (digits(), Device::flex());
    let folder = std::env::temp_dir().join(format!("genlab-references-{}", std::process::id()));
    let rows = |program: &str| {
        let judge = Judge::for_dataset(&data.name, data.shape, &device);
        let cache = ReferenceCache::new(folder.clone(), program.into());
        let settings = Settings { samples: 100, ..Settings::new(Seed(0)) };
        let evaluator = Evaluator::new(&data, judge, &device, settings).with_cache(cache);
        evaluator.references().to_vec()
    };
    let files = || -> Vec<_> {
        let entries = std::fs::read_dir(&folder).expect("a cache was written");
        entries.map(|entry| entry.expect("readable").path()).collect()
    };
    let computed = rows("one build");
    let [file] = &files()[..] else { panic!("one file: {:?}", files()) };
    let text = std::fs::read_to_string(file).expect("readable");
    std::fs::write(file, text.replace("Uniform noise", "from the cache")).expect("writable");
    assert_eq!(rows("one build").last().expect("noise").title, "from the cache");
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
    let model = || Model { sampler: Some(Box::new(Noise)), coin: Some(Coin), ..Model::default() };
    let (a, b) = (evaluate(&data, &model(), 250), evaluate(&data, &model(), 17));
    assert_eq!(a.samples, b.samples);
    for (a, b) in a.metrics.iter().zip(&b.metrics).filter(|(a, _)| !a.name.contains("seconds")) {
        let tolerance = 1e-5 * a.value.abs();
        assert!(a.name == b.name && (a.value - b.value).abs() <= tolerance, "{a:?} {b:?}");
    }
}

#[test]
fn the_bound_of_a_fair_coin_is_known() {
    let found = evaluate(&digits(), &Model { coin: Some(Coin), ..Model::default() }, 100);
    let coin = 64.0 * 2.0_f64.ln();
    for (name, expected) in [
        ("reconstruction/nll", coin),
        ("kl/total", 4.0),
        ("negative_elbo", coin + 4.0),
        ("elbo", -coin - 4.0),
        ("kl/active_units", 0.0),
    ] {
        assert!((value(&found, name) - expected).abs() < 1e-4, "{name} {}", value(&found, name));
    }
    assert!(value(&found, "negative_elbo_grey") > coin + 5.0, "grey pixels are not binarised");
    assert_eq!(found.kl_per_dimension, Some(vec![2.0, 2.0]));
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
        let (floor, ceiling) = (metric.real.unwrap(), metric.noise.unwrap());
        assert!(metric.value > floor + 0.9 * (ceiling - floor), "{metric:?}");
    }
    assert!(found.samples.is_some() && found.baseline_samples.is_some());
    let reason = "folder:faces has no labels to train a judge on";
    assert!(found.notes.iter().any(|note| note.contains(reason)), "{:?}", found.notes);
}

#[test]
fn principal_components_of_mnist_lose_what_peers_measured() {
    let data = load("mnist-10k", &LoadOptions::default()).expect("mnist-10k is embedded");
    let rows = |images: &Images| {
        Rows::new(784, images.pixels.iter().map(|&v| f64::from(v) / 255.0).collect())
    };
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
