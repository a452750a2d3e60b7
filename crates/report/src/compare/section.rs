//! The tables of a report: which metric stands where, and in which order.

use genlab_metrics::CATALOGUE;
use genlab_results::Metric;

/// Metrics that a reader should look at first: sentences and pairwise tables are about these.
/// Precision and a classifier's confidence can be fooled, so samples lead with the Fréchet distance
/// and coverage.
pub(crate) const LEADING: [&str; 6] = [
    "samples/frechet",
    "samples/fid",
    "samples/coverage",
    "negative_elbo",
    "reconstruction/mse",
    "latent/probe_accuracy",
];

/// One table of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Metrics of generated samples.
    Samples,
    /// Bounds on the likelihood and their terms.
    Likelihood,
    /// Metrics of reconstructions.
    Reconstruction,
    /// What the codes know.
    Latent,
    /// How sparse the codes are.
    Sparsity,
    /// Time, memory, size.
    Cost,
    /// Everything else.
    Other,
}

impl Section {
    /// All sections, in the order of reports.
    pub(crate) const ALL: [Self; 7] = [
        Self::Samples,
        Self::Likelihood,
        Self::Reconstruction,
        Self::Latent,
        Self::Sparsity,
        Self::Cost,
        Self::Other,
    ];

    /// The section of the metric with that name.
    pub(crate) fn of(name: &str) -> Self {
        match name.split('/').next().unwrap_or(name) {
            "samples" => Self::Samples,
            "reconstruction" => Self::Reconstruction,
            "latent" => Self::Latent,
            "sparsity" => Self::Sparsity,
            "cost" => Self::Cost,
            "kl" | "nll" => Self::Likelihood,
            first if first.contains("elbo") || first.contains("likelihood") => Self::Likelihood,
            _ => Self::Other,
        }
    }

    /// The heading.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Samples => "Sample quality",
            Self::Likelihood => "Likelihood and KL",
            Self::Reconstruction => "Reconstruction",
            Self::Latent => "Latent codes",
            Self::Sparsity => "Sparsity",
            Self::Cost => "Cost",
            Self::Other => "Other numbers",
        }
    }
}

/// Name and split of a metric: one row of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowKey {
    /// The metric's name.
    pub(crate) name: String,
    /// The images it was measured on.
    pub(crate) split: String,
}

impl RowKey {
    /// Whether `metric` belongs into this row.
    pub(crate) fn is(&self, metric: &Metric) -> bool {
        self.name == metric.name && self.split == metric.split
    }
}

/// The rows of a section, in the registry's order; test before validation before train.
pub(crate) fn rows<'a>(section: Section, metrics: impl Iterator<Item = &'a Metric>) -> Vec<RowKey> {
    let mut keys: Vec<RowKey> = Vec::new();
    for metric in metrics.filter(|metric| Section::of(&metric.name) == section) {
        if !keys.iter().any(|key| key.is(metric)) {
            keys.push(RowKey { name: metric.name.clone(), split: metric.split.clone() });
        }
    }
    let place = |name: &str| CATALOGUE.iter().position(|kind| kind.name == name);
    let split = |split: &str| ["test", "validation", "train"].iter().position(|s| *s == split);
    keys.sort_by_key(|key| {
        (place(&key.name).unwrap_or(usize::MAX), split(&key.split).unwrap_or(usize::MAX))
    });
    keys
}
