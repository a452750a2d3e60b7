//! Captions and scenes: a painter, towers, a tracer, a witness, a cutter, a finder and a portraitist that know every scene.

mod cutter;
mod finder;
mod painter;
mod portraitist;
mod tracer;
mod witness;

use burn::tensor::{Device, Tensor};
use genlab_core::{Generative, Seed};
use genlab_data::{Dataset, LoadOptions, load};
use genlab_metrics::{Evaluation, Evaluator, Judge, Settings};

/// Every fourth sample is the scene of another caption.
const WRONG: usize = 4;

/// Few scenes of this dataset; those of the test split are known by heart.
fn few(name: &str) -> Dataset {
    let all = load(name, &LoadOptions::default()).expect("a dataset that is drawn");
    Dataset { train: all.train.take(300), test: all.test.take(400), ..all }
}

fn scenes() -> Dataset {
    few("scenes-32")
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|v| v.to_bits()).collect()
}

fn floats(values: Tensor<4>) -> Vec<f32> {
    values.into_data().try_to_vec().expect("floats")
}

fn evaluate(dataset: &Dataset, judge: Option<Judge>, model: &dyn Generative) -> Evaluation {
    let settings = Settings { samples: 400, ..Settings::default() };
    Evaluator::new(dataset, judge, &Device::flex(), Seed(0), settings).evaluate(model, &|_| ())
}

/// What is found of all of them.
pub(crate) fn evaluations() -> [Evaluation; 8] {
    let dataset = scenes();
    let [painter, librarian, sorter] = painter::evaluations(&dataset);
    let [tracer, cutter] = [tracer::evaluation(&dataset), cutter::evaluation(&dataset)];
    let witness = witness::evaluation(&few("scenes-32-noisy"));
    let finder = finder::evaluation(&dataset);
    let portraitist = portraitist::evaluation();
    [painter, librarian, sorter, tracer, witness, cutter, finder, portraitist]
}
