//! An event file that takes the place of earlier ones.
//!
//! A run that goes on after a kill has event files that say too much: points of steps that will be taken again, or were
//! taken twice, and half a record at the end. Marks that make TensorBoard forget such points are read by one of its two
//! readers alone. So whoever goes on writes one file of what is known to be true, and removes the others.

use super::{EventWriter, Holding, past, since_epoch};
use crate::error::Result;
use genlab_results::{FileError, atomic};
use std::{
    collections::BTreeMap,
    fs::{self, File},
    path::{Path, PathBuf},
};

/// An event file in the making. Until it is [`published`](Self::publish) it is not seen, and what it replaces is there.
pub struct Rewrite {
    writer: EventWriter,
    dir: PathBuf,
    holding: Holding,
    earlier: Vec<PathBuf>,
}

impl Rewrite {
    /// Of a run's event files in `dir`: of what is logged in training, which replaces all that there are, or of results, which
    /// replaces results. `before` is another folder whose event files it replaces.
    ///
    /// # Errors
    /// When a folder cannot be read or the file cannot be created.
    pub fn begin(dir: &Path, before: Option<&Path>, holding: Holding) -> Result<Self> {
        let folders: Vec<&Path> = before.into_iter().chain([dir]).collect();
        let mut earlier = past::files(&folders)?;
        earlier.retain(|(_, what)| holding == Holding::Training || *what == holding);
        let path = dir.join(format!("{}events{}", atomic::PREFIX, atomic::SUFFIX));
        fs::create_dir_all(dir).map_err(|source| FileError::write(dir, source))?;
        let file = File::create(&path).map_err(|source| FileError::write(&path, source))?;
        let mut writer = EventWriter::begin(path, file)?;
        if holding == Holding::Training {
            // For a TensorBoard that is running and has read the earlier ones.
            writer.forget(0)?;
        }
        let earlier = earlier.into_iter().map(|(path, _)| path).collect();
        Ok(Self { writer, dir: dir.to_owned(), holding, earlier })
    }

    /// What it says.
    pub fn writer(&mut self) -> &mut EventWriter {
        &mut self.writer
    }

    /// Takes the pictures of these tags over that were logged up to `step`, each once, as they are.
    ///
    /// # Errors
    /// When an earlier file cannot be read, or this one cannot be written.
    pub fn carry_pictures(&mut self, tags: &[&str], step: u64) -> Result<()> {
        let mut kept = BTreeMap::new();
        for path in &self.earlier {
            for event in past::events(path)? {
                let Some(told) = past::told(&event) else { continue };
                if told.picture.is_some() && told.step <= step && tags.contains(&told.tag.as_str())
                {
                    // A later session knows better.
                    kept.insert((told.step, told.tag), event);
                }
            }
        }
        kept.values().try_for_each(|event| self.writer.record(event))
    }

