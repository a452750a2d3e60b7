//! What a run directory holds, read once.

use crate::curves::Curves;
use crate::error::{ReportError, Result};
use crate::png;
use genlab_results::{Results, SCHEMA_VERSION};
use serde_json::{Map, Value};
use std::path::{Path, PathBuf};

/// The files of `samples/` that reports show.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pictures {
    /// Samples of the model.
    pub grid: Option<Vec<u8>>,
    /// Samples of the PCA + Gaussian mixture baseline.
    pub baseline: Option<Vec<u8>>,
    /// Rows in pairs: samples above their nearest training images.
    pub neighbours: Option<Vec<u8>>,
    /// Rows in pairs: originals above reconstructions.
    pub reconstructions: Option<Vec<u8>>,
    /// Decoded lines between codes.
    pub interpolation: Option<Vec<u8>>,
    /// Rows are samples, columns are time.
    pub denoising: Option<Vec<u8>>,
}

/// A run directory in memory.
#[derive(Clone, Debug)]
pub struct RunData {
    /// The run directory.
    pub dir: PathBuf,
    /// `results.json`.
    pub results: Results,
    /// `run.json`; empty if absent.
    pub provenance: Map<String, Value>,
    /// `config.toml` as written; None if absent.
    pub config: Option<String>,
    /// `config.toml` as a table; empty if absent.
    pub settings: toml::Table,
    /// `metrics.jsonl`.
    pub curves: Curves,
    /// `samples/*.png`.
    pub pictures: Pictures,
}

impl RunData {
    /// Reads a run directory. Only `results.json` must be there.
    ///
    /// # Errors
    /// [`ReportError::NotFinished`] without `results.json`; otherwise when a file cannot be read or is
    /// damaged.
    pub fn read(dir: &Path) -> Result<Self> {
        let Some(bytes) = read_optional(&dir.join("results.json"))? else {
            return Err(ReportError::NotFinished { dir: dir.to_owned() });
        };
        let picture = |name: &str| read_png(&dir.join("samples").join(name));
        let config = read_optional(&dir.join("config.toml"))?
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let settings =
            config.as_deref().unwrap_or_default().parse().map_err(|error: toml::de::Error| {
                ReportError::damaged(&dir.join("config.toml"), error.message())
            })?;
        Ok(Self {
            dir: dir.to_owned(),
            results: parse_results(&dir.join("results.json"), &bytes)?,
            provenance: read_provenance(&dir.join("run.json"))?,
            config,
            settings,
            curves: Curves::read(&dir.join("metrics.jsonl"))?,
            pictures: Pictures {
                grid: picture("grid.png")?,
                baseline: picture("baseline.png")?,
                neighbours: picture("neighbours.png")?,
                reconstructions: picture("reconstructions.png")?,
                interpolation: picture("interpolation.png")?,
                denoising: picture("denoising.png")?,
            },
        })
    }

    /// Whether the run reached the end of its budget.
    pub fn is_finished(&self) -> bool {
        self.results.status == "finished"
    }

    /// The budget in training images, from `config.toml`.
    pub fn budget(&self) -> Option<u64> {
        let images = self.settings.get("budget")?.as_table()?.get("images")?.as_integer()?;
        u64::try_from(images).ok()
    }

    /// A text of `run.json` by its path, `dataset.sha256` for instance. Numbers and flags are written
    /// out.
    pub fn provenance_text(&self, path: &str) -> Option<String> {
        let mut keys = path.split('.');
        let first = self.provenance.get(keys.next()?)?;
        match keys.try_fold(first, |value, key| value.get(key))? {
            Value::String(text) => Some(text.clone()),
            value @ (Value::Number(_) | Value::Bool(_)) => Some(value.to_string()),
            _ => None,
        }
    }
}

fn read_optional(path: &Path) -> Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReportError::read(path, source)),
    }
}

fn read_png(path: &Path) -> Result<Option<Vec<u8>>> {
    let bytes = read_optional(path)?;
    if bytes.as_ref().is_some_and(|bytes| png::size(bytes).is_none()) {
        return Err(ReportError::damaged(path, "it is no PNG file"));
    }
    Ok(bytes)
}

fn read_provenance(path: &Path) -> Result<Map<String, Value>> {
    match read_optional(path)? {
        Some(bytes) => serde_json::from_slice(&bytes)
            .map_err(|error| ReportError::damaged(path, error.to_string())),
        None => Ok(Map::new()),
    }
}

fn parse_results(path: &Path, bytes: &[u8]) -> Result<Results> {
    let damaged = |error: serde_json::Error| ReportError::damaged(path, error.to_string());
    let value: Value = serde_json::from_slice(bytes).map_err(damaged)?;
    let version = value.get("schema_version").and_then(Value::as_u64);
    if let Some(found) = version.and_then(|found| u32::try_from(found).ok())
        && found != SCHEMA_VERSION
    {
        return Err(ReportError::Schema { path: path.to_owned(), found, known: SCHEMA_VERSION });
    }
    serde_json::from_value(value).map_err(damaged)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(results: &str) -> (tempfile::TempDir, Result<RunData>) {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("results.json"), results).unwrap();
        let run = RunData::read(dir.path());
        (dir, run)
    }

    #[test]
    fn a_run_without_results_says_how_to_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let error = RunData::read(dir.path()).unwrap_err().to_string();
        assert!(error.ends_with("the run is not finished; run the same command again to resume"));
    }

    #[test]
    fn results_alone_make_a_run() {
        let json = serde_json::to_string(&Results::new("vae", "mnist-10k", 0, "finished")).unwrap();
        let (_dir, run) = run_with(&json);
        let run = run.unwrap();
        assert!(run.is_finished() && run.pictures == Pictures::default() && run.budget().is_none());
    }

    #[test]
    fn results_of_another_version_or_in_pieces_are_refused_in_words() {
        let (_dir, run) = run_with(r#"{"schema_version": 99}"#);
        assert!(run.unwrap_err().to_string().contains("schema version 99, this genlab reads 1"));
        let (_dir, run) = run_with(r#"{"schema_version": 1, "model": "#);
        assert!(run.unwrap_err().to_string().contains("results.json is damaged: EOF"));
    }

    #[test]
    fn budget_and_provenance_are_found_by_path() {
        let json = serde_json::to_string(&Results::new("vae", "mnist-10k", 0, "finished")).unwrap();
        let (dir, _) = run_with(&json);
        std::fs::write(dir.path().join("config.toml"), "[budget]\nimages = 600000\n").unwrap();
        std::fs::write(
            dir.path().join("run.json"),
            r#"{"dataset": {"sha256": "ab"}, "threads": 2}"#,
        )
        .unwrap();
        let run = RunData::read(dir.path()).unwrap();
        assert_eq!(run.budget(), Some(600_000));
        assert_eq!(run.provenance_text("dataset.sha256").as_deref(), Some("ab"));
        assert_eq!(run.provenance_text("threads").as_deref(), Some("2"));
        assert_eq!(run.provenance_text("dataset.licence"), None);
    }
}
