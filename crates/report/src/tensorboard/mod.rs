//! TensorBoard event files: what they hold, what takes the place of what, settings and results for its table, codes for its
//! projector.
//!
//! Only the record framing comes from `tensorboard-rs`: its own `SummaryWriter` panics when the disk
//! is full, and a full disk must not end a training run.

mod album;
mod hparams;
mod past;
mod projector;
mod rewrite;

pub use album::{Album, Logged};
pub use hparams::{End, MetricColumn, Setting};
pub(crate) use past::pictures;
pub use past::{Holding, holding};
pub use projector::{Codes, PROJECTOR_FILES};
pub use rewrite::Rewrite;

use crate::error::{ReportError, Result};
use crate::png;
use genlab_results::FileError;
use protobuf::{Message, RepeatedField};
use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tensorboard_proto::event::{Event, SessionLog, SessionLog_SessionStatus};
use tensorboard_proto::summary::{
    HistogramProto, Summary, Summary_Image, Summary_Value, SummaryMetadata,
    SummaryMetadata_PluginData,
};
use tensorboard_proto::tensor::TensorProto;
use tensorboard_proto::tensor_shape::{TensorShapeProto, TensorShapeProto_Dim};
use tensorboard_proto::types::DataType;
use tensorboard_rs::record_writer::RecordWriter;

/// Tag of the pictures of samples that training logs.
pub const SAMPLES: &str = "samples";
/// As [`SAMPLES`], of models that have no samples.
pub const RECONSTRUCTIONS: &str = "reconstructions";
/// Equal-width buckets of a histogram, as many as TensorFlow's own default.
const BUCKETS: usize = 30;

/// Writes one `events.out.tfevents.*` file. Every call appends to a buffer; [`EventWriter::flush`]
/// makes it visible to a running TensorBoard, dropping the writer does the same.
pub struct EventWriter {
    path: PathBuf,
    records: RecordWriter<BufWriter<File>>,
    /// The same file, to be synced.
    file: File,
    /// How many seconds ago that happened which is logged.
    ago: f64,
    /// What tags mean that nothing is logged of yet.
    meanings: BTreeMap<String, String>,
}

