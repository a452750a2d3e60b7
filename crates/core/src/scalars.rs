//! Named scalars that stay on the device until somebody wants to read them.

use burn::tensor::{Tensor, Transaction};

/// Named one-element tensors, in the order they were pushed.
#[derive(Clone, Debug, Default)]
pub struct Scalars(Vec<(&'static str, Tensor<1>)>);

impl Scalars {
    /// No scalars yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a scalar, taken off the graph: a tracked tensor kept in a log would keep its whole
    /// step alive.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: Tensor<1>) -> Self {
        self.0.push((name, value.inner()));
        self
    }

    /// Names in order.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.0.iter().map(|(name, _)| *name)
    }

    /// Reads all values in one transaction: the only place where scalars leave the device.
    pub fn read(self) -> Vec<(&'static str, f64)> {
        Self::read_all(vec![self]).pop().unwrap_or_default()
    }

    /// Reads the scalars of many steps in one transaction.
    pub fn read_all(steps: Vec<Self>) -> Vec<Vec<(&'static str, f64)>> {
        let mut transaction = Transaction::default();
        let names: Vec<Vec<_>> = steps.iter().map(|step| step.names().collect()).collect();
        for (_, value) in steps.into_iter().flat_map(|step| step.0) {
            transaction = transaction.register(value);
        }
        let mut data = transaction.execute().into_iter();
        let mut next = || {
            let value = data.next().expect("one value was registered per name");
            value.convert::<f32>().as_slice::<f32>().map_or(f64::NAN, |v| f64::from(v[0]))
        };
        names
            .into_iter()
            .map(|step| step.into_iter().map(|name| (name, next())).collect())
            .collect()
    }
}
