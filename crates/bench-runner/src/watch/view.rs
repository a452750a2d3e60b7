//! What a screen shows of runs, and what keys change about that.

use super::{
    hands::{self, Trainer},
    keys::Ask,
    picture::Palette,
    read::{Run, State},
    runs::{self, Named},
};
use crate::{interrupt, run::wishes};
use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

/// How often a folder is looked through for new runs.
const GATHER: Duration = Duration::from_secs(5);

/// Where the runs are trained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Anywhere. Runs that are new in this folder are shown as well.
    Elsewhere(PathBuf),
    /// By this process itself.
    Here,
    /// By processes that this one has started.
    Below,
}

/// What a key led to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Stay,
    Leave,
}

/// Everything that is shown.
pub(super) struct View {
    pub(super) runs: Vec<Run>,
    pub(super) chosen: usize,
    /// Pictures between the one that is shown and the newest.
    pub(super) back: usize,
    pub(super) log_axis: bool,
    /// Which scalar is drawn, counted around.
    pub(super) curve: usize,
    pub(super) palette: Palette,
    pub(super) place: Place,
    /// What the last key led to.
    pub(super) answer: Option<String>,
    /// Whether the run that is shown was asked to stop.
    stopping: bool,
    gathered: Instant,
}

impl View {
    /// The newest of `runs` is chosen, and all are looked at.
    pub(super) fn new(runs: Vec<Named>, place: Place, palette: Palette) -> Self {
        let mut view = Self {
            runs: runs.into_iter().map(Run::new).collect(),
            chosen: 0,
            back: 0,
            log_axis: false,
            curve: 0,
            palette,
            place,
            answer: None,
            stopping: false,
            gathered: Instant::now(),
        };
        view.look();
        if matches!(view.place, Place::Elsewhere(_)) {
            let newest = (0..view.runs.len()).max_by_key(|index| view.runs[*index].heard);
            view.chosen = newest.unwrap_or_default();
            view.look();
        }
        view
    }

    pub(super) fn run(&self) -> Option<&Run> {
        self.runs.get(self.chosen)
    }

    /// Reads what has changed.
    pub(super) fn look(&mut self) {
        self.gather();
        self.runs.iter_mut().for_each(Run::look);
        let locks: Vec<PathBuf> = self.runs.iter().map(|run| run.dir().lock()).collect();
        let open = self.runs.iter().any(|run| !matches!(run.state(), State::Ended(_)));
        let holders = if open { hands::holders(&locks) } else { vec![None; locks.len()] };
        for (run, holder) in self.runs.iter_mut().zip(holders) {
            run.trainer = if self.place == Place::Here { Some(Trainer::here()) } else { holder };
        }
        if let Some(run) = self.runs.get_mut(self.chosen) {
            let before = run.shots().len();
            run.look_at_pictures();
            // Who looks at an older picture keeps it.
            if self.back > 0 {
                self.back += run.shots().len().saturating_sub(before);
            }
            self.back = self.back.min(run.shots().len().saturating_sub(1));
        }
    }

    /// Adds runs that have come since.
    fn gather(&mut self) {
        let Place::Elsewhere(folder) = &self.place else { return };
        if self.gathered.elapsed() < GATHER {
            return;
        }
        self.gathered = Instant::now();
        // Those that are known stay, whatever happens to their folder.
        for named in runs::of(folder).unwrap_or_default() {
            if self.runs.iter().all(|run| run.dir() != named.dir) {
                self.runs.push(Run::new(named));
            }
        }
    }

    /// The keys that lead somewhere now, with what they do.
    pub(super) fn keys(&self) -> Vec<(&'static str, &'static str)> {
        let run = self.run();
        let trainer = run.and_then(|run| run.trainer);
        let open = run.is_some_and(|run| !matches!(run.state(), State::Ended(_)));
        let own = !self.is_elsewhere();
        let mut keys = vec![("q", if own { "hide" } else { "quit" })];
        if self.runs.len() > 1 {
            keys.push(("↑↓", "run"));
        }
        if run.is_some_and(|run| run.shots().len() > 1) {
            keys.push(("←→", "samples"));
        }
        keys.extend([("l", "log axis"), ("c", "curve")]);
        if open && trainer.is_some_and(|trainer| trainer.saves) {
            keys.push(("s", "save"));
        }
        if self.place == Place::Here {
            keys.push(("g", "samples now"));
        }
        if own || open && trainer.is_some_and(|trainer| trainer.stops) {
            keys.push(("x", "stop"));
        }
        keys
    }

    fn is_elsewhere(&self) -> bool {
        matches!(self.place, Place::Elsewhere(_))
    }

    /// Does what a key asks for. One that the last line does not name does nothing.
    pub(super) fn act(&mut self, ask: Ask) -> Then {
        let runs = self.runs.len().max(1);
        let shots = self.run().map_or(0, |run| run.shots().len());
        let can = |key: &str| self.keys().iter().any(|(known, _)| *known == key);
        match ask {
            Ask::Quit => return Then::Leave,
            Ask::Interrupt => interrupt::ask(),
            Ask::NextRun => self.choose((self.chosen + 1) % runs),
            Ask::PreviousRun => self.choose((self.chosen + runs - 1) % runs),
            Ask::Older => self.back = (self.back + 1).min(shots.saturating_sub(1)),
            Ask::Newer => self.back = self.back.saturating_sub(1),
            Ask::LogAxis => self.log_axis = !self.log_axis,
            Ask::Curve => self.curve += 1,
            Ask::Save if can("s") => {
                match self.run().and_then(|run| run.trainer) {
                    Some(trainer) if trainer.process == std::process::id() => wishes::ask_to_save(),
                    Some(trainer) => interrupt::tell_to_save(trainer.process),
                    None => {}
                }
                self.answer = Some("a checkpoint is asked for".into());
            }
            Ask::Samples if can("g") => {
                wishes::ask_for_samples();
                self.answer = Some("samples are drawn with the next line of the log".into());
            }
            // A second time it would end at once, as with Ctrl-C.
            Ask::Stop if can("x") && !self.stopping => {
                self.stopping = true;
                self.answer = Some("it saves and stops".into());
                match self.run().and_then(|run| run.trainer) {
                    Some(trainer) if self.is_elsewhere() => {
                        interrupt::tell_to_stop(trainer.process);
                    }
                    _ => interrupt::ask(),
                }
            }
            Ask::Save | Ask::Samples | Ask::Stop => {}
        }
        Then::Stay
    }

    fn choose(&mut self, run: usize) {
        if run != self.chosen {
            (self.chosen, self.back, self.answer) = (run, 0, None);
            self.stopping &= !self.is_elsewhere();
            self.look();
        }
    }
}