impl EventWriter {
    /// Opens a new event file in `dir`, which is created. Files that are there already stay:
    /// TensorBoard reads all of them in the order of their names. What takes the place of earlier ones is a
    /// [`Rewrite`].
    ///
    /// # Errors
    /// When the folder or the file cannot be created.
    pub fn create(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(|source| FileError::write(dir, source))?;
        loop {
            let path = past::next(dir, &[], since_epoch().as_secs(), Holding::Training)?;
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(file) => return Self::begin(path, file),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(source) => return Err(FileError::write(&path, source).into()),
            }
        }
    }

    fn begin(path: PathBuf, file: File) -> Result<Self> {
        let buffered = file.try_clone().map_err(|source| FileError::write(&path, source))?;
        let records = RecordWriter::new(BufWriter::new(buffered));
        let mut writer = Self { path, records, file, ago: 0.0, meanings: BTreeMap::new() };
        let mut event = Event::new();
        event.set_file_version("brain.Event:2".into());
        writer.write(event, 0)?;
        writer.flush()?;
        Ok(writer)
    }

    /// Tells TensorBoard to forget what it has read of `step` and later.
    fn forget(&mut self, step: u64) -> Result<()> {
        let mut session = SessionLog::new();
        session.set_status(SessionLog_SessionStatus::START);
        let mut event = Event::new();
        event.set_session_log(session);
        self.write(event, step)
    }

    /// Everything that follows happened so many seconds ago: TensorBoard draws curves over that time too.
    pub fn ago(&mut self, seconds: f64) {
        self.ago = seconds;
    }

    /// What a scalar means that is logged later, shown beside its chart.
    pub fn explain(&mut self, tag: &str, meaning: &str) {
        self.meanings.insert(tag.to_owned(), meaning.to_owned());
    }

    /// The event file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Logs one number. TensorBoard keeps single precision.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn scalar(&mut self, tag: &str, step: u64, value: f64) -> Result<()> {
        let mut entry = Summary_Value::new();
        entry.set_simple_value(value as f32);
        if let Some(meaning) = self.meanings.remove(tag) {
            let mut metadata = metadata("scalars", Vec::new());
            metadata.set_summary_description(meaning);
            entry.set_metadata(metadata);
        }
        self.summary(tag, step, entry)
    }

    /// Logs a picture: the bytes of a PNG file.
    ///
    /// # Errors
    /// When the bytes are something else or the file cannot be written.
    pub fn image(&mut self, tag: &str, step: u64, png_bytes: &[u8]) -> Result<()> {
        let Some((width, height)) = png::size(png_bytes) else {
            return Err(ReportError::NotPng { tag: tag.to_owned() });
        };
        let mut image = Summary_Image::new();
        image.set_width(width as i32);
        image.set_height(height as i32);
        // Byte 25 of a PNG is its colour type; TensorBoard wants the number of channels.
        image.set_colorspace(match png_bytes.get(25) {
            Some(0) => 1,
            Some(4) => 2,
            Some(6) => 4,
            _ => 3,
        });
        image.set_encoded_image_string(png_bytes.to_vec());
        let mut entry = Summary_Value::new();
        entry.set_image(image);
        self.summary(tag, step, entry)
    }

    /// Logs the distribution of `values` in 30 buckets of equal width; values that are not finite are
    /// left out.
    ///
    /// # Errors
    /// When no value is finite or the file cannot be written.
    pub fn histogram(&mut self, tag: &str, step: u64, values: &[f64]) -> Result<()> {
        let finite: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
        let Some(histogram) = buckets(&finite) else {
            return Err(ReportError::EmptyHistogram { tag: tag.to_owned(), step });
        };
        let mut entry = Summary_Value::new();
        entry.set_histo(histogram);
        self.summary(tag, step, entry)
    }

    /// Logs a text, shown as Markdown: a configuration, a command line.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn text(&mut self, tag: &str, step: u64, text: &str) -> Result<()> {
        let mut tensor = tensor(DataType::DT_STRING, 1);
        tensor.set_string_val(RepeatedField::from_vec(vec![text.as_bytes().to_vec()]));
        let mut entry = Summary_Value::new();
        entry.set_tensor(tensor);
        entry.set_metadata(metadata("text", Vec::new()));
        self.summary(tag, step, entry)
    }

    /// Hands everything logged so far to the operating system.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        Ok(self.records.flush().map_err(|source| FileError::write(&self.path, source))?)
    }

    /// As [`EventWriter::flush`], and waits until the disk has it.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn sync(&mut self) -> Result<()> {
        self.flush()?;
        Ok(self.file.sync_all().map_err(|source| FileError::write(&self.path, source))?)
    }

    fn summary(&mut self, tag: &str, step: u64, mut entry: Summary_Value) -> Result<()> {
        entry.set_tag(tag.to_owned());
        let mut summary = Summary::new();
        summary.set_value(RepeatedField::from_vec(vec![entry]));
        let mut event = Event::new();
        event.set_summary(summary);
        self.write(event, step)
    }

    fn write(&mut self, mut event: Event, step: u64) -> Result<()> {
        event.set_step(i64::try_from(step).unwrap_or(i64::MAX));
        event.set_wall_time(since_epoch().as_secs_f64() - self.ago);
        let bytes = event.write_to_bytes().map_err(io::Error::from);
        let bytes = bytes.map_err(|source| FileError::write(&self.path, source))?;
        self.record(&bytes)
    }

    /// An event as it is.
    fn record(&mut self, event: &[u8]) -> Result<()> {
        let written = self.records.write(event);
        Ok(written.map_err(|source| FileError::write(&self.path, source))?)
    }
}

/// A clock before 1970 reads as 1970: a log is not lost for a wrong wall time.
fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Which plugin of TensorBoard shows a value, and what that needs to know.
fn metadata(plugin: &str, content: Vec<u8>) -> SummaryMetadata {
    let mut data = SummaryMetadata_PluginData::new();
    data.set_plugin_name(plugin.to_owned());
    data.set_content(content);
    let mut metadata = SummaryMetadata::new();
    metadata.set_plugin_data(data);
    metadata
}

