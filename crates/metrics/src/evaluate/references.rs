//! The rows that a model is held against: real images, generators without a network, class means,
//! noise.

use super::{
    cache::ReferenceCache,
    forecasts,
    sets::{read, score_settings, values},
};
use crate::{
    context::Context,
    features::{host, judge::trained},
    findings::Findings,
    generators::{
        FIT_IMAGES,
        baseline::{PcaMixture, Projected},
    },
    measures::{
        codes::{exact::EXACT, importance::DENSITY},
        forecast::{self, horizons::Horizons},
        sets::{
            memorisation::maths::{Relation, Threshold, nearest},
            pair::{ImageSet, Pair, TrainingImages},
            score,
        },
        units,
    },
    numerics::{fit::FitError, pca::MOST_VALUES},
    picture,
};
use genlab_core::{Condition, Kind, Range};
use genlab_data::{Truth, Values};
use genlab_results::{Figure, Reference, Role, Scope};
use serde::{Deserialize, Serialize};

/// Samples of the PCA mixture that are kept to be looked at.
const SHOWN: usize = 64;
/// Columns of their picture.
const COLUMNS: usize = 8;

/// Everything that the models of a run share.
pub(super) struct References {
    /// The split's images, as many as there are samples.
    pub(super) split: ImageSet,
    /// What the references score.
    pub(super) rows: ReferenceRows,
}

impl References {
    /// Scores the references, or takes them from `cache`.
    pub(super) fn new(context: &Context<'_>, cache: Option<&ReferenceCache>) -> Self {
        let split = read(context.measured().into_owned(), context);
        let key = key(context);
        let kept = cache.and_then(|cache| {
            let rows = ReferenceRows::from_json(&cache.read(&key)?);
            if rows.is_none() {
                cache.tell_of_damage(&key);
            }
            rows
        });
        let rows = kept.unwrap_or_else(|| {
            let json = ReferenceRows::new(context, &split).to_json();
            if let Some(cache) = cache {
                cache.write(&key, &json);
            }
            // Reading a number back may round its last bit: read what the next run will read.
            ReferenceRows::from_json(&json).expect("what was written above can be read")
        });
        Self { split, rows }
    }

    /// Puts what the true density gives beside likelihoods and bounds that say the same of a model.
    pub(super) fn beside(&self, out: &mut Findings) {
        let real = self.value("real", EXACT.name);
        for metric in &mut out.metrics {
            if [EXACT.name, DENSITY.name].contains(&metric.name.as_str()) {
                metric.real = real;
            }
        }
    }

    /// The value of a reference's metric.
    pub(super) fn value(&self, row: &str, metric: &str) -> Option<f64> {
        let row = self.rows.scored.iter().find(|r| r.name == row)?;
        row.metrics.iter().find(|m| m.name == metric).map(|m| m.value)
    }
}

/// Everything that decides the rows but the program.
fn key(context: &Context<'_>) -> String {
    let Context { dataset, seed, settings, device, .. } = context;
    let judge = context.judge.as_ref().map(|judge| judge.sha256.as_str());
    format!("{} {} {judge:?} {seed:?} {settings:?} {device:?}", dataset.name, dataset.sha256)
}

/// What the references score, and what is made on the way.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct ReferenceRows {
    /// What counts as memorised; None with too few images.
    pub(super) memory: Option<Threshold>,
    /// Sample metrics of the references.
    pub(super) scored: Vec<Reference>,
    /// What was left out and why.
    pub(super) notes: Vec<String>,
    /// What forecasts without a network score at each step ahead.
    pub(super) forecasts: Vec<Horizons>,
    /// The samples of the PCA mixture that are shown.
    baseline: Option<Values>,
}

impl ReferenceRows {
    fn new(context: &Context<'_>, split: &ImageSet) -> Self {
        let (train, count) = (&context.dataset.train, context.sample_count());
        let memory = nearest(&split.images, train, Relation::HeldOut)
            .and_then(|found| Threshold::new(&found));
        let mut making = Making { context, split, notes: Vec::new(), scored: Vec::new() };
        making
            .notes
            .extend(context.judge.as_ref().and_then(|j| trained::weakness(j, context.dataset)));
        if split.reading.is_none() {
            let reason = trained::obstacle(context.dataset);
            let reason = reason.unwrap_or_else(|| "no judge was given to the evaluation".into());
            making.notes.push(format!(
                "Metrics of a judge's features (a frozen classifier's, which stand in for \
                 Inception's) are absent: {reason}."
            ));
        }
        making.real(count, memory);
        let baseline = making.baselines(count);
        making.class_means(count);
        let forecasts = making.forecasts();
        making.add("noise", "Uniform noise".into(), Role::Noise, noise(context, count));
        Self { memory, scored: making.scored, notes: making.notes, baseline, forecasts }
    }

