//! How much a ranking of runs depends on who judges: the samples of all of them, read by several judges.

use crate::{
    context::FIXED_SEED,
    features::judge::Judge,
    measures::sets::{
        frechet::Frechet,
        pair::{ImageSet, Pair, ScoreSettings},
        score_by,
    },
    numerics::rank::{kendall, ranks},
};
use burn::tensor::Device;
use genlab_data::Values;
use genlab_results::{Agreement, JudgedRun, Metric, Panel, Place};

/// Runs that an order takes: two runs stand in the same order by luck in one case of two.
pub const FEWEST_RUNS: usize = 3;

/// The samples that a run has left behind.
#[derive(Clone, Debug)]
pub struct StoredSamples {
    /// What the run is called.
    pub run: String,
    /// In the form in which they are kept.
    pub samples: Values,
}

/// What samples are held against.
#[derive(Clone, Copy, Debug)]
pub struct RealValues<'a> {
    /// All values of the split.
    pub values: &'a Values,
    /// Its name.
    pub split: &'static str,
}

/// Ranks the runs by the Fréchet distance of their samples to real images in the features of each judge, and tells how far
/// the judges agree. As many samples of each run are read as the run with the fewest has, and as many real images: distances
/// depend on their number. `device` is the plain device that the judges are on; `progress` is told who looks at what.
///
/// # Panics
/// When there is no image on one of the sides, or they are not all of the size that a judge looks at.
pub fn panel(
    judges: &[Judge],
    real: RealValues<'_>,
    runs: &[StoredSamples],
    device: &Device,
    progress: &dyn Fn(&str),
) -> Panel {
    let fewest = runs.iter().map(|run| run.samples.len()).min().unwrap_or(0);
    let count = fewest.min(real.values.len());
    let settings = ScoreSettings { seed: FIXED_SEED, split: real.split, frechet_infinity: false };
    let real = real.values.sample(count);
    let mut notes: Vec<String> = Vec::new();
    if runs.iter().any(|run| run.samples.len() != count) {
        notes.push(format!(
            "Several judges look at the first {count} samples of each run, because the runs differ in how many they have."
        ));
    }
    let mut columns = Vec::new();
    for judge in judges {
        let real = ImageSet::new(real.clone().into_owned(), Some(judge), device);
        let mut column = Vec::new();
        for StoredSamples { run, samples } in runs {
            progress(&format!("judge {} looks at {run}", judge.name));
            let set = ImageSet::new(samples.take(count), Some(judge), device);
            let mut found = score_by(&[&Frechet], &Pair::new(&set, &real, settings));
            column.push(found.metrics.pop());
            // With as many samples of each run the reason is the same for all of them.
            for reason in found.notes {
                let note = format!("By judge {}: {reason}", judge.name);
                if !notes.contains(&note) {
                    notes.push(note);
                }
            }
        }
        columns.push(placed(column));
    }
    let agreements = agreements(&columns);
    notes.extend(silence(judges.len(), &agreements));
    let of_run = |(index, run): (usize, &StoredSamples)| JudgedRun {
        run: run.run.clone(),
        places: columns.iter().map(|column| column[index].clone()).collect(),
    };
    Panel {
        judges: judges.iter().map(Judge::info).collect(),
        runs: runs.iter().enumerate().map(of_run).collect(),
        agreements,
        apart: false,
        notes,
    }
}

/// The runs in the order of one judge's distances, of which the least is the best.
fn placed(distances: Vec<Option<Metric>>) -> Vec<Option<Place>> {
    let known: Vec<f64> = distances.iter().flatten().map(|metric| metric.value).collect();
    let mut ranks = ranks(&known).into_iter();
    let mut place = |metric| Place {
        metric,
        rank: 1.0 + ranks.next().expect("there is a rank for each distance"),
    };
    distances.into_iter().map(|distance| distance.map(&mut place)).collect()
}

/// How far each two of the judges agree, over the runs that both have a place for.
fn agreements(columns: &[Vec<Option<Place>>]) -> Vec<Agreement> {
    let mut agreements = Vec::new();
    for (first, one) in columns.iter().enumerate() {
        for (second, other) in columns.iter().enumerate().skip(first + 1) {
            let both = one.iter().zip(other).filter_map(|(a, b)| Some((a.as_ref()?, b.as_ref()?)));
            let (a, b): (Vec<f64>, Vec<f64>) = both.map(|(a, b)| (a.rank, b.rank)).unzip();
            let tau_b = (a.len() >= FEWEST_RUNS).then(|| kendall(&a, &b)).flatten();
            agreements.push(Agreement { judges: [first, second], tau_b, runs: a.len() });
        }
    }
    agreements
}

