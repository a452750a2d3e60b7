//! The crate that a student begins with.

use crate::{checkout::Checkout, error::CourseError, lesson::Lesson};
use genlab_results::atomic;
use std::path::Path;

/// Writes the crate of `lesson` as the new folder `dir`.
///
/// # Errors
/// When something is there already, or cannot be written.
pub fn create(lesson: &Lesson, dir: &Path, checkout: &Checkout) -> Result<(), CourseError> {
    if dir.exists() {
        return Err(CourseError::Taken(dir.to_owned()));
    }
    for (path, text) in [
        ("assignment.md", lesson.assignment),
        ("src/lib.rs", lesson.starter),
        ("tests/public.rs", lesson.public),
        ("Cargo.toml", &manifest(lesson, checkout)?),
        ("Cargo.lock", &checkout.lock()?),
        (".cargo/config.toml", &checkout.config()),
    ] {
        atomic::write(&dir.join(path), text.as_bytes())?;
    }
    Ok(())
}

fn manifest(lesson: &Lesson, checkout: &Checkout) -> Result<String, CourseError> {
    let (name, genlab) = (lesson.name, checkout.genlab());
    let profiles = checkout.profiles()?;
    Ok(format!(
        "[package]
name = \"{name}\"
version = \"0.1.0\"
edition = \"2024\"
publish = false

[package.metadata.genlab]
lesson = \"{name}\"

[dependencies]
{genlab}

[workspace]

# As genlab is compiled. Leave this and Cargo.lock as they are, or everything is compiled again.
{profiles}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lesson::LESSONS;
    use std::fs;

    #[test]
    fn a_starter_is_a_crate_of_its_own_and_never_overwrites_anything() {
        let (dir, checkout) = (tempfile::tempdir().unwrap(), Checkout::of_this_build().unwrap());
        for lesson in &LESSONS {
            let dir = dir.path().join(lesson.name);
            create(lesson, &dir, &checkout).unwrap();
            let manifest = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
            let manifest: toml::Table = manifest.parse().unwrap();
            assert!(manifest.contains_key("workspace") && manifest.contains_key("profile"));
            assert_eq!(manifest["package"]["name"].as_str(), Some(lesson.name));
            assert!(fs::read_to_string(dir.join("src/lib.rs")).unwrap().contains("todo!("));
            let refusal = create(lesson, &dir, &checkout).unwrap_err().to_string();
            assert!(refusal.ends_with("is there already; choose another folder for the lesson"));
        }
    }
}
