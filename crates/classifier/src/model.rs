//! One step of training, and what the frozen classifier can do.

use crate::{
    architecture::Architecture, augmentation::Augmentation, loss::right, net::ClassifierNet,
};
use burn::{
    module::Module,
    tensor::{Int, Tensor},
};
use genlab_core::{
    Batch, CheckpointError, Classified, Classify, Generative, Noise, Optimized, Progress, Scalars,
    Space, StateReader, StateWriter, Train, loss::cross_entropy,
};

/// A classifier in training.
#[derive(Debug)]
pub struct Classifier {
    pub(crate) net: Optimized<ClassifierNet>,
    pub(crate) architecture: Architecture,
    pub(crate) space: Space,
    pub(crate) smoothing: f64,
    pub(crate) augmentation: Augmentation,
}

impl Classifier {
    /// The classifier as it stands, with averaged weights where it keeps them.
    pub fn frozen(&self) -> FrozenClassifier {
        FrozenClassifier {
            net: self.net.frozen(),
            architecture: self.architecture.clone(),
            space: self.space,
            smoothing: self.smoothing,
        }
    }
}

/// The labels of a batch.
fn labels(batch: &Batch) -> &Tensor<1, Int> {
    batch.labels.as_ref().expect("a dataset with classes has a label for every value")
}

impl Train for Classifier {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let labels = labels(batch);
        let values = self.augmentation.of(batch.values.clone(), at.noise(), batch.rows());
        let logits = self.net.net().forward(self.space.input(values)).logits;
        let loss = cross_entropy(logits.clone(), labels, self.smoothing).mean();
        let accuracy = right(logits.inner(), labels).mean();
        let scalars = Scalars::new().with("loss", loss.clone()).with("accuracy", accuracy);
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(self.frozen())
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

/// A classifier that learns no more.
#[derive(Debug)]
pub struct FrozenClassifier {
    /// Its network, off the graph.
    pub net: ClassifierNet,
    architecture: Architecture,
    space: Space,
    smoothing: f64,
}

impl FrozenClassifier {
    /// A classifier of images in [0, 1] with a network of this architecture.
    pub fn of_images(architecture: Architecture, net: ClassifierNet) -> Self {
        let (net, space) = (net.no_grad(), Space::images(architecture.shape));
        Self { net, architecture, space, smoothing: 0.0 }
    }
}

impl Generative for FrozenClassifier {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, _noise: Noise) -> Scalars {
        let labels = labels(batch);
        let logits = self.classify(batch.values.clone()).logits;
        let loss = cross_entropy(logits.clone(), labels, self.smoothing).mean();
        Scalars::new().with("loss", loss).with("accuracy", right(logits, labels).mean())
    }

    fn classifier(&self) -> Option<&dyn Classify> {
        Some(self)
    }
}

impl Classify for FrozenClassifier {
    fn classes(&self) -> usize {
        self.architecture.classes
    }

    fn features(&self) -> usize {
        self.architecture.features
    }

    fn classify(&self, values: Tensor<4>) -> Classified {
        self.net.forward(self.space.input(values))
    }

    fn attended(&self, values: Tensor<4>) -> Option<Tensor<3>> {
        self.net.attended(self.space.input(values))
    }
}

#[cfg(test)]
mod tests {
    use crate::{ClassifierConfig, MlpNetwork, NetworkConfig, augmentation::Augmentation};
    use burn::tensor::Tensor;
    use genlab_core::{
        Kind, Space,
        testing::{batch, context, contract, contract_on_points},
    };

    #[test]
    fn it_keeps_the_contract() {
        contract(&|context| ClassifierConfig::default().init(context), Some(("loss", 60, 0.6)));
    }

    #[test]
    fn the_mlp_keeps_the_contract_on_images() {
        let network = NetworkConfig::Mlp(MlpNetwork::default());
        let augmentation = Augmentation::off();
        let config = ClassifierConfig { network, augmentation, ..ClassifierConfig::default() };
        contract(&|context| config.init(context), Some(("loss", 60, 0.6)));
    }

    #[test]
    fn the_transformer_keeps_the_contract() {
        // Images that move by two pixels of twelve are learned more slowly than those that move by one.
        contract(&|context| ClassifierConfig::vit().init(context), Some(("loss", 120, 0.7)));
    }

    #[test]
    fn it_keeps_the_contract_on_points() {
        let config = ClassifierConfig::for_kind(Kind::Points);
        contract_on_points(&|context| config.init(context), Some(("loss", 60, 0.6)));
    }

    #[test]
    fn its_gradient_reaches_the_values() {
        let space = Space::points(2, 0.5, 2.0);
        let frozen = ClassifierConfig::for_kind(Kind::Points).init(&context(space)).expect("fits");
        let frozen = frozen.freeze();
        let values = batch(space, 3, 0).values.autodiff().require_grad();
        let logits = frozen.classifier().expect("a classifier").classify(values.clone()).logits;
        let gradient: Tensor<4> =
            values.grad(&logits.sum().backward()).expect("values are a tracked leaf");
        assert_eq!(gradient.dims(), [3, 2, 1, 1]);
    }
}
