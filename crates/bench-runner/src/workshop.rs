//! Several runs at a time, one process each.

use crate::{config::RunConfig, interrupt, run::directory::RunDir, terminal};
use anyhow::{Context, Result};
use genlab_results::atomic;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;
use std::{
    collections::VecDeque,
    fs::{self, File},
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// How often the processes are looked at.
const POLL: Duration = Duration::from_millis(200);
/// Bytes at the end of a log that surely hold its last whole line.
const TAIL: u64 = 8192;

/// A run that is to be.
pub(crate) struct Job<'a> {
    pub(crate) config: &'a RunConfig,
    /// What it is called in progress.
    pub(crate) name: String,
    pub(crate) dir: RunDir,
    /// Where its settings are written to.
    pub(crate) settings: PathBuf,
    /// Where what it says goes.
    pub(crate) log: PathBuf,
}

/// Trains several runs at a time.
pub(crate) struct Workshop<'a> {
    pub(crate) device: &'a str,
    /// Processes at a time, each with its share of the processors.
    pub(crate) jobs: usize,
    /// Flags that all runs are given.
    pub(crate) flags: Vec<String>,
    /// What all of them find in their environment.
    pub(crate) environment: Vec<(&'a str, &'a str)>,
}

/// How the runs ended.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Names of those that failed, with what they said last.
    pub(crate) failed: Vec<(String, String)>,
    /// Somebody asked to stop: the status of a run that did.
    pub(crate) stopped: Option<i32>,
}

impl Ended {
    pub(crate) fn has_failed(&self, name: &str) -> bool {
        self.failed.iter().any(|(failed, _)| failed == name)
    }

    /// Removes the settings and logs of these runs, which stand in the run directories as well, but for those of runs that
    /// failed. What was refused has left no run, and has said why.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub(crate) fn tidy(&self, jobs: &[Job<'_>]) -> Result<()> {
        let is_kept = |job: &Job<'_>| self.has_failed(&job.name) && job.dir.path().exists();
        for job in jobs.iter().filter(|job| !is_kept(job)) {
            for path in [&job.settings, &job.log].into_iter().filter(|path| path.exists()) {
                fs::remove_file(path)
                    .with_context(|| format!("cannot remove {}", path.display()))?;
            }
        }
        Ok(())
    }
}

/// A run that is under way.
struct Running<'a> {
    child: Child,
    job: &'a Job<'a>,
    bar: Option<ProgressBar>,
    begun: Instant,
}

impl Workshop<'_> {
    /// Runs them, in order.
    ///
    /// # Errors
    /// When a process cannot be started or a file not be written.
    pub(crate) fn run(&self, jobs: &[Job<'_>]) -> Result<Ended> {
        let bars = terminal::has_bars().then(MultiProgress::new);
        let mut waiting: VecDeque<&Job> = jobs.iter().collect();
        let (total, mut done) = (jobs.len(), 0);
        let mut running: Vec<Running> = Vec::new();
        let mut ended = Ended::default();
        let begun = Instant::now();
        let _watched = interrupt::watched();
        while !waiting.is_empty() || !running.is_empty() {
            if interrupt::asked() || ended.stopped.is_some() {
                ended.stopped = ended.stopped.or(Some(interrupt::code()));
                waiting.clear();
            }
            while running.len() < self.jobs {
                let Some(job) = waiting.pop_front() else { break };
                running.push(self.start(job, bars.as_ref())?);
                if bars.is_none() {
                    terminal::note(&format!("[{done}/{total}] {} begins", job.name));
                }
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
                let how = run.how(status.code(), &mut ended);
                let left = begun.elapsed().as_secs_f64() / f64::from(done)
                    * (total as f64 - f64::from(done));
                let left = match total as u32 - done {
                    0 => String::new(),
                    _ => format!("; about {} left", terminal::duration(left)),
                };
                let text = format!("[{done}/{total}] {} {how}{left}", run.job.name);
                match &bars {
                    Some(bars) => bars.suspend(|| terminal::note(&text)),
                    None => terminal::note(&text),
                }
            }
        }
        Ok(ended)
    }

    fn start<'a>(&self, job: &'a Job<'a>, bars: Option<&MultiProgress>) -> Result<Running<'a>> {
        atomic::write(&job.settings, job.config.to_toml().as_bytes())?;
        let file = File::create(&job.log)
            .with_context(|| format!("cannot write {}", job.log.display()))?;
        let binary = std::env::current_exe().context("cannot find this program's own file")?;
        let mut command = Command::new(binary);
        command.arg("--experiment").arg(&job.settings).arg("--out").arg(job.dir.path());
        command
            .args(["--device", self.device])
            .args(&self.flags)
            .envs(self.environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(file);
        if self.jobs > 1 {
            let threads = rayon::current_num_threads() / self.jobs;
            command.env("RAYON_NUM_THREADS", threads.max(1).to_string());
        }
        command.env(interrupt::PARENT, std::process::id().to_string());
        if let Some(left) = interrupt::time_left() {
            command.arg("--max-time").arg(format!("{}s", left.as_secs()));
        }
        let child = command.spawn().context("cannot start a run")?;
        interrupt::adopt(child.id());
        let steps = job.config.budget.images.div_ceil(job.config.batch_size as u64);
        let bar = bars.map(|bars| {
            let style =
                ProgressStyle::with_template("{bar:24.cyan/blue} {percent:>3}%  {prefix}  {msg}");
            let bar = bars.add(ProgressBar::new(steps));
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_prefix(job.name.clone());
            bar
        });
        Ok(Running { child, job, bar, begun: Instant::now() })
    }
}

impl Running<'_> {
    /// How it ended, in words.
    fn how(&self, code: Option<i32>, ended: &mut Ended) -> String {
        match code {
            Some(0) => {
                format!("finished in {}", terminal::duration(self.begun.elapsed().as_secs_f64()))
            }
            Some(code) if interrupt::is_stopped(code) => {
                ended.stopped = ended.stopped.or(Some(code));
                "stopped".to_owned()
            }
            None if ended.stopped.is_some() => "stopped".to_owned(),
            _ => {
                let said = last_line(&self.job.log).unwrap_or_default();
                ended.failed.push((self.job.name.clone(), said.clone()));
                format!("failed: {said}")
            }
        }
    }

    /// Moves its bar to where its log says that it is.
    fn show(&self) {
        let Some(bar) = &self.bar else { return };
        let step = last_line(&self.job.dir.metrics())
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