/// Why nothing is said about how far judges agree, where that is so.
fn silence(judges: usize, agreements: &[Agreement]) -> Option<String> {
    match agreements.iter().map(|agreement| agreement.runs).max() {
        None if judges == 1 => Some(
            "There is a single judge, so nothing is said about how far judges agree.".to_owned(),
        ),
        Some(most) if most < FEWEST_RUNS => Some(format!(
            "Kendall's tau-b between judges is absent: it needs at least {FEWEST_RUNS} runs with a distance by both, and \
             there are {most}."
        )),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_data::{Dataset, LoadOptions, load};

    fn digits() -> Dataset {
        load("digits8x8", &LoadOptions::default()).unwrap()
    }

    /// The first images of the training split, each pixel with `noise` of 255 taken off or put on.
    fn noisy(data: &Dataset, run: &str, count: usize, noise: u8) -> StoredSamples {
        let images = data.train.take(count);
        let disturbed = |(index, level): (usize, &u8)| {
            if index * index % 7 < 3 {
                level.saturating_add(noise)
            } else {
                level.saturating_sub(noise)
            }
        };
        let bytes = images.bytes().unwrap().iter().enumerate().map(disturbed).collect();
        StoredSamples { run: run.into(), samples: Values::images(images.shape(), bytes) }
    }

    fn judged(judges: &[Judge], runs: &[StoredSamples], data: &Dataset) -> Panel {
        let real = RealValues { values: &data.test, split: "test" };
        panel(judges, real, runs, &Device::flex(), &|_| ())
    }

    #[test]
    fn judges_agree_on_what_is_plain() {
        let (data, device) = (digits(), Device::flex());
        let own = Judge::for_dataset("digits8x8", data.space.shape, &device).unwrap();
        let judges = [own, Judge::random(&data, &device).unwrap()];
        let runs = [("noise", 200, 250), ("clean", 180, 0), ("grey", 190, 90)];
        let runs = runs.map(|(run, count, noise)| noisy(&data, run, count, noise));
        let told = std::cell::Cell::new(0);
        let real = RealValues { values: &data.test, split: "test" };
        let found = panel(&judges, real, &runs, &device, &|_| told.set(told.get() + 1));
        assert_eq!((told.get(), found.judges.len(), found.notes.len()), (6, 2, 1), "{found:?}");
        assert!(found.notes[0].contains("the first 180 samples of each run"), "{found:?}");
        for (run, rank) in found.runs.iter().zip([3.0, 1.0, 2.0]) {
            for place in run.places.iter().flatten() {
                assert_eq!((place.rank, place.metric.n), (rank, 180), "{found:?}");
            }
        }
        assert_eq!(found.agreements, [Agreement { judges: [0, 1], tau_b: Some(1.0), runs: 3 }]);
        let place = found.runs[1].places[0].as_ref().unwrap();
        assert_eq!((&*place.metric.name, &*place.metric.split), ("samples/frechet", "test"));
    }

    #[test]
    fn what_is_absent_is_said_once_with_its_reason() {
        let (data, device) = (digits(), Device::flex());
        let random = || Judge::random(&data, &device).unwrap();
        let runs = ["a", "b"].map(|run| noisy(&data, run, 100, 0));
        let two = judged(&[random(), random()], &runs, &data);
        assert!(two.notes[0].ends_with("with a distance by both, and there are 2."), "{two:?}");
        assert_eq!((two.notes.len(), two.agreements[0].tau_b), (1, None));
        let ranks: Vec<f64> =
            two.runs.iter().flat_map(|r| &r.places).flatten().map(|p| p.rank).collect();
        assert_eq!(ranks, [1.5; 4], "equal samples share a place");
        assert!(judged(&[random()], &runs, &data).notes[0].contains("a single judge"));
        // 32 features, and fewer than 64 images.
        let runs = ["a", "b", "c"].map(|run| noisy(&data, run, 60, 0));
        let few = judged(&[random()], &runs, &data);
        assert!(few.runs.iter().all(|run| run.places.iter().all(Option::is_none)));
        assert!(
            few.notes[0].starts_with("By judge random: samples/frechet is absent: "),
            "{few:?}"
        );
        assert_eq!(few.notes.len(), 2, "{few:?}");
    }

    #[test]
    fn two_judges_are_held_against_each_other_over_the_runs_that_both_place() {
        let metric = |value| Metric {
            name: "a/distance".into(),
            split: "test".into(),
            value,
            n: 10,
            unit: String::new(),
            qualifier: None,
            better: None,
            ci95: None,
            real: None,
            noise: None,
        };
        let column = |values: [f64; 5]| {
            placed(values.map(|v| (v > 0.0).then(|| metric(v))).into_iter().collect())
        };
        let columns = [
            column([1.0, 2.0, 3.0, 4.0, 5.0]),
            column([20.0, 10.0, 30.0, 40.0, 0.0]),
            column([7.0, 7.0, 7.0, 7.0, 0.0]),
        ];
        let found = agreements(&columns);
        let pairs: Vec<_> = found.iter().map(|found| (found.judges, found.runs)).collect();
        assert_eq!(pairs, [([0, 1], 4), ([0, 2], 4), ([1, 2], 4)]);
        // Five pairs of six in the same order: (5 - 1) / 6.
        let tau = found[0].tau_b.unwrap();
        assert!((tau - 4.0 / 6.0).abs() < 1e-12, "{tau}");
        assert_eq!(found[1].tau_b, None, "the third judge tells none apart");
    }
}
