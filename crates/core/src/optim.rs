//! One network with everything that training it mutates: parameters, Adam's moments, and their
//! exponential moving average.

use crate::{
    batch::Progress,
    ema::EmaConfig,
    params::{FlatTensors, named_params, update_params},
    state::{CheckpointError, Section, StateReader, StateWriter},
};
use burn::{module::Module, optim::GradientsParams, tensor::Tensor};
use genlab_kernels::{AdamSlot, AdamStep, adam_update, lerp};
use serde::{Deserialize, Serialize};

/// How the learning rate moves over the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LearningRateSchedule {
    /// The same rate throughout.
    Constant,
    /// Half a cosine, from the full rate to zero at the end of the budget.
    Cosine,
}

/// Adam (Kingma & Ba 2015, arXiv:1412.6980) with warm-up, schedule and global-norm clipping.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OptimizerConfig {
    /// Peak learning rate.
    pub learning_rate: f64,
    /// What the rate does after warm-up.
    pub schedule: LearningRateSchedule,
    /// Share of the budget over which the rate rises linearly from zero.
    pub warmup: f64,
    /// Decay of the mean of gradients.
    pub beta1: f64,
    /// Decay of the mean of squared gradients.
    pub beta2: f64,
    /// Added to the root of the second moment.
    pub epsilon: f64,
    /// Largest global norm of a gradient; 0 turns clipping off.
    pub clip_norm: f64,
}

impl Default for OptimizerConfig {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            schedule: LearningRateSchedule::Constant,
            warmup: 0.0,
            beta1: 0.9,
            beta2: 0.999,
            epsilon: 1e-8,
            clip_norm: 0.0,
        }
    }
}

impl OptimizerConfig {
    /// The learning rate of the step that begins at `at`.
    pub fn learning_rate_at(&self, at: Progress) -> f64 {
        let fraction = at.fraction();
        if fraction < self.warmup {
            // Half an image ahead, and one at the start, so that the first step moves at all: by one
            // image's share of the warm-up, far less than one step's.
            let images = (at.images as f64 + 0.5).max(1.0) / at.total_images as f64;
            return self.learning_rate * (images / self.warmup).min(1.0);
        }
        match self.schedule {
            LearningRateSchedule::Constant => self.learning_rate,
            LearningRateSchedule::Cosine => {
                let after = (fraction - self.warmup) / (1.0 - self.warmup).max(f64::EPSILON);
                self.learning_rate * 0.5 * (1.0 + (std::f64::consts::PI * after).cos())
            }
        }
    }
}

/// A network in training.
#[derive(Debug)]
pub struct Optimized<M> {
    // None only inside `descend`, which needs the module by value.
    net: Option<M>,
    config: OptimizerConfig,
    first: FlatTensors,
    second: FlatTensors,
    steps: u64,
    ema: EmaConfig,
    average: FlatTensors,
}

impl<M: Module> Optimized<M> {
    /// Takes over a freshly initialised network whose parameters are on an autodiff device.
    pub fn new(net: M, config: OptimizerConfig, ema: EmaConfig) -> Self {
        let zeros = || -> FlatTensors {
            named_params(&net).into_iter().map(|p| (p.name, p.value.zeros_like())).collect()
        };
        let (first, second) = (zeros(), zeros());
        let average = if ema.is_on() {
            named_params(&net).into_iter().map(|p| (p.name, p.value)).collect()
        } else {
            FlatTensors::new()
        };
        Self { net: Some(net), config, first, second, steps: 0, ema, average }
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
        if self.average.is_empty() {
            return net;
        }
        update_params(net, &mut |name, _, value| self.average.get(name).cloned().unwrap_or(value))
    }

