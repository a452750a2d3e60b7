//! Checkpoints: named tensors and counts in a folder that is complete or absent.
//!
//! A checkpoint is written to a temporary folder and renamed into place last, with a MANIFEST of
//! SHA-256 sums, so a kill at any moment leaves the previous one intact.

use crate::{
    digest::sha256,
    files,
    model::Train,
    state::{CheckpointError, Section, StateReader, StateWriter, on_host},
};
use burn::tensor::Device;
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
};

/// Everything of a checkpoint that is not a tensor.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckpointState {
    /// Steps taken.
    pub step: u64,
    /// Training images seen.
    pub images: u64,
    /// Seconds of training so far, over all sessions.
    pub seconds: f64,
    /// Scalars of the steps since the last logged line.
    pub pending: Vec<Vec<(String, f32)>>,
    /// Bytes of metrics.jsonl that belong to the steps up to here.
    pub log_bytes: u64,
    /// Counts kept by the model.
    pub counts: BTreeMap<String, u64>,
}

/// A tensor on the host: name, shape, values.
pub type NamedTensor = (String, Vec<usize>, Vec<f32>);

/// Writes named f32 tensors as safetensors.
///
/// # Errors
/// When the file cannot be written.
pub fn write_safetensors(path: &Path, tensors: &[NamedTensor]) -> Result<(), CheckpointError> {
    let bytes = safetensors_bytes(tensors, &BTreeMap::new());
    fs::write(path, bytes).map_err(CheckpointError::io("write", path))
}

/// A safetensors file of named f32 tensors, with what is noted beside them. Equal contents give equal bytes.
pub fn safetensors_bytes(tensors: &[NamedTensor], notes: &BTreeMap<&str, String>) -> Vec<u8> {
    let bytes: Vec<Vec<u8>> = tensors
        .iter()
        .map(|(_, _, values)| values.iter().flat_map(|v| v.to_le_bytes()).collect())
        .collect();
    let views = tensors.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
        let view = TensorView::new(Dtype::F32, shape.clone(), bytes)
            .expect("a tensor has as many values as its shape says");
        (name.as_str(), view)
    });
    let file =
        safetensors::serialize(views, None).expect("names are unique and views are well formed");
    if notes.is_empty() { file } else { noted(&file, notes) }
}

/// The same file with notes in its header, in the order of their names, which the library would shuffle.
fn noted(file: &[u8], notes: &BTreeMap<&str, String>) -> Vec<u8> {
    let (length, rest) = file.split_at(size_of::<u64>());
    let length = u64::from_le_bytes(length.try_into().expect("eight bytes")) as usize;
    let (header, values) = rest.split_at(length);
    let notes = serde_json::to_string(notes).expect("text serialises");
    let mut noted = format!("{{\"__metadata__\":{notes}").into_bytes();
    let entries = header[1..].trim_ascii_end();
    if entries != b"}" {
        noted.push(b',');
    }
    noted.extend(entries);
    noted.resize(noted.len().next_multiple_of(size_of::<u64>()), b' ');
    [&(noted.len() as u64).to_le_bytes(), noted.as_slice(), values].concat()
}

/// Reads all f32 tensors of a safetensors file: name, shape, values.
///
/// # Errors
/// When the bytes are not safetensors or hold another type.
pub fn read_safetensors(bytes: &[u8], origin: &Path) -> Result<Vec<NamedTensor>, CheckpointError> {
    let damaged = |why: String| CheckpointError::Damaged { path: origin.to_owned(), why };
    let file = SafeTensors::deserialize(bytes).map_err(|e| damaged(e.to_string()))?;
    file.tensors()
        .into_iter()
        .map(|(name, view)| {
            if view.dtype() != Dtype::F32 {
                return Err(damaged(format!("{name} is {:?}, not F32", view.dtype())));
            }
            let values = view
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes(b.try_into().expect("chunks of four")))
                .collect();
            Ok((name, view.shape().to_vec(), values))
        })
        .collect()
}

/// A tensor that `model` keeps and that holds what is no number, by its name: what the last step of a training that diverged
/// leaves behind, whose losses were still numbers.
pub fn broken_tensor(model: &dyn Train) -> Option<String> {
    let mut out = StateWriter::default();
    model.state(&mut out);
    let broken = |(_, _, values): &NamedTensor| values.iter().any(|value| !value.is_finite());
    out.into_tensors().into_iter().find(broken).map(|(name, ..)| name)
}

