//! What a model is told about the values that it learns or makes: classes today; tokens, masks, a
//! second image join them as fields.

use crate::{batch::Batch, noise::Noise, settings::Fault};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// The class of a row whose model is not told one.
pub const UNTOLD: i32 = -1;

/// What a model is told about each value of a batch. The default tells nothing.
#[derive(Clone, Debug, Default)]
pub struct Condition {
    /// `[B]` class indices, [`UNTOLD`] for rows without.
    pub classes: Option<Tensor<1, Int>>,
}

impl Condition {
    /// These classes, one per row, [`UNTOLD`] for rows without.
    pub fn of_classes(classes: &[i32], device: &Device) -> Self {
        let data = TensorData::new(classes.to_vec(), [classes.len()]);
        Self { classes: Some(Tensor::from_data(data, (device, DType::I32))) }
    }

    /// Everything that can be told about the values of a batch.
    pub fn of(batch: &Batch) -> Self {
        Self { classes: batch.labels.clone() }
    }

    /// The same with nothing told about a share of the rows, drawn from `noise` by their places.
    #[must_use]
    pub fn dropped(self, share: f64, noise: Noise, rows: Range<u64>) -> Self {
        let Some(classes) = self.classes.clone().filter(|_| share > 0.0) else { return self };
        let shape = classes.dims();
        let draws = noise.uniform("condition/dropout", 0, rows, shape, &classes.device());
        Self { classes: Some(classes.mask_fill(draws.lower_elem(share), UNTOLD)) }
    }

    /// These rows of it.
    #[must_use]
    pub fn rows(&self, rows: Range<usize>) -> Self {
        let narrow = |x: &Tensor<1, Int>| x.clone().narrow(0, rows.start, rows.len());
        Self { classes: self.classes.as_ref().map(narrow) }
    }

    /// The one row that it has, `count` times.
    #[must_use]
    pub fn repeated(&self, count: usize) -> Self {
        Self { classes: self.classes.as_ref().map(|classes| classes.clone().repeat(&[count])) }
    }

    /// Whether it tells nothing at all.
    pub fn is_empty(&self) -> bool {
        self.classes.is_none()
    }
}

/// What a frozen model can be told. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Number of classes, where it can be told one.
    pub classes: Option<usize>,
    /// Whether it has also learned to go without.
    pub optional: bool,
}

impl Conditions {
    /// The same for a model that is told nothing about this share of what it learns from.
    #[must_use]
    pub fn with_dropout(self, share: f64) -> Self {
        Self { optional: self.classes.is_some() && share > 0.0, ..self }
    }
}

/// The setting: what a model is told while it learns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ConditionConfig {
    /// Nothing.
    #[default]
    None,
    /// The class of each value.
    Class,
}

impl ConditionConfig {
    /// What a model with this setting can be told on a dataset with so many classes, always.
    ///
    /// # Errors
    /// When the dataset has none; the fault is that of `key`.
    pub fn conditions(self, key: &str, classes: Option<usize>) -> Result<Conditions, Fault> {
        match self {
            Self::None => Ok(Conditions::default()),
            Self::Class => {
                let problem = "is class, but the dataset has no classes; set it to none, or choose a \
                               dataset with labels";
                let classes = classes.ok_or_else(|| Fault::new(key, problem))?;
                Ok(Conditions { classes: Some(classes), optional: false })
            }
        }
    }

    /// What is told about a batch: everything that the model takes.
    pub fn of(self, batch: &Batch) -> Condition {
        match self {
            Self::None => Condition::default(),
            Self::Class => Condition::of(batch),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::{Phase, Seed};

    fn classes(condition: Condition) -> Vec<i32> {
        let classes = condition.classes.expect("classes").into_data();
        classes.try_into_vec::<i32>().expect("i32")
    }

    #[test]
    fn rows_are_told_or_dropped_one_by_one() {
        let device = Device::flex();
        let condition = Condition::of_classes(&[3, 1, 4, 1], &device);
        assert_eq!(classes(condition.rows(1..3)), [1, 4]);
        let noise = Seed(0).during(Phase::Train);
        let whole = Condition::of_classes(&[7; 1000], &device);
        let dropped = classes(whole.clone().dropped(0.2, noise, 0..1000));
        let untold = dropped.iter().filter(|class| **class == UNTOLD).count();
        assert!((150..250).contains(&untold), "{untold}");
        let part = classes(whole.rows(0..10).dropped(0.2, noise, 500..510));
        assert_eq!(part, dropped[500..510], "a row is dropped wherever it is drawn");
        assert_eq!(classes(condition.dropped(0.0, noise, 0..4)), [3, 1, 4, 1]);
    }

    #[test]
    fn a_dataset_without_classes_cannot_tell_them() {
        let class = ConditionConfig::Class;
        let told = Conditions { classes: Some(7), optional: false };
        assert_eq!(class.conditions("condition", Some(7)), Ok(told));
        let fault = class.conditions("condition", None).expect_err("no classes").to_string();
        assert!(fault.starts_with("condition is class, but the dataset has no classes"), "{fault}");
        assert_eq!(ConditionConfig::None.conditions("condition", None), Ok(Conditions::default()));
    }
}
