//! One step of training, and what the frozen model can do.

use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, CheckpointError, Codes, Condition, Decode, Encode, Generative, Noise, Optimized,
    Progress, Reconstruct, Scalars, StateReader, StateWriter, Train, loss::PixelLoss,
    nn::Autoencoder,
};

pub(crate) struct Ae {
    pub(crate) net: Optimized<Autoencoder>,
    pub(crate) loss: PixelLoss,
    pub(crate) latent_dim: usize,
}

/// The mean error of a batch's reconstructions, `[1]`.
fn loss(net: &Autoencoder, loss: PixelLoss, batch: &Batch) -> Tensor<1> {
    let logits = net.decode(net.encode(batch.values.clone()));
    loss.per_value(logits, batch.values.clone(), net.space()).mean()
}

impl Train for Ae {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let loss = loss(self.net.net(), self.loss, batch);
        let scalars = Scalars::new().with("loss", loss.clone());
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenAe { net: self.net.frozen(), loss: self.loss, latent_dim: self.latent_dim })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct FrozenAe {
    net: Autoencoder,
    loss: PixelLoss,
    latent_dim: usize,
}

impl Generative for FrozenAe {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, _noise: Noise) -> Scalars {
        Scalars::new().with("loss", loss(&self.net, self.loss, batch))
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

impl Reconstruct for FrozenAe {
    fn reconstruct(&self, values: Tensor<4>, _condition: &Condition) -> Tensor<4> {
        self.net.values(self.net.encode(values))
    }
}

impl Encode for FrozenAe {
    fn encode(&self, values: Tensor<4>, _condition: &Condition) -> Codes {
        Codes { mean: self.net.encode(values), log_var: None }
    }
}

impl Decode for FrozenAe {
    fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    fn decode(&self, codes: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        self.net.values(codes)
    }
}

#[cfg(test)]
mod tests {
    use crate::AeConfig;
    use genlab_core::{
        Space,
        loss::PixelLoss,
        nn::BackboneConfig,
        testing::{context, contract, contract_on_points},
    };

    #[test]
    fn the_mlp_keeps_the_contract() {
        contract(&|context| AeConfig::default().init(context), Some(("loss", 60, 0.5)));
    }

    #[test]
    fn the_convolutional_one_keeps_the_contract() {
        let backbone = BackboneConfig::conv([8, 16]);
        let config = AeConfig { loss: PixelLoss::Bce, backbone, ..AeConfig::default() };
        contract(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }

    #[test]
    fn the_mlp_keeps_the_contract_on_points() {
        contract_on_points(&|context| AeConfig::default().init(context), Some(("loss", 60, 0.5)));
    }

    #[test]
    fn what_is_made_for_images_is_refused_on_points() {
        let points = context(Space::points(2, 0.0, 1.0));
        let refusal = |config: AeConfig| config.init(&points).err().expect("refused").to_string();
        let conv = AeConfig { backbone: BackboneConfig::conv([8]), ..AeConfig::default() };
        assert!(refusal(conv).starts_with("backbone is conv, but the values are points"));
        let bce = AeConfig { loss: PixelLoss::Bce, ..AeConfig::default() };
        assert!(refusal(bce).starts_with("loss is bce, but the values are not all from 0 to 1"));
    }
}
