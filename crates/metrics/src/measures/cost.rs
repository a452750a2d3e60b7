//! What a model costs: parameters, time, memory.

use genlab_results::{
    Direction::{Higher, Lower},
    Entry, Metric, NotFinite, Rank, Section, Style,
};

const COST: Entry = Entry { section: Section::Cost, better: Some(Lower), ..Entry::BASE };

/// Parameters.
pub const PARAMS: Entry = Entry {
    name: "cost/params",
    title: "Parameters",
    unit: "numbers",
    style: Style::Count,
    rank: Rank::Headline,
    gloss: "trained numbers, all networks",
    meaning: "Trained parameters, all networks together.",
    ..COST
};

/// Seconds of training.
pub const TRAIN_SECONDS: Entry = Entry {
    name: "cost/train_seconds",
    title: "Training time",
    unit: "seconds",
    style: Style::Seconds,
    rank: Rank::Headline,
    gloss: "on this machine",
    meaning: "Wall-clock time of the training loop.",
    ..COST
};

/// Images by those seconds.
pub const IMAGES_PER_SECOND: Entry = Entry {
    name: "cost/images_per_second",
    title: "Training speed",
    unit: "images per second",
    better: Some(Higher),
    meaning: "Training images per wall-clock second.",
    meaning_beyond_images: "Training examples per wall-clock second.",
    ..COST
};

/// Memory.
pub const PEAK_MEMORY_BYTES: Entry = Entry {
    name: "cost/peak_memory_bytes",
    title: "Peak memory",
    unit: "bytes",
    style: Style::Bytes,
    meaning: "Largest resident size of the process.",
    ..COST
};

/// Network calls for a sample.
pub const NETWORK_CALLS_PER_SAMPLE: Entry = Entry {
    name: "cost/network_calls_per_sample",
    title: "Network calls per sample",
    unit: "calls",
    style: Style::Count,
    meaning: "Network evaluations that one sample takes.",
    ..COST
};

/// Seconds for a sample.
pub const SECONDS_PER_SAMPLE: Entry = Entry {
    name: "cost/seconds_per_sample",
    title: "Sampling time",
    unit: "seconds per sample",
    style: Style::Seconds,
    meaning: "Wall-clock time of sampling in batches, per sample.",
    ..COST
};

/// Every entry, in the order of reports.
pub const ENTRIES: [&Entry; 6] = [
    &PARAMS,
    &TRAIN_SECONDS,
    &IMAGES_PER_SECOND,
    &PEAK_MEMORY_BYTES,
    &NETWORK_CALLS_PER_SAMPLE,
    &SECONDS_PER_SAMPLE,
];

/// Those of them that no evaluation can know: whoever trains has them from [`Training::metrics`].
pub const TRAINING: [&Entry; 3] = [&TRAIN_SECONDS, &IMAGES_PER_SECOND, &PEAK_MEMORY_BYTES];

/// What a training took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Training {
    /// Images that it saw.
    pub images: u64,
    /// Seconds in its loop.
    pub seconds: f64,
    /// The largest resident size of its process, where the system tells.
    pub peak_memory_bytes: Option<u64>,
}

impl Training {
    /// The metrics of [`TRAINING`] as far as they are known.
    pub fn metrics(&self) -> impl Iterator<Item = Result<Metric, NotFinite>> {
        let rate = self.images as f64 / self.seconds.max(1e-9);
        let memory = self.peak_memory_bytes.map(|bytes| bytes as f64);
        let values = [Some(self.seconds), Some(rate), memory];
        let n = self.images as usize;
        let known = TRAINING.into_iter().zip(values);
        known.filter_map(move |(entry, value)| Some(Metric::new(entry, "train", value?, n)))
    }
}
