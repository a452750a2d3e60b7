//! What moves one parameter: a method's update with what it remembers.

use super::{
    adam::{AdamConfig, Moments},
    adamw::AdamWConfig,
    clip::scaled,
    config::{Method, OptimizerConfig},
    muon::{MuonConfig, rate_factor},
    rmsprop::{self, RmsPropConfig},
    sgd::SgdConfig,
    step::Step,
};
use crate::params::NamedParam;
use burn::tensor::Tensor;
use genlab_kernels::AdamSlot;

/// Whether Muon may train a parameter of two or more dimensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForMuon {
    Allowed,
    Excluded,
}

/// The update of one parameter, with its memory.
#[derive(Clone, Debug)]
pub(super) struct Rule {
    /// Peak learning rate of this parameter: under Muon they differ.
    learning_rate: f64,
    update: Update,
}

#[derive(Clone, Debug)]
enum Update {
    Adam(AdamConfig, Moments),
    AdamW(AdamWConfig, Moments),
    RmsProp(RmsPropConfig, rmsprop::Memory),
    Sgd(SgdConfig, Option<Tensor<1>>),
    Muon { config: MuonConfig, rows: usize, momentum: Tensor<1> },
}

impl Rule {
    /// The rule of a parameter that has not moved yet.
    pub(super) fn new(config: &OptimizerConfig, param: &NamedParam, muon: ForMuon) -> Self {
        let value = &param.value;
        let mut learning_rate = config.learning_rate;
        let update = match config.method {
            Method::Adam(adam) => Update::Adam(adam, Moments::zeros_like(value)),
            Method::AdamW(adamw) => Update::AdamW(adamw, Moments::zeros_like(value)),
            Method::RmsProp(rmsprop) => Update::RmsProp(rmsprop, rmsprop.memory(value)),
            Method::Sgd(sgd) => Update::Sgd(sgd, sgd.velocity(value)),
            Method::Muon(config) if muon == ForMuon::Excluded || param.shape.len() < 2 => {
                learning_rate = config.adam.learning_rate;
                Update::Adam(config.adam.adam(), Moments::zeros_like(value))
            }
            Method::Muon(config) => {
                learning_rate *= rate_factor(&param.shape);
                let (rows, momentum) = (param.shape[0], value.zeros_like());
                Update::Muon { config, rows, momentum }
            }
        };
        Self { learning_rate, update }
    }

    /// One update: the new value, and the rule with its new memory. `factor` `[1]` multiplies the
    /// gradient, `share` the peak rate; `number` counts steps from 1.
    pub(super) fn step(
        self,
        value: Tensor<1>,
        gradient: Tensor<1>,
        factor: Option<Tensor<1>>,
        share: f64,
        number: u64,
    ) -> (Tensor<1>, Self) {
        let step = Step { learning_rate: self.learning_rate * share, number };
        let (value, update) = match self.update {
            Update::Adam(config, moments) => {
                let slot = config.step(moments.slot(value), gradient, factor, step);
                let AdamSlot { value, first, second } = slot;
                (value, Update::Adam(config, Moments { first, second }))
            }
            Update::AdamW(config, moments) => {
                let slot = config.step(moments.slot(value), gradient, factor, step);
                let AdamSlot { value, first, second } = slot;
                (value, Update::AdamW(config, Moments { first, second }))
            }
            Update::RmsProp(config, memory) => {
                let (value, memory) = config.step(value, memory, scaled(gradient, factor), step);
                (value, Update::RmsProp(config, memory))
            }
            Update::Sgd(config, velocity) => {
                let (value, velocity) =
                    config.step(value, velocity, scaled(gradient, factor), step);
                (value, Update::Sgd(config, velocity))
            }
            Update::Muon { config, rows, momentum } => {
                let gradient = scaled(gradient, factor);
                let (value, momentum) = config.step(rows, value, momentum, gradient, step);
                (value, Update::Muon { config, rows, momentum })
            }
        };
        (value, Self { update, ..self })
    }

    /// The memory by the names that checkpoints give it, each `[n]`.
    pub(super) fn slots(&mut self) -> Vec<(&'static str, &mut Tensor<1>)> {
        match &mut self.update {
            Update::Adam(_, Moments { first, second })
            | Update::AdamW(_, Moments { first, second }) => {
                vec![("first", first), ("second", second)]
            }
            Update::RmsProp(_, rmsprop::Memory { square, velocity }) => {
                let velocity = velocity.as_mut().map(|velocity| ("velocity", velocity));
                [("square", square)].into_iter().chain(velocity).collect()
            }
            Update::Sgd(_, velocity) => {
                velocity.as_mut().map(|velocity| ("velocity", velocity)).into_iter().collect()
            }
            Update::Muon { momentum, .. } => vec![("momentum", momentum)],
        }
    }
}
