//! The lessons.

use crate::error::CourseError;

/// A folder of `lessons/`, compiled in.
#[derive(Debug)]
pub struct Lesson {
    /// Its folder's name, the name of the student's crate, and the first part of its figures' names.
    pub name: &'static str,
    /// What is asked for, in Markdown; the first heading is the title.
    pub assignment: &'static str,
    /// `src/lib.rs` of the crate that a student begins with.
    pub starter: &'static str,
    /// Its `tests/public.rs`.
    pub public: &'static str,
    /// The hidden checks: a module with `pub fn checks(checks: &mut Checks)`.
    pub checks: &'static str,
}

macro_rules! lesson {
    ($name:literal) => {
        Lesson {
            name: $name,
            assignment: include_str!(concat!("../lessons/", $name, "/assignment.md")),
            starter: include_str!(concat!("../lessons/", $name, "/starter.rs")),
            public: include_str!(concat!("../lessons/", $name, "/public.rs")),
            checks: include_str!(concat!("../lessons/", $name, "/checks.rs")),
        }
    };
}

/// Every lesson, in the order of a course.
pub static LESSONS: [Lesson; 8] = [
    lesson!("ae-loss"),
    lesson!("vae-loss"),
    lesson!("reparameterisation"),
    lesson!("gan-loss"),
    lesson!("forward-diffusion"),
    lesson!("ddim-step"),
    lesson!("guidance"),
    lesson!("metric"),
];

impl Lesson {
    /// The lesson of that name.
    ///
    /// # Errors
    /// When there is none; the sentence lists those that there are.
    pub fn by_name(name: &str) -> Result<&'static Self, CourseError> {
        LESSONS.iter().find(|lesson| lesson.name == name).ok_or_else(|| {
            let known: Vec<&str> = LESSONS.iter().map(|lesson| lesson.name).collect();
            CourseError::NoLesson { name: name.to_owned(), known: known.join(", ") }
        })
    }

    /// What it is about.
    pub fn title(&self) -> &'static str {
        let first = self.assignment.lines().next().unwrap_or_default();
        first.trim_start_matches(['#', ' '])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};

    fn folder() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/lessons"))
    }

    #[test]
    fn every_folder_of_lessons_is_a_lesson() {
        let entries = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap());
        let folders: BTreeSet<String> = entries
            .filter(|entry| entry.path().is_dir())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        let listed = LESSONS.iter().map(|lesson| lesson.name.to_owned()).collect();
        assert_eq!(folders, listed);
    }

    #[test]
    fn a_lesson_has_something_to_do_a_title_a_solution_and_mistakes_with_their_messages() {
        for lesson in &LESSONS {
            let name = lesson.name;
            assert!(lesson.starter.contains("todo!("), "{name} has nothing to do");
            assert!(lesson.assignment.starts_with("# ") && !lesson.title().is_empty(), "{name}");
            let solution = fs::read_to_string(folder().join(name).join("reference.rs")).unwrap();
            assert!(!solution.contains("todo!("), "{name} is not solved");
            let wrong = fs::read_dir(folder().join(name).join("wrong")).unwrap();
            let mut count = 0;
            for path in wrong.map(|entry| entry.unwrap().path()) {
                count += 1;
                let text = fs::read_to_string(&path).unwrap();
                let first = text.lines().next().unwrap_or_default();
                let told = first.strip_prefix("// gets ").and_then(|rest| rest.split_once(": "));
                let (figure, words) = told.unwrap_or_else(|| panic!("{}: {first}", path.display()));
                assert!(figure.starts_with(&format!("{name}/")), "{}", path.display());
                assert!(lesson.checks.contains(words), "{}: nothing says that", path.display());
            }
            assert!(count >= 3, "{name} knows {count} mistakes");
        }
    }

    #[test]
    fn figures_are_named_in_the_assignment() {
        for lesson in &LESSONS {
            for rest in lesson.checks.split("figure(\"").skip(1) {
                let figure = rest.split('"').next().unwrap();
                let named = format!("`{}/{figure}`", lesson.name);
                assert!(lesson.assignment.contains(&named), "nobody is told of {named}");
            }
        }
    }

    #[test]
    fn a_name_that_no_lesson_has_is_told_those_that_there_are() {
        let error = Lesson::by_name("kl").unwrap_err().to_string();
        assert!(error.starts_with("there is no lesson kl; there are ae-loss, vae-loss"), "{error}");
    }
}