/// Everything of a checkpoint that is not a tensor: [`CheckpointState`].
const STATE: &str = "state.json";
/// Bytes of a MANIFEST at most: it has four lines.
const MOST_MANIFEST: u64 = 1 << 16;

/// How the names of folders of checkpoints in the making begin.
pub const WRITING: &str = ".writing-";

/// Writes a checkpoint of `model` as `folder/step-00001234` and returns its path.
///
/// # Errors
/// When the file system refuses; nothing half-written is left under the final name.
pub fn save(
    folder: &Path,
    model: &dyn Train,
    mut state: CheckpointState,
) -> Result<PathBuf, CheckpointError> {
    let target = folder.join(format!("step-{:08}", state.step));
    fs::create_dir_all(folder).map_err(CheckpointError::io("create", folder))?;
    let temporary = tempfile::Builder::new()
        .prefix(WRITING)
        .tempdir_in(folder)
        .map_err(CheckpointError::io("create a folder in", folder))?;

    let mut out = StateWriter::default();
    model.state(&mut out);
    state.counts = out.counts;
    let mut sections: BTreeMap<Section, Vec<NamedTensor>> =
        Section::ALL.into_iter().map(|section| (section, Vec::new())).collect();
    for (section, tensor) in on_host(out.tensors) {
        sections.entry(section).or_default().push(tensor);
    }

    let mut manifest = String::new();
    for (section, mut tensors) in sections {
        tensors.sort_by(|a, b| a.0.cmp(&b.0));
        let path = temporary.path().join(section.file());
        write_safetensors(&path, &tensors)?;
    }
    let path = temporary.path().join(STATE);
    let json = serde_json::to_vec_pretty(&state).expect("a plain struct serialises");
    fs::write(&path, json).map_err(CheckpointError::io("write", &path))?;
    for name in Section::ALL.map(Section::file).into_iter().chain([STATE]) {
        let path = temporary.path().join(name);
        let bytes = fs::read(&path).map_err(CheckpointError::io("read", &path))?;
        manifest.push_str(&[&sha256(&bytes), "  ", name, "\n"].concat());
        fs::File::open(&path)
            .and_then(|f| f.sync_all())
            .map_err(CheckpointError::io("sync", &path))?;
    }
    let path = temporary.path().join("MANIFEST");
    fs::write(&path, manifest).map_err(CheckpointError::io("write", &path))?;

    if target.exists() {
        fs::remove_dir_all(&target).map_err(CheckpointError::io("replace", &target))?;
    }
    let temporary = temporary.keep();
    fs::rename(&temporary, &target).map_err(CheckpointError::io("rename into", &target))?;
    Ok(target)
}

/// The checkpoints in a folder, oldest first.
pub fn list(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut found: Vec<PathBuf> = entries
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("step-")))
        .collect();
    found.sort();
    found
}

/// Deletes all but the newest `keep` checkpoints.
///
/// # Errors
/// When a folder cannot be removed.
pub fn prune(folder: &Path, keep: usize) -> Result<(), CheckpointError> {
    let found = list(folder);
    for path in &found[..found.len().saturating_sub(keep)] {
        fs::remove_dir_all(path).map_err(CheckpointError::io("remove", path))?;
    }
    Ok(())
}

/// What stands in a MANIFEST in place of the sum of a file that was dropped.
const DROPPED: &str = "dropped";

/// Drops what the optimizer remembers, about half of a checkpoint: its weights can be used and no longer trained. The rest is
/// untouched, and a kill at any moment leaves a checkpoint that can be read.
///
/// # Errors
/// When a file cannot be read, written or removed.
pub fn drop_optimizer(path: &Path) -> Result<(), CheckpointError> {
    let (manifest, name) = (path.join("MANIFEST"), Section::Optimizer.file());
    let text = files::read_text(&manifest, MOST_MANIFEST)
        .map_err(CheckpointError::io("read", &manifest))?;
    let line = |line: &str| match line.split_once("  ") {
        Some((_, file)) if file == name => format!("{DROPPED}  {name}\n"),
        _ => format!("{line}\n"),
    };
    let without: String = text.lines().map(line).collect();
    if without != text {
        let write = |file: &mut tempfile::NamedTempFile| {
            file.write_all(without.as_bytes())?;
            file.as_file().sync_all()
        };
        let folder = path.parent().unwrap_or(path);
        let mut file = tempfile::Builder::new()
            .prefix(WRITING)
            .tempfile_in(folder)
            .map_err(CheckpointError::io("create a file in", folder))?;
        write(&mut file).map_err(CheckpointError::io("write", &manifest))?;
        file.persist(&manifest)
            .map_err(|error| CheckpointError::io("write", &manifest)(error.error))?;
    }
    let file = path.join(name);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(CheckpointError::io("remove", &file)(error))
        }
        _ => Ok(()),
    }
}

