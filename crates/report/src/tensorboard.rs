//! TensorBoard event files.
//!
//! Only the record framing comes from `tensorboard-rs`: its own `SummaryWriter` panics when the disk
//! is full, and a full disk must not end a training run.

use crate::error::{ReportError, Result};
use crate::png;
use genlab_results::FileError;
use protobuf::{Message, RepeatedField};
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

/// Equal-width buckets of a histogram, as many as TensorFlow's own default.
const BUCKETS: usize = 30;

/// Writes one `events.out.tfevents.*` file. Every call appends to a buffer; [`EventWriter::flush`]
/// makes it visible to a running TensorBoard, dropping the writer does the same.
pub struct EventWriter {
    path: PathBuf,
    records: RecordWriter<BufWriter<File>>,
}

impl EventWriter {
    /// Opens a new event file in `dir`, which is created. Files that are there already stay:
    /// TensorBoard reads all of them in the order of their names.
    ///
    /// # Errors
    /// When the folder or the file cannot be created.
    pub fn create(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).map_err(|source| FileError::write(dir, source))?;
        let (path, file) = new_file(dir)?;
        let mut writer = Self { path, records: RecordWriter::new(BufWriter::new(file)) };
        let mut event = Event::new();
        event.set_file_version("brain.Event:2".into());
        writer.write(event, 0)?;
        writer.flush()?;
        Ok(writer)
    }

    /// As [`EventWriter::create`] for a run that goes on at `step`: tells TensorBoard to forget what
    /// the interrupted run logged at that step and later, so that no step shows up twice.
    ///
    /// # Errors
    /// As [`EventWriter::create`].
    pub fn resume(dir: &Path, step: u64) -> Result<Self> {
        let mut writer = Self::create(dir)?;
        let mut session = SessionLog::new();
        session.set_status(SessionLog_SessionStatus::START);
        let mut event = Event::new();
        event.set_session_log(session);
        writer.write(event, step)?;
        writer.flush()?;
        Ok(writer)
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
        let mut dim = TensorShapeProto_Dim::new();
        dim.set_size(1);
        let mut shape = TensorShapeProto::new();
        shape.set_dim(RepeatedField::from_vec(vec![dim]));
        let mut tensor = TensorProto::new();
        tensor.set_dtype(DataType::DT_STRING);
        tensor.set_tensor_shape(shape);
        tensor.set_string_val(RepeatedField::from_vec(vec![text.as_bytes().to_vec()]));
        let mut plugin = SummaryMetadata_PluginData::new();
        plugin.set_plugin_name("text".into());
        let mut metadata = SummaryMetadata::new();
        metadata.set_plugin_data(plugin);
        let mut entry = Summary_Value::new();
        entry.set_tensor(tensor);
        entry.set_metadata(metadata);
        self.summary(tag, step, entry)
    }

    /// Hands everything logged so far to the operating system.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn flush(&mut self) -> Result<()> {
        Ok(self.records.flush().map_err(|source| FileError::write(&self.path, source))?)
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
        event.set_wall_time(since_epoch().as_secs_f64());
        let written = event
            .write_to_bytes()
            .map_err(io::Error::from)
            .and_then(|bytes| self.records.write(&bytes));
        Ok(written.map_err(|source| FileError::write(&self.path, source))?)
    }
}

/// A clock before 1970 reads as 1970: a log is not lost for a wrong wall time.
fn since_epoch() -> std::time::Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// A file that was not there: names sort by time, and runs that start together do not share one.
fn new_file(dir: &Path) -> Result<(PathBuf, File)> {
    let (seconds, process) = (since_epoch().as_secs(), std::process::id());
    for attempt in 0_u32.. {
        let path =
            dir.join(format!("events.out.tfevents.{seconds:010}.genlab.{process}.{attempt:03}"));
        match OpenOptions::new().write(true).create_new(true).open(&path) {
            Ok(file) => return Ok((path, file)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(source) => return Err(FileError::write(&path, source).into()),
        }
    }
    unreachable!("a process does not open four billion event files within a second")
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
mod tests {
    use super::*;
    use tensorboard_rs::masked_crc32c::masked_crc32c;

    /// Reads the framing back, checking both checksums of every record.
    fn events(path: &Path) -> Vec<Event> {
        let bytes = std::fs::read(path).unwrap();
        let (mut rest, mut events) = (&bytes[..], Vec::new());
        while !rest.is_empty() {
            let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
            let data = &rest[12..12 + length];
            assert_eq!(rest[8..12], masked_crc32c(&rest[..8]).to_le_bytes());
            assert_eq!(rest[12 + length..16 + length], masked_crc32c(data).to_le_bytes());
            events.push(Event::parse_from_bytes(data).unwrap());
            rest = &rest[16 + length..];
        }
        events
    }

    #[test]
    fn what_is_logged_is_in_the_file_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = EventWriter::resume(&dir.path().join("tb"), 7).unwrap();
        writer.scalar("train/loss", 8, 0.5).unwrap();
        writer.histogram("codes", 9, &[0.0, 1.0, 1.0, f64::NAN]).unwrap();
        writer.text("config", 9, "seed = 0").unwrap();
        writer.flush().unwrap();
        let name = writer.path().file_name().unwrap().to_str().unwrap();
        assert!(name.starts_with("events.out.tfevents."), "{name}");
        let events = events(writer.path());
        assert_eq!(events[0].get_file_version(), "brain.Event:2");
        assert_eq!(events[1].get_session_log().get_status(), SessionLog_SessionStatus::START);
        let steps: Vec<i64> = events.iter().map(Event::get_step).collect();
        assert_eq!(steps, [0, 7, 8, 9, 9]);
        let histogram = events[3].get_summary().get_value()[0].get_histo();
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
