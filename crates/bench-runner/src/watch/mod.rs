//! A screen in the terminal that shows runs by their files alone: `watch` those that train anywhere, `--tui` those that this
//! command trains.
//!
//! It reads and never writes, and what it reads are files that appear whole or grow by lines, so that nothing of a run depends on
//! whether somebody looks on.

mod curves;
mod hands;
mod keys;
mod picture;
mod read;
mod runs;
mod screen;
pub(crate) mod stage;
#[cfg(test)]
mod tests;
mod view;

use crate::{cli::WatchArgs, commands::list, run::directory::RunDir, terminal};
use anyhow::{Context, Result, bail};
use picture::Palette;
use ratatui::{Terminal, backend::TestBackend, buffer::Cell, crossterm::event};
use runs::Named;
use stage::Stage;
use std::{
    io::IsTerminal,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};
use view::{Place, Then, View};

/// How often files are looked at, and how long a key is waited for in between.
const LOOK: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);
/// Columns and lines of a frame that is printed.
const PRINTED: (u16, u16) = (80, 24);

/// # Errors
/// When there is no such folder, or no terminal.
pub(crate) fn execute(args: &WatchArgs) -> Result<ExitCode> {
    if !args.once {
        require_terminal("watch", "--once prints one frame as text")?;
    }
    let (found, place) = (runs::of(&args.run)?, Place::Elsewhere(args.run.clone()));
    if found.is_empty() {
        terminal::line(&list::none_in(&args.run));
        return Ok(ExitCode::SUCCESS);
    }
    if args.once {
        let view = View::new(found, place, Palette::Shades);
        terminal::line(&text(&view, PRINTED)?);
        return Ok(ExitCode::SUCCESS);
    }
    let view = View::new(found, place, Palette::of_terminal());
    let mut stage = Stage::enter()?;
    let ended = show(&mut stage, view, &AtomicBool::new(false));
    stage::leave();
    ended.map(|()| ExitCode::SUCCESS)
}

/// # Errors
/// Where nobody would see a screen: `what` needs one, and `instead` says what does not.
pub(crate) fn require_terminal(what: &str, instead: &str) -> Result<()> {
    let dumb = std::env::var("TERM").is_ok_and(|kind| kind == "dumb");
    if dumb || !std::io::stdout().is_terminal() || !std::io::stderr().is_terminal() {
        bail!(
            "{what} draws on a terminal, and standard output or standard error is none; {instead}"
        );
    }
    Ok(())
}

/// A frame as text, without spaces at the ends of lines.
fn text(view: &View, (width, height): (u16, u16)) -> Result<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height))?;
    let frame = terminal.draw(|frame| screen::draw(frame, view))?;
    let cells: Vec<&str> = frame.buffer.content().iter().map(Cell::symbol).collect();
    let lines = cells.chunks(usize::from(width)).map(|line| line.concat().trim_end().to_owned());
    Ok(lines.collect::<Vec<_>>().join("\n"))
}

/// Draws frames and does what keys ask for until one of them, or `over`, ends it.
fn show(stage: &mut Stage, mut view: View, over: &AtomicBool) -> Result<()> {
    let mut looked = Instant::now();
    while !over.load(Ordering::SeqCst) {
        if looked.elapsed() >= LOOK {
            view.look();
            looked = Instant::now();
        }
        if !stage.draw(|frame| screen::draw(frame, &view))? {
            return Ok(());
        }
        let cannot = "cannot read the terminal's keys";
        if !event::poll(TICK).context(cannot)? {
            continue;
        }
        if let Some(ask) = keys::of(&event::read().context(cannot)?)
            && view.act(ask) == Then::Leave
        {
            return Ok(());
        }
    }
    Ok(())
}

/// A screen beside the training that this process goes on with. It ends when this is dropped, or before that by a key.
pub(crate) struct Beside {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Beside {
    /// Shows a run that this process trains, or several that processes below it train.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub(crate) fn open(dirs: Vec<RunDir>) -> Result<Self> {
        let place = if dirs.len() == 1 { Place::Here } else { Place::Below };
        let view =
            View::new(dirs.into_iter().map(Named::of).collect(), place, Palette::of_terminal());
        let mut stage = Stage::enter()?;
        let over = Arc::new(AtomicBool::new(false));
        let ends = over.clone();
        let draw = move || {
            let ended = show(&mut stage, view, &ends);
            stage::leave();
            if let Err(error) = ended {
                terminal::warn(&format!("the screen ended, and training goes on: {error:#}"));
            }
        };
        let thread = thread::Builder::new().name("screen".into()).spawn(draw);
        let thread = thread.inspect_err(|_| stage::leave()).context("cannot start a thread")?;
        Ok(Self { over, thread: Some(thread) })
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // A panic of the screen was told of when it came, and is none of the training's.
        let _ = self.thread.take().map(JoinHandle::join);
        stage::leave();
    }
}
