//! The critic beside its optimum, with critics whose distance is known.

use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{
    Batch, BestResponse, Condition, Criticise, Generative, Noise, Sample, SampleRequest, Scalars,
    Seed,
};
use genlab_data::{Dataset, LoadOptions, load};
use genlab_metrics::{Evaluator, Settings};
use std::f64::consts::TAU;

/// The generator's mean and standard deviation.
const MEAN: f64 = 0.5;
const SD: f64 = 1.5;

/// Samples from a normal distribution, and a critic that knows p_d / (p_d + p_g), or takes every value for its
/// contrary.
struct Game {
    data: Dataset,
    contrary: bool,
}

impl Generative for Game {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Noise) -> Scalars {
        Scalars::new()
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
    fn critic(&self) -> Option<&dyn Criticise> {
        Some(self)
    }
}

impl Sample for Game {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let noise = request.starting_noise([request.count, 1], &Device::flex());
        (noise * SD + MEAN).reshape([request.count, 1, 1, 1])
    }
    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

impl Game {
    fn optimum(&self, x: f64) -> f64 {
        let truth = self.data.truth.as_ref().expect("a known density");
        let real = truth.log_density(&[x]).expect("known").exp();
        let fake = (-0.5 * ((x - MEAN) / SD).powi(2)).exp() / (SD * TAU.sqrt());
        real / (real + fake)
    }
}

impl Criticise for Game {
    fn real_probability(&self, values: Tensor<4>, _condition: &Condition) -> Option<Tensor<1>> {
        let (count, device) = (values.dims()[0], values.device());
        let numbers = values.into_data().try_into_vec::<f32>().expect("f32");
        let said = |x: &f32| {
            let best = self.optimum(f64::from(*x)) as f32;
            if self.contrary { 1.0 - best } else { best }
        };
        let said: Vec<f32> = numbers.iter().map(said).collect();
        Some(Tensor::from_data(TensorData::new(said, [count]), &device))
    }
    fn best_response(
        &self,
        _training: &dyn Fn(u64) -> Batch,
        _held_out: &Batch,
        _most: u64,
        _seed: Seed,
    ) -> BestResponse {
        BestResponse { before: 1.0, after: 1.0, steps: 0 }
    }
}

fn error(contrary: bool) -> f64 {
    let data = load("mixture-1d", &LoadOptions::default()).expect("drawn");
    let settings = Settings { samples: 100, best_response_steps: None, ..Settings::default() };
    let evaluator = Evaluator::new(&data, None, &Device::flex(), Seed(0), settings);
    let found = evaluator.evaluate(&Game { data: data.clone(), contrary }, &|_| ());
    let error = found.metrics.iter().find(|metric| metric.name == "game/critic_error");
    assert!(found.figures.iter().any(|figure| figure.name == "critic"));
    error.expect("a number").value
}

#[test]
fn the_best_critic_has_no_error_but_that_of_the_estimated_density() {
    let found = error(false);
    assert!(found < 0.02, "{found}");
}

#[test]
fn a_contrary_critic_errs_by_twice_the_distance_of_the_best_one_from_a_half() {
    let data = load("mixture-1d", &LoadOptions::default()).expect("drawn");
    let game = Game { data: data.clone(), contrary: true };
    // ½ E_pd|1 − 2 D*| + ½ E_pg|1 − 2 D*| is ½ ∫ |p_d − p_g| dx, the total variation, by the midpoint rule.
    let (low, high, steps) = (-10.0, 12.0, 20_000);
    let width = (high - low) / f64::from(steps);
    let truth = data.truth.as_ref().expect("a known density");
    let distance = (0..steps).map(|i| {
        let x = low + width * (f64::from(i) + 0.5);
        let real = truth.log_density(&[x]).expect("known").exp();
        real * (2.0 - 1.0 / game.optimum(x)).abs() * width / 2.0
    });
    let (found, expected) = (error(true), distance.sum::<f64>());
    // 2,000 places: five standard errors of a mean of numbers in [0, 1] are 0.05.
    assert!((found - expected).abs() < 0.05, "{found} is not {expected}");
}
