//! One network with everything that training it mutates: parameters, what the optimizer remembers of
//! each, and their exponential moving average.

mod adam;
mod adamw;
mod average;
mod clip;
mod config;
mod muon;
mod rmsprop;
mod rule;
mod sgd;
mod step;
#[cfg(test)]
mod tests;

pub use adam::AdamConfig;
pub use adamw::AdamWConfig;
pub use config::{LearningRateSchedule, Method, OptimizerConfig};
pub use genlab_kernels::AdamSlot;
pub use muon::{MuonAdamConfig, MuonConfig};
pub use rmsprop::RmsPropConfig;
pub use sgd::SgdConfig;
pub use step::Step;

use crate::{
    batch::Progress,
    ema::EmaConfig,
    params::{FlatTensors, flat_gradients, freeze_params, named_params, update_params},
    state::{CheckpointError, Section, StateReader, StateWriter},
};
use average::Average;
use burn::{module::Module, optim::GradientsParams, tensor::Tensor};
use rule::{ForMuon, Rule};
use std::collections::BTreeMap;

/// A network in training.
#[derive(Debug)]
pub struct Optimized<M> {
    // None only inside `descend`, which needs the module by value.
    net: Option<M>,
    config: OptimizerConfig,
    rules: BTreeMap<String, Rule>,
    steps: u64,
    /// The one that is used first.
    averages: Vec<Average>,
}

impl<M: Module> Optimized<M> {
    /// Takes over a freshly initialised network whose parameters are on an autodiff device.
    pub fn new(net: M, config: OptimizerConfig, ema: EmaConfig) -> Self {
        Self::new_with_ends::<&str>(net, config, ema, &[])
    }

    /// The same for a network whose `ends` Muon must leave to its Adam: layers that read the data or
    /// write it, whose weights are no map from one hidden layer to the next. An end is the name of a
    /// parameter (`"head.weight"`) or of a module that holds some (`"head"`). For other methods ends
    /// are as anything else.
    ///
    /// # Panics
    /// When the network has nothing of such a name.
    pub fn new_with_ends<S: AsRef<str>>(
        net: M,
        config: OptimizerConfig,
        ema: EmaConfig,
        ends: &[S],
    ) -> Self {
        let ends: Vec<&str> = ends.iter().map(AsRef::as_ref).collect();
        let params = named_params(&net);
        for end in &ends {
            assert!(params.iter().any(|p| is_within(&p.name, end)), "nothing is called {end}");
        }
        let mut rules = BTreeMap::new();
        for param in &params {
            let at_end = ends.iter().any(|end| is_within(&param.name, end));
            let muon = if at_end { ForMuon::Excluded } else { ForMuon::Allowed };
            rules.insert(param.name.clone(), Rule::new(&config, param, muon));
        }
        let decays = ema.decays().into_iter();
        let averages = decays.map(|decay| Average::new(decay, &params)).collect();
        Self { net: Some(net), config, rules, steps: 0, averages }
    }

    /// The same with nothing trained but the parameters `trained` (names of parameters or of modules that
    /// hold some): the others keep their values, byte for byte, and cost no gradient.
    ///
    /// # Errors
    /// The first of these names that the network lacks, with those that it has.
    pub fn only(mut self, trained: &[String]) -> Result<Self, String> {
        let names: Vec<String> = self.rules.keys().cloned().collect();
        for wanted in trained {
            if !names.iter().any(|name| is_within(name, wanted)) {
                return Err(format!("{wanted:?} (there are {})", modules(&names).join(", ")));
            }
        }
        let is_trained = |name: &str| trained.iter().any(|wanted| is_within(name, wanted));
        self.rules.retain(|name, _| is_trained(name));
        for average in &mut self.averages {
            average.values.retain(|name, _| is_trained(name));
        }
        self.net = self.net.map(|net| freeze_params(net, &|name| !is_trained(name)));
        Ok(self)
    }

