//! Sets of samples that no good generator would make, and a good one, on mnist-10k.

use burn::tensor::Device;
use genlab_core::{Phase, Seed};
use genlab_data::{Dataset, LoadOptions, Values, load};
use genlab_metrics::{
    Judge,
    measures::sets::{
        memorisation::maths::{Relation, Threshold, nearest},
        pair::{ImageSet, Pair, ScoreSettings, TrainingImages},
        score,
    },
};
use rand::RngExt;

/// Samples in each set, and test images they are scored against.
const COUNT: usize = 1000;

/// The metrics of one set.
pub(crate) struct Planted {
    /// `fresh`, `one image`, ...
    pub(crate) name: &'static str,
    /// Names and values.
    pub(crate) metrics: Vec<(String, f64)>,
}

impl Planted {
    /// The value of `samples/<metric>`.
    pub(crate) fn value(&self, metric: &str) -> f64 {
        let name = format!("samples/{metric}");
        let found = self.metrics.iter().find(|(n, _)| *n == name);
        found.unwrap_or_else(|| panic!("{} has no {name}", self.name)).1
    }
}

/// All sets with their scores: first fresh real images, then the failures.
pub(crate) fn planted() -> Vec<Planted> {
    let data = load("mnist-10k", &LoadOptions::default()).expect("mnist-10k is embedded");
    let device = Device::flex();
    let judge =
        Judge::for_dataset(&data.name, data.space.shape, &device).expect("mnist has a judge");
    let read = |images| ImageSet::new(images, Some(&judge), &device);
    let real = read(data.test.take(COUNT));
    let relation = Relation::HeldOut;
    let neighbours = nearest(&real.images, &data.train, relation).expect("9000 training images");
    let training =
        TrainingImages { images: &data.train, relation, threshold: Threshold::new(&neighbours) };
    let settings = ScoreSettings { seed: Seed(0), split: "test", frechet_infinity: false };
    let score = |(name, images): (&'static str, Values)| {
        let set = read(images);
        let found = score(&Pair::new(&set, &real, settings).with_training(training));
        let metrics = found.metrics.into_iter().map(|metric| (metric.name, metric.value));
        Planted { name, metrics: metrics.collect() }
    };
    sets(&data).into_iter().map(score).collect()
}

fn sets(data: &Dataset) -> Vec<(&'static str, Values)> {
    // Nobody trains on the validation split: fresh images, which a perfect generator would make.
    let fresh = data.validation.take(COUNT);
    let levels = fresh.bytes().expect("images are kept as levels");
    let same = |level: &dyn Fn(usize) -> u8| {
        let pixels = (0..COUNT * data.space.shape.pixels()).map(level).collect();
        Values::images(data.space.shape, pixels)
    };
    let mut rng = Seed(0).during(Phase::Evaluate).row("planted", 0, 0);
    let noise: Vec<u8> = (0..COUNT * data.space.shape.pixels()).map(|_| rng.random()).collect();
    vec![
        ("fresh", fresh.clone()),
        ("one image", fresh.select(&[0; COUNT])),
        ("one a class", fresh.select(&one_of_each_class(&fresh))),
        ("blurred", blurred(&fresh)),
        ("copied", data.train.take(COUNT)),
        ("inverted", same(&|i| 255 - levels[i])),
        ("light noise", same(&|i| levels[i].saturating_add(noise[i] / 8))),
        ("noise", same(&|i| noise[i])),
        ("black", same(&|_| 0)),
    ]
}

/// The first image of each class over and over, in even proportions.
fn one_of_each_class(images: &Values) -> Vec<usize> {
    let labels = images.labels.as_ref().expect("mnist has labels");
    let first: Vec<usize> =
        (0..10).filter_map(|class| labels.iter().position(|label| *label == class)).collect();
    first.iter().copied().cycle().take(COUNT).collect()
}

/// Each pixel the weighted mean of its surroundings, (1 2 1) both ways; black beyond the border.
fn blurred(images: &Values) -> Values {
    let (height, width) = (images.shape().height as i64, images.shape().width as i64);
    let mut pixels = Vec::with_capacity(images.len() * images.shape().pixels());
    for i in 0..images.len() {
        let image = images.image(i);
        let at = |y: i64, x: i64| {
            let inside = (0..height).contains(&y) && (0..width).contains(&x);
            if inside { u32::from(image[(y * width + x) as usize]) } else { 0 }
        };
        let row = |y: i64, x: i64| at(y, x - 1) + 2 * at(y, x) + at(y, x + 1);
        for y in 0..height {
            for x in 0..width {
                let sum = row(y - 1, x) + 2 * row(y, x) + row(y + 1, x);
                pixels.push((sum / 16) as u8);
            }
        }
    }
    Values::images(images.shape(), pixels)
}
