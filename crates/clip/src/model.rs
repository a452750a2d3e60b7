//! One step of training, and what the frozen towers can do.

use crate::{
    HardNegatives,
    hard_negatives::{Harder, Turned, contrast_turned},
    loss::{Contrast, contrast},
    net::Towers,
};
use burn::{
    module::Module,
    tensor::{Int, Tensor},
};
use genlab_classifier::Augmentation;
use genlab_core::{
    Align, Batch, CheckpointError, Generative, Noise, Optimized, Progress, Scalars, StateReader,
    StateWriter, Train, vocabulary::captions_of_classes,
};

pub(crate) struct Clip {
    pub(crate) net: Optimized<Towers>,
    pub(crate) augmentation: Augmentation,
    pub(crate) hard_negatives: HardNegatives,
}

/// What a batch scores.
struct Scored {
    contrast: Contrast,
    /// Share of the pictures asked for that are nearer to their caption than to the turned one, `[1]`, where they are
    /// asked for.
    turned: Option<Tensor<1>>,
}

impl Scored {
    fn of(net: &Towers, batch: &Batch, hard_negatives: HardNegatives) -> Self {
        let (pictures, captions) = (net.pictures(batch.values.clone()), captions(batch));
        match hard_negatives {
            HardNegatives::None => {
                let contrast = contrast(pictures, net.captions(captions), net.scale());
                Self { contrast, turned: None }
            }
            HardNegatives::Turned => {
                let turned = batch.turned.clone().expect("what has captions has them turned");
                let count = batch.len();
                let both = net.captions(Tensor::cat(vec![captions, turned.clone()], 0));
                let [own, other] = [0, count].map(|first| both.clone().narrow(0, first, count));
                let turned = Turned::new(&turned, other);
                let Harder { contrast, told_apart } =
                    contrast_turned(pictures, own, turned, net.scale());
                Self { contrast, turned: Some(told_apart) }
            }
        }
    }

    fn scalars(self, loss: Tensor<1>, scale: Tensor<1>) -> Scalars {
        let scalars = Scalars::new()
            .with("loss", loss)
            .with("found", self.contrast.found())
            .with("inverse_temperature", scale);
        match self.turned {
            Some(share) => scalars.with("turned", share),
            None => scalars,
        }
    }
}

/// The captions of a batch, `[B, T]`, or its classes in their place.
pub(crate) fn captions(batch: &Batch) -> Tensor<2, Int> {
    let classes = || batch.labels.clone().map(captions_of_classes);
    batch.captions.clone().or_else(classes).expect("something is said of every value")
}

impl Train for Clip {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let values = self.augmentation.of(batch.values.clone(), at.noise(), batch.rows());
        let batch = Batch { values, ..batch.clone() };
        let scored = Scored::of(self.net.net(), &batch, self.hard_negatives);
        let loss = scored.contrast.loss();
        let scalars = scored.scalars(loss.clone(), self.net.net().scale());
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(Frozen { net: self.net.frozen(), hard_negatives: self.hard_negatives })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

/// Towers that learn no more.
struct Frozen {
    net: Towers,
    hard_negatives: HardNegatives,
}

impl Generative for Frozen {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, _noise: Noise) -> Scalars {
        let scored = Scored::of(&self.net, batch, self.hard_negatives);
        let loss = scored.contrast.loss();
        scored.scalars(loss, self.net.scale())
    }

    fn aligner(&self) -> Option<&dyn Align> {
        Some(self)
    }
}

impl Align for Frozen {
    fn values(&self, values: Tensor<4>) -> Tensor<2> {
        self.net.pictures(values)
    }

    fn captions(&self, captions: Tensor<2, Int>) -> Tensor<2> {
        self.net.captions(captions)
    }

    fn scale(&self) -> Tensor<1> {
        self.net.scale()
    }
}

#[cfg(test)]
mod tests {
    use crate::{ClipConfig, HardNegatives};
    use genlab_classifier::{Augmentation, Mirror, NetworkConfig, VitNetwork};
    use genlab_core::{
        ImageShape, Space,
        testing::{batch, context, contract, contract_without_captions, progress},
    };

    #[test]
    fn it_keeps_the_contract() {
        contract(&|context| ClipConfig::default().init(context), Some(("loss", 60, 0.8)));
    }

    #[test]
    fn it_keeps_the_contract_with_classes_for_captions() {
        let falls = Some(("loss", 60, 0.8));
        contract_without_captions(&|context| ClipConfig::default().init(context), falls);
    }

    #[test]
    fn it_keeps_the_contract_with_captions_that_are_turned_round() {
        let config = ClipConfig { hard_negatives: HardNegatives::Turned, ..ClipConfig::default() };
        contract(&|context| config.init(context), Some(("loss", 60, 0.8)));
        let names = |config: &ClipConfig| {
            let space = Space::images(ImageShape::new(1, 12, 12));
            let mut model = config.init(&context(space)).expect("images with captions");
            let scalars = model.step(&batch(space, 8, 0), progress(0)).read();
            scalars.into_iter().map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert!(names(&config).contains(&"turned"));
        assert!(!names(&ClipConfig::default()).contains(&"turned"));
    }

    #[test]
    fn it_keeps_the_contract_with_pictures_that_move() {
        let augmentation = Augmentation { shift: 2, mirror: Mirror::Never };
        let config = ClipConfig { augmentation, ..ClipConfig::default() };
        contract(&|context| config.init(context), None);
        // What moves is learned otherwise.
        let loss = |config: &ClipConfig| {
            let space = Space::images(ImageShape::new(1, 12, 12));
            let mut model = config.init(&context(space)).expect("images with captions");
            let scalars = model.step(&batch(space, 8, 0), progress(0)).read();
            scalars.into_iter().find(|(name, _)| *name == "contrastive" || *name == "loss")
        };
        assert_ne!(loss(&config), loss(&ClipConfig::default()));
    }

    #[test]
    fn it_keeps_the_contract_with_a_vision_transformer() {
        let image = NetworkConfig::Vit(VitNetwork::default());
        let config = ClipConfig { image, ..ClipConfig::default() };
        contract(&|context| config.init(context), None);
    }
}