    /// One step down the gradient of `loss` `[1]`. Returns the gradient's global norm before
    /// clipping where clipping is on (it costs a pass over all gradients).
    pub fn descend(&mut self, loss: Tensor<1>, at: Progress) -> Option<Tensor<1>> {
        let net = self.net.take().expect("`descend` puts the network back");
        let mut gradients = GradientsParams::from_grads(loss.backward(), &net);
        let mut flat = flat_gradients(&net, &mut gradients);
        let norm = (self.config.clip_norm > 0.0).then(|| global_norm(&flat));
        let scale = norm.clone().map(|norm| {
            // min(1, c / norm), on the device.
            (norm + 1e-6).recip().mul_scalar(self.config.clip_norm).clamp_max(1.0)
        });

        self.steps += 1;
        let step = AdamStep {
            learning_rate: self.config.learning_rate_at(at),
            beta1: self.config.beta1,
            beta2: self.config.beta2,
            epsilon: self.config.epsilon,
            step: self.steps,
        };
        let net = update_params(net, &mut |name, _, value| {
            let (Some(gradient), Some(first), Some(second)) =
                (flat.remove(name), self.first.remove(name), self.second.remove(name))
            else {
                return value; // no gradient reached this parameter in this step
            };
            let slot = AdamSlot { value, first, second };
            let slot = adam_update(slot, gradient, scale.clone(), step);
            self.first.insert(name.to_owned(), slot.first);
            self.second.insert(name.to_owned(), slot.second);
            slot.value
        });
        self.update_average(&net);
        self.net = Some(net);
        norm
    }

    fn update_average(&mut self, net: &M) {
        if self.average.is_empty() {
            return;
        }
        let weight = 1.0 - self.ema.decay_at(self.steps);
        for param in named_params(net) {
            if let Some(average) = self.average.remove(&param.name) {
                self.average.insert(param.name, lerp(average, param.value, weight));
            }
        }
    }

    /// Writes parameters, moments and average under `prefix`.
    pub fn state(&self, prefix: &str, out: &mut StateWriter) {
        for param in named_params(self.net()) {
            out.tensor(
                Section::Weights,
                format!("{prefix}.{}", param.name),
                param.shape,
                param.value,
            );
        }
        for (kind, section, tensors) in [
            ("first", Section::Optimizer, &self.first),
            ("second", Section::Optimizer, &self.second),
            ("average", Section::Average, &self.average),
        ] {
            for (name, value) in tensors {
                let shape = value.dims().to_vec();
                out.tensor(section, format!("{prefix}.{kind}.{name}"), shape, value.clone());
            }
        }
        out.count(&format!("{prefix}.steps"), self.steps);
    }

    /// Puts back what [`Optimized::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub fn restore(&mut self, prefix: &str, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.steps = from.count(&format!("{prefix}.steps"))?;
        for (kind, section, tensors) in [
            ("first", Section::Optimizer, &mut self.first),
            ("second", Section::Optimizer, &mut self.second),
            ("average", Section::Average, &mut self.average),
        ] {
            for (name, value) in tensors.iter_mut() {
                *value = from.tensor(section, &format!("{prefix}.{kind}.{name}"), value)?;
            }
        }
        let net = self.net.take().expect("`restore` puts the network back");
        let mut fault = None;
        let net = update_params(net, &mut |name, _, value| match from.tensor(
            Section::Weights,
            &format!("{prefix}.{name}"),
            &value,
        ) {
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

fn flat_gradients<M: Module>(net: &M, gradients: &mut GradientsParams) -> FlatTensors {
    struct Collect<'a>(&'a mut GradientsParams, FlatTensors, Vec<String>);
    impl burn::module::ModuleVisitor for Collect<'_> {
        fn enter_module(&mut self, name: &str, _container_type: &str) {
            self.2.push(name.to_owned());
        }
        fn exit_module(&mut self, _name: &str, _container_type: &str) {
            self.2.pop();
        }
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
            if let Some(gradient) = self.0.remove::<D>(param.id) {
                let n = gradient.shape().num_elements();
                self.1.insert(self.2.join("."), gradient.reshape([n]));
            }
        }
    }
    let mut collect = Collect(gradients, FlatTensors::new(), Vec::new());
    net.visit(&mut collect);
    collect.1
}

