//! Against SciPy, scikit-learn and scikit-image (`tests/oracles/metrics.py` made the fixtures) and against
//! scoringrules (`tests/oracles/forecast.py`).

use genlab_core::ImageShape;
use genlab_data::{Normal, Values};
use genlab_metrics::{
    measures::{
        codes::probes::maths::{Probe, ProbeSettings, nearest_label},
        forecast::crps::{Crps, of_normal},
        forecast::{distribution::Distribution, measure::ForecastMeasure},
        pairs::{mse::mse, psnr::psnr, ssim::ssim},
        sets::{
            classes::{classifier_score, histogram, histogram_kl, smoothed},
            frechet::frechet_distance,
            kernel::{Kernel, unbiased_mmd2},
            memorisation::maths::{Relation, nearest},
            neighbours::maths::neighbourhoods,
            pixel_mmd::median_distance,
            pixels,
            roughness::roughness,
            sliced::mean_along,
        },
    },
    numerics::{fit::FitSettings, matrix::Rows, mixture::Mixture, pca::Pca},
};
use serde_json::Value;
use std::{fs, path::Path};

struct Fixture(Value);

impl Fixture {
    fn read(name: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/oracles/fixtures")
            .join(format!("{name}.json"));
        let text = fs::read_to_string(path).expect("tests/oracles/metrics.py makes the fixtures");
        Self(serde_json::from_str(&text).expect("a fixture is JSON"))
    }

    fn number(&self, key: &str) -> f64 {
        self.0[key].as_f64().expect("a number")
    }

    fn count(&self, key: &str) -> usize {
        self.number(key) as usize
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        let values = self.0[key].as_array().expect("an array");
        values.iter().map(|v| v.as_f64().expect("a number")).collect()
    }

    fn rows(&self, key: &str) -> Rows {
        Rows::new(self.count("dim"), self.numbers(key))
    }

    fn images(&self, key: &str) -> Values {
        let size = ["channels", "height", "width"].map(|side| self.count(side));
        let pixels = self.numbers(key).iter().map(|&level| level as u8).collect();
        let shape = ImageShape::new(size[0], size[1], size[2]);
        Values::images(shape, pixels)
    }

    fn pixels(&self, key: &str) -> Vec<f32> {
        self.numbers(key).iter().map(|&level| level as f32 / 255.0).collect()
    }
}

#[track_caller]
fn close(found: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(found.len(), expected.len());
    for (f, e) in found.iter().zip(expected) {
        assert!((f - e).abs() <= relative * e.abs().max(1e-12), "{f} is not {e}");
    }
}

#[test]
fn image_metrics_equal_scikit_image() {
    for name in ["image_28x28x1", "image_32x32x3"] {
        let fixture = Fixture::read(name);
        let size = fixture.count("size");
        let shape = ImageShape::new(fixture.count("channels"), size, size);
        let (a, b) = (fixture.pixels("levels"), fixture.pixels("others"));
        let error = mse(&a, &b, shape);
        close(&error, &fixture.numbers("mse"), 1e-6);
        let ratios: Vec<f64> = error.into_iter().map(psnr).collect();
        close(&ratios, &fixture.numbers("psnr"), 1e-6);
        close(&ssim(&a, &b, shape).unwrap(), &fixture.numbers("ssim"), 1e-6);
    }
}

#[test]
fn the_frechet_distance_equals_scipys_matrix_square_root() {
    let fixture = Fixture::read("features");
    let found = frechet_distance(&fixture.rows("x"), &fixture.rows("y")).unwrap();
    close(&[found], &[fixture.number("frechet")], 1e-9);
}

#[test]
fn the_kernel_distance_equals_scikit_learns_polynomial_kernel() {
    let fixture = Fixture::read("features");
    let found = unbiased_mmd2(&fixture.rows("x"), &fixture.rows("y"), Kernel::Cubic);
    close(&[found], &[fixture.number("mmd2")], 1e-9);
}

