//! Hidden checks on a student's crate.

use crate::{
    checkout::Checkout,
    checks::Findings,
    error::CourseError,
    figure::{Figure, Verdict},
    lesson::Lesson,
};
use genlab_results::atomic;
use serde_json::Value;
use std::{
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// What all checks have to handle tensors.
const TENSORS: &str = include_str!("../lessons/tensors.rs");
/// How often a program that runs is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Builds the hidden checks of a student's crate `dir` together with a copy of its `src/`, and runs them for `limit` at
/// most. Nothing in `dir` is changed. Whoever runs this runs the student's code.
///
/// # Errors
/// When `dir` is no lesson, or the checks cannot be built for a reason that is not the student's.
pub fn examine(dir: &Path, checkout: &Checkout, limit: Duration) -> Result<Verdict, CourseError> {
    let lesson = lesson_of(dir)?;
    let bench = Workbench { lesson, place: checkout.target().join("course").join(lesson.name) };
    let lock = bench.path(".lock");
    fs::create_dir_all(&bench.place).map_err(CourseError::io("make", &bench.place))?;
    let held = fs::File::create(&lock).map_err(CourseError::io("write", &lock))?;
    held.lock().map_err(CourseError::io("lock", &lock))?;
    bench.lay_out(dir, checkout)?;
    let compiles = format!("{}/compiles", lesson.name);
    let program = match bench.build(checkout)? {
        Ok(program) => program,
        Err(why) => return Ok(Verdict::new(lesson.name, vec![Figure::failed(compiles, why)])),
    };
    let mut figures = vec![Figure::passed(compiles)];
    figures.extend(bench.run(&program, limit)?);
    Ok(Verdict::new(lesson.name, figures))
}

/// The lesson that the crate in `dir` is of.
fn lesson_of(dir: &Path) -> Result<&'static Lesson, CourseError> {
    let none = |why: String| CourseError::NoStarter { dir: dir.to_owned(), why };
    let manifest = fs::read_to_string(dir.join("Cargo.toml"))
        .map_err(|error| none(format!("Cargo.toml: {error}")))?;
    let manifest: toml::Table =
        manifest.parse().map_err(|_| none("Cargo.toml is no TOML".to_owned()))?;
    let metadata = manifest.get("package").and_then(|package| package.get("metadata"));
    let name = metadata.and_then(|metadata| metadata.get("genlab")?.get("lesson")?.as_str());
    let name = name.ok_or_else(|| none("Cargo.toml names no lesson".to_owned()))?;
    if !dir.join("src/lib.rs").is_file() {
        return Err(none("it has no src/lib.rs".to_owned()));
    }
    Lesson::by_name(name)
}

/// Where a lesson is checked: one solution at a time, always in the same place, so that nothing piles up.
struct Workbench {
    lesson: &'static Lesson,
    place: PathBuf,
}

impl Workbench {
    fn path(&self, name: &str) -> PathBuf {
        self.place.join(name)
    }

    /// The name of the crate of checks, and of its program.
    fn program(&self) -> String {
        format!("check-{}", self.lesson.name)
    }

    /// Writes the crate of checks, with the student's as a crate beside it. All files are new, whatever times the
    /// student's have: cargo compares times, and a solution that is older than the one before must not be taken for it.
    fn lay_out(&self, dir: &Path, checkout: &Checkout) -> Result<(), CourseError> {
        let student = self.path("student");
        if student.exists() {
            fs::remove_dir_all(&student).map_err(CourseError::io("remove", &student))?;
        }
        let name = self.lesson.name;
        let head = |prefix: &str, more: &str| {
            format!(
                "[package]\nname = \"{prefix}-{name}\"\nedition = \"2024\"\n{more}\n[dependencies]\n{}\n",
                checkout.genlab()
            )
        };
        let own = [
            head("check", ""),
            format!(
                "{}\nlesson = {{ path = \"student\", package = \"lesson-{name}\" }}\n\n[workspace]\n\n",
                checkout.course()
            ),
            checkout.profiles()?,
        ];
        // A name for each lesson, or cargo takes what was built of one for the other: their places look alike to it.
        let lesson = head("lesson", "\n[lib]\nname = \"lesson\"\n");
        let main = format!(
            "mod checks;\nmod tensors;\n\nfn main() -> std::process::ExitCode {{\n    \
             genlab_course::report(\"{name}\", checks::checks)\n}}\n"
        );
        for (path, text) in [
            ("Cargo.toml", own.concat().as_str()),
            ("Cargo.lock", &checkout.lock()?),
            ("src/main.rs", &main),
            ("src/checks.rs", self.lesson.checks),
            ("src/tensors.rs", TENSORS),
            ("student/Cargo.toml", &lesson),
        ] {
            atomic::write(&self.path(path), text.as_bytes())?;
        }
        copy_folder(&dir.join("src"), &student.join("src"))
    }

