//! Everything that is printed: results on standard output; progress and errors on standard error.
use anyhow::{Context, Result};
use comfy_table::{
    CellAlignment, ColumnConstraint, ContentArrangement, Table, Width, presets::UTF8_FULL_CONDENSED,
};
use genlab_data::DownloadProgress;
use genlab_results::{Direction, JudgeInfo, Metric, Results, text::plain_lines};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{ErrorKind, IsTerminal, Write},
    path::Path,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Columns that every terminal has.
pub(crate) const WIDTH: usize = 80;

/// Whether progress is kept quiet about.
static QUIET: AtomicBool = AtomicBool::new(false);

/// From here on only results and errors are printed.
pub(crate) fn be_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Whether progress is drawn as bars: on a terminal that somebody looks at.
pub(crate) fn has_bars() -> bool {
    std::io::stderr().is_terminal() && !is_quiet() && !is_held()
}

/// Lines that wait for a screen to end.
static HELD: Mutex<Option<Vec<String>>> = Mutex::new(None);

/// From here on a screen has the terminal, and lines for standard error wait.
pub(crate) fn hold() {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// The screen has ended: prints what has waited for that.
pub(crate) fn release() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    held.into_iter().flatten().for_each(|text| warn(&text));
}

/// The newest lines that wait, at most so many.
pub(crate) fn held(most: usize) -> Vec<String> {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    let held = held.as_deref().unwrap_or_default();
    held[held.len().saturating_sub(most)..].to_vec()
}

fn is_held() -> bool {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).is_some()
}

/// One line on standard error, of progress. Who listens to it, or not, never matters to a run.
pub(crate) fn note(text: &str) {
    if !is_quiet() {
        warn(text);
    }
}

/// One line on standard error that is told in any case.
pub(crate) fn warn(text: &str) {
    if let Some(held) = HELD.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
        held.push(text.to_owned());
        return;
    }
    let _ = writeln!(std::io::stderr(), "{}", plain_lines(text));
}

/// Text that others chose, such as the name of a folder, without what a terminal would obey.
pub(crate) use genlab_results::text::plain;

/// Text on standard error without the end of a line.
fn draw(text: &str) {
    let _ = write!(std::io::stderr(), "{text}");
}

/// Whether results could not be printed.
static UNPRINTED: AtomicBool = AtomicBool::new(false);

/// One line on standard output. Where it cannot be written, one sentence says so, once, and [`all_printed`] is false;
/// unless its reader has seen enough, as `head` does.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    // Names in it are those of files, and a file may be called anything.
    let text = plain_lines(text);
    let Err(error) = writeln!(out, "{text}").and_then(|()| out.flush()) else { return };
    if error.kind() != ErrorKind::BrokenPipe && !UNPRINTED.swap(true, Ordering::Relaxed) {
        warn(&format!("error: cannot print the results: {error}"));
    }
}

/// Whether everything that somebody wanted to read has been printed.
pub(crate) fn all_printed() -> bool {
    !UNPRINTED.load(Ordering::Relaxed)
}

/// An error as one sentence: what went wrong, and what caused it.
pub(crate) fn error(error: &anyhow::Error) {
    let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
    warn(&plain(&format!("error: {}", chain.join(": "))));
}

/// Says where a report is, and opens it in a browser if asked to.
///
/// # Errors
/// When there is no browser.
pub(crate) fn report(path: &Path, open: bool) -> Result<()> {
    note(&format!("report: {}", path.display()));
    if open {
        opener::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    }
    Ok(())
}

/// Seconds as a person says them.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.0} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// How a download comes along: one line that grows on a terminal, one per file where there is none.
pub(crate) fn download(at: DownloadProgress) {
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let text =
        format!("downloading {}: {:.1} of {:.1} MiB", at.file, mib(at.received), mib(at.total));
    let done = at.received >= at.total;
    match (has_bars(), done) {
        (true, false) => draw(&format!("\r{text}")),
        (true, true) => draw(&format!("\r{text}\n")),
        (false, true) => note(&text),
        (false, false) => {}
    }
}

