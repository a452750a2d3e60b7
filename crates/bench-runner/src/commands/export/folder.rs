//! The folder of an export: it appears whole, and in no other's place.

use anyhow::{Context, Result, bail};
use genlab_results::atomic;
use std::{fs, io::ErrorKind, path::Path};

/// How many files there are.
pub(super) const FILES: usize = 5;
/// What the model is, for people and for model hubs.
pub(super) const CARD: &str = "README.md";
/// What the model makes of a few inputs.
pub(super) const CHECK: &str = "check.safetensors";
/// The settings.
pub(super) const CONFIG: &str = "config.json";
/// The model in PyTorch.
pub(super) const PROGRAM: &str = "genlab.py";
/// The weights.
pub(super) const WEIGHTS: &str = "model.safetensors";

/// What may lie in a folder that is replaced: the files, and what Python makes of one.
const OWN: [&str; FILES + 1] = [CARD, CHECK, CONFIG, PROGRAM, WEIGHTS, "__pycache__"];

/// # Errors
/// When `out` is there and holds anything that no export wrote.
pub(super) fn require_own(out: &Path) -> Result<()> {
    let shown = out.display();
    let entries = match fs::read_dir(out) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(|| format!("cannot read {shown}"))?,
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {shown}"))?;
        names.push(entry.file_name().to_string_lossy().into_owned());
    }
    if let Some(other) = names.iter().find(|name| !OWN.contains(&name.as_str())) {
        bail!("{shown} holds {other}, which no export wrote; choose another --out");
    }
    let config = fs::read_to_string(out.join(CONFIG)).unwrap_or_default();
    if !names.is_empty() && !config.contains("\"genlab_version\"") {
        bail!("{shown} holds {}, but no export of genlab; choose another --out", names[0]);
    }
    Ok(())
}

/// Writes these files as the folder `out`.
///
/// # Errors
/// When the operating system refuses; what was there is then there still.
pub(super) fn write(out: &Path, files: &[(&str, Vec<u8>); FILES]) -> Result<()> {
    require_own(out)?;
    Ok(atomic::write_folder(out, files)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_replaced_whole_and_nothing_else_is_touched() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("deeper/export");
        let files = |text: &str| -> [(&str, Vec<u8>); FILES] {
            [CARD, CHECK, CONFIG, PROGRAM, WEIGHTS]
                .map(|name| (name, format!("\"genlab_version\" {text}").into_bytes()))
        };
        write(&out, &files("old")).unwrap();
        fs::create_dir(out.join("__pycache__")).unwrap();
        write(&out, &files("new")).unwrap();
        let card = fs::read_to_string(out.join(CARD)).unwrap();
        assert_eq!(card, "\"genlab_version\" new");
        assert_eq!(fs::read_dir(&out).unwrap().count(), FILES);
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1, "something is left");

        fs::write(out.join("notes.txt"), "mine").unwrap();
        let refusal = write(&out, &files("newer")).unwrap_err().to_string();
        assert!(refusal.contains("holds notes.txt, which no export wrote; choose"), "{refusal}");
        let other = dir.path().join("other");
        fs::create_dir(&other).unwrap();
        write(&other, &files("into an empty folder")).unwrap();
        fs::write(other.join(CONFIG), "{}").unwrap();
        let refusal = require_own(&other).unwrap_err().to_string();
        assert!(refusal.contains("no export of genlab"), "{refusal}");
    }
}
