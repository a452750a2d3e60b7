//! The evaluator on a VAE whose likelihood has a closed form: a linear decoder with Gaussian pixels
//! is probabilistic PCA (Tipping & Bishop 1999), x ~ N(b, W Wᵀ + σ² I).

use crate::models::{digits, value};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{
    Batch, Codes, Condition, Decode, Density, Encode, Generative, Noise, Observation, Reconstruct,
    STARTING_NOISE, Sample, SampleRequest, Scalars, Seed, Term,
};
use genlab_data::Dataset;
use genlab_metrics::{
    Evaluation, Evaluator, Settings,
    numerics::{
        matrix::{Rows, cholesky, lower_inverse, product},
        pca::Pca,
    },
};
use std::{f64::consts::PI, ops::Range};

const LATENT: usize = 4;
const PIXELS: usize = 64;
/// Standard deviation of a pixel around the decoder's output.
const SIGMA: f64 = 0.15;
/// The encoder's standard deviations are this many times the true posterior's: were they equal, one
/// draw would give the exact likelihood and nothing would be tested.
const TOO_WIDE: f64 = 1.5;

/// A VAE with known parameters. Directions are orthogonal, so the posterior is diagonal.
pub(crate) struct LinearVae {
    /// `[LATENT, PIXELS]`: Wᵀ.
    decoder: Tensor<2>,
    /// `[PIXELS, LATENT]`: (WᵀW + σ² I)⁻¹ Wᵀ, transposed.
    encoder: Tensor<2>,
    /// `[1, PIXELS]`.
    bias: Tensor<2>,
    /// `[1, LATENT]`: log-variances of the encoder.
    log_var: Tensor<2>,
    /// Wᵀ and b in f64, for the closed form.
    weights: Rows,
    mean: Vec<f64>,
}

impl LinearVae {
    /// The maximum-likelihood decoder of some images for the noise [`SIGMA`].
    pub(crate) fn fit(images: &Rows) -> Self {
        let pca = Pca::fit(images, LATENT).expect("digits vary");
        let scale = |variance: &f64| (variance - SIGMA * SIGMA).sqrt();
        let scales: Vec<f64> = pca.variances.iter().map(scale).collect();
        let rows = pca.directions.iter().zip(&scales);
        let weights: Vec<f64> = rows.flat_map(|(row, s)| row.iter().map(move |v| v * s)).collect();
        // WᵀW + σ² I is diagonal: the variances themselves.
        let spread = &pca.variances;
        let encoder = (0..PIXELS)
            .flat_map(|p| (0..LATENT).map(move |l| (p, l)))
            .map(|(p, l)| (weights[l * PIXELS + p] / spread[l]) as f32)
            .collect();
        let log_var = spread.iter().map(|v| (TOO_WIDE * TOO_WIDE * SIGMA * SIGMA / v).ln() as f32);
        let floats = |values: &[f64]| values.iter().map(|&v| v as f32).collect();
        Self {
            decoder: tensor(floats(&weights), [LATENT, PIXELS]),
            encoder: tensor(encoder, [PIXELS, LATENT]),
            bias: tensor(floats(&pca.mean), [1, PIXELS]),
            log_var: tensor(log_var.collect(), [1, LATENT]),
            weights: Rows::new(PIXELS, weights),
            mean: pca.mean,
        }
    }

    /// −ln N(x; b, W Wᵀ + σ² I) of each image, by a Cholesky factor of the covariance in f64.
    fn exact_nll(&self, images: &Rows) -> Vec<f64> {
        let columns = self.weights.columns();
        let mut covariance = product(columns, columns.transpose());
        (0..PIXELS).for_each(|i| covariance[(i, i)] += SIGMA * SIGMA);
        let factor = cholesky(covariance).expect("positive definite");
        let log_det: f64 = (0..PIXELS).map(|i| 2.0 * factor[(i, i)].ln()).sum();
        let whiten = lower_inverse(factor.as_ref());
        let nll = |row: &[f64]| {
            let off: Vec<f64> = row.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
            let white = |i: usize| (0..=i).map(|j| whiten[(i, j)] * off[j]).sum::<f64>();
            let square: f64 = (0..PIXELS).map(|i| white(i).powi(2)).sum();
            0.5 * (square + log_det + PIXELS as f64 * (2.0 * PI).ln())
        };
        images.iter().map(nll).collect()
    }

    fn mean_code(&self, images: Tensor<4>) -> Tensor<2> {
        (images.flatten::<2>(1, 3) - self.bias.clone()).matmul(self.encoder.clone())
    }

    /// −ln p(x | z), `[B]`.
    fn pixel_nll(&self, codes: Tensor<2>, images: Tensor<4>) -> Tensor<1> {
        let mean = codes.matmul(self.decoder.clone()) + self.bias.clone();
        let squares = (images.flatten::<2>(1, 3) - mean).square().sum_dim(1).squeeze_dim::<1>(1);
        squares / (2.0 * SIGMA * SIGMA) + 0.5 * PIXELS as f64 * (2.0 * PI * SIGMA * SIGMA).ln()
    }