    /// The program of checks, or what is wrong with the student's crate.
    fn build(&self, checkout: &Checkout) -> Result<Result<PathBuf, String>, CourseError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let mut command = Command::new(&cargo);
        command.args(["build", "--offline", "--message-format=json"]).current_dir(&self.place);
        command.arg("--target-dir").arg(checkout.target()).stdin(Stdio::null());
        let output = command.output().map_err(|reason| CourseError::NoCargo {
            program: cargo.to_string_lossy().into_owned(),
            reason,
        })?;
        let told = String::from_utf8_lossy(&output.stdout);
        let messages: Vec<Value> =
            told.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        if output.status.success() {
            let program = messages.iter().find_map(|message| {
                let of_ours = message["target"]["name"] == self.program().as_str();
                of_ours.then(|| message["executable"].as_str()).flatten()
            });
            return program
                .map(|program| Ok(PathBuf::from(program)))
                .ok_or_else(|| self.broken("cargo built no program"));
        }
        let fault = messages.iter().find_map(|message| self.fault(message));
        fault.map(Err).ok_or_else(|| self.broken(&String::from_utf8_lossy(&output.stderr)))
    }

    /// What a message of the compiler says of the student's crate.
    fn fault(&self, message: &Value) -> Option<String> {
        let (crate_name, told) = (message["target"]["name"].as_str()?, &message["message"]);
        if told["level"] != "error" {
            return None;
        }
        let what = told["message"].as_str()?;
        if crate_name == "lesson" {
            let spans = told["spans"].as_array()?;
            let at = spans.iter().find(|span| span["is_primary"] == true);
            let file = at.and_then(|at| at["file_name"].as_str()).unwrap_or("src/lib.rs");
            let file = file.strip_prefix("student/").unwrap_or(file);
            let line = at.map_or(0, |at| at["line_start"].as_u64().unwrap_or_default());
            return Some(format!("it does not compile: {what} ({file}, line {line})"));
        }
        (crate_name == self.program()).then(|| {
            format!(
                "its functions are not those of the starter ({what}); names, arguments and results must stay as they \
                 were"
            )
        })
    }

    /// What the checks find.
    fn run(&self, program: &Path, limit: Duration) -> Result<Vec<Figure>, CourseError> {
        let file = self.path("figures.json");
        atomic::write(&file, b"{}")?;
        let mut command = Command::new(program);
        command.arg(&file).current_dir(&self.place);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = command.spawn().map_err(|error| self.broken(&error.to_string()))?;
        let begun = Instant::now();
        let status = loop {
            match running.try_wait().map_err(|error| self.broken(&error.to_string()))? {
                Some(status) => break Some(status),
                None if begun.elapsed() < limit => thread::sleep(LOOK_EVERY),
                None => {
                    // It may have ended by itself meanwhile.
                    let _ = running.kill();
                    let _ = running.wait();
                    break None;
                }
            }
        };
        let bytes = fs::read(&file).map_err(CourseError::io("read", &file))?;
        let Findings { mut figures, complete } = serde_json::from_slice(&bytes).unwrap_or_default();
        let finishes = format!("{}/finishes", self.lesson.name);
        figures.push(match status {
            None => Figure::failed(
                finishes,
                format!(
                    "it was stopped after {} s; is there a loop without an end?",
                    limit.as_secs()
                ),
            ),
            Some(status) if !complete => Figure::failed(
                finishes,
                format!("the program ended before all was checked ({status})"),
            ),
            Some(_) => Figure::passed(finishes),
        });
        Ok(figures)
    }

    fn broken(&self, why: &str) -> CourseError {
        CourseError::Broken { lesson: self.lesson.name, why: why.trim().to_owned() }
    }
}

/// Copies what a folder holds, with folders within it.
fn copy_folder(from: &Path, to: &Path) -> Result<(), CourseError> {
    fs::create_dir_all(to).map_err(CourseError::io("make", to))?;
    let entries = fs::read_dir(from).map_err(CourseError::io("read", from))?;
    for entry in entries {
        let path = entry.map_err(CourseError::io("read", from))?.path();
        let place = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            copy_folder(&path, &place)?;
        } else {
            let bytes = fs::read(&path).map_err(CourseError::io("read", &path))?;
            fs::write(&place, bytes).map_err(CourseError::io("write", &place))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_lesson_is_refused_with_the_reason() {
        let dir = tempfile::tempdir().unwrap();
        let refusal = || lesson_of(dir.path()).unwrap_err().to_string();
        assert!(refusal().contains("is no lesson (Cargo.toml: "), "{}", refusal());
        fs::write(dir.path().join("Cargo.toml"), "[package]\nname = \"other\"").unwrap();
        assert!(refusal().contains("(Cargo.toml names no lesson)"), "{}", refusal());
        let manifest = "[package.metadata.genlab]\nlesson = \"guidance\"";
        fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
        assert!(refusal().contains("(it has no src/lib.rs)"), "{}", refusal());
        fs::create_dir(dir.path().join("src")).unwrap();
        fs::write(dir.path().join("src/lib.rs"), "").unwrap();
        assert_eq!(lesson_of(dir.path()).unwrap().name, "guidance");
    }

    #[test]
    fn a_fault_of_the_students_crate_is_told_apart_from_changed_functions() {
        let lesson = Lesson::by_name("guidance").unwrap();
        let bench = Workbench { lesson, place: PathBuf::new() };
        let message = |of: &str, level: &str| {
            let spans = serde_json::json!([{
                "file_name": "student/src/lib.rs", "line_start": 7, "is_primary": true,
            }]);
            let told =
                serde_json::json!({ "level": level, "message": "no such x", "spans": spans });
            bench.fault(&serde_json::json!({ "target": { "name": of }, "message": told }))
        };
        let own = message("lesson", "error").unwrap();
        assert_eq!(own, "it does not compile: no such x (src/lib.rs, line 7)");
        let changed = message("check-guidance", "error").unwrap();
        assert!(changed.starts_with("its functions are not those of the starter (no such x)"));
        assert_eq!(message("lesson", "warning"), None);
        assert_eq!(message("genlab-core", "error"), None);
    }
}
