//! What watches a run: the progress bar, the log, TensorBoard, checkpoints.

use super::{
    alarm::{self, Alarm},
    board::{Board, Row},
    directory::{RunDir, Taken},
    discarded, figures, log, provenance,
    stations::Training,
    wishes,
};
use crate::{cli::SaveEvery, interrupt, terminal, terminal::Progress};
use anyhow::{Context, Result};
use burn::tensor::Device;
use genlab_core::{
    Batch, Condition, Generative, Kind, Phase, Progress as At, Train,
    checkpoint::{self, CheckpointState},
    trainer::{Flow, Line, Observer},
};
use genlab_data::Dataset;
use genlab_metrics::{
    context::Context as Measured, measures::sets::census::census, picture, requests,
};
use genlab_report::{
    png,
    tensorboard::{RECONSTRUCTIONS, SAMPLES},
};
use serde_json::{Map, json};
use std::{
    fs::File,
    io::{Seek, Write},
    time::Instant,
};

/// Logged lines between points of the validation curve.
const LINES_PER_VALIDATION: u64 = 10;
/// Logged lines between sample grids in TensorBoard.
const LINES_PER_PREVIEW: u64 = 25;
/// Samples in such a grid, and how many stand in a row.
const PREVIEW: usize = 16;
const PREVIEW_COLUMNS: usize = 4;
/// Training values that tell how often each mode comes.
const EXPECTED: usize = 1000;
/// Points in such a picture.
const PREVIEW_POINTS: usize = 512;

/// The objective on validation values, with noise of its own, in batches of the size that is trained on: a loss that looks across a batch means something else on another size. Whole
/// batches alone count, unless there is not even one.
pub(super) fn validation(
    frozen: &dyn Generative,
    training: &Training,
    dataset: &Dataset,
    device: &Device,
) -> Vec<(&'static str, f64)> {
    let values = dataset.validation.sample(training.validation_images);
    let count = values.len();
    let size = training.plan.batch_size.min(count);
    let batches = count / size;
    // The same noise at every point of the curve.
    let noise = training.plan.seed.during(Phase::Validate);
    let mut sums: Vec<(&str, f64)> = Vec::new();
    for number in 0..batches {
        let rows = number * size..(number + 1) * size;
        let objects =
            frozen.needs_objects().then(|| values.objects(rows.clone(), device)).flatten();
        let batch = Batch { objects, ..values.batch(rows, device) };
        for (name, value) in frozen.objective(&batch, noise).read() {
            match sums.iter_mut().find(|(n, _)| *n == name) {
                Some((_, sum)) => *sum += value / batches as f64,
                None => sums.push((name, value / batches as f64)),
            }
        }
    }
    sums
}

/// Watches one run on behalf of its run directory.
pub(crate) struct Watch<'a> {
    dir: &'a RunDir,
    taken: &'a Taken,
    training: &'a Training,
    measured: &'a Measured<'a>,
    dataset: &'a Dataset,
    device: &'a Device,
    alarm: Option<Alarm>,
    log: File,
    board: Board<'a>,
    progress: Progress,
    save_every: SaveEvery,
    /// When the last checkpoint was, and after which step.
    saved: (Instant, u64),
}

impl<'a> Watch<'a> {
    /// Opens the log at the length the checkpoint knows, so that lines of steps that will be taken
    /// again are not kept twice.
    ///
    /// # Errors
    /// When a file cannot be opened, or the log is shorter than that.
    pub(crate) fn open(
        (dir, taken): (&'a RunDir, &'a Taken),
        training: &'a Training,
        measured: &'a Measured<'a>,
        row: &Row,
        start: &CheckpointState,
    ) -> Result<Self> {
        let dataset = measured.dataset;
        let (log, before) = log::open(&dir.metrics(), start)?;
        let board = Board::open(dir, training, row, start, &before)?;
        let plan = &training.plan;
        let progress = Progress::new(
            training.model.name(),
            start.step,
            plan.total_steps(),
            plan.batch_size as u64,
        );
        let saved = (Instant::now(), start.step);
        let mut alarm =
            census(&dataset.train.sample(EXPECTED), measured).map(|data| Alarm::new(&data));
        if let Some(alarm) = &mut alarm {
            alarm.recall(&before, plan.progress(plan.total_steps()).total_images);
        }
        let device = &measured.device;
        Ok(Self {
            dir,
            taken,
            training,
            measured,
            dataset,
            device,
            alarm,
            log,
            board,
            progress,
            save_every: SaveEvery::default(),
            saved,
        })
    }

    /// Saves at other intervals than by default.
    pub(crate) fn saving(self, save_every: SaveEvery) -> Self {
        Self { save_every, ..self }
    }

    /// Clears the progress bar and ends what is written.
    ///
    /// # Errors
    /// When TensorBoard's file cannot be written.
    pub(crate) fn close(self) -> Result<()> {
        self.progress.finish();
        self.board.close()
    }

