//! Codes in the plane of their first two principal components, coloured by class. Needs an encoder and labels.

use super::measure::{CodeMeasure, Subject};
use crate::{findings::Findings, numerics::pca::Pca};
use genlab_results::{Entry, Figure, Plot, Scope};

/// Codes in the chart, at most.
const SHOWN: usize = 1000;
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
        if codes.mean.dim < 2 {
            return;
        }
        let Some(pca) = Pca::fit(&codes.mean, 2) else { return };
        let total: f64 = {
            let covariance = codes.mean.moments().covariance;
            (0..codes.mean.dim).map(|i| covariance[(i, i)]).sum()
        };
        let places = pca.transform(&codes.mean.take(SHOWN));
        if places.dim < 2 || total <= 0.0 {
            return;
        }
        let mut classes = labels.clone();
        classes.sort_unstable();
        classes.dedup();
        if classes.len() > MOST_CLASSES {
            return;
        }
        let of = |class: u32| {
            let own = places.iter().zip(labels).filter(|(_, label)| **label == class);
            (format!("{class}"), own.map(|(place, _)| (place[0], place[1])).collect())
        };
        out.figures.push(Figure {
            name: "code_map".into(),
            section: "Codes".into(),
            title: "Map of codes".into(),
            caption: format!(
                "Codes of the {} split in the plane of their first two principal components, which hold {:.0} % of their \
                 variance, by class.",
                subject.context.settings.split.name(),
                100.0 * pca.variances.iter().sum::<f64>() / total,
            ),
            scope: Scope::Run,
            plot: Plot::Scatter {
                series: classes.into_iter().map(of).collect(),
                density: None,
                x_label: "first component".into(),
                y_label: "second component".into(),
            },
        });
    }
}
