//! Whether training reaches every parameter.

use crate::{
    checkpoint::NamedTensor,
    model::Train,
    state::{Section, StateWriter, on_host},
};

/// What a control branch is called in a network; all else there is its base, which stays as it was.
const CONTROL: &str = ".control.";

/// Parameters as the optimiser sees them.
pub(super) fn weights(model: &dyn Train) -> Vec<NamedTensor> {
    let mut out = StateWriter::default();
    model.state(&mut out);
    let of_weights = |(section, ..): &(Section, _, _, _)| *section == Section::Weights;
    let tensors = out.tensors.into_iter().filter(of_weights).collect();
    on_host(tensors).into_iter().map(|(_, tensor)| tensor).collect()
}

/// What biases are called.
const BIAS: &str = "bias";

/// What is computed from a parameter where a network is built is no parameter, and keeps its first values. Biases may stand
/// still: that of keys, or of a score whose differences alone count, changes nothing.
pub(super) fn every_weight_has_moved(before: &[NamedTensor], after: &[NamedTensor]) {
    let controlled = before.iter().any(|(name, ..)| name.contains(CONTROL));
    let learns = |name: &str| !name.ends_with(BIAS) && (!controlled || name.contains(CONTROL));
    let still: Vec<&str> = before
        .iter()
        .zip(after)
        .filter(|((name, _, old), (.., new))| learns(name) && old == new)
        .map(|((name, ..), _)| name.as_str())
        .collect();
    assert!(still.is_empty(), "never trained: {still:?}");
}
