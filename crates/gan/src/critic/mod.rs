//! The critic: an encoder with one output.

mod minibatch_sd;
mod pack;

pub use minibatch_sd::MinibatchSd;
pub use pack::packed;

use crate::GanConfig;
use burn::{
    module::Module,
    tensor::{Device, Tensor},
};
use genlab_core::{
    Condition, Conditions, ImageShape, Space,
    nn::{CaptionEmbedding, ClassEmbedding, Encoder, Linear, told_vector},
};

/// Standard deviation of the critic's initial class vectors, times √n for n features. That of its last
/// layer's weights is 1/√3 on this scale, so a class moves the first scores by a sixth of what features
/// do: the critic starts close to one that is told nothing. Under spectral normalisation it is one part in
/// its largest singular value, as every weight.
const CLASS_SCALE: f64 = 0.1;

#[derive(Module, Debug)]
pub(crate) struct Critic {
    encoder: Encoder,
    score: Linear,
    class: Option<ClassEmbedding>,
    caption: Option<CaptionEmbedding>,
    #[module(skip)]
    minibatch_sd: Option<MinibatchSd>,
    #[module(skip)]
    pack: usize,
    #[module(skip)]
    space: Space,
}

impl Critic {
    pub(crate) fn new(
        config: &GanConfig,
        conditions: Conditions,
        space: Space,
        device: &Device,
    ) -> Self {
        let ImageShape { channels, height, width } = space.shape;
        let pack = ImageShape::new(config.pack * channels, height, width);
        let encoder = config.critic.encoder(pack, device);
        let features = encoder.features();
        let sd = CLASS_SCALE / (features as f64).sqrt();
        let more = usize::from(config.minibatch_sd.is_some());
        Self {
            score: Linear::new(features + more, 1, device),
            encoder,
            class: conditions
                .classes
                .map(|classes| ClassEmbedding::new(classes, features, sd, device)),
            caption: conditions
                .captions
                .map(|captions| CaptionEmbedding::new(captions, features, sd, device)),
            minibatch_sd: config.minibatch_sd,
            pack: config.pack,
            space,
        }
    }

    /// Values `[B, C, H, W]` around zero.
    pub(crate) fn centred(&self, values: Tensor<4>) -> Tensor<4> {
        self.space.centred(values)
    }

    /// Centred values as [`Critic::score`] reads them: in packs.
    pub(crate) fn packed(&self, centred: Tensor<4>) -> Tensor<4> {
        packed(centred, self.pack)
    }

    /// The logit of packs of centred values, `[B]`. A class or a caption y adds ⟨v_y, φ(x)⟩ to what the features φ(x) score
    /// otherwise: Eq. 3 of Miyato & Koyama 2018 (arXiv:1802.05637).
    pub(crate) fn score(&self, centred: Tensor<4>, condition: &Condition) -> Tensor<1> {
        self.scored(self.features(centred), condition)
    }

    /// The features φ(x) of packs of centred values, which do not depend on what is told.
    pub(crate) fn features(&self, centred: Tensor<4>) -> Tensor<2> {
        self.encoder.forward(centred)
    }

    /// The logit of values of these features, as [`Critic::score`] has it.
    pub(crate) fn scored(&self, features: Tensor<2>, condition: &Condition) -> Tensor<1> {
        let seen = match self.minibatch_sd {
            None => features.clone(),
            Some(sd) => Tensor::cat(vec![features.clone(), sd.feature(features.clone())], 1),
        };
        let score = self.score.forward(seen).squeeze_dim::<1>(1);
        let batch = features.dims()[0];
        match told_vector(self.class.as_ref(), self.caption.as_ref(), condition, batch) {
            None => score,
            Some(vectors) => score + (vectors * features).sum_dim(1).squeeze_dim::<1>(1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_core::{ImageShape, nn::BackboneConfig};

    #[test]
    fn a_class_moves_a_score_by_the_product_of_its_vector_with_the_features() {
        let device = Device::flex();
        // Without hidden layers the features are the centred values themselves.
        let config = GanConfig { critic: BackboneConfig::mlp([]), ..GanConfig::default() };
        let space = Space::images(ImageShape::new(1, 2, 2));
        let critic = Critic::new(
            &config,
            Conditions { classes: Some(3), ..Conditions::default() },
            space,
            &device,
        );
        let values = Tensor::<1>::from_floats([0.1, 0.9, 0.4, 0.7], &device).reshape([1, 1, 2, 2]);
        let score = |class| {
            let read = critic.packed(critic.centred(values.clone()));
            critic.score(read, &Condition::of_classes(&[class], &device))
        };
        let read = |x: Tensor<1>| x.into_data().try_into_vec::<f32>().expect("f32");
        let vectors = read(critic.class.as_ref().expect("classes").table.val().flatten(0, 1));
        let expected: f32 = [-0.8, 0.8, -0.2, 0.4]
            .iter()
            .enumerate()
            .map(|(i, x)| x * (vectors[3 * 4 + i] - vectors[i]))
            .sum();
        let moved = read(score(2) - score(-1))[0];
        assert!((moved - expected).abs() < 1e-6, "{moved} is not {expected}");
        assert!(moved.abs() > 1e-4, "classes move nothing");
    }
}
