//! Why there is no judge.

use super::JUDGES;

/// Why a judge cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// The file is not a safetensors file.
    #[error(
        "the weights of judge {name} cannot be read: {cause}; train it again (judges/README.md)"
    )]
    Unreadable {
        /// The judge.
        name: String,
        /// What safetensors says.
        cause: safetensors::SafeTensorError,
    },
    /// A tensor is missing or has another shape.
    #[error(
        "the weights of judge {name} have no f32 tensor {tensor} of shape {shape:?}; train it again \
         (judges/README.md)"
    )]
    Tensor {
        /// The judge.
        name: String,
        /// The tensor.
        tensor: String,
        /// The shape the network needs.
        shape: Vec<usize>,
    },
    /// A tensor holds what is no number.
    #[error(
        "the weights of judge {name} are of no use: tensor {tensor} holds values that are not finite; train it again \
         (judges/README.md)"
    )]
    NotFinite {
        /// The judge.
        name: String,
        /// The tensor.
        tensor: String,
    },
    /// What it says of its network is of no network.
    #[error("{file} describes a judge that cannot be: {fault}; give a file that genlab trained")]
    Description {
        /// The file.
        file: String,
        /// What is wrong.
        fault: genlab_core::Fault,
    },
    /// The file cannot be opened.
    #[error("cannot read judge {file}: {reason}")]
    File {
        /// The file.
        file: String,
        /// What the operating system says.
        reason: std::io::Error,
    },
    /// The file does not say what it is.
    #[error(
        "{file} is not a judge: give a file that genlab trained, or the name of a judge ({})",
        JUDGES.each_ref().map(|judge| judge.name).join(", ")
    )]
    NoJudge {
        /// The file.
        file: String,
    },
    /// A run whose model cannot judge.
    #[error(
        "run {name} cannot judge: its model is {model}; give a run of --model classifier, vit, clip or captioner"
    )]
    NoClassifier {
        /// The run.
        name: String,
        /// Its model.
        model: String,
    },
    /// A run of other images.
    #[error(
        "run {name} knows {its} and cannot judge {theirs}; give one that was trained on values \
         like those"
    )]
    OtherValues {
        /// The run.
        name: String,
        /// What it was trained on.
        its: String,
        /// What it should judge.
        theirs: String,
    },
    /// A dataset that no judge can be trained on.
    #[error("{reason}")]
    Untrainable {
        /// Why.
        reason: String,
    },
    /// Values that a random network of images cannot look at.
    #[error("a random network judges images, and {dataset} holds {values}; leave it out")]
    NoImages {
        /// The dataset.
        dataset: String,
        /// What it holds.
        values: &'static str,
    },
}
