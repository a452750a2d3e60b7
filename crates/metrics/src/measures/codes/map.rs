//! Codes in two planes, coloured by class: that of their first two principal components, and that of t-SNE. Needs an encoder
//! and labels.

use super::measure::{CodeMeasure, Subject};
use crate::{
    findings::Findings,
    numerics::{
        matrix::Rows,
        pca::Pca,
        tsne::{PERPLEXITY, tsne},
    },
};
use genlab_results::{Entry, Figure, Plot, Scope};

/// Codes in the plane of components, at most.
const SHOWN: usize = 1000;
/// Codes in t-SNE's plane, at most: its work grows with their square.
const NEIGHBOURS: usize = 500;
/// Classes that colours can tell apart.
const MOST_CLASSES: usize = 12;

/// The measure; it has no number.
pub(super) struct Map;

impl CodeMeasure for Map {
    fn entries(&self) -> &'static [&'static Entry] {
        &[]
    }

    fn measure(&self, subject: &Subject<'_>, out: &mut Findings) {
        let (Some(codes), Some(labels)) = (subject.codes(), &subject.context.split().labels) else {
            return;
        };
        let codes = &codes.mean;
        let mut classes = labels.clone();
        classes.sort_unstable();
        classes.dedup();
        if codes.dim < 2 || classes.len() > MOST_CLASSES {
            return;
        }
        let split = subject.context.settings.split.name();
        if let Some((places, share)) = components(codes) {
            out.figures.push(Figure {
                name: "code_map".into(),
                section: "Codes".into(),
                title: "Map of codes".into(),
                caption: format!(
                    "Codes of the {split} split in the plane of their first two principal components, which hold {:.0} % of \
                     their variance, by class.",
                    100.0 * share
                ),
                scope: Scope::Run,
                plot: scatter(&places, &classes, labels, ["first component", "second component"]),
            });
        }
        if codes.dim == 2 {
            return;
        }
        if let Some(places) = tsne(&codes.take(NEIGHBOURS)) {
            out.figures.push(Figure {
                name: "code_neighbours".into(),
                section: "Codes".into(),
                title: "Map of neighbours among codes".into(),
                caption: format!(
                    "{} codes of the {split} split by t-SNE (perplexity {PERPLEXITY}), by class. Who lies near whom can be read \
                     from it; distances between groups, and their sizes, mean nothing.",
                    places.len()
                ),
                scope: Scope::Run,
                plot: scatter(&places, &classes, labels, ["", ""]),
            });
        }
    }
}

/// Places in the plane of the first two principal components, and the share of the variance that it holds.
fn components(codes: &Rows) -> Option<(Rows, f64)> {
    let pca = Pca::fit(codes, 2)?;
    let covariance = codes.moments().covariance;
    let total: f64 = (0..codes.dim).map(|i| covariance[(i, i)]).sum();
    let places = pca.transform(&codes.take(SHOWN));
    let share = pca.variances.iter().sum::<f64>() / total;
    (places.dim == 2 && total > 0.0).then_some((places, share))
}

/// The places of each class in a colour of its own. `labels` may be longer than `places`.
fn scatter(places: &Rows, classes: &[u32], labels: &[u32], axes: [&str; 2]) -> Plot {
    let of = |class: &u32| {
        let own = places.iter().zip(labels).filter(|(_, label)| *label == class);
        (format!("{class}"), own.map(|(place, _)| (place[0], place[1])).collect())
    };
    let [x_label, y_label] = axes.map(str::to_owned);
    Plot::Scatter { series: classes.iter().map(of).collect(), density: None, x_label, y_label }
}
