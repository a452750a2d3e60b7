//! The genlab sources that this program was built from, and where they were built.

use crate::error::CourseError;
use std::{
    env, fs,
    path::{Path, PathBuf},
};
use toml::{Table, Value};

/// What course crates are built on.
#[derive(Clone, Debug)]
pub struct Checkout {
    root: PathBuf,
    target: PathBuf,
}

impl Checkout {
    /// That of this program. Its target folder is `CARGO_TARGET_DIR`, else the one that this program runs from, else the
    /// usual one.
    ///
    /// # Errors
    /// When the sources are gone.
    pub fn of_this_build() -> Result<Self, CourseError> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let gone = || CourseError::NoSources(root.clone());
        let root = root.canonicalize().map_err(|_| gone())?;
        if !root.join("crates/genlab/Cargo.toml").is_file() {
            return Err(gone());
        }
        let named = env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty());
        let target = named.map(PathBuf::from).or_else(running_from);
        let target = target.unwrap_or_else(|| root.join("target"));
        let target = std::path::absolute(&target).map_err(CourseError::io("find", &target))?;
        Ok(Self { root, target })
    }

    /// The folder that cargo builds in.
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// A line of `[dependencies]`: genlab, with what it takes to find burn compiled.
    pub(crate) fn genlab(&self) -> String {
        let path = quoted(&self.root.join("crates/genlab"));
        format!("genlab = {{ path = {path}, features = [\"shared-build\"] }}")
    }

    /// Another: this crate, for checks.
    pub(crate) fn course(&self) -> String {
        format!("genlab-course = {{ path = {} }}", quoted(&self.root.join("crates/course")))
    }

    /// `.cargo/config.toml` of a course crate.
    pub(crate) fn config(&self) -> String {
        format!("[build]\ntarget-dir = {}\n", quoted(&self.target))
    }

    /// Its `Cargo.lock`, for cargo to take the same versions of everything.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn lock(&self) -> Result<String, CourseError> {
        self.read("Cargo.lock")
    }

    /// `[profile]` of the workspace: cargo finds what is compiled only where it was compiled in the same way.
    ///
    /// # Errors
    /// When the workspace's manifest cannot be read.
    pub(crate) fn profiles(&self) -> Result<String, CourseError> {
        let text = self.read("Cargo.toml")?;
        let manifest: Table = text.parse().unwrap_or_default();
        let profiles = manifest.into_iter().filter(|(key, _)| key == "profile");
        Ok(profiles.collect::<Table>().to_string())
    }

    fn read(&self, name: &str) -> Result<String, CourseError> {
        let path = self.root.join(name);
        fs::read_to_string(&path).map_err(CourseError::io("read", &path))
    }
}

/// The target folder that this program lies in, as `target/debug/bench-runner`.
fn running_from() -> Option<PathBuf> {
    let program = env::current_exe().ok()?;
    let target = program.parent()?.parent()?;
    target.join("CACHEDIR.TAG").is_file().then(|| target.to_owned())
}

/// A path as TOML has it.
fn quoted(path: &Path) -> String {
    Value::String(path.to_string_lossy().into_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn course_crates_are_compiled_as_the_workspace_is() {
        let checkout = Checkout::of_this_build().unwrap();
        let profiles: Table = checkout.profiles().unwrap().parse().unwrap();
        let profile = &profiles["profile"]["dev"]["package"]["*"];
        assert_eq!(profile["opt-level"].as_integer(), Some(3));
        assert!(checkout.lock().unwrap().contains("name = \"burn\""));
        let line = checkout.genlab();
        assert!(line.parse::<Table>().unwrap()["genlab"]["path"].is_str(), "{line}");
    }
}
