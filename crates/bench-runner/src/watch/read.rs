//! What the files of a run say, read again as they change. Nothing is ever written.

use super::{hands::Trainer, runs::Named};
use crate::run::directory::{self, RunDir};
use genlab_core::{checkpoint, files};
use genlab_report::{
    Curves, Log, png,
    tensorboard::{Album, RECONSTRUCTIONS, SAMPLES},
};
use genlab_results::{ImageStrip, Results, RunRecord};
use serde_json::Value;
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::{ErrorKind, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// Bytes at the end of a log that are read: some hundred times those of a usual run.
const MOST_LOG: u64 = 16 << 20;
/// Bytes of a picture at most.
const MOST_PICTURE: u64 = 32 << 20;
/// Lines of the log over which the rate is taken.
const RECENT: usize = 10;
/// A run whose log is older than this, and than some of its lines take, may have been killed.
const QUIET: Duration = Duration::from_mins(1);
const QUIET_LINES: f64 = 3.0;

/// What a run is, by its settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) model: String,
    pub(super) dataset: String,
    pub(super) seed: u64,
    /// Steps and images of the whole run.
    pub(super) steps: u64,
    pub(super) images: u64,
}

/// Where a run stood when it last logged.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct At {
    pub(super) step: u64,
    pub(super) images: f64,
    /// Images per second lately.
    pub(super) rate: Option<f64>,
    /// Seconds of training between its last two lines.
    pub(super) pause: f64,
}

/// What a run is doing.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// It has no files yet.
    Unbegun,
    /// Before its first line.
    Starting,
    Training,
    /// After its last step.
    Measuring,
    /// Its files have not changed for so long, and nobody here trains it.
    Silent(Duration),
    /// It ended: `finished`, `diverged`, `interrupted`.
    Ended(String),
}

/// A picture with what it shows.
#[derive(Clone, Debug)]
pub(super) struct Shot {
    pub(super) title: String,
    pub(super) strip: ImageStrip,
}

/// Length and time of a file; None where there is none.
type Stamp = Option<(u64, Option<SystemTime>)>;

/// One run, as far as its files have told.
#[derive(Default)]
pub(super) struct Run {
    pub(super) name: String,
    dir: PathBuf,
    stamps: HashMap<PathBuf, Stamp>,
    /// What is wrong with a file.
    faults: BTreeMap<PathBuf, String>,
    pub(super) told: Option<Told>,
    pub(super) record: RunRecord,
    pub(super) curves: Curves,
    pub(super) at: Option<At>,
    pub(super) results: Option<Results>,
    /// The step of the newest checkpoint.
    pub(super) saved: Option<u64>,
    /// When its log last grew.
    pub(super) heard: Option<SystemTime>,
    /// Who trains it, where that can be known.
    pub(super) trainer: Option<Trainer>,
    album: Album,
    logged: Vec<Shot>,
    /// Samples of the finished run.
    last: Option<Shot>,
}

impl Run {
    /// A run of which nothing has been read.
    pub(super) fn new(named: Named) -> Self {
        Self { name: named.name, dir: named.dir.path().to_owned(), ..Self::default() }
    }

    pub(super) fn dir(&self) -> RunDir {
        RunDir::new(&self.dir)
    }

    /// Its pictures, the newest last.
    pub(super) fn shots(&self) -> Vec<&Shot> {
        self.logged.iter().chain(&self.last).collect()
    }

    /// What is wrong with its files, in sentences.
    pub(super) fn faults(&self) -> impl Iterator<Item = &str> {
        self.faults.values().map(String::as_str)
    }

    /// Reads what has changed, but for pictures.
    pub(super) fn look(&mut self) {
        let dir = self.dir();
        if dir.config().exists() {
            let told = self.changed(&dir.config(), || {
                let config = directory::read_config(dir.path()).map_err(|e| format!("{e:#}"))?;
                Ok(Told {
                    model: config.model.name().to_owned(),
                    dataset: config.dataset,
                    seed: config.seed,
                    steps: config.budget.images.div_ceil(config.batch_size as u64),
                    images: config.budget.images,
                })
            });
            self.told = told.or(self.told.take());
        }
        let read = || dir.read_record().map_err(|e| e.to_string());
        if let Some(record) = self.changed(&dir.record(), read) {
            self.record = record.unwrap_or_default();
        }
        if let Some(log) = self.changed(&dir.metrics(), || log(&dir.metrics())) {
            self.curves = Curves::of(&log);
            self.at = at(&log);
            self.heard = fs::metadata(dir.metrics()).and_then(|data| data.modified()).ok();
        }
        let read = || dir.read_results().map_err(|e| e.to_string());
        if let Some(results) = self.changed(&dir.results(), read) {
            self.results = results;
        }
        let newest = checkpoint::list(&dir.checkpoints()).pop();
        self.saved =
            newest.and_then(|path| path.file_name()?.to_str()?.strip_prefix("step-")?.parse().ok());
    }