    /// Looks for a collapse of a generator that plays against a critic, where one is due after the line that
    /// ends at `at`: the number of modes that its samples have, where modes can be told.
    fn modes(&mut self, model: &dyn Train, at: At) -> Result<Option<usize>> {
        let line = self.training.plan.log_every * self.training.plan.batch_size as u64;
        let station = |images: u64| images * alarm::STATIONS / at.total_images.max(1);
        if station(at.images) == station(at.images.saturating_sub(line)) {
            return Ok(None);
        }
        let frozen = model.freeze();
        let Some((sampler, _)) = frozen.sampler().zip(frozen.critic()) else { return Ok(None) };
        let Some(alarm) = &mut self.alarm else { return Ok(None) };
        let (told, seed) = (frozen.conditions(), self.training.plan.seed);
        let request = requests::typical(told, self.dataset, seed, alarm::SAMPLES, self.device);
        let samples = figures::kept(sampler.sample(&request), self.dataset.space);
        let Some(census) = census(&samples, self.measured) else { return Ok(None) };
        let names = self.dataset.classes.as_ref();
        let name = |mode: usize| {
            names.and_then(|names| names.get(mode).cloned()).unwrap_or_else(|| mode.to_string())
        };
        let look = alarm.look(&census, at.fraction(), &name);
        if let Some(text) = look.alarm {
            terminal::note(&format!("{text}, in step {}", at.step));
            provenance::happened(self.dir, at.step, &text)?;
        }
        Ok(Some(look.present))
    }

    /// A small sample grid, so that TensorBoard shows samples growing up.
    fn preview(&mut self, model: &dyn Train, step: u64) -> Result<()> {
        let frozen = model.freeze();
        let (space, seed) = (self.dataset.space, self.training.plan.seed);
        // A few images say enough; a few points do not.
        let count = if space.kind == Kind::Images { PREVIEW } else { PREVIEW_POINTS };
        let shown = if let Some(sampler) = frozen.sampler() {
            let told = frozen.conditions();
            sampler.sample(&requests::typical(told, self.dataset, seed, count, self.device))
        } else if let Some(reconstructor) = frozen.reconstructor() {
            let values = &self.dataset.validation;
            let batch = values.batch(0..count.min(values.len()), self.device);
            reconstructor.reconstruct(batch.values.clone(), &Condition::of(&batch))
        } else {
            return Ok(());
        };
        let tag = if frozen.sampler().is_some() { SAMPLES } else { RECONSTRUCTIONS };
        let columns = picture::in_a_row(space, PREVIEW_COLUMNS);
        let strip = picture::raster(&figures::kept(shown, space), columns);
        self.board.picture(tag, step, &png::encode_grid(&strip)?)
    }
}

impl Observer for Watch<'_> {
    type Error = anyhow::Error;

    fn stepped(&mut self, at: At, _seconds: f64) -> Flow {
        self.progress.step(at.step);
        if interrupt::asked() {
            Flow::Stop
        } else if wishes::is_to_save()
            || self.save_every.is_due(at.step - self.saved.1, self.saved.0.elapsed())
        {
            Flow::Save
        } else {
            Flow::Continue
        }
    }

    fn logged(&mut self, line: &Line<'_>, model: &dyn Train) -> Result<()> {
        self.taken.require()?;
        if let Some((name, value)) = line.scalars.first() {
            self.progress.set_loss(name, *value);
        }
        let plan = &self.training.plan;
        let number = line.at.step / plan.log_every;
        let last = line.at.step == plan.total_steps();
        let mut scalars: Vec<(String, f64)> =
            line.scalars.iter().map(|(name, value)| (format!("train/{name}"), *value)).collect();
        if number.is_multiple_of(LINES_PER_VALIDATION) || last {
            let frozen = model.freeze();
            let found = validation(frozen.as_ref(), self.training, self.dataset, self.device);
            let named = found.into_iter().map(|(name, v)| (format!("validation/{name}"), v));
            scalars.extend(named);
        }

        if let Some(present) = self.modes(model, line.at)? {
            scalars.push((alarm::MODES.to_owned(), present as f64));
        }

        let rate = line.at.images as f64 / line.seconds.max(1e-9);
        let mut object = Map::new();
        object.insert("step".into(), json!(line.at.step));
        object.insert("images".into(), json!(line.at.images));
        for (name, value) in &scalars {
            object.insert(name.clone(), json!(value));
        }
        object.insert("seconds".into(), json!(line.seconds));
        object.insert("images_per_second".into(), json!(rate));
        let mut text = serde_json::to_string(&object)?;
        text.push('\n');
        self.log
            .write_all(text.as_bytes())
            .with_context(|| format!("cannot write {}", self.dir.metrics().display()))?;
        self.board.line(&text)?;
        if wishes::is_to_sample() || number.is_multiple_of(LINES_PER_PREVIEW) {
            self.preview(model, line.at.step)?;
        }
        Ok(())
    }

    fn save(&mut self, mut state: CheckpointState, model: &dyn Train) -> Result<()> {
        self.taken.require()?;
        let step = state.step;
        state.log_bytes = self.log.stream_position()?;
        // Or a power failure might leave a checkpoint that knows of lines which the disk does not.
        self.log
            .sync_data()
            .with_context(|| format!("cannot write {}", self.dir.metrics().display()))?;
        checkpoint::save(&self.dir.checkpoints(), model, state)?;
        checkpoint::prune(&self.dir.checkpoints(), 2)?;
        discarded::drop_it(self.dir)?;
        self.saved = (Instant::now(), step);
        Ok(())
    }
}
