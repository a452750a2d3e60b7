//! Clips of moving digits: a player that knows every one by heart, and plays some of them out of order.

use crate::models::value;
use burn::tensor::{Device, Tensor};
use genlab_core::{Batch, Generative, Noise as Draws, Sample, SampleRequest, Scalars, Seed};
use genlab_data::{Dataset, LoadOptions, load, moving};
use genlab_metrics::{Evaluation, Evaluator, Settings};
use genlab_results::Plot;

/// Every fourth sample has two of its frames in each other's place.
const OUT_OF_ORDER: usize = 4;

/// Plays the clips of the test split.
struct Player(Dataset);

impl Generative for Player {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Player {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let clip = |row: u64| {
            let row = row as usize % self.0.test.len();
            let clip = self.0.test.tensor(row..row + 1, &Device::flex());
            let mut order: Vec<usize> = (0..moving::FRAMES).collect();
            if row.is_multiple_of(OUT_OF_ORDER) {
                order.swap(1, 5);
            }
            Tensor::cat(
                order.into_iter().map(|frame| clip.clone().narrow(1, frame, 1)).collect(),
                1,
            )
        };
        Tensor::cat(request.rows().map(clip).collect(), 0)
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// What is found of the player.
pub(crate) fn evaluation() -> Evaluation {
    let all = load(moving::NAME, &LoadOptions::default()).expect("a dataset that is drawn");
    let clips = Dataset { train: all.train.take(300), test: all.test.take(200), ..all };
    let settings = Settings { samples: 200, ..Settings::default() };
    let player = Player(clips.clone());
    Evaluator::new(&clips, None, &Device::flex(), Seed(0), settings).evaluate(&player, &|_| ())
}

/// The cells of a row of the table, as numbers.
fn row(found: &Evaluation, name: &str) -> Vec<f64> {
    let figure = found.figures.iter().find(|figure| figure.name == "motion").expect("a table");
    let Plot::Table { rows, .. } = &figure.plot else { panic!("a table") };
    let row = rows.iter().find(|row| row[0] == name).expect("a row of this name");
    row[1..].iter().map(|cell| cell.parse().expect("a number")).collect()
}

#[test]
fn clips_out_of_order_move_by_no_law_and_show_one_digit_all_the_same() {
    let found = evaluation();
    assert!((value(&found, "motion/lawful") - 0.75).abs() < 0.03);
    assert!(value(&found, "motion/identity") > 0.97);
    let identity = found.metrics.iter().find(|metric| metric.name == "motion/identity");
    let identity = identity.expect("it was just read");
    assert!(identity.real.is_some_and(|share| share > 0.97) && identity.noise.is_none());
    // Of seven steps in a clip out of order four are three or five times as long.
    let distance = value(&found, "motion/speed_distance");
    assert!((0.2..1.0).contains(&distance), "{distance}");
    let [_, speed, distance, lawful, one, all] = row(&found, "real training clips")[..] else {
        panic!("six numbers")
    };
    assert!((1.2..1.6).contains(&speed) && distance < 0.15, "{speed} {distance}");
    assert!(lawful > 0.99 && one > 0.97 && all > 0.9, "{lawful} {one} {all}");
    let shuffled = row(&found, "real clips, frames shuffled");
    assert!(shuffled[3] < 0.05, "{shuffled:?}");
    assert!((shuffled[4] - one).abs() < 0.003, "who is shown does not depend on the order");
    let mixed = row(&found, "frames of different clips");
    assert!(mixed[1] > 2.0 && mixed[3] < 0.05 && mixed[4] < 0.6, "{mixed:?}");
    assert!(row(&found, "noise")[3] < 0.5);
}

#[test]
fn clips_are_shown_a_row_each_with_their_frames_side_by_side() {
    let found = evaluation();
    let grid = found.figures.iter().find(|figure| figure.name == "grid").expect("samples");
    let Plot::Strip(strip) = &grid.plot else { panic!("a strip") };
    let width = moving::FRAMES * (moving::SHAPE.width + 1) - 1;
    assert_eq!((strip.channels, strip.width, strip.columns), (1, width, 1));
    assert_eq!(strip.count(), 12);
}
