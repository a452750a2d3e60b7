//! Datasets that are drawn anew each time and never stored: points whose distribution is known, windows of
//! series, stacks of digits, clips and scenes of them.
//!
//! Every value has a stretch of keystream of its own, fixed by the dataset's name, its split and its
//! number: splits share no draw, and no run can choose other points.

mod dictionary;
mod mixtures;
pub mod moving;
mod planes;
mod processes;
pub(crate) mod scenes;
mod stacked;
pub(crate) mod subject;

use crate::{
    dataset::Dataset,
    error::DataError,
    truth::{Truth, Uniform},
    values::Values,
};
use genlab_core::{Kind, Space, noise::keystream};
use sha2::{Digest, Sha256};

/// Points of the training, validation and test split.
const COUNTS: [usize; 3] = [4096, 512, 2048];

const LICENCE: &str = "points that genlab draws itself; no licence is needed";

/// One dataset that is drawn.
struct Drawn {
    name: &'static str,
    distribution: fn() -> Distribution,
}

/// What points are drawn from.
struct Distribution {
    truth: Truth,
    /// Names of the classes that a draw can have, where it has one.
    classes: Option<Vec<String>>,
}

static DATASETS: [Drawn; 11] = [
    Drawn { name: "ring-8", distribution: mixtures::ring },
    Drawn { name: "grid-25", distribution: mixtures::grid },
    Drawn { name: "mixture-1d", distribution: mixtures::line },
    Drawn { name: "mixture-2d", distribution: mixtures::plane },
    Drawn { name: "gaussian-diagonal", distribution: planes::diagonal },
    Drawn { name: "gaussian-rotated", distribution: planes::rotated },
    Drawn { name: "uniform-1d", distribution: uniform },
    Drawn { name: "two-moons", distribution: planes::two_moons },
    Drawn { name: "swiss-roll", distribution: planes::swiss_roll },
    Drawn { name: "checkerboard", distribution: planes::checkerboard },
    Drawn { name: dictionary::NAME, distribution: dictionary::planted },
];

/// The drawn dataset of this name, if there is one.
///
/// # Errors
/// When the digits that are stacked, moved or shown are damaged.
pub(crate) fn load(name: &str) -> Option<Result<Dataset, DataError>> {
    if name == stacked::NAME {
        return Some(stacked::load());
    }
    if name == moving::NAME {
        return Some(moving::load());
    }
    if let Some(scenes) = scenes::load(name) {
        return Some(scenes);
    }
    if name == subject::NAME {
        return Some(subject::load());
    }
    let points = DATASETS.iter().find(|dataset| dataset.name == name).map(Drawn::draw);
    points.or_else(|| processes::load(name)).map(Ok)
}

/// What the values of the drawn dataset of this name are, if there is one.
pub(crate) fn kind_of(name: &str) -> Option<Kind> {
    if DATASETS.iter().any(|dataset| dataset.name == name) {
        return Some(Kind::Points);
    }
    processes::has(name).then_some(Kind::Series)
}

/// The key of a dataset's draws. Written out once and for all: another key would change every dataset
/// there is.
fn key(name: &str) -> [u8; 32] {
    Sha256::digest(format!("genlab-drawn/1\n{name}")).into()
}

/// `uniform-1d`: the stretch from −1 to 1, the simplest distribution that is not normal.
fn uniform() -> Distribution {
    Distribution { truth: Truth::Uniform(Uniform::new(-1.0, 1.0)), classes: None }
}

impl Drawn {
    fn draw(&self) -> Dataset {
        let Distribution { truth, classes } = (self.distribution)();
        let key = key(self.name);
        let split = |number: u64| {
            let (points, labels) = points(&truth, key, number, COUNTS[number as usize]);
            points.with_labels(classes.as_ref().map(|_| labels))
        };
        let splits = [0, 1, 2].map(split);
        let dataset = Dataset::of_splits(self.name, classes, splits, LICENCE);
        Dataset { truth: Some(truth), ..dataset }
    }
}

/// The points of one split, with their classes.
fn points(truth: &Truth, key: [u8; 32], split: u64, count: usize) -> (Values, Vec<u32>) {
    let mut floats = Vec::with_capacity(count * truth.dimensions());
    let mut labels = Vec::with_capacity(count);
    for row in 0..count as u64 {
        let draw = truth.draw(&mut keystream(key, split, row));
        floats.extend(draw.point.iter().map(|&x| x as f32));
        labels.push(draw.class as u32);
    }
    // The range is measured when the splits become a dataset.
    let space = Space::points(truth.dimensions(), 0.0, 1.0);
    (Values::floats(space, floats).cut_first(), labels)
}

#[cfg(test)]
mod tests;