fn global_norm(gradients: &FlatTensors) -> Tensor<1> {
    let squares = gradients.values().map(|g| g.clone().square().sum()).collect();
    Tensor::cat(squares, 0).sum().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        nn::{Linear, init_module},
        noise::Seed,
    };
    use burn::tensor::Device;

    fn at(images: u64) -> Progress {
        Progress { step: 0, images, total_images: 1000, seed: Seed(0) }
    }

    #[test]
    fn the_rate_rises_then_follows_half_a_cosine() {
        let config = OptimizerConfig {
            learning_rate: 2.0,
            schedule: LearningRateSchedule::Cosine,
            warmup: 0.2,
            ..OptimizerConfig::default()
        };
        assert!(config.learning_rate_at(at(0)) > 0.0);
        assert!((config.learning_rate_at(at(100)) - 1.0).abs() < 0.02);
        assert!((config.learning_rate_at(at(200)) - 2.0).abs() < 1e-9);
        assert!((config.learning_rate_at(at(600)) - 1.0).abs() < 1e-9);
        assert!(config.learning_rate_at(at(1000)).abs() < 1e-9);
        let constant = OptimizerConfig { warmup: 0.0, ..OptimizerConfig::default() };
        assert_eq!(constant.learning_rate_at(at(999)), constant.learning_rate);
    }

    fn values(net: &Linear) -> Vec<f32> {
        named_params(net)
            .into_iter()
            .flat_map(|p| p.value.into_data().try_into_vec::<f32>().expect("f32"))
            .collect()
    }

    fn stepped(clip_norm: f64) -> (Vec<f32>, Vec<f32>, Option<f32>) {
        let device = Device::flex();
        let net = init_module(Seed(1), "test", &device, |device| Linear::new(2, 1, device));
        let config =
            OptimizerConfig { learning_rate: 0.1, clip_norm, ..OptimizerConfig::default() };
        let mut net = Optimized::new(net, config, EmaConfig::Exponential { decay: 0.5 });
        let before = values(&net.raw());
        let x = Tensor::<2>::from_floats([[3.0, 4.0]], &device);
        let loss = net.net().forward(x).sum();
        let norm = net.descend(loss, at(0));
        let norm = norm.map(|n| n.into_data().as_slice::<f32>().expect("f32")[0]);
        (before, values(&net.raw()), norm)
    }

    #[test]
    fn adams_first_step_is_the_learning_rate_against_the_gradients_sign() {
        // m̂ / √v̂ = g / |g| in step 1, whatever the gradient's size.
        let (before, after, norm) = stepped(0.0);
        assert_eq!(norm, None);
        for (before, after) in before.iter().zip(&after) {
            assert!((before - after - 0.1).abs() < 1e-5, "{before} to {after}");
        }
    }

    #[test]
    fn the_global_norm_is_over_all_parameters() {
        // d(w·x + b) = (3, 4, 1).
        let (_, _, norm) = stepped(1.0);
        assert!((norm.expect("clipping is on") - 26.0_f32.sqrt()).abs() < 1e-5);
    }

    #[test]
    fn the_average_trails_the_weights() {
        let device = Device::flex();
        let net = init_module(Seed(1), "test", &device, |device| Linear::new(2, 1, device));
        let mut net =
            Optimized::new(net, OptimizerConfig::default(), EmaConfig::Exponential { decay: 0.9 });
        let start = values(&net.raw());
        let x = Tensor::<2>::ones([1, 2], &device);
        let loss = net.net().forward(x).sum();
        net.descend(loss, at(0));
        let (raw, average) = (values(&net.raw()), values(&net.frozen()));
        // Decay at step 1 is 2/11.
        for ((start, raw), average) in start.iter().zip(&raw).zip(&average) {
            let expected = start * (2.0 / 11.0) + raw * (9.0 / 11.0);
            assert!((average - expected).abs() < 1e-6);
        }
    }
}
