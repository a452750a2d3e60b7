//! One step of training, and what the frozen model can do.

use crate::{SparseAeConfig, loss::l1_penalty};
use burn::{
    module::Module,
    tensor::{Tensor, activation::relu},
};
use genlab_core::{
    Batch, CheckpointError, Codes, Condition, Decode, Encode, Generative, Noise, Optimized,
    Progress, Reconstruct, Scalars, StateReader, StateWriter, Train, nn::Autoencoder,
};

pub(crate) struct SparseAe {
    pub(crate) net: Optimized<Autoencoder>,
    pub(crate) config: SparseAeConfig,
}

/// `[B, C, H, W]` to rectified codes `[B, L]`, none negative and most zero.
fn codes(net: &Autoencoder, values: Tensor<4>) -> Tensor<2> {
    relu(net.encode(values))
}

/// The terms of the objective, each a mean over the batch.
struct Loss {
    reconstruction: Tensor<1>,
    l1: Tensor<1>,
    active: Tensor<1>,
}

impl Loss {
    fn of(net: &Autoencoder, config: &SparseAeConfig, values: &Tensor<4>) -> Self {
        let codes = codes(net, values.clone());
        let logits = net.decode(codes.clone());
        Self {
            reconstruction: config.loss.per_value(logits, values.clone(), net.space()).mean(),
            active: codes.clone().inner().greater_elem(0.0).float().mean(),
            l1: l1_penalty(codes).mean(),
        }
    }

    fn total(&self, config: &SparseAeConfig) -> Tensor<1> {
        self.reconstruction.clone() + self.l1.clone() * config.l1
    }

    fn scalars(self, config: &SparseAeConfig) -> Scalars {
        Scalars::new()
            .with("loss", self.total(config))
            .with("reconstruction", self.reconstruction)
            .with("l1", self.l1)
            .with("active_fraction", self.active)
    }
}

impl Train for SparseAe {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let loss = Loss::of(self.net.net(), &self.config, &batch.values);
        let total = loss.total(&self.config);
        let scalars = loss.scalars(&self.config);
        self.net.descend(total, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenSparseAe { net: self.net.frozen(), config: self.config.clone() })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct FrozenSparseAe {
    net: Autoencoder,
    config: SparseAeConfig,
}

impl Generative for FrozenSparseAe {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, _noise: Noise) -> Scalars {
        Loss::of(&self.net, &self.config, &batch.values).scalars(&self.config)
    }

    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        Some(self)
    }

    fn encoder(&self) -> Option<&dyn Encode> {
        Some(self)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        Some(self)
    }
}

impl Reconstruct for FrozenSparseAe {
    fn reconstruct(&self, values: Tensor<4>, _condition: &Condition) -> Tensor<4> {
        self.net.values(codes(&self.net, values))
    }
}

impl Encode for FrozenSparseAe {
    fn encode(&self, values: Tensor<4>, _condition: &Condition) -> Codes {
        Codes { mean: codes(&self.net, values), log_var: None }
    }

    fn is_sparse(&self) -> bool {
        true
    }
}

impl Decode for FrozenSparseAe {
    fn latent_dim(&self) -> usize {
        self.config.latent_dim
    }

    fn decode(&self, codes: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        self.net.values(codes)
    }
}

#[cfg(test)]
mod tests {
    use crate::SparseAeConfig;
    use genlab_core::{
        nn::BackboneConfig,
        testing::{contract, contract_on_points},
    };

    #[test]
    fn the_overcomplete_one_keeps_the_contract() {
        contract(&|context| SparseAeConfig::default().init(context), Some(("loss", 60, 0.6)));
    }

    #[test]
    fn the_convolutional_one_keeps_the_contract() {
        let backbone = BackboneConfig::conv([8, 16]);
        let config =
            SparseAeConfig { latent_dim: 64, l1: 1e-3, backbone, ..SparseAeConfig::default() };
        contract(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }

    #[test]
    fn the_overcomplete_one_keeps_the_contract_on_points() {
        let build = |context: &_| SparseAeConfig::default().init(context);
        contract_on_points(&build, Some(("loss", 150, 0.8)));
    }
}
