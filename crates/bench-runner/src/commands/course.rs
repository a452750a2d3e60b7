//! `course`: lessons, their starters and their checks.

use crate::{cli::CourseCommand, terminal};
use anyhow::Result;
use genlab_course::{Checkout, LESSONS, Lesson, Verdict};
use std::process::ExitCode;

/// # Errors
/// One sentence: what, where, how to mend it.
pub(crate) fn execute(what: &CourseCommand) -> Result<ExitCode> {
    match what {
        CourseCommand::List => {
            for lesson in &LESSONS {
                terminal::line(&format!("{:<20} {}", lesson.name, lesson.title()));
            }
        }
        CourseCommand::New { lesson, dir } => {
            let (lesson, shown) = (Lesson::by_name(lesson)?, dir.display());
            genlab_course::create(lesson, dir, &Checkout::of_this_build()?)?;
            terminal::line(&terminal::plain(&format!("{}: {shown}/assignment.md", lesson.title())));
            terminal::line(&terminal::plain(&format!(
                "write {shown}/src/lib.rs; try it with cargo test there, then with bench-runner course check {shown}"
            )));
        }
        CourseCommand::Check { dir, json, limit } => {
            let checkout = Checkout::of_this_build()?;
            terminal::note("building the checks; the first time takes minutes");
            let verdict = genlab_course::examine(dir, &checkout, *limit)?;
            if *json {
                terminal::line(&serde_json::to_string_pretty(&verdict)?);
            } else {
                print(&verdict);
            }
            return Ok(if verdict.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A line a figure, and beneath it what is wrong.
fn print(verdict: &Verdict) {
    let width = verdict.figures.iter().map(|figure| figure.name.len()).max().unwrap_or_default();
    for figure in &verdict.figures {
        let mark = if figure.passed { "PASS" } else { "FAIL" };
        let value = figure.value.map_or_else(|| "no number".to_owned(), terminal::number);
        let limit = terminal::number(figure.at_most);
        terminal::line(&format!("{mark} {:<width$}  {value} (at most {limit})", figure.name));
        for line in
            figure.message.iter().flat_map(|text| terminal::wrapped(text, 5, terminal::WIDTH))
        {
            terminal::line(&terminal::plain(&line));
        }
    }
    let passed = verdict.figures.iter().filter(|figure| figure.passed).count();
    terminal::line(&format!(
        "{}: {passed} of {} figures pass",
        verdict.lesson,
        verdict.figures.len()
    ));
}