    /// Samples of the PCA mixture, side by side.
    pub(super) fn baseline(&self, truth: Option<&Truth>) -> Option<Figure> {
        let values = self.baseline.as_ref()?;
        Some(Figure {
            name: "baseline".into(),
            section: "Samples".into(),
            title: "PCA + Gaussian mixture".into(),
            caption: "a baseline without any network".into(),
            scope: Scope::Shared,
            plot: picture::plot(values, COLUMNS, truth),
        })
    }

    /// Images of the split themselves, to see what samples are held against.
    pub(super) fn real(context: &Context<'_>) -> Option<Figure> {
        let images = context.split();
        let in_a_row = |room: usize| picture::in_a_row(images.space, room);
        (images.space.kind == Kind::Images).then(|| Figure {
            name: "real".into(),
            section: "Samples".into(),
            title: "Real images".into(),
            caption: format!("the first of the {} split", context.settings.split.name()),
            scope: Scope::Shared,
            plot: picture::plot(&images.take(in_a_row(SHOWN)), in_a_row(COLUMNS), None),
        })
    }

    fn to_json(&self) -> String {
        serde_json::to_string(self).expect("finite numbers and strings make JSON")
    }

    /// None where the text is damaged.
    fn from_json(json: &str) -> Option<Self> {
        serde_json::from_str(json).ok()
    }
}

/// [`ReferenceRows`] in the making.
struct Making<'a> {
    context: &'a Context<'a>,
    split: &'a ImageSet,
    scored: Vec<Reference>,
    notes: Vec<String>,
}

impl Making<'_> {
    /// As many training images as samples, so that they have the bias of the same n. How many of them
    /// count as memorised beside the *other* training images is what fresh images of the same source
    /// score.
    fn real(&mut self, count: usize, memory: Option<Threshold>) {
        let train = &self.context.dataset.train;
        // Unlabelled: nobody asked for these classes.
        let set = read(train.sample(count).into_owned().with_labels(None), self.context);
        let title =
            format!("Real training {} ({})", units::noun(train.space.kind), set.images.len());
        let pair = self.pair(&set);
        let training =
            TrainingImages { images: train, relation: Relation::Training, threshold: memory };
        self.push("real", title, Role::Real, &pair.with_training(training));
        let truth = self.context.dataset.truth.as_ref();
        let log_density = |row: &[f64]| truth.and_then(|truth| truth.log_density(row));
        self.exact("the true density", log_density);
    }

    /// Gives the last row the likelihood of the split under a density, where values are not images and
    /// there is one.
    fn exact(&mut self, whose: &str, log_density: impl Fn(&[f64]) -> Option<f64>) {
        let (values, row) = (self.context.split(), self.scored.last_mut());
        if values.space.kind == Kind::Images {
            return;
        }
        let nats = |index| log_density(&values.row_f64(index)).map(|v| -v);
        let nats: Option<Vec<f64>> = (0..values.len()).map(nats).collect();
        let mean = nats.map(|nats| self.context.mean(&EXACT, &nats));
        if let (Some(row), Some(Ok(mean))) = (row, mean) {
            row.metrics.push(mean.qualified(whose));
        }
    }

    /// Scores forecasts without a network, where values have a past.
    fn forecasts(&mut self) -> Vec<Horizons> {
        let context = self.context;
        if context.dataset.past().is_none() {
            return Vec::new();
        }
        let outcomes = context.split().sample(context.settings.forecast_windows);
        let mut horizons = Vec::new();
        for forecasts::Row { name, title, forecasts } in forecasts::rows(&outcomes, context) {
            horizons.push(Horizons::new(&title, &forecasts, &outcomes));
            let found = forecast::score(&forecasts, &outcomes, context);
            let metrics = found.metrics.into_iter();
            self.notes.extend(found.notes);
            match name {
                Some(name) => {
                    let (name, metrics) = (name.into(), metrics.collect());
                    self.scored.push(Reference { name, title, role: Role::Baseline, metrics });
                }
                None => {
                    if let Some(real) = self.scored.iter_mut().find(|row| row.name == "real") {
                        real.metrics.extend(metrics.map(|metric| metric.qualified(&title)));
                    }
                }
            }
        }
        horizons
    }

    /// The mean image of each class, in the proportions of the training images.
    fn class_means(&mut self, count: usize) {
        let train = &self.context.dataset.train;
        // The means of points are their modes, which is all that there is to know of them.
        let Some(labels) = train.labels.as_ref().filter(|_| train.bytes().is_some()) else {
            return;
        };
        let means = ClassMeans::new(train, labels);
        let classes = means.shown();
        let some = train.sample(count);
        let labels = some.labels.as_deref().unwrap_or_default();
        let pixels = labels.iter().flat_map(|&label| means.image(label));
        let images = Values::images(train.shape(), pixels.collect());
        self.add("class-mean", format!("Class means ({classes})"), Role::Baseline, images);
    }

    /// The generators without a network; some samples of the first to look at.
    fn baselines(&mut self, count: usize) -> Option<Values> {
        let context = self.context;
        let pixels = context.dataset.space.shape.pixels();
        if pixels > MOST_VALUES {
            self.notes.push(format!(
                "The baselines pca-mixture and gaussian are absent: images of {pixels} values are \
                 beyond the {MOST_VALUES} that principal components are computed for."
            ));
            return None;
        }
        let Some(projected) = Projected::new(&context.dataset.train.sample(FIT_IMAGES)) else {
            self.notes.push("The baselines are absent: there are fewer than two images.".into());
            return None;
        };
        let (dims, components) = (projected.dimensions(), projected.components());
        let fit = |components| projected.fit(components, context.seed, &context.device);
        let title = format!("PCA ({dims}) + Gaussian mixture ({components})");
        let mixture = self.baseline("pca-mixture", title, fit(components), count);
        let title = format!("PCA ({dims}) + one Gaussian");
        self.baseline("gaussian", title, fit(1), count);
        mixture.map(|values| match values.space.kind {
            Kind::Images => values.take(SHOWN),
            Kind::Points | Kind::Series => values,
        })
    }

    /// Draws and scores a generator; its samples, or a note.
    fn baseline(
        &mut self,
        name: &str,
        title: String,
        fitted: Result<PcaMixture, FitError>,
        count: usize,
    ) -> Option<Values> {
        match fitted {
            Ok(model) => {
                let drawn = values(&model, count, Condition::default(), self.context);
                let images = host::kept(&drawn, model.space);
                self.add(name, title, Role::Baseline, images.clone());
                self.exact("the fitted density", |row| model.log_density(row));
                Some(images)
            }
            Err(reason) => {
                self.notes.push(format!("The baseline {name} is absent: {reason}."));
                None
            }
        }
    }

    fn add(&mut self, name: &str, title: String, role: Role, images: Values) {
        let set = read(images, self.context);
        let pair = self.pair(&set);
        self.push(name, title, role, &pair);
    }

    fn pair<'b>(&self, set: &'b ImageSet) -> Pair<'b>
    where
        Self: 'b,
    {
        let pair = Pair::new(set, self.split, score_settings(self.context));
        pair.with_truth(self.context.dataset.truth.as_ref())
    }

    fn push(&mut self, name: &str, title: String, role: Role, pair: &Pair<'_>) {
        let metrics = score(pair).metrics;
        self.scored.push(Reference { name: name.into(), title, role, metrics });
    }
}

