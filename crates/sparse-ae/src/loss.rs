//! The objective: reconstruction, sparsity and what wakes dead units.

use crate::{
    SparseAeConfig, matryoshka,
    net::SparseNet,
    revival::{Revival, dead_codes},
    sparsity::{Activated, Stage},
};
use burn::{
    module::Module,
    tensor::{Bool, Tensor},
};
use genlab_core::Scalars;

/// The terms of the objective on a batch.
pub(crate) struct Loss {
    /// Of the whole code, of each value, `[B]`.
    pub(crate) reconstruction: Tensor<1>,
    /// h, `[B, L]`, off the graph.
    pub(crate) codes: Tensor<2>,
    /// The smallest code that was kept, `[1]`, where the batch decides.
    pub(crate) threshold: Option<Tensor<1>>,
    /// What is minimised, `[1]`.
    pub(crate) total: Tensor<1>,
    /// What else is logged, by name.
    terms: Vec<(&'static str, Tensor<1>)>,
    on_above: f64,
}

impl Loss {
    /// Of `values` `[B, C, H, W]`. `dead` units `[L]` are those that [`Revival::AuxK`] tries to wake.
    pub(crate) fn of(
        net: &SparseNet,
        config: &SparseAeConfig,
        values: &Tensor<4>,
        stage: Stage<'_>,
        dead: Option<Tensor<1, Bool>>,
    ) -> Self {
        let error = |logits| config.loss.per_value(logits, values.clone(), net.space());
        let pre = net.pre_activations(values.clone());
        let Activated { codes, penalty, threshold, gate } =
            config.sparsity.activate(net, pre.clone(), stage);
        let logits = net.decoder.forward(codes.clone());
        let reconstruction = error(logits.clone());

        let mut total = reconstruction.clone().mean();
        let mut terms = vec![("reconstruction", total.clone())];
        for &length in &config.prefixes {
            let prefix = matryoshka::prefix(&codes, length);
            total = total + error(net.decoder.forward(prefix)).mean();
        }
        if let Some(penalty) = penalty {
            terms.push((penalty.name, penalty.value.clone()));
            total = total + penalty.value * penalty.weight;
        }
        if let Some(gate) = gate {
            // Eq. 8 of arXiv:2404.16014: gates must reconstruct too, by the decoder as it is.
            let gate = error(net.decoder.valid().forward(gate)).mean();
            terms.push(("gate_reconstruction", gate.clone()));
            total = total + gate;
        }
        if let (Some(dead), Revival::AuxK(aux)) = (dead, config.revival) {
            let codes = dead_codes(pre, dead, aux.units);
            let nothing = Tensor::zeros([1, config.latent_dim], &codes.device());
            let added = net.decoder.forward(codes) - net.decoder.forward(nothing);
            // With a linear output this is ‖e − ê‖²: what dead units would add to a reconstruction that stays.
            let auxiliary = error(logits.detach() + added).mean();
            terms.push(("auxiliary", auxiliary.clone()));
            total = total + auxiliary * aux.weight;
        }
        Self {
            reconstruction: reconstruction.inner(),
            codes: codes.inner(),
            threshold,
            total,
            terms,
            on_above: config.sparsity.on_above(),
        }
    }

    /// What is logged.
    pub(crate) fn scalars(&self) -> Scalars {
        let active = self.codes.clone().greater_elem(self.on_above).float().mean();
        let loss = Scalars::new().with("loss", self.total.clone());
        let terms = self.terms.iter().cloned();
        let scalars = terms.fold(loss, |scalars, (name, value)| scalars.with(name, value));
        scalars.with("active_fraction", active)
    }
}
