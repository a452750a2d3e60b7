//! Frames of runs as their files may be at any moment.

use super::*;
use crate::config::RunConfig;
use genlab_report::{png, tensorboard::EventWriter};
use genlab_results::{Event, ImageStrip, Results, RunRecord, SCHEMA_VERSION};
use ratatui::{buffer::Buffer, style::Color};
use std::{fmt::Write as _, fs, path::Path};

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];
const STEPS: u64 = 100;

/// A run that has logged `lines` of 20 lines, with pictures of the steps in `shots`.
fn made(dir: &Path, lines: u64, shots: &[u64]) -> RunDir {
    let run = RunDir::new(dir);
    fs::create_dir_all(dir).unwrap();
    let defaults = RunConfig::defaults("vae", Some("digits8x8")).unwrap();
    let mut config = RunConfig { dataset: "digits8x8".into(), ..defaults };
    config.budget.images = STEPS * config.batch_size as u64;
    let batch = config.batch_size as u64;
    fs::write(run.config(), config.to_toml()).unwrap();
    let events = vec![Event::new(40, "interrupted"), Event::new(40, "resumed")];
    let record = RunRecord { schema_version: SCHEMA_VERSION, events, ..RunRecord::default() };
    run.write_record(&record).unwrap();
    let mut log = String::new();
    for line in 1..=lines {
        let (step, loss) = (line * 5, 400.0 / line as f64);
        let (images, seconds) = (step * batch, step as f64 / 10.0);
        write!(log, "{{\"step\":{step},\"images\":{images},\"train/loss\":{loss}").unwrap();
        if line % 4 == 0 {
            write!(log, ",\"validation/loss\":{}", loss * 1.2).unwrap();
        }
        writeln!(log, ",\"train/kl\":{},\"seconds\":{seconds}}}", line * 2).unwrap();
    }
    fs::write(run.metrics(), log).unwrap();
    if !shots.is_empty() {
        let mut writer = EventWriter::create(dir).unwrap();
        for step in shots {
            let pixels = (0..16 * 64).map(|i| (i % 64 * 4) as u8).collect();
            let strip = ImageStrip { channels: 1, height: 8, width: 8, pixels, columns: 4 };
            writer.image("samples", *step, &png::encode_grid(&strip).unwrap()).unwrap();
        }
        writer.flush().unwrap();
    }
    run
}

fn view(folder: &Path) -> View {
    View::new(runs::of(folder).unwrap(), Place::Elsewhere(folder.to_owned()), Palette::True)
}

fn buffer(view: &View, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| screen::draw(frame, view)).unwrap().buffer.clone()
}

fn has_braille(text: &str) -> bool {
    text.chars().any(|c| ('\u{2801}'..='\u{28ff}').contains(&c))
}

#[test]
fn a_frame_says_what_a_run_is_where_it_stands_and_which_keys_there_are() {
    let dir = tempfile::tempdir().unwrap();
    let run = made(&dir.path().join("vae-digits8x8-s0"), 12, &[25, 50]);
    for size in SIZES {
        let view = view(run.path());
        let text = text(&view, size).unwrap();
        for part in [
            "vae   training   digits8x8   seed 0   vae-digits8x8-s0",
            "step 60 of 100   60 %   320 images/s   4 s left",
            "loss  train 33.33  validation 40",
            "samples, step 50 (2 of 2)",
            "train/kl",
            "step 40: resumed",
            "q quit",
            "←→ samples",
            "l log axis",
        ] {
            assert!(text.contains(part), "{size:?}: no {part:?} in\n{text}");
        }
        assert!(has_braille(&text), "{text}");
        assert!(!text.contains("stop"), "nobody here trains it:\n{text}");
        let buffer = buffer(&view, size);
        let colours: Vec<Color> = buffer.content().iter().map(|cell| cell.fg).collect();
        assert!(colours.iter().any(|colour| matches!(colour, Color::Rgb(r, ..) if *r > 200)));
        assert!(colours.contains(&Color::Yellow), "validation has its curve");
    }
}

#[test]
fn a_line_that_is_written_at_this_moment_is_passed_over_and_then_read() {
    let dir = tempfile::tempdir().unwrap();
    let run = made(&dir.path().join("run"), 20, &[]);
    let whole = fs::read(run.metrics()).unwrap();
    let mut view = view(run.path());
    let mut steps = Vec::new();
    for length in 0..=whole.len() {
        fs::write(run.metrics(), &whole[..length]).unwrap();
        view.look();
        let run = view.run().unwrap();
        assert_eq!(run.faults().count(), 0, "{length} bytes");
        steps.push(run.at.as_ref().map_or(0, |at| at.step));
    }
    assert!(steps.is_sorted() && steps.last() == Some(&STEPS), "{steps:?}");
    assert!(text(&view, (80, 24)).unwrap().contains("measuring"));
    fs::write(run.metrics(), "no line\n{\"step\":5}\n").unwrap();
    view.look();
    let text = text(&view, (120, 40)).unwrap();
    assert!(text.contains("is damaged") && text.contains("step 100 of 100"), "{text}");
}

