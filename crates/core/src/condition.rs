//! What a model is told about the values that it learns or makes: classes, and what came before them,
//! how they look at a lower resolution, what a caption says of them, where their ink is.

mod caption;

pub use caption::{CaptionConfig, EncoderStart};

use crate::{
    batch::Batch,
    context::InitContext,
    control::ControlKind,
    low_resolution::LowResolution,
    nn::TextConfig,
    noise::Noise,
    settings::{Check, Fault},
    vocabulary::PADDING,
};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The class of a row whose model is not told one.
pub const UNTOLD: i32 = -1;

/// What a model is told about each value of a batch. The default tells nothing.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// `[B]` class indices, [`UNTOLD`] for rows without.
    pub classes: Option<Tensor<1, Int>>,
    /// What came before each value, of series.
    pub past: Option<Past>,
    /// Each value at a lower resolution, of images.
    pub low_resolution: Option<LowResolution>,
    /// `[B, T]` numbers of the words of a caption, all [`PADDING`] for rows without.
    pub captions: Option<Tensor<2, Int>>,
    /// `[B, 1, H, W]`: 1 where the ink of each image is, or its edges are, 0 elsewhere.
    pub control: Option<Tensor<4>>,
}

/// What came before values of series, or nothing of it.
#[derive(Clone, Debug)]
pub struct Past {
    /// `[B, P]` numbers in the units of the values, the latest last.
    pub numbers: Tensor<2>,
    /// `[B]`: 1 for rows that are told theirs, 0 for rows that are not.
    pub told: Tensor<1>,
}

impl Past {
    /// These numbers `[B, P]`, told to every row.
    pub fn new(numbers: Tensor<2>) -> Self {
        let told = Tensor::ones([numbers.dims()[0]], &numbers.device());
        Self { numbers, told }
    }

    fn rows(&self, rows: Range<usize>) -> Self {
        Self {
            numbers: self.numbers.clone().narrow(0, rows.start, rows.len()),
            told: self.told.clone().narrow(0, rows.start, rows.len()),
        }
    }
}

impl Condition {
    /// These classes, one per row, [`UNTOLD`] for rows without.
    pub fn of_classes(classes: &[i32], device: &Device) -> Self {
        let data = TensorData::new(classes.to_vec(), [classes.len()]);
        let classes = Some(Tensor::from_data(data, (device, DType::I32)));
        Self { classes, ..Self::default() }
    }

    /// What came before, `[B, P]` numbers in the units of the values.
    pub fn of_past(numbers: Tensor<2>) -> Self {
        Self { past: Some(Past::new(numbers)), ..Self::default() }
    }

    /// Images at a lower resolution.
    pub fn of_low_resolution(images: LowResolution) -> Self {
        Self { low_resolution: Some(images), ..Self::default() }
    }

    /// Control, `[B, 1, H, W]` of 0 and 1.
    pub fn of_control(control: Tensor<4>) -> Self {
        Self { control: Some(control), ..Self::default() }
    }

    /// Captions, `[B, T]` numbers of words.
    pub fn of_captions(captions: Tensor<2, Int>) -> Self {
        Self { captions: Some(captions), ..Self::default() }
    }

    /// Everything that a dataset knows about the values of a batch.
    pub fn of(batch: &Batch) -> Self {
        let past = batch.past.clone().map(Past::new);
        let captions = batch.captions.clone();
        Self { classes: batch.labels.clone(), past, low_resolution: None, captions, control: None }
    }

    /// The same with nothing told about a share of the rows, drawn from `noise` by their places. A control stays: without
    /// it there is nothing for its branch to learn.
    #[must_use]
    pub fn dropped(self, share: f64, noise: Noise, rows: Range<u64>) -> Self {
        if share <= 0.0 || self.is_empty() {
            return self;
        }
        let drop = |shape, device: &Device| {
            noise.uniform("condition/dropout", 0, rows.clone(), shape, device).lower_elem(share)
        };
        Self {
            classes: self.classes.map(|classes| {
                let dropped = drop(classes.dims(), &classes.device());
                classes.mask_fill(dropped, UNTOLD)
            }),
            past: self.past.map(|Past { numbers, told }| {
                let dropped = drop(told.dims(), &told.device());
                Past { numbers, told: told.mask_fill(dropped, 0.0) }
            }),
            low_resolution: self.low_resolution.map(|low| {
                let dropped = drop(low.told.dims(), &low.told.device());
                LowResolution { told: low.told.mask_fill(dropped, 0.0), ..low }
            }),
            captions: self.captions.map(|captions| {
                let [count, length] = captions.dims();
                let dropped = drop([count], &captions.device());
                let dropped = dropped.reshape([count, 1]).expand([count, length]);
                captions.mask_fill(dropped, i64::from(PADDING))
            }),
            control: self.control,
        }
    }