#[test]
fn neighbourhoods_equal_the_published_formulas() {
    let fixture = Fixture::read("features");
    let found = neighbourhoods(&fixture.rows("x"), &fixture.rows("y"), fixture.count("k")).unwrap();
    let expected = ["precision", "recall", "density", "coverage"].map(|key| fixture.number(key));
    close(&[found.precision, found.recall, found.density, found.coverage], &expected, 1e-12);
}

/// The digits of the probe's fixture: codes and labels of the training part, then of the test part.
fn probe_digits(fixture: &Fixture) -> [(Rows, Vec<u32>); 2] {
    let (dim, train) = (fixture.count("dim"), fixture.count("train"));
    let values: Vec<f64> = fixture.numbers("levels").iter().map(|level| level / 16.0).collect();
    let labels: Vec<u32> = fixture.numbers("labels").iter().map(|&label| label as u32).collect();
    let (first, last) = values.split_at(train * dim);
    let part = |values: &[f64], labels: &[u32]| (Rows::new(dim, values.to_vec()), labels.to_vec());
    [part(first, &labels[..train]), part(last, &labels[train..])]
}

fn accuracy(found: &[u32], labels: &[u32]) -> f64 {
    found.iter().zip(labels).filter(|(a, b)| a == b).count() as f64 / labels.len() as f64
}

#[test]
fn a_linear_probe_equals_scikit_learns_logistic_regression() {
    let fixture = Fixture::read("probe");
    let [(train, labels), (test, answers)] = probe_digits(&fixture);
    for expected in fixture.0["probes"].as_array().unwrap() {
        let expected = Fixture(expected.clone());
        let l2 = 1.0 / expected.number("c");
        let settings = ProbeSettings { l2, tolerance: 1e-9, iterations: 2000 };
        let exact = Probe::fit(&train, &labels, 10, settings);
        close(&[exact.objective], &[expected.number("objective")], 1e-9);
        for (w, e) in exact.weights.values.iter().zip(expected.numbers("weights")) {
            assert!((w - e).abs() < 1e-4, "{w} is not {e}");
        }
        let usual = Probe::fit(&train, &labels, 10, ProbeSettings { l2, ..Default::default() });
        let score = |probe: &Probe| accuracy(&probe.predict(&test), &answers);
        close(&[score(&exact)], &[expected.number("accuracy")], 1e-12);
        let off = (score(&usual) - expected.number("accuracy")).abs();
        assert!(off < 0.0021, "one of 500 digits may fall the other way: {off}");
    }
}

#[test]
fn neighbours_vote_as_scikit_learns_do() {
    let fixture = Fixture::read("probe");
    let [(train, labels), (test, answers)] = probe_digits(&fixture);
    let found = accuracy(&nearest_label(&train, &labels, &test, 5), &answers);
    close(&[found], &[fixture.number("knn_accuracy")], 1e-12);
}

#[test]
fn pixel_metrics_equal_scipys_and_scikit_learns() {
    let fixture = Fixture::read("pixels");
    let [samples, real, more] = ["samples", "real", "more"].map(|key| fixture.images(key));
    let [x, y, z] = [&samples, &real, &more].map(pixels::rows);
    let directions = fixture.rows("directions");
    close(&[mean_along(&x, &y, &directions)], &[fixture.number("sliced")], 1e-9);
    close(&[mean_along(&x, &z, &directions)], &[fixture.number("sliced_uneven")], 1e-9);
    close(&[roughness(&samples), roughness(&real)], &fixture.numbers("roughness"), 1e-12);
    let bandwidth = median_distance(&y).unwrap();
    close(&[bandwidth], &[fixture.number("bandwidth")], 1e-9);
    let found = unbiased_mmd2(&x, &y, Kernel::Gaussian { bandwidth });
    close(&[found], &[fixture.number("mmd2")], 1e-9);
}