/// A progress bar on a terminal, a line now and then where there is none.
pub(crate) struct Progress {
    bar: Option<ProgressBar>,
    name: String,
    total: u64,
    images_per_step: u64,
    begun: Instant,
    first_step: u64,
    last_line: Option<Instant>,
    loss: String,
}

/// Without a terminal: the first line at once, then one every so often.
const LINE_EVERY: Duration = Duration::from_secs(10);

impl Progress {
    /// Progress of `name` over `total` steps, of which `done` were taken by an earlier session.
    pub(crate) fn new(name: &str, done: u64, total: u64, images_per_step: u64) -> Self {
        let bar = has_bars().then(|| {
            let style =
                ProgressStyle::with_template("{prefix:>9} {bar:32.cyan/blue} {percent:>3}%  {msg}")
                    .unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            bar.set_style(style);
            bar.set_prefix(name.to_owned());
            bar.set_position(done);
            bar
        });
        Self {
            bar,
            name: name.to_owned(),
            total,
            images_per_step,
            begun: Instant::now(),
            first_step: done,
            last_line: None,
            loss: String::new(),
        }
    }

    /// The loss to show from now on.
    pub(crate) fn set_loss(&mut self, name: &str, value: f64) {
        self.loss = format!("{name} {value:.4}  ");
    }

    /// A step was taken.
    pub(crate) fn step(&mut self, step: u64) {
        let due = self.last_line.is_none_or(|at| at.elapsed() >= LINE_EVERY);
        if self.bar.is_none() && (!due || is_held()) {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64().max(1e-6);
        let rate = (step - self.first_step) as f64 / seconds;
        let left = duration((self.total - step) as f64 / rate.max(1e-9));
        let images = rate * self.images_per_step as f64;
        let message = format!("{}{images:.0} images/s  {left} left", self.loss);
        if let Some(bar) = &self.bar {
            bar.set_position(step);
            bar.set_message(message);
        } else {
            self.last_line = Some(Instant::now());
            note(&format!("{}: step {step} of {}  {message}", self.name, self.total));
        }
    }

    /// Clears the bar.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// The numbers of several runs, one column each.
pub(crate) fn results_table(runs: &[(String, Results)]) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    let mut header = vec!["metric".to_owned()];
    header.extend(runs.iter().map(|(title, _)| title.clone()));
    header.push("unit".into());
    table.set_header(header);
    // Numbers that say different things of the same name stand in rows of their own.
    let key =
        |metric: &Metric| (metric.name.clone(), metric.split.clone(), metric.qualified_unit());
    let mut rows = Vec::new();
    for metric in runs.iter().flat_map(|(_, results)| &results.metrics) {
        if !rows.contains(&key(metric)) {
            rows.push(key(metric));
        }
    }
    for row in rows {
        let of = |results: &Results| results.metrics.iter().find(|m| key(m) == row).cloned();
        let found: Vec<_> = runs.iter().map(|(_, results)| of(results)).collect();
        let Some(kind) = found.iter().flatten().next() else { continue };
        let mut cells = vec![format!("{}{}", row.0, arrow(kind.better))];
        let cell = |m: &Option<Metric>| m.as_ref().map_or_else(|| "—".into(), |m| number(m.value));
        cells.extend(found.iter().map(cell));
        cells.push(row.2);
        table.add_row(cells);
    }
    last_column_wrapped(table)
}

/// The drawn table, whose middle columns stand to the right, and whose last one, of units, is wrapped where a line would be
/// too long.
fn last_column_wrapped(mut table: Table) -> String {
    table.set_content_arrangement(ContentArrangement::Dynamic).set_width(WIDTH as u16);
    let last = table.column_count().saturating_sub(1);
    for column in table.column_iter_mut() {
        if column.index == last {
            column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(NARROWEST)));
            continue;
        }
        column.set_constraint(ColumnConstraint::ContentWidth);
        if column.index > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// Units are wrapped to so many columns at least.
const NARROWEST: u16 = 18;

/// One set of numbers with what is known about each.
pub(crate) fn metrics_table(metrics: &[Metric]) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    table.set_header(["metric", "value", "95 % interval", "n", "unit"]);
    for metric in metrics {
        let interval = metric.ci95.map_or_else(
            || "—".into(),
            |[low, high]| format!("{} – {}", number(low), number(high)),
        );
        let name = format!("{}{}", metric.name, arrow(metric.better));
        let n = metric.n.to_string();
        table.add_row([name, number(metric.value), interval, n, metric.qualified_unit()]);
    }
    last_column_wrapped(table)
}

