//! Several runs at a time, one process each.

use super::plan::Entry;
use crate::{config::RunConfig, interrupt, run::directory::RunDir, terminal};
use anyhow::{Context, Result};
use genlab_results::atomic;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{IsTerminal, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often the processes are looked at.
const POLL: Duration = Duration::from_millis(200);
/// Bytes at the end of a log that surely hold its last whole line.
const TAIL: u64 = 8192;

/// Where a sweep works, and with what.
pub(crate) struct Workshop<'a> {
    /// The folder of the run directories.
    pub(crate) runs: &'a Path,
    /// The folder of settings and logs.
    pub(crate) home: &'a Path,
    pub(crate) device: &'a str,
    /// Processes at a time.
    pub(crate) jobs: usize,
}

/// How the runs ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Names of those that failed, with what they said last.
    pub(crate) failed: Vec<(String, String)>,
    /// Somebody asked to stop.
    pub(crate) interrupted: bool,
}

/// A run that is under way.
struct Running<'a> {
    child: Child,
    config: &'a RunConfig,
    dir: RunDir,
    log: PathBuf,
    bar: Option<ProgressBar>,
    begun: Instant,
}

impl Workshop<'_> {
    /// Runs what is not finished yet, in order.
    ///
    /// # Errors
    /// When a process cannot be started or a file not be written.
    pub(crate) fn run(&self, entries: &[&Entry]) -> Result<Ended> {
        let bars = std::io::stderr().is_terminal().then(MultiProgress::new);
        let mut waiting: VecDeque<&Entry> = entries.iter().copied().collect();
        let (total, mut done) = (entries.len(), 0);
        let mut running: Vec<Running> = Vec::new();
        let mut ended = Ended::default();
        let begun = Instant::now();
        let _watched = interrupt::watched();
        while !waiting.is_empty() || !running.is_empty() {
            ended.interrupted |= interrupt::asked();
            if ended.interrupted {
                waiting.clear();
            }
            while running.len() < self.jobs {
                let Some(entry) = waiting.pop_front() else { break };
                running.push(self.start(&entry.config, bars.as_ref())?);
            }
            thread::sleep(POLL);
            for index in (0..running.len()).rev() {
                running[index].show();
                let Some(status) =
                    running[index].child.try_wait().context("cannot wait for a run")?
                else {
                    continue;
                };
                let run = running.swap_remove(index);
                interrupt::release(run.child.id());
                if let Some(bar) = &run.bar {
                    bar.finish_and_clear();
                }
                done += 1;
                let name = run.config.run_name();
                let how = match status.code() {
                    Some(0) => format!(
                        "finished in {}",
                        terminal::duration(run.begun.elapsed().as_secs_f64())
                    ),
                    Some(code) if interrupt::is_stopped(code) => {
                        ended.interrupted = true;
                        "stopped".to_owned()
                    }
                    _ => {
                        let said = last_line(&run.log).unwrap_or_default();
                        ended.failed.push((name.clone(), said.clone()));
                        format!("failed: {said}")
                    }
                };
                let left = begun.elapsed().as_secs_f64() / f64::from(done)
                    * (total as f64 - f64::from(done));
                let left = match total as u32 - done {
                    0 => String::new(),
                    _ => format!("; about {} left", terminal::duration(left)),
                };
                let text = format!("[{done}/{total}] {name} {how}{left}");
                match &bars {
                    Some(bars) => bars.suspend(|| terminal::note(&text)),
                    None => terminal::note(&text),
                }
            }
        }
        Ok(ended)
    }

    fn start<'a>(
        &self,
        config: &'a RunConfig,
        bars: Option<&MultiProgress>,
    ) -> Result<Running<'a>> {
        let name = config.run_name();
        let dir = RunDir::new(self.runs.join(&name));
        let settings = self.home.join(format!("{name}.toml"));
        atomic::write(&settings, config.to_toml().as_bytes())?;
        let log = self.home.join(format!("{name}.log"));
        let file = File::create(&log).with_context(|| format!("cannot write {}", log.display()))?;
        let binary = std::env::current_exe().context("cannot find this program's own file")?;
        let mut command = Command::new(binary);
        command.arg("--experiment").arg(&settings).arg("--out").arg(dir.path());
        command
            .args(["--device", self.device])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        if self.jobs > 1 {
            let cores = thread::available_parallelism().map_or(1, usize::from);
            command.env("RAYON_NUM_THREADS", (cores / self.jobs).max(1).to_string());
        }
        command.env(interrupt::PARENT, std::process::id().to_string());
        if let Some(left) = interrupt::time_left() {
            command.arg("--max-time").arg(format!("{}s", left.as_secs()));
        }
        let child = command.spawn().context("cannot start a run")?;
        interrupt::adopt(child.id());
        let steps = config.budget.images.div_ceil(config.batch_size as u64);
        let bar = bars.map(|bars| {
            let style =
                ProgressStyle::with_template("{bar:24.cyan/blue} {percent:>3}%  {prefix}  {msg}");
            let bar = bars.add(ProgressBar::new(steps));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(name);
            bar
        });
        Ok(Running { child, config, dir, log, bar, begun: Instant::now() })
    }
}

impl Running<'_> {
    /// Moves its bar to where its log says that it is.
    fn show(&self) {
        let Some(bar) = &self.bar else { return };
        let step = last_line(&self.dir.metrics())
            .and_then(|line| serde_json::from_str::<Value>(&line).ok()?.get("step")?.as_u64());
        let Some(step) = step else { return };
        bar.set_position(step);
        if Some(step) == bar.length() {
            bar.set_message("evaluating");
        }
    }
}

/// The last whole line of a file that grows, without what bars draw.
fn last_line(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL))).ok()?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let whole = &text[..text.rfind('\n')?];
    Some(whole.rsplit('\n').next()?.trim().to_owned())
}

/// Removes the settings and logs of runs that finished: both stand in the run directories.
///
/// # Errors
/// When a file cannot be removed.
pub(crate) fn tidy(home: &Path, entries: &[Entry], failed: &[(String, String)]) -> Result<()> {
    for entry in entries {
        let name = entry.config.run_name();
        if failed.iter().any(|(failed, _)| *failed == name) {
            continue;
        }
        for ending in ["toml", "log"] {
            let path = home.join(format!("{name}.{ending}"));
            if path.exists() {
                fs::remove_file(&path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
    }
    Ok(())
}