    /// z = μ + s ε and its ε.
    fn draw(&self, images: Tensor<4>, noise: Noise, first: u64, draw: u64) -> [Tensor<2>; 2] {
        let mean = self.mean_code(images);
        let shape = mean.dims();
        let rows = first..first + shape[0] as u64;
        let noise = noise.normal("test/posterior", draw, rows, shape, &Device::flex());
        [mean + (self.log_var.clone() * 0.5).exp() * noise.clone(), noise]
    }
}

impl Generative for LinearVae {
    fn num_params(&self) -> usize {
        PIXELS * (LATENT + 1)
    }
    fn objective(&self, _batch: &Batch, _noise: Noise) -> Scalars {
        Scalars::new()
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        Some(self)
    }
    fn encoder(&self) -> Option<&dyn Encode> {
        Some(self)
    }
    fn density(&self) -> Option<&dyn Density> {
        Some(self)
    }
}

impl Sample for LinearVae {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let shape = [request.count, LATENT];
        let noise = request.noise();
        let codes = noise.normal(STARTING_NOISE, 0, request.rows(), shape, &Device::flex());
        self.decode(codes, &request.condition)
    }
    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

impl Decode for LinearVae {
    fn latent_dim(&self) -> usize {
        LATENT
    }
    fn decode(&self, codes: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        let [count, _] = codes.dims();
        let images = codes.matmul(self.decoder.clone()) + self.bias.clone();
        images.reshape([count, 1, 8, 8]).clamp(0.0, 1.0)
    }
}

impl Reconstruct for LinearVae {
    fn reconstruct(&self, images: Tensor<4>, _condition: &Condition) -> Tensor<4> {
        self.decode(self.mean_code(images), &Condition::default())
    }
}

impl Encode for LinearVae {
    fn encode(&self, images: Tensor<4>, _condition: &Condition) -> Codes {
        let mean = self.mean_code(images);
        let log_var = self.log_var.clone().expand(mean.dims());
        Codes { mean, log_var: Some(log_var) }
    }
}

impl Density for LinearVae {
    fn observation(&self) -> Observation {
        Observation::Gaussian
    }

    fn negative_elbo(
        &self,
        images: Tensor<4>,
        _condition: &Condition,
        noise: Noise,
        first: u64,
    ) -> Vec<Term> {
        let mean = self.mean_code(images.clone());
        let variance = self.log_var.clone().exp();
        let kl = (mean.square() + variance - 1.0 - self.log_var.clone()) * 0.5;
        let [code, _] = self.draw(images.clone(), noise, first, 0);
        vec![
            Term { name: "reconstruction", nats: self.pixel_nll(code, images) },
            Term { name: "kl", nats: kl.sum_dim(1).squeeze_dim::<1>(1) },
        ]
    }

    fn log_weights(
        &self,
        images: Tensor<4>,
        _condition: &Condition,
        noise: Noise,
        first: u64,
        draws: Range<u64>,
    ) -> Option<Tensor<2>> {
        let weight = |draw| {
            let [code, noise] = self.draw(images.clone(), noise, first, draw);
            let ratio = (noise.square() + self.log_var.clone() - code.clone().square()) * 0.5;
            ratio.sum_dim(1).squeeze_dim::<1>(1) - self.pixel_nll(code, images.clone())
        };
        Some(Tensor::stack(draws.map(weight).collect(), 1))
    }
}

fn tensor<const D: usize>(values: Vec<f32>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values, shape), &Device::flex())
}

pub(crate) fn rows(images: &genlab_data::Values) -> Rows {
    Rows::new(PIXELS, images.to_f64())
}

