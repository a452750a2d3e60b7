//! Which runs are watched.

use crate::{
    commands::list,
    run::directory::{RunDir, is_run},
};
use anyhow::{Context, Result, bail};
use genlab_core::files;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Bytes of a sweep's plan at most.
const MOST_PLAN: u64 = 64 << 20;

/// A run and what it is called among the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) dir: RunDir,
}

impl Named {
    /// Called by the last part of its path.
    pub(super) fn of(dir: RunDir) -> Self {
        let name = dir.path().file_name().unwrap_or(dir.path().as_os_str());
        Self { name: name.to_string_lossy().into_owned(), dir }
    }
}

/// The run in `folder`, those that its plan names (a sweep's lie beside its folder), or those below it, as far as there are any.
///
/// # Errors
/// When there is no such folder, or it cannot be read.
pub(super) fn of(folder: &Path) -> Result<Vec<Named>> {
    if is_run(&RunDir::new(folder)) {
        return Ok(vec![Named::of(RunDir::new(folder.canonicalize().unwrap_or(folder.into())))]);
    }
    let plan = folder.join("plan.jsonl");
    if plan.exists() {
        return planned(folder, &plan);
    }
    let found = list::runs_in(folder)?;
    let name = |path: &PathBuf| path.strip_prefix(folder).unwrap_or(path).display().to_string();
    Ok(found.iter().map(|path| Named { name: name(path), dir: RunDir::new(path) }).collect())
}

/// The runs of a sweep, those that have not begun among them.
fn planned(folder: &Path, plan: &Path) -> Result<Vec<Named>> {
    let text = files::read_text(plan, MOST_PLAN)
        .with_context(|| format!("cannot read {}", plan.display()))?;
    let whole =
        folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))?;
    let runs = whole.parent().unwrap_or(&whole);
    let run = |line: &str| {
        let line: Value = serde_json::from_str(line).ok()?;
        let name = line.get("run")?.as_str()?.to_owned();
        // A plan may come from anywhere and leads nowhere else.
        let is_name = Path::new(&name).file_name().is_some_and(|last| last == name.as_str());
        is_name.then(|| Named { dir: RunDir::new(runs.join(&name)), name })
    };
    let found: Vec<Named> = text.lines().filter_map(run).collect();
    if found.is_empty() {
        bail!("{} names no run", plan.display());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn made(path: &Path) {
        fs::create_dir_all(path).unwrap();
        fs::write(path.join("config.toml"), "settings_version = 3\n").unwrap();
    }

    fn names(folder: &Path) -> Vec<String> {
        of(folder).unwrap().into_iter().map(|run| run.name).collect()
    }

    #[test]
    fn runs_are_one_or_those_of_a_group_or_those_that_a_plan_names() {
        let dir = tempfile::tempdir().unwrap();
        for run in ["alone", "group/ae-s0", "group/vae-s0"] {
            made(&dir.path().join(run));
        }
        assert_eq!(names(&dir.path().join("alone")), ["alone"]);
        assert_eq!(names(&dir.path().join("group")), ["ae-s0", "vae-s0"]);
        assert_eq!(names(dir.path()), ["alone", "group/ae-s0", "group/vae-s0"]);
        let sweep = dir.path().join("sweep-1");
        fs::create_dir(&sweep).unwrap();
        assert!(names(&sweep).is_empty());
        let error = of(&dir.path().join("nowhere")).unwrap_err().to_string();
        assert!(error.contains("nowhere is not a folder"), "{error}");
        let plan = "{\"run\":\"alone\"}\n{\"run\":\"../etc\"}\n{\"run\":\"later\"}\n{\"ru";
        fs::write(sweep.join("plan.jsonl"), plan).unwrap();
        assert_eq!(names(&sweep), ["alone", "later"]);
        let place = of(&sweep).unwrap()[0].dir.path().to_owned();
        assert_eq!(place, dir.path().canonicalize().unwrap().join("alone"));
    }
}
