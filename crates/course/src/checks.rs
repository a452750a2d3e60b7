//! What hidden checks are written with. They run in a program of their own, beside the student's crate.

use crate::figure::Figure;
use genlab_results::atomic;
use serde::{Deserialize, Serialize};
use std::{
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Numbers that differ by no more than this, relative to 1 and their size, are equal: f32 and another order of
/// operations are no mistake.
const TOLERANCE: f64 = 1e-4;

/// The whole program of a lesson's checks: runs `checks` and writes what they find to the file that the command line
/// names, after each figure, so that what was found before a crash is kept.
pub fn report(lesson: &str, checks: impl FnOnce(&mut Checks)) -> ExitCode {
    let Some(file) = std::env::args_os().nth(1) else { return ExitCode::FAILURE };
    // A figure has a panic's message; nobody reads the rest.
    panic::set_hook(Box::new(|_| {}));
    let mut found = Checks::new(lesson, Some(Path::new(&file)));
    checks(&mut found);
    found.findings.complete = true;
    found.write();
    ExitCode::SUCCESS
}

/// What the program of checks leaves behind.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Findings {
    pub(crate) figures: Vec<Figure>,
    /// Whether these are all.
    pub(crate) complete: bool,
}

/// Figures in the making.
#[derive(Debug)]
pub struct Checks {
    lesson: String,
    file: Option<PathBuf>,
    findings: Findings,
}

impl Checks {
    fn new(lesson: &str, file: Option<&Path>) -> Self {
        let file = file.map(Path::to_owned);
        Self { lesson: lesson.to_owned(), file, findings: Findings::default() }
    }

    /// Begins the figure `lesson/name`, about numbers that the student's function gives.
    pub fn figure(&mut self, name: &str, gives: impl FnOnce() -> Vec<f64>) -> Figuring<'_> {
        let found = panic::catch_unwind(AssertUnwindSafe(gives)).map_err(|payload| {
            let text = payload.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
            // Shapes that do not fit are told over several lines.
            let words = text.unwrap_or("for no reason that it tells").split_whitespace();
            format!("it panics: {}", words.collect::<Vec<_>>().join(" "))
        });
        let name = format!("{}/{name}", self.lesson);
        Figuring { checks: self, name, found, mistakes: Vec::new(), otherwise: None }
    }

    fn push(&mut self, figure: Figure) {
        self.findings.figures.push(figure);
        self.write();
    }

    /// Where it cannot be written, the figures are missing, and whoever waits for them says so.
    fn write(&self) {
        let Some(file) = &self.file else { return };
        let bytes = serde_json::to_vec(&self.findings).expect("figures are plain values");
        let _ = atomic::write(file, &bytes);
    }
}

/// A figure that still has to be told what is right.
#[derive(Debug)]
#[must_use = "a figure counts once it is told what is right"]
pub struct Figuring<'a> {
    checks: &'a mut Checks,
    name: String,
    found: Result<Vec<f64>, String>,
    mistakes: Vec<(Vec<f64>, &'static str)>,
    otherwise: Option<&'static str>,
}

