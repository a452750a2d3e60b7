//! The run directory: what lies where, and the two files in it that are read back as types.

use crate::{
    atomic,
    figure::Figure,
    file::{self, FileError},
    record::RunRecord,
    results::{Results, SCHEMA_VERSION},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// Where the files of one run lie. It need not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunDir(PathBuf);

impl RunDir {
    /// The directory at `path`.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// `config.toml`: every setting, resolved.
    pub fn config(&self) -> PathBuf {
        self.0.join("config.toml")
    }

    /// `run.json`: see [`RunRecord`].
    pub fn record(&self) -> PathBuf {
        self.0.join("run.json")
    }

    /// `metrics.jsonl`: one line per logged step.
    pub fn metrics(&self) -> PathBuf {
        self.0.join("metrics.jsonl")
    }

    /// What the logged scalars of one run, or of several, are called as a table.
    pub const CURVES: &str = "curves.csv";

    /// `curves.csv`: the same for spreadsheets, a column per scalar.
    pub fn curves(&self) -> PathBuf {
        self.0.join(Self::CURVES)
    }

    /// `results.json`: see [`Results`].
    pub fn results(&self) -> PathBuf {
        self.0.join("results.json")
    }

    /// `checkpoints/`.
    pub fn checkpoints(&self) -> PathBuf {
        self.0.join("checkpoints")
    }

    /// `samples/`: pictures and archives of images.
    pub fn samples(&self) -> PathBuf {
        self.0.join("samples")
    }

    /// `figures/`: charts as pictures.
    pub fn figures(&self) -> PathBuf {
        self.0.join("figures")
    }

    /// `samplers/`: what its samples score when they are drawn in other ways.
    pub fn samplers(&self) -> PathBuf {
        self.0.join("samplers")
    }

    /// `export/`: its weights for other programs.
    pub fn export(&self) -> PathBuf {
        self.0.join("export")
    }

    /// `projector/`: codes for TensorBoard's projector. Event files lie in the directory itself, because TensorBoard calls a
    /// run by the folder that holds them.
    pub fn projector(&self) -> PathBuf {
        self.0.join("projector")
    }

    /// `tensorboard/`: where runs of earlier versions have their event files.
    pub fn tensorboard(&self) -> PathBuf {
        self.0.join("tensorboard")
    }

    /// `report.html`.
    pub fn report(&self) -> PathBuf {
        self.0.join("report.html")
    }

    /// `prior.json`: the density fitted on the codes, where the samples came through one.
    pub fn prior(&self) -> PathBuf {
        self.0.join("prior.json")
    }

    /// `.lock`: held by the process that trains here.
    pub fn lock(&self) -> PathBuf {
        self.0.join(".lock")
    }

    /// What `results.json` holds; None if there is none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is of another schema version.
    pub fn read_results(&self) -> Result<Option<Results>, FileError> {
        read_json(&self.results())
    }

    /// Writes `results.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_results(&self, results: &Results) -> Result<(), FileError> {
        write_json(&self.results(), results)
    }

    /// What `run.json` holds; None if there is none.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is of another schema version.
    pub fn read_record(&self) -> Result<Option<RunRecord>, FileError> {
        read_json(&self.record())
    }

    /// Writes `run.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_record(&self, record: &RunRecord) -> Result<(), FileError> {
        write_json(&self.record(), record)
    }

    /// The figures in `samplers/figures.json`; none if there is no such file.
    ///
    /// # Errors
    /// When it cannot be read, is damaged, or is of another schema version.
    pub fn read_samplers_figures(&self) -> Result<Vec<Figure>, FileError> {
        let added: Option<Added> = read_json(&self.samplers_figures())?;
        Ok(added.map(|added| added.figures).unwrap_or_default())
    }

    /// Writes `samplers/figures.json`, which reports show behind the figures of `results.json`.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_samplers_figures(&self, figures: Vec<Figure>) -> Result<(), FileError> {
        write_json(&self.samplers_figures(), &Added { schema_version: SCHEMA_VERSION, figures })
    }

    fn samplers_figures(&self) -> PathBuf {
        self.samplers().join("figures.json")
    }
}

