//! The terminal while a screen is drawn on it: entered once, and left however the process ends.

use crate::terminal;
use anyhow::{Context, Result};
use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::{Hide, Show},
        execute,
        terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode},
    },
};
use std::{
    io::{Stdout, stdout},
    panic,
    sync::{
        Mutex, Once, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

/// Whether a screen has the terminal.
static UP: AtomicBool = AtomicBool::new(false);
/// Held while a frame is drawn.
static DRAWING: Mutex<()> = Mutex::new(());
/// How long, and how often, the end of a frame is waited for.
const PATIENCE: (Duration, u32) = (Duration::from_millis(10), 20);

/// A screen that has the terminal until [`leave`].
pub(super) struct Stage(Terminal<CrosstermBackend<Stdout>>);

impl Stage {
    /// Takes the terminal. What others print on standard error waits until it is left.
    ///
    /// # Errors
    /// When the terminal refuses.
    pub(super) fn enter() -> Result<Self> {
        static HOOKED: Once = Once::new();
        HOOKED.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |what| {
                leave();
                before(what);
            }));
        });
        terminal::hold();
        UP.store(true, Ordering::SeqCst);
        let entered =
            enable_raw_mode().and_then(|()| execute!(stdout(), EnterAlternateScreen, Hide));
        let made = entered.and_then(|()| Terminal::new(CrosstermBackend::new(stdout())));
        made.map(Self).inspect_err(|_| leave()).context("cannot draw on this terminal")
    }

    /// Draws a frame. False once the terminal was left.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub(super) fn draw(&mut self, frame: impl FnOnce(&mut Frame)) -> Result<bool> {
        let Ok(_drawing) = DRAWING.lock() else { return Ok(false) };
        if !UP.load(Ordering::SeqCst) {
            return Ok(false);
        }
        self.0.draw(frame).context("cannot draw on this terminal")?;
        Ok(true)
    }
}

/// Gives the terminal back as it was and prints what has waited for that. Nothing happens where no screen has it.
pub(crate) fn leave() {
    if !UP.swap(false, Ordering::SeqCst) {
        return;
    }
    // A frame that is being drawn would be drawn over what follows. Or this is a panic in the middle of one.
    let (pause, times) = PATIENCE;
    for _ in 0..times {
        match DRAWING.try_lock() {
            Err(TryLockError::WouldBlock) => thread::sleep(pause),
            _ => break,
        }
    }
    // There may be no terminal any more.
    let _ = execute!(stdout(), LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
    terminal::release();
}