fn evaluate(data: &Dataset, model: &LinearVae, settings: Settings) -> Evaluation {
    let evaluator = Evaluator::new(data, None, &Device::flex(), Seed(0), settings);
    evaluator.evaluate(model, &|_| ())
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

#[test]
fn importance_sampling_finds_the_closed_form_and_improves_with_the_number_of_draws() {
    let data = digits();
    let model = LinearVae::fit(&rows(&data.train));
    let exact = mean(&model.exact_nll(&rows(&data.test)));
    let gap = |importance_samples| {
        let settings = Settings { importance_samples, ..Settings::default() };
        let found = evaluate(&data, &model, settings);
        assert_eq!(found.metrics.iter().find(|m| m.name == "nll/density").expect("it").n, 360);
        let nll = value(&found, "nll/density");
        let bits = value(&found, "nll/bits_per_dim_density");
        assert!((bits * PIXELS as f64 * 2.0_f64.ln() - nll).abs() < 1e-9);
        nll - exact
    };
    let [one, ten, thousand] = [1, 10, 1000].map(|draws| gap(Some(draws)));
    assert!(one > 0.5, "one draw is as loose as the encoder is wrong: {one}");
    assert!(ten > 0.01 && ten < 0.5 * one, "ten draws are tighter: {ten} after {one}");
    assert!(thousand.abs() < 0.02, "a thousand draws miss {exact} by {thousand}");
}

#[test]
fn reconstruction_and_kl_make_the_bound_and_the_bound_has_its_known_gap() {
    let data = digits();
    let model = LinearVae::fit(&rows(&data.train));
    let found = evaluate(&data, &model, Settings::default());
    let bound = value(&found, "negative_elbo");
    let (reconstruction, kl) = (value(&found, "reconstruction/nll"), value(&found, "kl/total"));
    assert!((reconstruction + kl - bound).abs() < 1e-5);
    assert_eq!(value(&found, "elbo"), -bound);
    let parts = value(&found, "kl/mutual_information") + value(&found, "kl/aggregated");
    assert!((parts - kl).abs() < 1e-5, "{parts} is not {kl}");
    assert!(value(&found, "kl/mutual_information") <= 360.0_f64.ln() + 1e-9);
    // KL(q ‖ posterior) of each dimension is ½ (s² − 1 − ln s²).
    let square = TOO_WIDE * TOO_WIDE;
    let gap = LATENT as f64 * 0.5 * (square - 1.0 - square.ln());
    let exact = mean(&model.exact_nll(&rows(&data.test)));
    assert!((bound - exact - gap).abs() < 0.2, "{bound} is not {exact} + {gap}");
}

#[test]
fn no_number_of_any_image_depends_on_the_batch_it_is_measured_in() {
    let data = digits();
    let model = LinearVae::fit(&rows(&data.train));
    let small = |batch| Settings { batch, importance_samples: Some(60), ..Settings::default() };
    let (a, b) = (evaluate(&data, &model, small(250)), evaluate(&data, &model, small(17)));
    assert_eq!(a.metrics.len(), b.metrics.len());
    let named = |prefix: &str| a.metrics.iter().any(|m| m.name.starts_with(prefix));
    for prefix in
        ["nll/", "kl/aggregated", "latent/knn", "latent/probe", "reconstruction/mse_noise"]
    {
        assert!(named(prefix), "{prefix} is not measured");
    }
    for (a, b) in a.metrics.iter().zip(&b.metrics).filter(|(a, _)| !a.name.contains("seconds")) {
        let tolerance = 1e-5 * a.value.abs().max(1e-3);
        assert!(a.name == b.name && (a.value - b.value).abs() <= tolerance, "{a:?} {b:?}");
        if let (Some(a), Some(b)) = (a.ci95, b.ci95) {
            assert!((a[0] - b[0]).abs() <= 1e-4 * a[0].abs().max(1e-3), "{a:?} {b:?}");
        }
    }
}

#[test]
fn a_unit_says_which_pixels_and_how_many_draws() {
    let data = digits();
    let model = LinearVae::fit(&rows(&data.train));
    let found =
        evaluate(&data, &model, Settings { importance_samples: Some(7), ..Settings::default() });
    let unit = |name: &str| {
        found
            .metrics
            .iter()
            .find(|m| m.name == name)
            .map(genlab_results::Metric::qualified_unit)
            .expect("measured")
    };
    assert_eq!(unit("negative_elbo"), "nats per image, grey pixels");
    assert_eq!(unit("kl/total"), "nats per image, grey pixels");
    assert_eq!(unit("nll/density"), "nats per image, grey pixels, k = 7");
    assert_eq!(unit("nll/bits_per_dim_density"), "bits per dimension, grey pixels, k = 7");
    let none =
        evaluate(&data, &model, Settings { importance_samples: None, ..Settings::default() });
    assert!(none.metrics.iter().all(|m| !m.name.starts_with("nll/")));
}

#[test]
fn a_linear_model_reconstructs_noise_and_holes_better_than_they_are() {
    let data = digits();
    let model = LinearVae::fit(&rows(&data.train));
    let found = evaluate(&data, &model, Settings::default());
    let clean = value(&found, "reconstruction/mse");
    let [weak, middle, strong] =
        ["0.1", "0.3", "0.5"].map(|s| value(&found, &format!("reconstruction/mse_noise_{s}")));
    assert!(clean < weak && weak < middle && middle < strong);
    // Four directions of 64 let little of the noise through, and clipping takes its share.
    assert!(strong < 0.5 * 0.5 * 0.5, "{strong}");
    let [quarter, half] =
        ["0.25", "0.5"].map(|s| value(&found, &format!("reconstruction/mse_masked_{s}")));
    assert!(clean < quarter && quarter < half);
    assert!(
        found.notes.iter().any(|n| n.contains("would score mse_noise_0.1 0.0")),
        "{:?}",
        found.notes
    );
}
