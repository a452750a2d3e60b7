//! What a run directory holds, read once.

use crate::curves::Curves;
use crate::error::{ReportError, Result};
use crate::film::Film;
use crate::log::Log;
use crate::png;
use genlab_results::{Artefact, FileError, Results, RunDir, RunRecord, Scope, file};
use std::path::{Component, Path};

/// A picture of a run with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Its line in the manifest.
    pub artefact: Artefact,
    /// The bytes of a PNG file.
    pub png: Vec<u8>,
}

/// A run directory in memory.
#[derive(Clone, Debug)]
pub struct RunData {
    /// The run directory.
    pub dir: RunDir,
    /// `results.json`, with the figures that were added after it.
    pub results: Results,
    /// `run.json`; empty if absent.
    pub record: RunRecord,
    /// `config.toml` as written; None if absent.
    pub config: Option<String>,
    /// `config.toml` as a table; empty if absent.
    pub settings: toml::Table,
    /// `metrics.jsonl`.
    pub log: Log,
    /// The curves in it.
    pub curves: Curves,
    /// The pictures that the results list, in their order, without those that are no longer there.
    pub pictures: Vec<Picture>,
    /// How its samples grew, where training logged that.
    pub film: Option<Film>,
}

impl RunData {
    /// Reads a run directory. Only `results.json` must be there.
    ///
    /// # Errors
    /// [`ReportError::NotFinished`] without `results.json`; otherwise when a file cannot be read or is
    /// damaged.
    pub fn read(dir: &Path) -> Result<Self> {
        let dir = RunDir::new(dir);
        let Some(mut results) = dir.read_results()? else {
            return Err(ReportError::NotFinished { dir: dir.path().to_owned() });
        };
        results.figures.extend(dir.read_samplers_figures()?);
        let config =
            file::read(&dir.config())?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let settings =
            config.as_deref().unwrap_or_default().parse().map_err(|error: toml::de::Error| {
                FileError::damaged(&dir.config(), error.message(), file::TRAINED_AGAIN)
            })?;
        let listed = match results.artefacts.as_slice() {
            [] => unlisted(&dir)?,
            listed => listed.to_vec(),
        };
        let pictures = listed.into_iter().map(|artefact| picture(&dir, artefact));
        let log = Log::read(&dir.metrics())?;
        Ok(Self {
            record: dir.read_record()?.unwrap_or_default(),
            config,
            settings,
            curves: Curves::of(&log),
            log,
            film: Film::read(&dir)?,
            pictures: pictures.filter_map(Result::transpose).collect::<Result<_>>()?,
            results,
            dir,
        })
    }

    /// Whether the run reached the end of its budget.
    pub fn is_finished(&self) -> bool {
        self.results.status == "finished"
    }

    /// What its data are: `images`, `points`, `series`.
    pub fn noun(&self) -> &str {
        self.record.dataset.noun()
    }

    /// The budget, how much training sees, from `config.toml`.
    pub fn budget(&self) -> Option<u64> {
        let seen = self.settings.get("budget")?.as_table()?.get("images")?.as_integer()?;
        u64::try_from(seen).ok()
    }

    /// The hash of the data, where `run.json` has it.
    pub fn data_sha256(&self) -> Option<&str> {
        Some(self.record.dataset.sha256.as_str()).filter(|hash| !hash.is_empty())
    }
}

fn picture(dir: &RunDir, artefact: Artefact) -> Result<Option<Picture>> {
    let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
    if !Path::new(&artefact.file).components().all(inside) {
        let reason = format!("it lists {:?}, which lies outside of the run", artefact.file);
        return Err(FileError::damaged(&dir.results(), reason, file::WRITTEN_AGAIN).into());
    }
    let path = dir.path().join(&artefact.file);
    let Some(png) = file::read(&path)? else { return Ok(None) };
    if png::size(&png).is_none() {
        return Err(FileError::damaged(&path, "it is not a PNG file", file::EVALUATED_AGAIN).into());
    }
    Ok(Some(Picture { artefact, png }))
}

/// The pictures of a run from before there was a manifest, under the names of their files.
fn unlisted(dir: &RunDir) -> Result<Vec<Artefact>> {
    let folder = dir.samples();
    let cannot = |reason| FileError::Read { path: folder.clone(), reason };
    let entries = match std::fs::read_dir(&folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.map_err(cannot)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(cannot)?.file_name().into_string());
    }
    names.sort();
    let artefact = |name: String| {
        let title = name.strip_suffix(".png")?.replace('_', " ");
        Some(Artefact {
            file: format!("samples/{name}"),
            section: "Pictures".into(),
            title,
            caption: String::new(),
            scope: Scope::Run,
        })
    };
    Ok(names.into_iter().filter_map(artefact).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use genlab_results::ImageStrip;

    fn run() -> (tempfile::TempDir, RunDir) {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        dir.write_results(&Results::new("vae", "mnist-10k", 0, "finished")).unwrap();
        (folder, dir)
    }

    fn save(dir: &RunDir, name: &str) {
        let strip = ImageStrip { channels: 1, height: 1, width: 1, pixels: vec![9], columns: 1 };
        png::save_grid(dir.samples().join(name), &strip).unwrap();
    }

    #[test]
    fn a_run_without_results_says_how_to_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let error = RunData::read(dir.path()).unwrap_err().to_string();
        assert!(error.ends_with("the run is not finished; run the same command again to resume"));
    }

    #[test]
    fn results_alone_make_a_run() {
        let (_folder, dir) = run();
        let run = RunData::read(dir.path()).unwrap();
        assert!(run.is_finished() && run.pictures.is_empty() && run.budget().is_none());
        assert_eq!((run.record.clone(), run.data_sha256()), (RunRecord::default(), None));
    }

    #[test]
    fn budget_and_provenance_are_found() {
        let (_folder, dir) = run();
        std::fs::write(dir.config(), "[budget]\nimages = 600000\n").unwrap();
        let record = r#"{"dataset": {"sha256": "ab"}, "threads": 2}"#;
        std::fs::write(dir.record(), record).unwrap();
        let run = RunData::read(dir.path()).unwrap();
        assert_eq!(run.budget(), Some(600_000));
        assert_eq!((run.data_sha256(), run.record.threads), (Some("ab"), 2));
    }

    #[test]
    fn pictures_are_those_that_the_results_list_as_far_as_they_are_there() {
        let (_folder, dir) = run();
        let names = |dir: &RunDir| {
            let pictures = RunData::read(dir.path()).unwrap().pictures;
            pictures.into_iter().map(|picture| picture.artefact.file).collect::<Vec<_>>()
        };
        save(&dir, "b_c.png");
        save(&dir, "a.png");
        std::fs::write(dir.samples().join("samples.npz"), b"no picture").unwrap();
        assert_eq!(
            names(&dir),
            ["samples/a.png", "samples/b_c.png"],
            "no manifest, so all of them"
        );
        let mut results = dir.read_results().unwrap().unwrap();
        let listed = RunData::read(dir.path()).unwrap().pictures.remove(1).artefact;
        assert_eq!(listed.title, "b c");
        let gone = Artefact { file: "samples/gone.png".into(), ..listed.clone() };
        results.artefacts = vec![gone, listed];
        dir.write_results(&results).unwrap();
        assert_eq!(names(&dir), ["samples/b_c.png"]);
        std::fs::write(dir.samples().join("b_c.png"), b"rubbish").unwrap();
        let error = RunData::read(dir.path()).unwrap_err().to_string();
        assert!(error.contains("b_c.png is damaged: it is not a PNG file"), "{error}");
    }
}