/// Figures that were added to a run after it was finished.
#[derive(Debug, Serialize, Deserialize)]
struct Added {
    schema_version: u32,
    figures: Vec<Figure>,
}

/// The schema is looked at first: what another version wrote is not damaged.
fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, FileError> {
    let Some(bytes) = file::read(path)? else { return Ok(None) };
    let damaged =
        |error: serde_json::Error| FileError::damaged(path, error.to_string(), file::WRITTEN_AGAIN);
    let value: Value = serde_json::from_slice(&bytes).map_err(damaged)?;
    let version = value.get("schema_version").and_then(Value::as_u64);
    if let Some(found) = version.filter(|found| *found != u64::from(SCHEMA_VERSION)) {
        return Err(FileError::Schema { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    serde_json::from_value(value).map(Some).map_err(damaged)
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), FileError> {
    // Figures that JSON cannot hold, pictures, belong into the manifest.
    let bytes = serde_json::to_vec_pretty(value)
        .map_err(|error| FileError::write(path, std::io::Error::other(error)))?;
    atomic::write(path, &bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        event::Event,
        figure::{Plot, Scope},
    };

    #[test]
    fn what_is_written_is_read_back_and_what_is_absent_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path().join("run"));
        assert_eq!(dir.read_results().unwrap(), None);
        assert_eq!(dir.read_record().unwrap(), None);
        let results = Results::new("vae", "mnist-10k", 3, "finished");
        let (schema_version, events) = (SCHEMA_VERSION, vec![Event::new(1, "resumed")]);
        let record = RunRecord { schema_version, events, ..RunRecord::default() };
        dir.write_results(&results).unwrap();
        dir.write_record(&record).unwrap();
        assert_eq!(dir.read_results().unwrap(), Some(results));
        assert_eq!(dir.read_record().unwrap(), Some(record));
    }

    #[test]
    fn figures_that_were_added_are_read_back_and_there_are_none_without_their_file() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        assert_eq!(dir.read_samplers_figures().unwrap(), []);
        let plot = Plot::Table { columns: vec!["calls".into()], rows: vec![vec!["5".into()]] };
        let word = || "table".to_owned();
        let figure = Figure {
            name: word(),
            section: word(),
            title: word(),
            caption: word(),
            scope: Scope::Run,
            plot,
        };
        dir.write_samplers_figures(vec![figure.clone()]).unwrap();
        assert_eq!(dir.read_samplers_figures().unwrap(), [figure]);
        std::fs::write(dir.samplers().join("figures.json"), "{").unwrap();
        let error = dir.read_samplers_figures().unwrap_err().to_string();
        assert!(error.contains("figures.json is damaged"), "{error}");
    }

    #[test]
    fn files_of_another_version_or_in_pieces_are_refused_in_words() {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::new(folder.path());
        let refused = |text: &str| {
            std::fs::write(dir.results(), text).unwrap();
            std::fs::write(dir.record(), text).unwrap();
            let errors = [
                dir.read_results().unwrap_err().to_string(),
                dir.read_record().unwrap_err().to_string(),
            ];
            assert!(errors[0].contains("results.json") && errors[1].contains("run.json"));
            errors
        };
        for error in refused(r#"{"schema_version": 99}"#) {
            assert!(
                error.contains("has schema version 99, and this genlab reads 1; use"),
                "{error}"
            );
        }
        for error in refused(r#"{"schema_version": 1, "model": "#) {
            assert!(error.contains("is damaged: EOF"), "{error}");
            // What was trained is not thrown away for it.
            assert!(error.contains("delete it and run") && !error.contains("--fresh"), "{error}");
        }
        std::fs::remove_file(dir.results()).unwrap();
        std::fs::create_dir(dir.results()).unwrap();
        assert!(dir.read_results().unwrap_err().to_string().starts_with("could not read"));
    }
}