    /// These rows of it.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let narrow = |x: &Tensor<1, Int>| x.clone().narrow(0, rows.start, rows.len());
        Self {
            classes: self.classes.as_ref().map(narrow),
            past: self.past.as_ref().map(|past| past.rows(rows.clone())),
            low_resolution: self.low_resolution.as_ref().map(|low| low.rows(rows.clone())),
            captions: self.captions.as_ref().map(|x| x.clone().narrow(0, rows.start, rows.len())),
            control: self.control.as_ref().map(|x| x.clone().narrow(0, rows.start, rows.len())),
        }
    }

    /// Its rows of these numbers, in their order.
    #[must_use]
    pub fn select(&self, rows: &Tensor<1, Int>) -> Self {
        let past = |past: &Past| Past {
            numbers: past.numbers.clone().select(0, rows.clone()),
            told: past.told.clone().select(0, rows.clone()),
        };
        Self {
            classes: self.classes.as_ref().map(|classes| classes.clone().select(0, rows.clone())),
            past: self.past.as_ref().map(past),
            low_resolution: self.low_resolution.as_ref().map(|low| low.select(rows)),
            captions: self.captions.as_ref().map(|x| x.clone().select(0, rows.clone())),
            control: self.control.as_ref().map(|x| x.clone().select(0, rows.clone())),
        }
    }

    /// All its rows, `count` times over.
    #[must_use]
    pub fn repeated(&self, count: usize) -> Self {
        let past = |past: &Past| Past {
            numbers: past.numbers.clone().repeat(&[count, 1]),
            told: past.told.clone().repeat(&[count]),
        };
        Self {
            classes: self.classes.as_ref().map(|classes| classes.clone().repeat(&[count])),
            past: self.past.as_ref().map(past),
            low_resolution: self.low_resolution.as_ref().map(|low| low.repeated(count)),
            captions: self.captions.as_ref().map(|x| x.clone().repeat(&[count, 1])),
            control: self.control.as_ref().map(|x| x.clone().repeat(&[count, 1, 1, 1])),
        }
    }

    /// The same with the captions of the rows before, so that they are of other values; None without captions, or for a
    /// single row.
    pub fn others(&self) -> Option<Self> {
        let captions = self.captions.clone()?;
        let count = captions.dims()[0];
        let last = captions.clone().narrow(0, count - 1, 1);
        let captions =
            (count > 1).then(|| Tensor::cat(vec![last, captions.narrow(0, 0, count - 1)], 0))?;
        Some(Self { captions: Some(captions), ..self.clone() })
    }

    /// Whether it tells nothing at all.
    pub fn is_empty(&self) -> bool {
        let none = self.classes.is_none() && self.captions.is_none() && self.control.is_none();
        none && self.past.is_none() && self.low_resolution.is_none()
    }
}

/// What a frozen model can be told. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Number of classes, where it can be told one.
    pub classes: Option<usize>,
    /// How many numbers of the past, where it can be told them.
    pub past: Option<usize>,
    /// How many times smaller an image is, along each side, that it can be told.
    pub low_resolution: Option<usize>,
    /// The captions that it can be told.
    pub captions: Option<Captions>,
    /// What of a picture it can be controlled by, or left alone.
    pub control: Option<ControlKind>,
    /// Whether it has also learned to go without.
    pub optional: bool,
}

impl Conditions {
    /// The same for a model that is told nothing about this share of what it learns from.
    #[must_use]
    pub fn with_dropout(self, share: f64) -> Self {
        Self { optional: !self.is_empty() && share > 0.0, ..self }
    }

    /// The same for a model that can be controlled as well. Without control it is what it was before, so that one which is
    /// told nothing else has learned to go without anything.
    #[must_use]
    pub fn with_control(self, kind: ControlKind) -> Self {
        let optional = self.optional || self.is_empty();
        Self { control: Some(kind), optional, ..self }
    }

    /// Whether it can be told nothing.
    pub fn is_empty(self) -> bool {
        let none = self.classes.is_none() && self.captions.is_none() && self.control.is_none();
        none && self.past.is_none() && self.low_resolution.is_none()
    }

    /// # Errors
    /// When a model whose network reads classes and captions alone is to be told more; the fault is that of `key`.
    pub fn of_classes_or_captions(self, key: &str) -> Result<Self, Fault> {
        self.without_past(key)?.without_low_resolution(
            key,
            "this model",
            "set it to class, caption or none",
        )
    }

    fn without_past(self, key: &str) -> Result<Self, Fault> {
        if self.past.is_none() {
            return Ok(self);
        }
        let problem = "is past, but this model can be told classes or captions alone; set it to none, or \
                           forecast with ddpm";
        Err(Fault::new(key, problem))
    }

