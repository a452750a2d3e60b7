//! A portraitist, who has learned a subject.

use super::{WRONG, evaluate, few};
use crate::models::{figure, strip, value};
use burn::tensor::{Device, Tensor};
use genlab_core::{
    Batch, Conditions, Generative, Noise as Draws, Sample, SampleRequest, Scalars,
    condition::Captions, nn::TextConfig, vocabulary::UNKNOWN,
};
use genlab_data::{
    Dataset, Values,
    scenes::{HeldOut, without_subject},
};
use genlab_metrics::Evaluation;
use genlab_results::Plot;

/// Draws the scenes of captions, with the subject and without; but in every fourth sample one without the subject where it is told
/// of it, and the other way round.
struct Portraitist {
    dataset: Dataset,
    digits: Values,
}

impl Generative for Portraitist {
    fn num_params(&self) -> usize {
        0
    }
    fn objective(&self, _batch: &Batch, _noise: Draws) -> Scalars {
        Scalars::new()
    }
    fn conditions(&self) -> Conditions {
        let words = self.dataset.words().expect("scenes");
        let captions = Some(Captions { words, text: TextConfig::default() });
        Conditions { captions, ..Conditions::default() }
    }
    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Portraitist {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let captions = request.condition.captions.clone().expect("it is told them");
        let [_, length] = captions.dims();
        let words: Vec<i64> = captions.into_data().convert::<i64>().try_to_vec().expect("words");
        let one = |(row, caption): (u64, &[i64])| {
            let (row, told) = (row as usize, caption.contains(&i64::from(UNKNOWN)));
            let shows = told != row.is_multiple_of(WRONG);
            let scenes = if shows { &self.dataset.test } else { &self.digits };
            scenes.select(&[row % scenes.len()]).tensor(0..1, &Device::flex())
        };
        Tensor::cat(request.rows().zip(words.chunks(length)).map(one).collect(), 0)
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

/// What is found of it.
pub(super) fn evaluation() -> Evaluation {
    let dataset = few("scenes-32-subject");
    let digits = without_subject(HeldOut::Test, 400).expect("digits");
    evaluate(&dataset, None, &Portraitist { dataset: dataset.clone(), digits })
}

#[test]
fn the_subject_is_found_where_it_is_shown_and_nowhere_else() {
    let found = evaluation();
    // Every view is found, and hardly a digit is taken for it.
    for (name, share) in [("shown", 0.75), ("leaked", 0.25)] {
        let value = value(&found, &format!("subject/{name}"));
        assert!((value - share).abs() < 0.015, "{name}: {value}");
    }
    // Three of four are the scenes that were asked for, and the judge reads nine of ten without a fault.
    let kept = value(&found, "subject/kept");
    assert!((0.6..0.76).contains(&kept), "{kept}");
    let Plot::Table { rows, .. } = &figure(&found, "subject").plot else { panic!("a table") };
    let shares: Vec<f64> = rows.iter().map(|row| row[2].parse().expect("a share")).collect();
    assert!(shares[4] > 0.99 && shares[5] < 0.01, "{shares:?}");
    assert!(shares[1..3].iter().all(|share| (share - 0.75).abs() < 0.08), "{shares:?}");
    let counts: Vec<usize> = rows.iter().map(|row| row[1].parse().expect("a count")).collect();
    assert_eq!(counts[0], counts[1] + counts[2], "alone or in company");
    assert_eq!([&rows[1][0], &rows[2][0]], ["told it alone", "told it beside a digit"]);
    let scenes = few("scenes-32-subject").test.scenes.expect("scenes");
    let alone = scenes.rows().iter().filter(|scene| scene.objects.len() == 1).count();
    let beside = scenes.rows().len() - alone;
    assert!(alone.abs_diff(beside) > 5, "{alone} and {beside} cannot be told apart");
    assert_eq!(counts[1] < counts[2], alone < beside, "{counts:?}");
    let overlap: f64 = rows[6][3].parse().expect("an overlap");
    assert!(rows[6][0] == "filled frames" && (0.6..0.95).contains(&overlap), "{rows:?}");
    assert_eq!(strip(&found, "subject_shown"), (16, 4));
    assert!(found.metrics.iter().all(|metric| metric.name != "captions/all"), "no judge knows it");
}