    /// Takes over the values that a checkpoint keeps of a network of the same parameters under
    /// `prefix`: averages where it has them, so that training goes on from what the run is judged by.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub fn adopt(&mut self, prefix: &str, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.set_params(&mut |name, like| from.judged(prefix, name, like))?;
        let params = named_params(self.net());
        for average in &mut self.averages {
            average.begin(&params);
        }
        Ok(())
    }

    /// The network, tracked: what a training step runs.
    pub fn net(&self) -> &M {
        self.net.as_ref().expect("the network is only away inside `descend`")
    }

    /// The network off the graph, as it stands now.
    pub fn raw(&self) -> M {
        self.net().valid()
    }

    /// The network off the graph with averaged weights, or as it stands where no average is kept.
    pub fn frozen(&self) -> M {
        let net = self.raw();
        let Some(average) = self.averages.first() else {
            return net;
        };
        update_params(net, &mut |name, _, value| average.values.get(name).cloned().unwrap_or(value))
    }

    /// One step down the gradient of `loss` `[1]`. Returns the gradient's global norm before
    /// clipping where clipping is on (it costs a pass over all gradients).
    pub fn descend(&mut self, loss: Tensor<1>, at: Progress) -> Option<Tensor<1>> {
        self.descend_with(loss, at, |_, _| {})
    }

    /// [`Self::descend`] along gradients, flattened and by name, that `prepare` has changed.
    pub fn descend_with(
        &mut self,
        loss: Tensor<1>,
        at: Progress,
        prepare: impl FnOnce(&M, &mut FlatTensors),
    ) -> Option<Tensor<1>> {
        let net = self.net.take().expect("`descend` puts the network back");
        let mut gradients = GradientsParams::from_grads(loss.backward(), &net);
        let mut flat = flat_gradients(&net, &mut gradients);
        prepare(&net, &mut flat);
        let clipping = self.config.clip_norm.map(|largest| (clip::global_norm(&flat), largest));
        let factor = clipping.clone().map(|(norm, largest)| clip::factor(norm, largest));

        self.steps += 1;
        let (share, number) = (self.config.share_at(at), self.steps);
        let net = update_params(net, &mut |name, _, value| {
            let Some(gradient) = flat.remove(name) else {
                return value; // none reached this parameter in this step
            };
            let Some(rule) = self.rules.remove(name) else {
                return value; // it is not trained
            };
            let (value, rule) = rule.step(value, gradient, factor.clone(), share, number);
            self.rules.insert(name.to_owned(), rule);
            value
        });
        if !self.averages.is_empty() {
            let params = named_params(&net);
            for average in &mut self.averages {
                average.follow(&params, self.steps);
            }
        }
        self.net = Some(net);
        clipping.map(|(norm, _)| norm)
    }

    /// Puts what `change` gives, off the graph and flattened, for each parameter by its name, between two
    /// steps.
    pub fn change(&mut self, change: &mut dyn FnMut(&str, Tensor<1>) -> Tensor<1>) {
        let net = self.net.take().expect("this puts the network back");
        self.net = Some(update_params(net, &mut |name, _, value| change(name, value)));
    }

    /// Multiplies what the optimizer remembers of the parameter `name` by `factor`, as many numbers as the
    /// parameter has: 0 forgets. A parameter that is not trained has no memory.
    pub fn fade_memory(&mut self, name: &str, factor: &Tensor<1>) {
        let Some(rule) = self.rules.get_mut(name) else { return };
        for (_, value) in rule.slots() {
            *value = value.clone() * factor.clone();
        }
    }

    /// Writes parameters, what the optimizer remembers of them, and their average under `prefix`.
    pub fn state(&self, prefix: &str, out: &mut StateWriter) {
        for param in named_params(self.net()) {
            out.tensor(
                Section::Weights,
                format!("{prefix}.{}", param.name),
                param.shape,
                param.value,
            );
        }
        for (name, rule) in &mut self.rules.clone() {
            for (slot, value) in rule.slots() {
                let (name, shape) = (format!("{prefix}.{slot}.{name}"), value.dims().to_vec());
                out.tensor(Section::Optimizer, name, shape, value.clone());
            }
        }
        for (number, average) in self.averages.iter().enumerate() {
            average.state(prefix, number == 0, out);
        }
        out.count(&format!("{prefix}.steps"), self.steps);
    }

    /// Puts back what [`Optimized::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub fn restore(&mut self, prefix: &str, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.steps = from.count(&format!("{prefix}.steps"))?;
        for (name, rule) in &mut self.rules {
            for (slot, value) in rule.slots() {
                let name = format!("{prefix}.{slot}.{name}");
                *value = from.tensor(Section::Optimizer, &name, value)?;
            }
        }
        for average in &mut self.averages {
            average.restore(prefix, from)?;
        }
        self.set_params(&mut |name, like| {
            from.tensor(Section::Weights, &format!("{prefix}.{name}"), like)
        })
    }

    /// Puts what `read` gives for each name, as many values as the parameter has.
    fn set_params(
        &mut self,
        read: &mut dyn FnMut(&str, &Tensor<1>) -> Result<Tensor<1>, CheckpointError>,
    ) -> Result<(), CheckpointError> {
        let net = self.net.take().expect("this puts the network back");
        let mut fault = None;
        let net = update_params(net, &mut |name, _, value| match read(name, &value) {
            Ok(read) => read,
            Err(error) => {
                fault.get_or_insert(error);
                value
            }
        });
        self.net = Some(net);
        fault.map_or(Ok(()), Err)
    }
}

/// The modules of these parameters that can be named: as written, without the last part.
fn modules(names: &[String]) -> Vec<&str> {
    let mut modules: Vec<&str> =
        names.iter().map(|name| name.rsplit_once('.').map_or(name.as_str(), |(m, _)| m)).collect();
    modules.dedup();
    modules
}

/// Whether the parameter `name` is `module` or lies in it.
fn is_within(name: &str, module: &str) -> bool {
    name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