    /// # Errors
    /// When `what` is to be told an image at a lower resolution and does not read one; the fault is that of
    /// `key`, and its cure `cure`.
    pub fn without_low_resolution(self, key: &str, what: &str, cure: &str) -> Result<Self, Fault> {
        if self.low_resolution.is_none() {
            return Ok(self);
        }
        let problem = format!("is low-resolution, but {what} reads no second image; {cure}");
        Err(Fault::new(key, problem))
    }

    /// # Errors
    /// When `what` is to be told captions and does not read them; the fault is that of `key`, and its cure `cure`.
    pub fn without_captions(self, key: &str, what: &str, cure: &str) -> Result<Self, Fault> {
        if self.captions.is_none() {
            return Ok(self);
        }
        Err(Fault::new(key, format!("is caption, but {what} reads no words; {cure}")))
    }
}

/// The words of a dataset's captions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// Numbers that a word can have.
    pub numbers: usize,
    /// Numbers of a caption, T.
    pub length: usize,
}

/// Captions as a dataset has them and as a model reads them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Captions {
    /// Their words.
    pub words: Words,
    /// What reads them.
    pub text: TextConfig,
}

impl Captions {
    /// Those of the dataset, read by `text`.
    ///
    /// # Errors
    /// When the dataset has none, or `text` is out of its range; the fault is that of `key`.
    pub fn of(text: TextConfig, key: &str, context: &InitContext) -> Result<Self, Fault> {
        text.check().map_err(|fault| fault.within(key))?;
        let problem = "is caption, but the dataset has no captions; set it to none, or choose \
                       scenes-32 or scenes-48";
        let words = context.words.ok_or_else(|| Fault::new(key, problem))?;
        Ok(Self { words, text })
    }
}

/// The setting: what a model is told while it learns.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ConditionConfig {
    /// Nothing.
    #[default]
    None,
    /// The class of each value.
    Class,
    /// The window of a series that ends where the value begins.
    Past,
    /// The image at a lower resolution: super-resolution, of images that are there.
    LowResolution {
        /// How many times smaller along each side.
        #[serde(default = "twice")]
        factor: usize,
    },
    /// The caption of each scene: text to image.
    Caption(CaptionConfig),
}

fn twice() -> usize {
    2
}

impl ConditionConfig {
    /// What a model with this setting can be told, always, of what the dataset has to tell.
    ///
    /// # Errors
    /// When the dataset has none; the fault is that of `key`.
    pub fn conditions(&self, key: &str, context: &InitContext) -> Result<Conditions, Fault> {
        let InitContext { space, classes, past, .. } = *context;
        match self {
            Self::None => Ok(Conditions::default()),
            Self::Class => {
                let problem = "is class, but the dataset has no classes; set it to none, or choose a \
                               dataset with labels";
                let classes = classes.ok_or_else(|| Fault::new(key, problem))?;
                Ok(Conditions { classes: Some(classes), ..Conditions::default() })
            }
            Self::Past => {
                let problem = "is past, but the dataset's values have none; set it to none, or choose a \
                               dataset of series";
                let past = past.ok_or_else(|| Fault::new(key, problem))?;
                Ok(Conditions { past: Some(past), ..Conditions::default() })
            }
            &Self::LowResolution { factor } => {
                space.require_images(key, "low-resolution", "none")?;
                let side = space.shape.height.min(space.shape.width);
                if !(2..=side).contains(&factor) {
                    let problem = format!(
                        "is {factor}; it must be from 2 to {side}, the shorter side of the images"
                    );
                    return Err(Fault::new("factor", problem).within(key));
                }
                Ok(Conditions { low_resolution: Some(factor), ..Conditions::default() })
            }
            Self::Caption(caption) => {
                caption.check().map_err(|fault| fault.within(key))?;
                let captions = Captions::of(caption.text, key, context)?;
                Ok(Conditions { captions: Some(captions), ..Conditions::default() })
            }
        }
    }

    /// What is told about a batch: everything that the model takes.
    pub fn of(&self, batch: &Batch) -> Condition {
        match self {
            Self::None => Condition::default(),
            Self::Class => Condition { classes: batch.labels.clone(), ..Condition::default() },
            Self::Past => {
                Condition { past: batch.past.clone().map(Past::new), ..Condition::default() }
            }
            Self::Caption(_) => {
                Condition { captions: batch.captions.clone(), ..Condition::default() }
            }
            &Self::LowResolution { factor } => {
                Condition::of_low_resolution(LowResolution::of(batch.values.clone(), factor))
            }
        }
    }
}

#[cfg(test)]
mod tests;
