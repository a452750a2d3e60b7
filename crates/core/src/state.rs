//! What a model in training keeps: named tensors and counts, written and read back.

use crate::checkpoint::NamedTensor;
use burn::tensor::{Device, Tensor, TensorData, Transaction};
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

/// What can be wrong with a checkpoint.
///
/// Causes are part of the sentence and not chained as sources, so that a report that prints the
/// chain does not say them twice.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// The file system said no.
    #[error("cannot {action} {}: {reason}; check the folder's permissions and free space", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system answered.
        reason: io::Error,
    },
    /// A file is not what was written.
    #[error("checkpoint file {} is damaged ({why}); delete its folder to resume from an earlier checkpoint, or pass --fresh to start anew", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// How it differs.
        why: String,
    },
    /// The model asks for an entry that the checkpoint lacks.
    #[error(
        "the checkpoint has no entry {name} of {expected} values ({found}); it belongs to another configuration: pass --fresh to start anew"
    )]
    Mismatch {
        /// Entry name.
        name: String,
        /// Values the model needs.
        expected: usize,
        /// What is there.
        found: String,
    },
}

impl CheckpointError {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self::Io { action, path, reason }
    }
}

/// The file a tensor goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Parameters as the optimiser sees them.
    Weights,
    /// Their moving average.
    Average,
    /// The optimiser's moments.
    Optimizer,
}

impl Section {
    pub(crate) const ALL: [Self; 3] = [Self::Weights, Self::Average, Self::Optimizer];

    /// The name of that file in a checkpoint.
    pub fn file(self) -> &'static str {
        match self {
            Self::Weights => "weights.safetensors",
            Self::Average => "ema.safetensors",
            Self::Optimizer => "optimizer.safetensors",
        }
    }
}

/// Collects what a model wants to keep.
#[derive(Debug, Default)]
pub struct StateWriter {
    pub(crate) tensors: Vec<(Section, String, Vec<usize>, Tensor<1>)>,
    pub(crate) counts: BTreeMap<String, u64>,
}

impl StateWriter {
    /// Keeps a tensor, given flattened with the shape it has.
    pub fn tensor(&mut self, section: Section, name: String, shape: Vec<usize>, value: Tensor<1>) {
        self.tensors.push((section, name, shape, value));
    }

    /// All tensors of all sections on the host, in the order of their names.
    pub fn into_tensors(self) -> Vec<NamedTensor> {
        let mut tensors: Vec<NamedTensor> =
            on_host(self.tensors).into_iter().map(|(_, tensor)| tensor).collect();
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        tensors
    }

    /// Keeps a count.
    pub fn count(&mut self, name: &str, value: u64) {
        self.counts.insert(name.to_owned(), value);
    }
}

/// Reads tensors off the device, in one transaction.
pub(crate) fn on_host(
    tensors: Vec<(Section, String, Vec<usize>, Tensor<1>)>,
) -> Vec<(Section, NamedTensor)> {
    let mut transaction = Transaction::default();
    for (.., value) in &tensors {
        transaction = transaction.register(value.clone());
    }
    let read = tensors.into_iter().zip(transaction.execute());
    read.map(|((section, name, shape, _), data)| {
        let values = data.convert::<f32>().try_into_vec::<f32>().expect("converted to f32");
        (section, (name, shape, values))
    })
    .collect()
}

/// Hands back what a [`StateWriter`] collected.
#[derive(Clone, Debug)]
pub struct StateReader {
    tensors: BTreeMap<(Section, String), Vec<f32>>,
    counts: BTreeMap<String, u64>,
    device: Device,
    /// Files whose tensors were dropped on purpose: what there is stays as it is.
    dropped: Vec<Section>,
}

impl StateReader {
    pub(crate) fn new(
        tensors: BTreeMap<(Section, String), Vec<f32>>,
        counts: BTreeMap<String, u64>,
        device: Device,
    ) -> Self {
        Self { tensors, counts, device, dropped: Vec::new() }
    }

    /// Of a checkpoint that has lost these files on purpose.
    pub(crate) fn without(self, dropped: Vec<Section>) -> Self {
        Self { dropped, ..self }
    }

    /// Lets the average of `decay` be the one that is used, of those that were kept.
    pub fn use_average(&mut self, decay: f64) {
        let (kept, used) = (format!(".average-{decay}."), ".average.");
        let own = |(section, name): &(Section, String)| {
            *section == Section::Average && name.contains(&kept)
        };
        let names: Vec<(Section, String)> =
            self.tensors.keys().filter(|key| own(key)).cloned().collect();
        for key in names {
            let values = self.tensors.remove(&key).expect("its name was just read");
            self.tensors.insert((key.0, key.1.replacen(&kept, used, 1)), values);
        }
    }

    /// Whether there is a tensor of that name.
    pub fn has(&self, section: Section, name: &str) -> bool {
        self.tensors.contains_key(&(section, name.to_owned()))
    }

    /// The tensor of that name, as many values as `like` has, `[n]`; `like` itself where its file was dropped.
    ///
    /// # Errors
    /// When it is missing or has another size.
    pub fn tensor(
        &mut self,
        section: Section,
        name: &str,
        like: &Tensor<1>,
    ) -> Result<Tensor<1>, CheckpointError> {
        if self.dropped.contains(&section) {
            return Ok(like.clone());
        }
        let expected = like.dims()[0];
        let mismatch =
            |found: String| CheckpointError::Mismatch { name: name.to_owned(), expected, found };
        let values = self
            .tensors
            .remove(&(section, name.to_owned()))
            .ok_or_else(|| mismatch("none by that name".into()))?;
        if values.len() != expected {
            return Err(mismatch(format!("it has {}", values.len())));
        }
        Ok(Tensor::from_data(TensorData::new(values, [expected]), &self.device))
    }

    /// What a run is judged by of the parameter `name` of its network `prefix`: its average where one was kept, otherwise
    /// its value. As many values as `like` has.
    ///
    /// # Errors
    /// As [`Self::tensor`].
    pub fn judged(
        &mut self,
        prefix: &str,
        name: &str,
        like: &Tensor<1>,
    ) -> Result<Tensor<1>, CheckpointError> {
        let average = format!("{prefix}.average.{name}");
        if self.has(Section::Average, &average) {
            return self.tensor(Section::Average, &average, like);
        }
        self.tensor(Section::Weights, &format!("{prefix}.{name}"), like)
    }

    /// The count of that name.
    ///
    /// # Errors
    /// When it is missing.
    pub fn count(&self, name: &str) -> Result<u64, CheckpointError> {
        self.counts.get(name).copied().ok_or_else(|| CheckpointError::Mismatch {
            name: name.to_owned(),
            expected: 1,
            found: "no such count".into(),
        })
    }
}