    /// Reads new pictures: those that were logged in training, and the samples of a finished run.
    pub(super) fn look_at_pictures(&mut self) {
        let dir = self.dir();
        match self.album.look(dir.path(), &[SAMPLES, RECONSTRUCTIONS]) {
            Ok(false) => {}
            Ok(true) => {
                let shot = |(step, logged): (&u64, &genlab_report::tensorboard::Logged)| {
                    let title = format!("{}, step {step}", logged.tag);
                    Some(Shot { title, strip: png::read_grid(&logged.png)? })
                };
                self.logged = self.album.pictures().iter().filter_map(shot).collect();
            }
            Err(error) => {
                self.faults.insert(dir.path().to_owned(), error.to_string());
            }
        }
        if self.results.is_none() {
            self.last = None;
            self.stamps.retain(|path, _| path.extension().is_none_or(|ending| ending != "png"));
            return;
        }
        // Of points the grid is no report's picture, and lies with the charts.
        let places = [dir.samples(), dir.figures()].map(|folder| folder.join("grid.png"));
        let Some(place) = places.into_iter().find(|place| place.is_file()) else { return };
        let read = || files::read(&place, MOST_PICTURE).map_err(|e| e.to_string());
        if let Some(png) = self.changed(&place, read) {
            let title = "samples, finished run".to_owned();
            self.last = png::read_grid(&png).map(|strip| Shot { title, strip });
        }
    }

    /// What `read` gives of a file that is not as it was when it was last read.
    fn changed<T>(&mut self, path: &Path, read: impl FnOnce() -> Result<T, String>) -> Option<T> {
        // Before it is read, so that what changes meanwhile is read the next time.
        let stamp = fs::metadata(path).ok().map(|data| (data.len(), data.modified().ok()));
        if self.stamps.get(path) == Some(&stamp) {
            return None;
        }
        match read() {
            Ok(value) => {
                self.stamps.insert(path.to_owned(), stamp);
                self.faults.remove(path);
                Some(value)
            }
            Err(fault) => {
                self.faults.insert(path.to_owned(), fault);
                None
            }
        }
    }

    /// How long ago its log grew, by this machine's clock.
    pub(super) fn age(&self) -> Option<Duration> {
        Some(SystemTime::now().duration_since(self.heard?).unwrap_or_default())
    }

    /// What it is doing, as far as files and processes tell.
    pub(super) fn state(&self) -> State {
        let results = self.results.as_ref().map(|results| results.status.clone());
        if let Some(how) = results.or_else(|| self.record.exit_reason.clone()) {
            return State::Ended(how);
        }
        let Some(told) = &self.told else { return State::Unbegun };
        let begun = || fs::metadata(self.dir().record()).and_then(|data| data.modified()).ok();
        let since = |time: SystemTime| SystemTime::now().duration_since(time).unwrap_or_default();
        let age = self.age().or_else(|| begun().map(since)).unwrap_or_default();
        let pause = self.at.as_ref().map_or(0.0, |at| at.pause * QUIET_LINES);
        if self.trainer.is_none() && age > QUIET && age.as_secs_f64() > pause {
            return State::Silent(age);
        }
        match &self.at {
            None => State::Starting,
            Some(at) if at.step >= told.steps => State::Measuring,
            Some(_) => State::Training,
        }
    }

    /// Seconds until its last step, at its rate of late.
    pub(super) fn left(&self) -> Option<f64> {
        let (told, at) = self.told.as_ref().zip(self.at.as_ref())?;
        Some((told.images as f64 - at.images).max(0.0) / at.rate.filter(|rate| *rate > 0.0)?)
    }
}

/// The lines at the end of a log; the last may be torn, because it is written at this moment.
fn log(path: &Path) -> Result<Log, String> {
    let cannot = |error: std::io::Error| format!("cannot read {}: {error}", path.display());
    let mut file = match files::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Log::default()),
        file => file.map_err(cannot)?,
    };
    let length = file.metadata().map_err(cannot)?.len();
    let begin = length.saturating_sub(MOST_LOG);
    file.seek(SeekFrom::Start(begin)).map_err(cannot)?;
    let mut bytes = Vec::new();
    file.take(MOST_LOG).read_to_end(&mut bytes).map_err(cannot)?;
    let text = String::from_utf8_lossy(&bytes);
    let cut = || text.split_once('\n').map_or("", |(_, rest)| rest);
    let whole = if begin == 0 { &*text } else { cut() };
    Log::parse(whole).map_err(|error| format!("{} is damaged: {error}", path.display()))
}

/// Where a run stands by its log.
fn at(log: &Log) -> Option<At> {
    let (step, line) = log.last()?;
    let images = line.get("images").and_then(Value::as_f64).unwrap_or_default();
    let times = log.points("seconds");
    let recent = &times[times.len().saturating_sub(RECENT + 1)..];
    let from = if recent.len() > 1 { recent[0] } else { (0.0, 0.0) };
    let rate = recent.last().map(|last| (last.0 - from.0) / (last.1 - from.1));
    let pause = times.windows(2).last().map_or(0.0, |pair| pair[1].1 - pair[0].1);
    Some(At { step, images, rate: rate.filter(|rate| rate.is_finite()), pause })
}