/// The mean image of each class.
struct ClassMeans {
    /// Per class the sum of its images, or nothing.
    sums: Vec<Vec<u64>>,
    counts: Vec<u64>,
}

impl ClassMeans {
    fn new(images: &Values, labels: &[u32]) -> Self {
        let classes = labels.iter().max().map_or(0, |&last| last as usize + 1);
        let mut sums = vec![vec![0; images.shape().pixels()]; classes];
        let mut counts = vec![0; classes];
        for (i, &label) in labels.iter().enumerate() {
            let class = label as usize;
            counts[class] += 1;
            sums[class].iter_mut().zip(images.image(i)).for_each(|(s, v)| *s += u64::from(*v));
        }
        Self { sums, counts }
    }

    /// Classes with an image.
    fn shown(&self) -> usize {
        self.counts.iter().filter(|count| **count > 0).count()
    }

    /// The mean of a class that has images, rounded to 8 bits.
    fn image(&self, label: u32) -> impl Iterator<Item = u8> {
        let count = self.counts[label as usize];
        self.sums[label as usize].iter().map(move |sum| ((sum + count / 2) / count) as u8)
    }
}

/// Numbers uniform in [0, 1), or between the least and the greatest of the training values: what any
/// model should beat.
fn noise(context: &Context<'_>, count: usize) -> Values {
    let space = context.dataset.space;
    let shape = space.shape;
    let draws = context.noise().uniform(
        "references/noise",
        0,
        0..count as u64,
        shape.batch(count),
        &context.device,
    );
    let draws = match space.range {
        Range::Unit => draws,
        Range::Real => {
            let numbers = context.dataset.train.to_f64();
            let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
            let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            draws * (high - low) + low
        }
    };
    host::kept(&host::floats(draws), space)
}