/// Checks a checkpoint against its MANIFEST, then restores `model` from it.
///
/// # Errors
/// When a file is missing or damaged, or belongs to another model.
pub fn restore(
    path: &Path,
    model: &mut dyn Train,
    device: &Device,
) -> Result<CheckpointState, CheckpointError> {
    let (state, mut reader) = read(path, device)?;
    model.restore(&mut reader)?;
    Ok(state)
}

/// Checks a checkpoint against its MANIFEST and reads it whole.
///
/// # Errors
/// When a file is missing or damaged.
pub fn read(
    path: &Path,
    device: &Device,
) -> Result<(CheckpointState, StateReader), CheckpointError> {
    let manifest_path = path.join("MANIFEST");
    let manifest = files::read_text(&manifest_path, MOST_MANIFEST)
        .map_err(CheckpointError::io("read", &manifest_path))?;
    let (mut found, mut dropped) = (BTreeMap::new(), Vec::new());
    for line in manifest.lines() {
        let (sum, name) = line.split_once("  ").unwrap_or_default();
        if (sum, name) == (DROPPED, Section::Optimizer.file()) {
            dropped.push(Section::Optimizer);
            continue;
        }
        if !Section::ALL.map(Section::file).into_iter().chain([STATE]).any(|own| own == name) {
            let why = format!("it lists {name:?}, which is no file of a checkpoint");
            return Err(CheckpointError::Damaged { path: manifest_path, why });
        }
        let file = path.join(name);
        let bytes = files::read(&file, u64::MAX).map_err(CheckpointError::io("read", &file))?;
        if sha256(&bytes) != sum {
            let why = "its SHA-256 differs from MANIFEST".into();
            return Err(CheckpointError::Damaged { path: file, why });
        }
        found.insert(name.to_owned(), bytes);
    }
    let missing = |name: &str| CheckpointError::Damaged {
        path: manifest_path.clone(),
        why: format!("it does not list {name}"),
    };
    let state = found.get(STATE).ok_or_else(|| missing(STATE))?;
    let state: CheckpointState = serde_json::from_slice(state).map_err(|error| {
        CheckpointError::Damaged { path: path.join(STATE), why: error.to_string() }
    })?;
    let mut tensors = BTreeMap::new();
    for section in Section::ALL.into_iter().filter(|section| !dropped.contains(section)) {
        let bytes = found.get(section.file()).ok_or_else(|| missing(section.file()))?;
        for (name, _, values) in read_safetensors(bytes, &path.join(section.file()))? {
            tensors.insert((section, name), values);
        }
    }
    let reader = StateReader::new(tensors, state.counts.clone(), device.clone());
    let reader = reader.without(dropped);
    Ok((state, reader))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_and_tensors_are_read_back_by_the_library() {
        let tensors: Vec<NamedTensor> = vec![
            ("net.bias".into(), vec![3], vec![1.0, -2.0, 3.5]),
            ("net.weight".into(), vec![2, 1], vec![0.25, 4.0]),
        ];
        let notes = BTreeMap::from([("order", "burn".to_owned()), ("run", "a \"b\" ü".to_owned())]);
        let bytes = safetensors_bytes(&tensors, &notes);
        let (length, header) = SafeTensors::read_metadata(&bytes).expect("well formed");
        assert_eq!(length % 8, 0, "tensors begin at a multiple of eight");
        let read = header.metadata().clone().expect("there are notes");
        assert_eq!(read.len(), 2);
        assert!(notes.iter().all(|(name, text)| read[*name] == *text), "{read:?}");
        let mut read = read_safetensors(&bytes, Path::new("x")).expect("well formed");
        read.sort_by(|a, b| a.0.cmp(&b.0));
        assert_eq!(read, tensors);
        let alone = safetensors_bytes(&[], &notes);
        assert!(SafeTensors::read_metadata(&alone).expect("well formed").1.metadata().is_some());
    }
}