/// A tensor of one dimension, to be filled.
fn tensor(kind: DataType, size: i64) -> TensorProto {
    let mut dim = TensorShapeProto_Dim::new();
    dim.set_size(size);
    let mut shape = TensorShapeProto::new();
    shape.set_dim(RepeatedField::from_vec(vec![dim]));
    let mut tensor = TensorProto::new();
    tensor.set_dtype(kind);
    tensor.set_tensor_shape(shape);
    tensor
}

/// Buckets between the smallest and the largest value; one bucket if they are equal.
fn buckets(values: &[f64]) -> Option<HistogramProto> {
    let min = values.iter().copied().reduce(f64::min)?;
    let max = values.iter().copied().reduce(f64::max)?;
    let count = if min < max { BUCKETS } else { 1 };
    let width = (max - min) / count as f64;
    let mut counts = vec![0.0; count];
    for value in values {
        let bucket = if width > 0.0 { ((value - min) / width) as usize } else { 0 };
        counts[bucket.min(count - 1)] += 1.0;
    }
    let mut limits: Vec<f64> = (1..count).map(|i| min + width * i as f64).collect();
    limits.push(max);
    let mut histogram = HistogramProto::new();
    histogram.set_min(min);
    histogram.set_max(max);
    histogram.set_num(values.len() as f64);
    histogram.set_sum(values.iter().sum());
    histogram.set_sum_squares(values.iter().map(|v| v * v).sum());
    histogram.set_bucket_limit(limits);
    histogram.set_bucket(counts);
    Some(histogram)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The events of a file, all of them whole.
    pub(crate) fn events(path: &Path) -> Vec<Event> {
        let events = past::events(path).unwrap();
        let framing = 16 * events.len();
        let length = events.iter().map(Vec::len).sum::<usize>() + framing;
        assert_eq!(length as u64, std::fs::metadata(path).unwrap().len());
        events.iter().map(|event| Event::parse_from_bytes(event).unwrap()).collect()
    }

    #[test]
    fn what_is_logged_is_in_the_file_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::create(&dir.path().join("tb")).unwrap();
        writer.explain("train/kl", "nats");
        writer.scalar("train/kl", 8, 0.5).unwrap();
        writer.scalar("train/kl", 9, 0.25).unwrap();
        writer.histogram("codes", 9, &[0.0, 1.0, 1.0, f64::NAN]).unwrap();
        writer.text("config", 9, "seed = 0").unwrap();
        writer.sync().unwrap();
        let name = writer.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(holding(name), Some(Holding::Training), "{name}");
        let events = events(writer.path());
        assert_eq!(events[0].get_file_version(), "brain.Event:2");
        let steps: Vec<i64> = events.iter().map(Event::get_step).collect();
        assert_eq!(steps, [0, 8, 9, 9, 9]);
        let value = |event: usize| &events[event].get_summary().get_value()[0];
        assert_eq!(value(1).get_metadata().get_summary_description(), "nats");
        assert!(!value(2).has_metadata(), "once is enough");
        let histogram = value(3).get_histo();
        assert_eq!((histogram.get_num(), histogram.get_sum()), (3.0, 2.0));
        assert_eq!(histogram.get_bucket().iter().sum::<f64>(), 3.0);
        assert_eq!(histogram.get_bucket_limit().last(), Some(&1.0));
    }

    #[test]
    fn two_writers_of_one_second_do_not_share_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let [a, b] = [(), ()].map(|()| EventWriter::create(dir.path()).unwrap());
        assert!(a.path() < b.path());
    }

    #[test]
    fn errors_come_back_instead_of_panics() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("file"), b"").unwrap();
        assert!(EventWriter::create(&dir.path().join("file")).is_err());
        let mut writer = EventWriter::create(dir.path()).unwrap();
        let error = writer.histogram("codes", 3, &[f64::NAN]).unwrap_err().to_string();
        assert!(error.contains("codes at step 3"), "{error}");
        assert!(writer.image("grid", 3, b"no picture").is_err());
    }

    #[test]
    fn equal_values_make_one_bucket() {
        let histogram = buckets(&[2.0; 5]).unwrap();
        assert_eq!(
            (histogram.get_bucket(), histogram.get_bucket_limit()),
            (&[5.0][..], &[2.0][..])
        );
        assert!(buckets(&[]).is_none());
    }
}
