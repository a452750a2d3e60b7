//! The folder of an export: it appears whole, and in no other's place.

use crate::run::directory::EXPORTED;
use anyhow::{Context, Result, bail};
use genlab_results::atomic;
use std::{fs, io::ErrorKind, path::Path};

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
    if let Some(other) = names.iter().find(|name| !EXPORTED.contains(&name.as_str())) {
        bail!("{shown} holds {other}, which no export wrote; choose another --out");
    }
    let config = fs::read_to_string(out.join("config.json")).unwrap_or_default();
    if !names.is_empty() && !config.contains("\"genlab_version\"") {
        bail!("{shown} holds {}, but no export of genlab; choose another --out", names[0]);
    }
    Ok(())
}

/// Writes these files as the folder `out`.
///
/// # Errors
/// When the operating system refuses; what was there is then there still.
pub(super) fn write(out: &Path, files: &[(&str, Vec<u8>)]) -> Result<()> {
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
        let files = |text: &str| {
            ["README.md", "config.json"]
                .map(|name| (name, format!("\"genlab_version\" {text}").into_bytes()))
        };
        write(&out, &files("old")).unwrap();
        fs::create_dir(out.join("__pycache__")).unwrap();
        write(&out, &files("new")).unwrap();
        let card = fs::read_to_string(out.join("README.md")).unwrap();
        assert_eq!(card, "\"genlab_version\" new");
        assert_eq!(fs::read_dir(&out).unwrap().count(), 2);
        assert_eq!(fs::read_dir(out.parent().unwrap()).unwrap().count(), 1, "something is left");

        fs::write(out.join("notes.txt"), "mine").unwrap();
        let refusal = write(&out, &files("newer")).unwrap_err().to_string();
        assert!(refusal.contains("holds notes.txt, which no export wrote; choose"), "{refusal}");
        let other = dir.path().join("other");
        fs::create_dir(&other).unwrap();
        write(&other, &files("into an empty folder")).unwrap();
        fs::write(other.join("config.json"), "{}").unwrap();
        let refusal = require_own(&other).unwrap_err().to_string();
        assert!(refusal.contains("no export of genlab"), "{refusal}");
    }
}