#[test]
fn nearest_training_images_equal_scipys() {
    let fixture = Fixture::read("pixels");
    let (samples, training) = (fixture.images("samples"), fixture.images("training"));
    let found = nearest(&samples, &training, Relation::HeldOut).unwrap();
    let indices: Vec<f64> = found.iter().map(|n| n.index as f64).collect();
    assert_eq!(indices, fixture.numbers("nearest"));
    let distances: Vec<f64> = found.iter().flat_map(|n| [n.distance, n.second]).collect();
    close(&distances, &fixture.numbers("distances"), 1e-9);
}

#[test]
fn class_metrics_equal_scipys_entropies() {
    let fixture = Fixture::read("classes");
    let probabilities = fixture.rows("probabilities");
    let (found, expected) = (histogram(&probabilities), fixture.numbers("expected"));
    close(&found, &fixture.numbers("found"), 1e-12);
    close(&[histogram_kl(&found, &expected)], &[fixture.number("kl")], 1e-9);
    let smoothed = smoothed(&found, fixture.count("n"));
    close(&[histogram_kl(&expected, &smoothed)], &[fixture.number("kl_forward")], 1e-9);
    close(&[classifier_score(&probabilities)], &[fixture.number("score")], 1e-9);
}

#[test]
fn principal_components_equal_scikit_learns() {
    let fixture = Fixture::read("pca");
    let x = fixture.rows("x");
    let pca = Pca::fit(&x, fixture.count("kept")).unwrap();
    close(&pca.variances, &fixture.numbers("variances"), 1e-9);
    let back = pca.inverse(&pca.transform(&x));
    let squares = x.values.iter().zip(&back.values).map(|(a, b)| (a - b).powi(2));
    close(&[squares.sum::<f64>() / x.values.len() as f64], &[fixture.number("mse")], 1e-9);
}

#[test]
fn a_mixture_has_scikit_learns_density() {
    let fixture = Fixture::read("mixture");
    let mixture = Mixture {
        weights: fixture.numbers("weights"),
        means: fixture.rows("means"),
        factors: fixture.numbers("factors").chunks(16).map(<[f64]>::to_vec).collect(),
    };
    let x = fixture.rows("x");
    close(&mixture.log_density(&x.take(20)), &fixture.numbers("log_density"), 1e-9);
    close(&[mixture.log_likelihood(&x)], &[fixture.number("log_likelihood")], 1e-9);
}

#[test]
fn expectation_maximisation_from_the_same_clusters_ends_where_scikit_learns_does() {
    let fixture = Fixture::read("mixture");
    let x = fixture.rows("x");
    let nearest: Vec<usize> = fixture.numbers("nearest").iter().map(|&k| k as usize).collect();
    let settings = FitSettings::new(fixture.count("components"));
    let found = Mixture::fit_from(&x, &settings, &nearest).unwrap();
    close(&found.weights, &fixture.numbers("weights"), 1e-6);
    close(&found.means.values, &fixture.numbers("means"), 1e-6);
    close(&[found.log_likelihood(&x)], &[fixture.number("log_likelihood")], 1e-8);
}

#[test]
fn the_crps_is_that_of_scoringrules() {
    let Fixture(fixture) = Fixture::read("crps");
    let number = |case: &Value, key: &str| case[key].as_f64().expect("a number");
    let cases = |key: &str| fixture[key].as_array().expect("an array").clone();
    assert!(cases("ensembles").len() == 16 && cases("normals").len() == 5);
    for case in cases("ensembles") {
        let members = case["members"].as_array().expect("an array");
        let members = members.iter().map(|x| x.as_f64().expect("a number")).collect();
        let found = Crps.score(&Distribution::ensemble(members), number(&case, "outcome"));
        close(&[found], &[number(&case, "crps")], 1e-9);
    }
    for case in cases("normals") {
        let [mean, sd, outcome] = ["mean", "sd", "outcome"].map(|key| number(&case, key));
        close(&[of_normal(Normal { mean, sd }, outcome)], &[number(&case, "crps")], 1e-9);
    }
}
