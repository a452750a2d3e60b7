//! What keys ask for.

use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// What somebody at the screen asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    /// To leave the screen.
    Quit,
    /// What Ctrl-C asks of every program.
    Interrupt,
    /// The run below, or above, in the list.
    NextRun,
    PreviousRun,
    /// Samples of an earlier, or a later, step.
    Older,
    Newer,
    /// A logarithmic axis, or a linear one again.
    LogAxis,
    /// The curves of another scalar.
    Curve,
    /// A checkpoint now.
    Save,
    /// New samples soon.
    Samples,
    /// To save and stop.
    Stop,
}

/// What an event of the terminal asks for.
pub(super) fn of(event: &Event) -> Option<Ask> {
    let key = event.as_key_event().filter(|key| key.kind != KeyEventKind::Release)?;
    Some(match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Ask::Interrupt,
        KeyCode::Char('q') | KeyCode::Esc => Ask::Quit,
        KeyCode::Down | KeyCode::Tab => Ask::NextRun,
        KeyCode::Up | KeyCode::BackTab => Ask::PreviousRun,
        KeyCode::Left => Ask::Older,
        KeyCode::Right => Ask::Newer,
        KeyCode::Char('l') => Ask::LogAxis,
        KeyCode::Char('c') => Ask::Curve,
        KeyCode::Char('s') => Ask::Save,
        KeyCode::Char('g') => Ask::Samples,
        KeyCode::Char('x') => Ask::Stop,
        _ => return None,
    })
}