#[test]
fn a_run_without_lines_or_pictures_or_any_file_is_shown_as_such() {
    let dir = tempfile::tempdir().unwrap();
    let empty = made(&dir.path().join("empty"), 0, &[]);
    for size in SIZES {
        let text = text(&view(empty.path()), size).unwrap();
        for part in ["starting", "step 0 of 100", "no line logged yet", "no samples yet"] {
            assert!(text.contains(part), "{size:?}: no {part:?} in\n{text}");
        }
    }
    let unbegun = Named::of(RunDir::new(dir.path().join("later")));
    let view = View::new(vec![unbegun], Place::Here, Palette::True);
    let text = text(&view, (80, 24)).unwrap();
    assert!(text.contains("not begun   later") && text.contains("x stop"), "{text}");
    assert!(!dir.path().join("later").exists());
}

#[test]
fn a_finished_run_shows_its_numbers_and_its_last_samples() {
    let dir = tempfile::tempdir().unwrap();
    let run = made(&dir.path().join("run"), 20, &[50]);
    let mut results = Results::new("vae", "digits8x8", 0, "finished");
    let entry = genlab_metrics::CATALOGUE.get("samples/frechet").unwrap();
    results.metrics.push(genlab_results::Metric::new(entry, "test", 1.25, 9).unwrap());
    run.write_results(&results).unwrap();
    let view_before = view(run.path());
    assert!(text(&view_before, (80, 24)).unwrap().contains("samples, step 50"));
    let strip = ImageStrip { channels: 1, height: 8, width: 8, pixels: vec![9; 64], columns: 1 };
    fs::create_dir(run.samples()).unwrap();
    fs::write(run.samples().join("grid.png"), png::encode_grid(&strip).unwrap()).unwrap();
    let mut view = view(run.path());
    let shown = text(&view, (120, 40)).unwrap();
    for part in ["finished", "samples/frechet ↓ 1.25", "samples, finished run (2 of 2)"] {
        assert!(shown.contains(part), "no {part:?} in\n{shown}");
    }
    view.act(keys::Ask::Older);
    assert!(text(&view, (120, 40)).unwrap().contains("samples, step 50 (1 of 2)"));
}

#[test]
fn no_terminal_is_too_small() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b", "c"] {
        made(&dir.path().join(name), 12, &[25]);
    }
    let mut view = view(dir.path());
    for (width, height) in [(40, 10), (56, 20), (24, 8), (10, 3), (1, 1), (3, 40), (300, 2)] {
        for log_axis in [false, true] {
            view.log_axis = log_axis;
            buffer(&view, (width, height));
        }
    }
    let text = text(&view, (40, 10)).unwrap();
    assert!(text.contains("vae   training") && text.contains("q quit"), "{text}");
    assert!(has_braille(&text), "{text}");
}

#[test]
fn keys_choose_runs_pictures_curves_and_axes() {
    let dir = tempfile::tempdir().unwrap();
    for (name, lines) in [("a", 4), ("b", 8), ("c", 12)] {
        made(&dir.path().join(name), lines, &[5, 10]);
    }
    let mut view = view(dir.path());
    let newest = view.runs[view.chosen].name.clone();
    assert_eq!(newest, "c", "the run that was heard of last");
    let list = text(&view, (80, 24)).unwrap();
    for part in ["  a    20 %   training", "▸ c    60 %   training", "↑↓ run"] {
        assert!(list.contains(part), "no {part:?} in\n{list}");
    }
    view.act(keys::Ask::NextRun);
    assert_eq!(view.run().unwrap().name, "a");
    view.act(keys::Ask::PreviousRun);
    view.act(keys::Ask::Older);
    assert!(text(&view, (80, 24)).unwrap().contains("samples, step 5 (1 of 2)"));
    view.act(keys::Ask::Older);
    view.act(keys::Ask::Newer);
    assert!(text(&view, (80, 24)).unwrap().contains("samples, step 10 (2 of 2)"));
    view.act(keys::Ask::Curve);
    view.act(keys::Ask::LogAxis);
    assert!(text(&view, (80, 24)).unwrap().contains("kl, log axis  train 24"));
    assert_eq!(view.act(keys::Ask::Stop), Then::Stay, "nobody is there to be stopped");
    assert_eq!(view.answer, None);
    assert_eq!(view.act(keys::Ask::Quit), Then::Leave);
}

#[test]
fn a_run_that_nobody_trains_and_that_is_silent_is_said_to_be_so() {
    let dir = tempfile::tempdir().unwrap();
    let run = made(&dir.path().join("run"), 12, &[]);
    let hour = std::time::SystemTime::now() - Duration::from_hours(1);
    let log = fs::File::options().append(true).open(run.metrics()).unwrap();
    log.set_modified(hour).unwrap();
    let shown = text(&view(run.path()), (80, 24)).unwrap();
    assert!(shown.contains("no news for 1 h 00 min"), "{shown}");
    let record = run.read_record().unwrap().unwrap();
    let reason = Some("interrupted".to_owned());
    run.write_record(&RunRecord { exit_reason: reason, ..record }).unwrap();
    let shown = text(&view(run.path()), (80, 24)).unwrap();
    assert!(shown.contains("stopped and saved"), "{shown}");
}

#[test]
fn names_of_others_do_nothing_to_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let run = made(&dir.path().join("a\u{1b}[31mb"), 4, &[]);
    let record = run.read_record().unwrap().unwrap();
    let events = vec![Event::new(1, "\u{1b}]0;title\u{7}")];
    run.write_record(&RunRecord { events, ..record }).unwrap();
    for folder in [run.path(), dir.path()] {
        let shown = text(&view(folder), (120, 40)).unwrap();
        assert!(shown.chars().all(|c| !c.is_control() || c == '\n'), "{shown:?}");
    }
}
