//! No entry of the catalogue without an evaluation that finds it, and no metric without an entry.

use crate::forecasts::{Recurrence, ar1};
use crate::{
    dictionary::planted,
    linear_gaussian::{LinearVae, rows},
    models::{Coin, Identity, Model, Noise, digits},
    motion, scenes,
};
use burn::tensor::{Device, Tensor};
use genlab_core::{
    Batch, BestResponse, Classified, Classify, Codes, Condition, Conditions, Criticise, Denoise,
    Encode, EstimateLikelihood, Generative, ImageShape, Invert, Likelihood, Noise as Draws,
    Observation, Reconstruct, Sample, SampleRequest, Scalars, Seed, Space, Term, digest::sha256,
    low_resolution::upsampled,
};
use genlab_data::{Dataset, Values};
use genlab_metrics::{
    CATALOGUE, Evaluator, Judge, Lpips, PinnedFile, Settings,
    features::judge::{FeatureSpace, Reading},
    measures::{
        cost,
        sets::{
            pair::{ImageSet, Pair, ScoreSettings},
            score,
        },
    },
    numerics::matrix::Rows,
};
use genlab_results::{Metric, Plot};
use safetensors::tensor::{Dtype, TensorView};
use std::{collections::BTreeSet, fs, path::Path};

/// Gives images back as they are, by reconstruction and by search.
struct Mirror;

impl Generative for Mirror {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        Some(self)
    }
    fn inverter(&self) -> Option<&dyn Invert> {
        Some(self)
    }
}

impl Reconstruct for Mirror {
    fn reconstruct(&self, images: Tensor<4>, _condition: &Condition) -> Tensor<4> {
        images
    }
}

impl Invert for Mirror {
    fn method(&self) -> String {
        "a look".into()
    }
    fn noise_of(&self, images: Tensor<4>, _condition: &Condition) -> Tensor<2> {
        images.flatten(1, 3)
    }
    fn values_of(&self, noise: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        // Images are enlarged ones: as high as they are wide.
        let [count, numbers] = noise.dims();
        let side = numbers.isqrt();
        noise.reshape([count, 1, side, side])
    }
}

/// A density that rises within the bin of every grey level, from 0 at its lower edge to twice the mean at its upper one.
struct Sawtooth;

impl Generative for Sawtooth {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn likelihood_estimate(&self) -> Option<&dyn EstimateLikelihood> {
        Some(self)
    }
}

impl EstimateLikelihood for Sawtooth {
    fn method(&self, probes: usize) -> String {
        format!("{probes} looks")
    }
    fn log_likelihood(
        &self,
        images: Tensor<4>,
        _condition: &Condition,
        _probes: usize,
        _noise: Draws,
        _first: u64,
    ) -> Tensor<1> {
        // 256 bins as wide as one of 255 steps from black to white.
        let place = images * 255.0 + 0.5;
        let density = (place.clone() - place.floor()).clamp_min(1e-6) * (2.0 * 255.0 / 256.0);
        density.log().flatten::<2>(1, 3).sum_dim(1).squeeze_dim(1)
    }
}

#[test]
fn levels_are_spread_evenly_over_their_bins_and_counted_in_bits() {
    let (digits, device) = (digits(), Device::flex());
    let settings =
        Settings { likelihood_images: Some(200), likelihood_probes: 3, ..Settings::default() };
    let evaluator = Evaluator::new(&digits, None, &device, Seed(0), settings);
    let found = evaluator.evaluate(&Sawtooth, &|_| ());
    let metric = found.metrics.iter().find(|m| m.name == "nll/bits_per_dim").expect("asked for");
    assert_eq!(
        (metric.qualified_unit().as_str(), metric.n),
        ("bits per dimension, grey pixels, uniformly dequantised, 3 looks", 200)
    );
    // All levels alike are 8 bits; −E ln 2u = 1 − ln 2 nats with a standard deviation of 1.
    let (exact, sd) = (8.0 + 1.0 / std::f64::consts::LN_2 - 1.0, 1.0 / std::f64::consts::LN_2);
    let error = sd / (200.0 * 64.0_f64).sqrt();
    assert!((metric.value - exact).abs() < 3.0 * error, "{} for {exact} ± {error}", metric.value);
    let none = Evaluator::new(&digits, None, &device, Seed(0), Settings::default());
    let none = none.evaluate(&Sawtooth, &|_| ());
    assert!(none.metrics.iter().all(|metric| !metric.name.starts_with("nll/")), "it is slow");
}