impl Figuring<'_> {
    /// Whoever makes the mistake that `message` names gets these numbers.
    pub fn mistake(mut self, gives: impl Into<Vec<f64>>, message: &'static str) -> Self {
        self.mistakes.push((gives.into(), message));
        self
    }

    /// What is said of numbers that are wrong, or no numbers, and follow from no mistake that is known.
    pub fn otherwise(self, message: &'static str) -> Self {
        Self { otherwise: Some(message), ..self }
    }

    /// These are the right numbers.
    pub fn equals(self, right: impl Into<Vec<f64>>) {
        let right = right.into();
        let told = self.told(&right);
        let Self { checks, name, found, .. } = self;
        let value = found.ok().and_then(|found| distance(&found, &right));
        let passed = value.is_some_and(|value| value <= TOLERANCE);
        let message = (!passed).then_some(told);
        checks.push(Figure { name, passed, value, at_most: TOLERANCE, message });
    }

    /// Its one number is a distance, and this is the largest that passes.
    pub fn at_most(self, limit: f64) {
        let told = self.told(&[0.0]);
        let Self { checks, name, found, .. } = self;
        let value = found.ok().and_then(|found| distance(&found, &[0.0]));
        let passed = value.is_some_and(|value| value <= limit);
        let message = (!passed).then_some(told);
        checks.push(Figure { name, passed, value, at_most: limit, message });
    }

    /// What is wrong with what was found.
    fn told(&self, right: &[f64]) -> String {
        let found = match &self.found {
            Ok(found) => found,
            Err(panic) => return panic.clone(),
        };
        let same =
            |gives: &[f64]| distance(found, gives).is_some_and(|distance| distance <= TOLERANCE);
        let mistake = self.mistakes.iter().find(|(gives, _)| same(gives));
        if let Some(message) = mistake.map(|(_, message)| *message).or(self.otherwise) {
            return message.to_owned();
        }
        if found.len() != right.len() {
            let verb = if right.len() == 1 { "is" } else { "are" };
            let [found, right] = [found.len(), right.len()].map(counted);
            return format!("it gives {found}, and {right} {verb} right");
        }
        format!("it gives {}, and {} is right", listed(found), listed(right))
    }
}

/// The largest relative difference of two lists; None where they differ in length or hold what is no number.
fn distance(found: &[f64], right: &[f64]) -> Option<f64> {
    if found.len() != right.len() {
        return None;
    }
    let differences = found.iter().zip(right).map(|(a, b)| (a - b).abs() / b.abs().max(1.0));
    let largest =
        differences.fold(
            0.0,
            |largest: f64, difference| {
                if difference.is_nan() { f64::NAN } else { largest.max(difference) }
            },
        );
    largest.is_finite().then_some(largest)
}

fn counted(count: usize) -> String {
    if count == 1 { "1 number".to_owned() } else { format!("{count} numbers") }
}

fn listed(numbers: &[f64]) -> String {
    let shown: Vec<String> = numbers.iter().take(6).map(|number| format!("{number:.4}")).collect();
    let more = if numbers.len() > shown.len() { ", ..." } else { "" };
    if let [one] = shown.as_slice() { one.clone() } else { format!("[{}{more}]", shown.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(check: impl FnOnce(&mut Checks)) -> Figure {
        let mut checks = Checks::new("lesson", None);
        check(&mut checks);
        assert_eq!(checks.findings.figures.len(), 1);
        checks.findings.figures.remove(0)
    }

    fn message(gives: &[f64]) -> Option<String> {
        let gives = gives.to_vec();
        let figure = found(|checks| {
            let figure = checks.figure("sum", || gives);
            figure.mistake([1.5], "this is the mean").equals([3.0]);
        });
        assert_eq!((figure.name.as_str(), figure.passed), ("lesson/sum", figure.message.is_none()));
        figure.message
    }

    #[test]
    fn a_right_number_passes_and_a_wrong_one_is_told_its_mistake() {
        assert_eq!(message(&[3.000_01]), None);
        assert_eq!(message(&[1.5]).unwrap(), "this is the mean");
        assert_eq!(message(&[2.0]).unwrap(), "it gives 2.0000, and 3.0000 is right");
        assert_eq!(message(&[3.0, 3.0]).unwrap(), "it gives 2 numbers, and 1 number is right");
        assert_eq!(message(&[f64::NAN]).unwrap(), "it gives NaN, and 3.0000 is right");
    }

    #[test]
    fn what_is_not_written_yet_says_so() {
        let figure = found(|checks| checks.figure("x", || todo!("the loss")).equals([1.0]));
        let expected = "it panics: not yet implemented: the loss";
        assert_eq!((figure.value, figure.message.as_deref()), (None, Some(expected)));
    }

    #[test]
    fn a_distance_passes_up_to_its_limit() {
        let of = |distance: f64| {
            found(|checks| checks.figure("x", || vec![distance]).otherwise("far").at_most(0.1))
        };
        assert!(of(0.1).passed);
        assert_eq!(of(0.2).message.unwrap(), "far");
        assert_eq!(of(f64::INFINITY).value, None);
    }
}
