//! One step of training, and what the frozen model can do.

use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, CheckpointError, Codes, Decode, Encode, Generative, Noise, Optimized, Progress,
    Reconstruct, Scalars, StateReader, StateWriter, Train,
    loss::PixelLoss,
    nn::{Autoencoder, sigmoid},
};

pub(crate) struct Ae {
    pub(crate) net: Optimized<Autoencoder>,
    pub(crate) loss: PixelLoss,
    pub(crate) latent_dim: usize,
}

impl Train for Ae {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let net = self.net.net();
        let logits = net.decode(net.encode(batch.images.clone()));
        let loss = self.loss.per_image(logits, batch.images.clone()).mean();
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
        let logits = self.net.decode(self.net.encode(batch.images.clone()));
        Scalars::new().with("loss", self.loss.per_image(logits, batch.images.clone()).mean())
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
    fn reconstruct(&self, images: Tensor<4>) -> Tensor<4> {
        sigmoid(self.net.decode(self.net.encode(images)))
    }
}

impl Encode for FrozenAe {
    fn encode(&self, images: Tensor<4>) -> Codes {
        Codes { mean: self.net.encode(images), log_var: None }
    }
}

impl Decode for FrozenAe {
    fn latent_dim(&self) -> usize {
        self.latent_dim
    }

    fn decode(&self, codes: Tensor<2>) -> Tensor<4> {
        sigmoid(self.net.decode(codes))
    }
}

#[cfg(test)]
mod tests {
    use crate::AeConfig;
    use genlab_core::{loss::PixelLoss, nn::BackboneConfig, testing::contract};

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
}