/// Codes without a posterior: the means of the rows of pixels.
struct Means;

impl Generative for Means {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn encoder(&self) -> Option<&dyn Encode> {
        Some(self)
    }
}

impl Encode for Means {
    fn encode(&self, images: Tensor<4>, _condition: &Condition) -> Codes {
        let [count, channels, height, _] = images.dims();
        let mean = images.mean_dim(3).reshape([count, channels * height]);
        Codes { mean, log_var: None }
    }
}

/// Values of the training split, of the classes that are told, or the first ones.
struct Told(Dataset);

impl Generative for Told {
    fn num_params(&self) -> usize {
        0
    }
    fn conditions(&self) -> Conditions {
        Conditions { classes: self.0.classes.as_ref().map(Vec::len), ..Conditions::default() }
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
    fn likelihood(&self) -> Option<&dyn Likelihood> {
        Some(self)
    }
}

impl Likelihood for Told {
    fn method(&self) -> String {
        "a guess".into()
    }
    fn log_likelihood(&self, values: Tensor<4>, _condition: &Condition) -> Tensor<1> {
        Tensor::zeros([values.dims()[0]], &values.device())
    }
}

impl Sample for Told {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let classes =
            request.condition.classes.clone().expect("it can be told classes").into_data();
        let labels = self.0.train.labels.as_ref().expect("labels");
        let first = |class: &i32| labels.iter().position(|label| *label as i32 == *class);
        let classes = classes.as_slice::<i32>().expect("i32");
        let rows: Vec<usize> = classes.iter().filter_map(first).collect();
        self.0.train.select(&rows).tensor(0..rows.len(), &Device::flex())
    }
    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// Small images as they are, over and over the pixels that they stand for.
struct Enlarging;

impl Generative for Enlarging {
    fn num_params(&self) -> usize {
        0
    }
    fn conditions(&self) -> Conditions {
        Conditions { low_resolution: Some(2), ..Conditions::default() }
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Enlarging {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let low = request.condition.low_resolution.clone().expect("it is told them");
        let [_, _, height, width] = low.images.dims();
        upsampled(low.images, low.factor, [height, width].map(|side| side * low.factor))
    }
    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// Takes noise for signal.
struct Trusting;

impl Generative for Trusting {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn denoiser(&self) -> Option<&dyn Denoise> {
        Some(self)
    }
}

impl Denoise for Trusting {
    fn levels(&self) -> [f64; 2] {
        [0.01, 10.0]
    }
    fn denoise(&self, noisy: Tensor<4>, _sigma: f64, _condition: &Condition) -> Tensor<4> {
        noisy
    }
    /// Of steps whose terms cost 1, 2 and 3 nats.
    fn chain_bound(
        &self,
        values: Tensor<4>,
        _condition: &Condition,
        _noise: Draws,
        _first: u64,
    ) -> Option<Vec<Term>> {
        let nats = |nats: f32| Tensor::full([values.dims()[0]], nats, &values.device());
        let terms = [("prior", 1.0), ("diffusion", 2.0), ("reconstruction", 3.0)];
        Some(terms.map(|(name, cost)| Term { name, nats: nats(cost) }).to_vec())
    }
}

/// Plays a game on the plane: samples like those of the data, and a critic that cannot tell.
struct Undecided;

impl Generative for Undecided {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
    fn critic(&self) -> Option<&dyn Criticise> {
        Some(self)
    }
}

impl Sample for Undecided {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let noise = request.starting_noise([request.count, 2], &Device::flex());
        noise.reshape([request.count, 2, 1, 1])
    }
    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

impl Criticise for Undecided {
    fn real_probability(&self, values: Tensor<4>, _condition: &Condition) -> Option<Tensor<1>> {
        Some(Tensor::full([values.dims()[0]], 0.5, &values.device()))
    }
    fn best_response(
        &self,
        _training: &dyn Fn(u64) -> Batch,
        _held_out: &Batch,
        most: u64,
        _seed: Seed,
    ) -> BestResponse {
        BestResponse { before: 1.5, after: 1.25, steps: most }
    }
}

/// Holds every value for a zero.
struct Guess;

impl Generative for Guess {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn classifier(&self) -> Option<&dyn Classify> {
        Some(self)
    }
}

impl Classify for Guess {
    fn classes(&self) -> usize {
        10
    }
    fn features(&self) -> usize {
        10
    }
    fn classify(&self, values: Tensor<4>) -> Classified {
        let count = values.dims()[0];
        let logits = Tensor::<2>::zeros([count, 10], &values.device());
        let zero = Tensor::<2>::ones([count, 1], &values.device());
        let logits = logits.slice_assign([0..count, 0..1], zero);
        Classified { features: logits.clone(), logits }
    }
    /// It looks at the upper half.
    fn attended(&self, values: Tensor<4>) -> Option<Tensor<3>> {
        let [count, _, height, width] = values.dims();
        let half = |weight: f32| Tensor::full([count, height / 2, width], weight, &values.device());
        Some(Tensor::cat(vec![half(0.5), half(0.0)], 1))
    }
}

#[test]
fn images_are_drawn_beside_what_their_patches_contribute() {
    let (digits, device) = (digits(), Device::flex());
    let found = Evaluator::new(&digits, None, &device, Seed(0), Settings::default())
        .evaluate(&Guess, &|_| ());
    let figure = found.figures.iter().find(|figure| figure.name == "attended");
    let figure = figure.expect("it says what contributes");
    let Plot::Strip(strip) = &figure.plot else { panic!("no pictures: {:?}", figure.plot) };
    assert_eq!((strip.count(), strip.columns), (24, 12));
    for (row, pair) in strip.images().collect::<Vec<_>>().chunks(2).enumerate() {
        assert_eq!(pair[0], digits.test.image(row));
        assert_eq!(*pair[1], [[255_u8; 32], [0; 32]].concat());
    }
    let labels = digits.test.labels.as_ref().expect("digits have labels").iter().take(12);
    let words = |label: &u32| match label {
        0 => "0 2.0".to_owned(),
        label => format!("0 for {label} 2.0"),
    };
    let words = labels.map(words).collect::<Vec<_>>().join("; ");
    assert!(figure.caption.ends_with(&format!(" alike: {words}.")), "{}", figure.caption);
}

/// A few digits, each pixel four by four large: enough for the windows of SSIM and LPIPS.
fn enlarged(data: &Dataset) -> Dataset {
    let enlarge = |images: &Values| {
        let images = images.take(12);
        let pixel = |place: usize| {
            let (image, row, column) = (place / 1024, place / 32 % 32, place % 32);
            images.image(image)[row / 4 * 8 + column / 4]
        };
        let pixels = (0..images.len() * 1024).map(pixel).collect();
        Values::images(ImageShape::new(1, 32, 32), pixels).with_labels(images.labels.clone())
    };
    Dataset {
        space: Space::images(ImageShape::new(1, 32, 32)),
        train: enlarge(&data.train),
        validation: enlarge(&data.validation),
        test: enlarge(&data.test),
        ..data.clone()
    }
}

/// LPIPS with weights that mean nothing, under the names and in the shapes of the published ones.
fn lpips(folder: &Path, shape: ImageShape) -> Lpips {
    let convolutions = [
        ("net.slice1.0", [64, 3, 11, 11]),
        ("net.slice2.3", [192, 64, 5, 5]),
        ("net.slice3.6", [384, 192, 3, 3]),
        ("net.slice4.8", [256, 384, 3, 3]),
        ("net.slice5.10", [256, 256, 3, 3]),
    ];
    let parts = convolutions.iter().enumerate().flat_map(|(index, (name, weight))| {
        let outputs = weight[0];
        [
            (format!("{name}.weight"), weight.to_vec()),
            (format!("{name}.bias"), vec![outputs]),
            (format!("lin{index}.model.1.weight"), vec![1, outputs, 1, 1]),
        ]
    });
    let parts: Vec<(String, Vec<usize>, Vec<u8>)> = parts
        .map(|(name, shape)| {
            let values = (0..shape.iter().product()).map(|i: usize| (i % 7) as f32 * 0.01);
            (name, shape, values.flat_map(f32::to_le_bytes).collect())
        })
        .collect();
    let views = parts.iter().map(|(name, shape, bytes)| {
        (name, TensorView::new(Dtype::F32, shape.clone(), bytes).expect("four bytes a value"))
    });
    let bytes = safetensors::serialize(views, None).expect("named f32 tensors serialise");
    let path = folder.join("lpips.safetensors");
    fs::write(&path, &bytes).expect("writable");
    let file = PinnedFile { path, sha256: sha256(&bytes) };
    Lpips::open(&file, shape, &Device::flex()).expect("every tensor of the network")
}

/// A distance between features that stand for Inception's.
fn fid() -> Vec<Metric> {
    let set = |frequency: f64| {
        let values = (0..400).map(|i| (f64::from(i * i) * frequency).sin()).collect();
        let features = Rows::new(4, values);
        let shape = ImageShape::new(1, 2, 2);
        let images = Values::images(shape, vec![7; 400]);
        let reading = Reading { features, probabilities: None, space: FeatureSpace::Inception };
        ImageSet { images, reading: Some(reading) }
    };
    let (samples, real) = (set(0.731), set(0.417));
    let settings = ScoreSettings { seed: Seed(0), split: "test", frechet_infinity: false };
    score(&Pair::new(&samples, &real, settings)).metrics
}

#[test]
fn every_metric_of_the_catalogue_is_found_by_some_evaluation() {
    let (digits, device) = (digits(), Device::flex());
    let mut found: BTreeSet<String> = fid().into_iter().map(|metric| metric.name).collect();
    let mut measure = |data: &Dataset, lpips, settings, model: &dyn Generative| {
        let judge = Judge::for_dataset("digits8x8", data.space.shape, &device);
        let evaluator = Evaluator::new(data, judge, &device, Seed(0), settings).with_lpips(lpips);
        let metrics = evaluator.evaluate(model, &|_| ()).metrics;
        found.extend(metrics.into_iter().map(|metric| metric.name));
    };
    let few = Settings { importance_samples: Some(2), samples: 200, ..Settings::default() };
    let sampler: Box<dyn genlab_core::Sample + Send + Sync> = Box::new(Noise);
    let pixels = Model { sampler: Some(sampler), identity: Some(Identity), ..Model::default() };
    measure(&digits, None, Settings { frechet_infinity: true, ..few.clone() }, &pixels);
    for pixels in [Observation::Bernoulli, Observation::Levels] {
        measure(
            &digits,
            None,
            few.clone(),
            &Model { coin: Some(Coin(pixels)), ..Model::default() },
        );
    }
    measure(&digits, None, few.clone(), &LinearVae::fit(&rows(&digits.train)));
    measure(&digits, None, few.clone(), &Means);
    let (large, folder) = (enlarged(&digits), tempfile::tempdir().expect("a temporary folder"));
    let lpips = lpips(folder.path(), large.space.shape);
    measure(&large, Some(lpips), Settings { inverted_images: Some(3), ..few.clone() }, &Mirror);

    measure(&digits, None, Settings { likelihood_images: Some(3), ..few.clone() }, &Sawtooth);
    measure(&digits, None, few.clone(), &Guess);
    measure(&digits, None, few.clone(), &Trusting);
    measure(&digits, None, few.clone(), &Enlarging);
    measure(&digits, None, few.clone(), &Told(digits.clone()));
    let ring = genlab_data::load("ring-8", &genlab_data::LoadOptions::default()).expect("drawn");
    measure(&ring, None, few.clone(), &Told(ring.clone()));
    measure(&ring, None, few.clone(), &Trusting);
    measure(&ring, None, few.clone(), &Undecided);
    let (planted, atoms) = planted();
    measure(&planted, None, few.clone(), &atoms);
    measure(&ar1(), None, few.clone(), &Recurrence { innovation: 1.0, told: true });

    let of_scenes = scenes::evaluations().into_iter().flat_map(|found| found.metrics);
    found.extend(of_scenes.map(|metric| metric.name));
    found.extend(motion::evaluation().metrics.into_iter().map(|metric| metric.name));
    found.extend(cost::TRAINING.map(|entry| entry.name.to_owned()));
    let known: BTreeSet<String> = CATALOGUE.iter().map(|entry| entry.name.to_owned()).collect();
    let never: Vec<_> = known.difference(&found).collect();
    assert!(never.is_empty(), "no evaluation finds {never:?}");
    let strange: Vec<_> = found.difference(&known).collect();
    assert!(strange.is_empty(), "the catalogue does not know {strange:?}");
}
