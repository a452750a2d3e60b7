//! Units of a sparse code to look at: how often they are on, what they write, and which images turn them on most.

use super::{
    measure::{CodeMeasure, Subject},
    sparsity::times_on,
};
use crate::{
    features::host,
    findings::Findings,
    numerics::matrix::Rows,
    picture::{in_a_row, strip},
};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Condition, Decode, Encode, Kind, Space};
use genlab_data::Values;
use genlab_results::{Entry, Figure, Plot, Scope};

/// Units of the atlas.
const ATLAS: usize = 100;
/// Of them in a row.
const ATLAS_COLUMNS: usize = 20;
/// Units whose images are shown, and images of each.
const ROWS: usize = 10;
const MOST_ACTIVE: usize = 9;
/// Bars of the histogram.
const BARS: usize = 40;

/// The measure: figures alone.
pub(super) struct UnitsShown;

impl CodeMeasure for UnitsShown {
    fn entries(&self) -> &'static [&'static Entry] {
        &[]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        if !subject.model.encoder().is_some_and(Encode::is_sparse) {
            return;
        }
        let Some(codes) = subject.codes() else { return };
        let times = times_on(&codes.mean);
        let split = subject.context.settings.split.name();
        out.figures.push(activity(&times, codes.mean.len(), split));
        let (space, device) = (subject.context.dataset.space, &subject.context.device);
        let (Some(decoder), Kind::Images) = (subject.model.decoder(), space.kind) else { return };
        let shown = |count| {
            let units = spread(&times, count);
            (atoms(decoder, &codes.mean, &units, space, device), units)
        };
        let (atlas_atoms, units) = shown(in_a_row(space, ATLAS));
        if units.is_empty() {
            return;
        }
        let (row_atoms, row_units) = shown(ROWS);
        out.figures.push(atlas(&atlas_atoms, split));
        out.figures.push(firing(
            &row_atoms,
            &codes.mean,
            &row_units,
            subject.context.split(),
            split,
        ));
    }
}

/// `count` units that are on at all, evenly spread from the most often to the most rarely active.
fn spread(times: &[usize], count: usize) -> Vec<usize> {
    let mut units: Vec<usize> = (0..times.len()).filter(|unit| times[*unit] > 0).collect();
    units.sort_by_key(|unit| (std::cmp::Reverse(times[*unit]), *unit));
    let shown = count.min(units.len());
    (0..shown).map(|i| units[i * units.len() / shown]).collect()
}

/// What each of `units` adds to an image when it is as large as it ever is on the split, around a middle grey: lighter where
/// it adds, darker where it takes away.
fn atoms(
    decoder: &dyn Decode,
    codes: &Rows,
    units: &[usize],
    space: Space,
    device: &Device,
) -> Values {
    let size = decoder.latent_dim();
    let mut alone = vec![0.0_f32; units.len() * size];
    for (row, &unit) in alone.chunks_mut(size).zip(units) {
        row[unit] = codes.iter().map(|code| code[unit]).fold(0.0, f64::max) as f32;
    }
    let alone = Tensor::from_data(TensorData::new(alone, [units.len(), size]), device);
    let told = Condition::default();
    let nothing = decoder.decode(Tensor::zeros([1, size], device), &told);
    host::kept(&host::floats((decoder.decode(alone, &told) - nothing) / 2.0 + 0.5), space)
}

/// How many units are on for which share of the split.
fn activity(times: &[usize], values: usize, split: &str) -> Figure {
    let mut bars = vec![0.0; BARS];
    for share in times.iter().filter(|n| **n > 0).map(|n| *n as f64 / values as f64) {
        bars[((share * BARS as f64) as usize).min(BARS - 1)] += 1.0;
    }
    let dead = times.iter().filter(|n| **n == 0).count();
    let caption = format!(
        "How many of the {} units are on for which share of the {split} split: the first bar is up to {:.1} %, the last up \
         to 100 %. {dead} units are never on and in no bar.",
        times.len(),
        100.0 / BARS as f64
    );
    let x_label = "share of the split that turns a unit on, from 0 to 1".into();
    figure("unit_activity", "Activity", caption, Plot::Bars { values: bars, x_label, guide: None })
}

fn atlas(atoms: &Values, split: &str) -> Figure {
    let caption = format!(
        "What single units write when they are as large as they ever are on the {split} split: lighter where they add, \
         darker where they take away. From the most often active unit to the most rarely active one, dead ones left out."
    );
    let plot = Plot::Strip(strip(atoms, in_a_row(atoms.space, ATLAS_COLUMNS)));
    figure("units", "What they write", caption, plot)
}

/// Each unit's atom, and beside it the images that it is largest for.
fn firing(atoms: &Values, codes: &Rows, units: &[usize], images: &Values, split: &str) -> Figure {
    // At least one image beside the atom, however wide it is.
    let most = in_a_row(images.space, 1 + MOST_ACTIVE).max(2) - 1;
    let mut pixels = Vec::new();
    for (row, &unit) in units.iter().enumerate() {
        pixels.extend_from_slice(atoms.select(&[row]).bytes().unwrap_or_default());
        pixels.extend_from_slice(
            images.select(&largest(codes, unit, most)).bytes().unwrap_or_default(),
        );
    }
    let columns = 1 + most.min(images.len());
    let caption = format!(
        "Each row is one unit: what it writes, and the {split} images that turn it on most, the most first."
    );
    let plot = Plot::Strip(strip(&Values::images(images.shape(), pixels), columns));
    figure("unit_images", "What turns them on", caption, plot)
}

/// The `count` rows in which `unit` is largest, the largest first.
fn largest(codes: &Rows, unit: usize, count: usize) -> Vec<usize> {
    let mut rows: Vec<usize> = (0..codes.len()).collect();
    rows.sort_by(|&a, &b| codes.row(b)[unit].total_cmp(&codes.row(a)[unit]).then(a.cmp(&b)));
    rows.truncate(count);
    rows
}

fn figure(name: &str, title: &str, caption: String, plot: Plot) -> Figure {
    Figure {
        name: name.into(),
        section: "Units of the code".into(),
        title: title.into(),
        caption,
        scope: Scope::Run,
        plot,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_spread_from_the_most_often_active_one_and_dead_ones_left_out() {
        assert_eq!(spread(&[3, 0, 9, 1, 3], 2), [2, 4]);
        assert_eq!(spread(&[3, 0, 9, 1, 3], 9), [2, 0, 4, 3]);
        assert!(spread(&[0, 0], 3).is_empty());
    }

    #[test]
    fn the_images_of_a_unit_are_those_that_it_is_largest_for() {
        let codes = Rows::new(2, vec![0.0, 1.0, 0.0, 3.0, 0.0, 2.0]);
        assert_eq!(largest(&codes, 1, 2), [1, 2]);
    }

    #[test]
    fn bars_count_the_living_units_by_their_share() {
        let Plot::Bars { values, .. } = activity(&[0, 1, 1, 100], 100, "test").plot else {
            panic!("bars")
        };
        assert_eq!((values[0], values[BARS - 1], values.iter().sum::<f64>()), (2.0, 1.0, 3.0));
    }
}