/// Who judged.
pub(crate) fn judge_line(judge: &JudgeInfo) -> String {
    let accuracy = judge.accuracy.map_or_else(String::new, |accuracy| {
        format!(", {:.2} % of its test images right", 100.0 * accuracy)
    });
    format!("judge {}{accuracy}\n  sha256 {}", judge.name, judge.sha256)
}

/// Texts in rows and columns, the first row the headings; all but the first column stand to the right.
pub(crate) fn table(rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_preset(UTF8_FULL_CONDENSED);
    let mut rows = rows.into_iter();
    table.set_header(rows.next().unwrap_or_default());
    table.add_rows(rows);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table.to_string()
}

/// Prints a sentence in lines of at most [`WIDTH`] columns.
pub(crate) fn paragraph(sentence: &str) {
    for text in wrapped(sentence, 0, WIDTH) {
        line(&text);
    }
}

/// Lines of text of at most `width` columns, `indent` from the left.
pub(crate) fn wrapped(text: &str, indent: usize, width: usize) -> Vec<String> {
    let left = " ".repeat(indent);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(format!("{left}{word}")),
        }
    }
    lines
}

/// Which way is better, as a sign behind a name.
pub(crate) fn arrow(better: Option<Direction>) -> &'static str {
    match better {
        Some(Direction::Lower) => " ↓",
        Some(Direction::Higher) => " ↑",
        None => "",
    }
}

/// Four significant digits.
pub(crate) fn number(value: f64) -> String {
    let magnitude = value.abs();
    if value == 0.0 || (value.fract() == 0.0 && magnitude < 1e15) {
        return format!("{value:.0}");
    }
    if !(1e-4..1e6).contains(&magnitude) {
        return format!("{value:.3e}");
    }
    let digits = 3 - magnitude.log10().floor() as i32;
    format!("{value:.*}", digits.max(0) as usize)
}

/// Two significant digits: how precise a half width is.
pub(crate) fn two_digits(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return number(value);
    }
    let digits = 1 - value.abs().log10().floor() as i32;
    format!("{value:.*}", digits.max(0) as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_four_significant_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.012_345, "0.01235"),
            (117.26, "117.3"),
            (2000.0, "2000"),
            (12_345.6, "12346"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn units_are_wrapped_before_a_line_is_too_long() {
        let entry = genlab_metrics::CATALOGUE.get("description/nll").expect("it is known");
        let metric = Metric::new(entry, "test", 0.5616, 4096).expect("finite");
        let unit = "nats per caption, entropy of the captions 0.3479";
        let metric = Metric { unit: unit.to_owned(), ci95: Some([0.5501, 0.5731]), ..metric };
        let table = metrics_table(&[metric]);
        assert!(table.lines().all(|line| line.chars().count() <= WIDTH), "{table}");
        assert!(
            table.contains("description/nll ↓") && table.contains("0.5501 – 0.5731"),
            "{table}"
        );
        assert!(table.contains("per caption") && table.contains("0.3479"), "{table}");
    }

    #[test]
    fn durations_read_well() {
        assert_eq!(duration(7.2), "7 s");
        assert_eq!(duration(125.0), "2 min 05 s");
        assert_eq!(duration(7260.0), "2 h 01 min");
    }
}
