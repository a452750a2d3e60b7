//! A tracer, which draws the ink that it is told.

use super::{WRONG, evaluate, floats, scenes};
use crate::models::{figure, strip, value};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{
    Batch, Conditions, ControlKind, Generative, Noise as Draws, Sample, SampleRequest, Scalars,
};
use genlab_data::Dataset;
use genlab_metrics::Evaluation;
use genlab_results::Plot;

/// Draws the ink that it is told in white, but in every fourth sample nothing; and nothing at all where it is told nothing.
struct Tracer;

impl Generative for Tracer {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn conditions(&self) -> Conditions {
        Conditions::default().with_control(ControlKind::Mask)
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Tracer {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let Some(ink) = request.condition.control.clone() else {
            return Tensor::zeros([request.count, 3, 32, 32], &Device::flex());
        };
        let drawn =
            request.rows().map(|row| f32::from(u8::from(!(row as usize).is_multiple_of(WRONG))));
        let drawn = TensorData::new(drawn.collect(), [request.count, 1, 1, 1]);
        ink.repeat_dim(1, 3) * Tensor::<4>::from_data(drawn, &Device::flex())
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// What is found of it.
pub(super) fn evaluation(dataset: &Dataset) -> Evaluation {
    evaluate(dataset, None, &Tracer)
}

#[test]
fn the_ink_of_a_tracer_lies_where_it_was_told_but_in_every_fourth_sample() {
    let tracer = evaluation(&scenes());
    // A sample without ink has none in common with a scene.
    let overlap = value(&tracer, "control/iou");
    assert!((overlap - 0.75).abs() < 1e-9, "{overlap}");
    let Plot::Table { rows, .. } = &figure(&tracer, "control").plot else { panic!("a table") };
    let overlaps: Vec<&str> = rows.iter().map(|row| row[2].as_str()).collect();
    assert_eq!(overlaps[..3], ["0.750", "0.000", "1.000"]);
    let chance: f64 = overlaps[3].parse().expect("a number");
    assert!((0.02..0.1).contains(&chance), "{chance}");
    // The judge reads more digits where there is ink than where there is none, and most of all in the scenes.
    let [traced, blank, real] =
        [0, 1, 2].map(|row: usize| rows[row][3].parse::<f64>().expect("a share"));
    assert!(blank < traced && traced < real, "{blank} {traced} {real}");
    assert_eq!(strip(&tracer, "controlled"), (36, 12));
}

#[test]
fn the_mask_of_a_scene_is_about_what_its_objects_cover() {
    let scenes = scenes().test.take(200);
    let masks = floats(ControlKind::Mask.of(scenes.tensor(0..scenes.len(), &Device::flex())));
    let truth = scenes.scenes.as_ref().expect("scenes");
    let overlap = |(row, mask): (usize, &[f32])| {
        let objects = truth.masks(row);
        let covered = |pixel: usize| objects.iter().any(|object| object.whole[pixel]);
        let (mut both, mut either) = (0.0, 0.0);
        for (pixel, ink) in mask.iter().enumerate() {
            let (ink, covered) = (*ink > 0.5, covered(pixel));
            both += f64::from(u8::from(ink && covered));
            either += f64::from(u8::from(ink || covered));
        }
        both / either
    };
    let mean = masks.chunks(32 * 32).enumerate().map(overlap).sum::<f64>() / 200.0;
    // Where ink covers a third to a half of a pixel, by its colour, the two differ.
    assert!((0.82..0.92).contains(&mean), "{mean}");
}
