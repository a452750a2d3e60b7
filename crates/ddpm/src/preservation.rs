//! Preservation of what a base has learned (section 3.2 of Ruiz et al. 2023, arXiv:2208.12242): beside the few pictures of a
//! new subject a model goes on learning from pictures that its base has drawn before.

use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use genlab_core::{
    Batch, Check, CheckpointError, Condition, Fault, InitContext, OpenedRun, SampleRequest,
    StateReader, StateWriter,
    settings::{positive, size},
    state::Section,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The setting: pictures that the base draws before training begins.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PreservationConfig {
    /// λ of Eq. 2: how much the loss on them counts beside the loss on the data.
    pub weight: f64,
    /// How many of them, for the first captions that the base has learned from.
    pub pictures: usize,
}

impl Default for PreservationConfig {
    fn default() -> Self {
        // λ of section 4 of the paper. Its 200 pictures for each of its own are of one class; these are of all captions.
        Self { weight: 1.0, pictures: 256 }
    }
}

impl Check for PreservationConfig {
    fn check(&self) -> Result<(), Fault> {
        positive("weight", self.weight)?;
        size("pictures", self.pictures)
    }
}

/// Pictures that the base draws at a time.
const PART: usize = 64;
/// The number of the first of them: so many samples nobody else draws, so no other begins from the same noise.
const FIRST: u64 = 1 << 32;
/// What only training needs is kept where the optimizer keeps what it remembers.
const SECTION: Section = Section::Optimizer;

/// Pictures of the base with their captions.
pub(crate) struct Preserved {
    weight: f64,
    /// `[n, C, H, W]` values of the space.
    values: Tensor<4>,
    /// `[n, T]`
    captions: Tensor<2, Int>,
}

impl PreservationConfig {
    /// What `base` draws, as it samples when it is asked; without it zeros, in whose place [`Preserved::restore`] puts what was
    /// drawn.
    ///
    /// # Panics
    /// When the base is told no captions.
    pub(crate) fn draw(self, base: Option<&OpenedRun>, context: &InitContext) -> Preserved {
        let Self { weight, pictures } = self;
        let device = &context.device;
        let Some(base) = base else {
            let words = context.words.expect("a model that is told captions has words");
            let values = Tensor::zeros(context.space.shape.batch(pictures), device);
            let captions = Tensor::zeros([pictures, words.length], (device, DType::I32));
            return Preserved { weight, values, captions };
        };
        let known = base.captions.as_ref().expect("a run that is told captions has learned some");
        let captions = known.clone().select(0, turns(known.dims()[0], 0, pictures, device));
        let request = SampleRequest {
            first: FIRST,
            condition: Condition::of_captions(captions.clone()),
            ..SampleRequest::new(context.seed, pictures)
        };
        let sampler = base.frozen.sampler().expect("a diffusion model samples");
        let part =
            |first: usize| sampler.sample(&request.part(first..(first + PART).min(pictures)));
        let values = Tensor::cat((0..pictures).step_by(PART).map(part).collect(), 0);
        Preserved { weight, values, captions }
    }
}

impl Preserved {
    /// A batch of data with as many pictures of the base behind it, those whose turn it is: row i of a step has the noise of
    /// row 2·first + i.
    pub(crate) fn join(&self, batch: &Batch) -> Batch {
        let all = self.values.dims()[0];
        let turns = turns(all, batch.first, batch.len(), &self.values.device());
        let values = self.values.clone().select(0, turns.clone());
        let told = batch.captions.clone().expect("a model that is told captions learns from some");
        let captions = self.captions.clone().select(0, turns).cast(told.dtype());
        Batch {
            values: Tensor::cat(vec![batch.values.clone(), values], 0),
            labels: None,
            past: None,
            captions: Some(Tensor::cat(vec![told, captions], 0)),
            turned: None,
            reworded: None,
            objects: None,
            first: 2 * batch.first,
        }
    }

    /// The mean loss on the data, `[1]`, of the losses of the rows of a joined batch, `[2B]`.
    pub(crate) fn own(rows: &Tensor<1>) -> Tensor<1> {
        let count = rows.dims()[0] / 2;
        rows.clone().narrow(0, 0, count).mean()
    }

    /// λ times the mean loss on the pictures of the base, `[1]`: the second term of Eq. 2.
    pub(crate) fn weighted(&self, rows: &Tensor<1>) -> Tensor<1> {
        let count = rows.dims()[0] / 2;
        rows.clone().narrow(0, count, count).mean() * self.weight
    }

    /// Writes all pictures and captions.
    pub(crate) fn state(&self, out: &mut StateWriter) {
        for (name, shape, numbers) in self.entries() {
            out.tensor(SECTION, name.to_owned(), shape, numbers);
        }
    }

    /// Puts back what [`Self::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub(crate) fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        let (pictures, words) = (self.values.dims(), self.captions.dims());
        let [values, captions] =
            self.entries().map(|(name, _, numbers)| from.tensor(SECTION, name, &numbers));
        self.values = values?.reshape(pictures);
        // Numbers of words are small and whole, and floats hold them as they are.
        self.captions = captions?.int().cast(DType::I32).reshape(words);
        Ok(())
    }

    fn entries(&self) -> [(&'static str, Vec<usize>, Tensor<1>); 2] {
        let Self { values, captions, .. } = self;
        let (pictures, words) = (values.dims(), captions.dims());
        let numbers = captions.clone().float();
        [
            (
                VALUES,
                pictures.to_vec(),
                values.clone().reshape([pictures.iter().product::<usize>()]),
            ),
            (CAPTIONS, words.to_vec(), numbers.reshape([words.iter().product::<usize>()])),
        ]
    }
}

const VALUES: &str = "preservation.values";
const CAPTIONS: &str = "preservation.captions";

/// The rows whose turn it is, `[count]`: from number `first` on, of `all` over and over.
fn turns(all: usize, first: u64, count: usize, device: &Device) -> Tensor<1, Int> {
    let rows = (first..first + count as u64).map(|row| (row % all as u64) as i32);
    Tensor::from_data(TensorData::new(rows.collect::<Vec<i32>>(), [count]), (device, DType::I32))
}

#[cfg(test)]
#[path = "preservation_tests.rs"]
mod tests;