    /// Puts it into its place and removes what it replaces. What is logged after that follows in it.
    ///
    /// # Errors
    /// When the file cannot be written, or an earlier one cannot be removed.
    pub fn publish(self) -> Result<EventWriter> {
        let Self { mut writer, dir, holding, earlier } = self;
        writer.sync()?;
        let place = past::next(&dir, &earlier, since_epoch().as_secs(), holding)?;
        fs::rename(&writer.path, &place).map_err(|source| FileError::write(&place, source))?;
        writer.path = place;
        for path in earlier {
            fs::remove_file(&path).map_err(|source| FileError::write(&path, source))?;
        }
        Ok(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensorboard::tests::events;
    use tensorboard_proto::event::SessionLog_SessionStatus;

    /// A PNG file as far as its header goes.
    fn picture(width: u8) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\0".to_vec();
        bytes[19] = width;
        bytes
    }

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Step, tag and width of every picture.
    fn pictures(path: &Path) -> Vec<(i64, String, i32)> {
        let values = events(path).into_iter().flat_map(|event| {
            let step = event.get_step();
            let values = event.get_summary().get_value().to_vec();
            values
                .into_iter()
                .filter(tensorboard_proto::summary::Summary_Value::has_image)
                .map(move |value| (step, value.get_tag().to_owned(), value.get_image().get_width()))
        });
        values.collect()
    }

    #[test]
    fn it_is_not_seen_before_it_is_whole_and_then_alone() {
        let dir = tempfile::tempdir().unwrap();
        let (run, old) = (dir.path().join("run"), dir.path().join("run/tensorboard"));
        fs::create_dir_all(&old).unwrap();
        fs::write(old.join("events.out.tfevents.1795767001.genlab.1234.000"), "torn").unwrap();
        fs::write(run.join("events.out.tfevents.9000000000.genlab"), "").unwrap();
        fs::write(run.join("events.out.tfevents.9000000001.genlab.results"), "").unwrap();
        fs::write(run.join("events.out.tfevents.1.host.1"), "another program's").unwrap();
        let mut rewrite = Rewrite::begin(&run, Some(&old), Holding::Training).unwrap();
        rewrite.writer().scalar("train/kl", 1, 2.0).unwrap();
        assert_eq!(names(&old).len(), 1);
        assert!(names(&run).iter().all(|name| !name.contains("9000000002")));
        let mut writer = rewrite.publish().unwrap();
        writer.scalar("train/kl", 2, 1.0).unwrap();
        writer.flush().unwrap();
        assert_eq!(names(&old), [""; 0]);
        let place = "events.out.tfevents.9000000002.genlab";
        assert_eq!(names(&run), ["events.out.tfevents.1.host.1", place, "tensorboard"]);
        let events = events(&run.join(place));
        let start = events[1].get_session_log();
        assert_eq!(start.get_status(), SessionLog_SessionStatus::START);
        assert_eq!(
            events.iter().map(tensorboard_proto::event::Event::get_step).collect::<Vec<_>>(),
            [0, 0, 1, 2]
        );
    }

    #[test]
    fn results_replace_results_alone() {
        let dir = tempfile::tempdir().unwrap();
        let begin = |holding| Rewrite::begin(dir.path(), None, holding).unwrap();
        begin(Holding::Training).publish().unwrap();
        begin(Holding::Results).publish().unwrap();
        let before = names(dir.path());
        begin(Holding::Results).publish().unwrap();
        let after = names(dir.path());
        assert_eq!((before.len(), after.len()), (2, 2));
        assert_eq!(before[0], after[0]);
        assert!(before[1] < after[1]);
        begin(Holding::Training).publish().unwrap();
        assert_eq!(names(dir.path()).len(), 1);
    }

    #[test]
    fn pictures_are_kept_up_to_a_step_each_once_wherever_a_kill_came() {
        let sessions = [1, 2].map(|session| {
            let dir = tempfile::tempdir().unwrap();
            let mut writer = EventWriter::create(dir.path()).unwrap();
            for step in [10, 20, 30] {
                writer.image("samples", step, &picture(session)).unwrap();
                writer.image("final/grid", step, &picture(session)).unwrap();
                writer.scalar("samples", step, 0.5).unwrap();
            }
            writer.flush().unwrap();
            fs::read(writer.path()).unwrap()
        });
        let mut later = Vec::new();
        for length in (0..=sessions[1].len()).step_by(7) {
            let dir = tempfile::tempdir().unwrap();
            let file = |time| dir.path().join(format!("events.out.tfevents.{time:010}.genlab"));
            fs::write(file(1), &sessions[0]).unwrap();
            fs::write(file(2), &sessions[1][..length]).unwrap();
            let mut rewrite = Rewrite::begin(dir.path(), None, Holding::Training).unwrap();
            rewrite.carry_pictures(&["samples"], 20).unwrap();
            let writer = rewrite.publish().unwrap();
            let kept = pictures(writer.path());
            let places: Vec<_> = kept.iter().map(|(step, tag, _)| (*step, tag.as_str())).collect();
            assert_eq!(places, [(10, "samples"), (20, "samples")], "{length} bytes");
            later.push(kept.iter().filter(|(.., session)| *session == 2).count());
        }
        assert!(later.is_sorted(), "a later session's pictures stand for those of one before");
        assert_eq!((later[0], later.last()), (0, Some(&2)));
    }
}
