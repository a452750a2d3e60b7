//! Runs that have ended, for models that build on them.

use super::data::captions;
use crate::{
    checkpoint::{self, CheckpointState},
    context::InitContext,
    model::Train,
    opened::OpenedRun,
};
use burn::tensor::Device;
use serde_json::Value;

/// Captions of its training values.
const CAPTIONS: usize = 8;

/// The run of a `model` of that name and these settings, as another model opens it.
///
/// # Panics
/// When there is no room for its checkpoint.
pub fn opened(name: &str, settings: Value, model: &dyn Train, context: &InitContext) -> OpenedRun {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = checkpoint::save(folder.path(), model, CheckpointState::default());
    let (_, state) =
        checkpoint::read(&path.expect("saved"), &Device::flex()).expect("just written");
    OpenedRun {
        model: name.to_owned(),
        settings,
        space: context.space,
        classes: context.classes,
        captions: context.words.map(|_| captions(CAPTIONS)),
        frozen: model.freeze(),
        state,
    }
}
