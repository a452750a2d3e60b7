//! The one training loop: the same road for every model.

use crate::{
    batch::{Batch, Progress},
    checkpoint::CheckpointState,
    model::Train,
    noise::Seed,
    scalars::Scalars,
};
use genlab_kernels::with_precision;
use std::time::Instant;

pub use genlab_kernels::Precision;

/// What the loop needs to know besides the model.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// The run's seed.
    pub seed: Seed,
    /// Images per step.
    pub batch_size: usize,
    /// The budget in training images; the last step may reach beyond it by less than a batch.
    pub total_images: u64,
    /// Steps between logged lines.
    pub log_every: u64,
    /// In what numbers training computes its linear layers and convolutions; all else is in f32.
    pub precision: Precision,
}

impl Plan {
    /// Steps of the whole run.
    pub fn total_steps(&self) -> u64 {
        self.total_images.div_ceil(self.batch_size as u64)
    }

    /// Where the run stands after `step` steps.
    pub fn progress(&self, step: u64) -> Progress {
        Progress {
            step,
            images: step * self.batch_size as u64,
            total_images: self.total_steps() * self.batch_size as u64,
            seed: self.seed,
        }
    }
}

/// What an observer wants after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Save and go on.
    Save,
    /// Save and stop here, to be resumed later.
    Stop,
}

/// One logged line: means over the steps since the line before.
#[derive(Debug)]
pub struct Line<'a> {
    /// Where the run stands after the line's last step.
    pub at: Progress,
    /// Seconds of training so far, evaluation and logging left out, over all sessions.
    pub seconds: f64,
    /// Names and values in order.
    pub scalars: &'a [(String, f64)],
}

/// Watches a run. It may read the model but cannot change its course.
pub trait Observer {
    /// The observer's own failures, such as a full disk.
    type Error;

    /// After every step. Must not read the device.
    fn stepped(&mut self, at: Progress, seconds: f64) -> Flow;

    /// Every `log_every` steps, and after the last.
    ///
    /// # Errors
    /// When the line cannot be kept.
    fn logged(&mut self, line: &Line<'_>, model: &dyn Train) -> Result<(), Self::Error>;

    /// When a checkpoint is due.
    ///
    /// # Errors
    /// When it cannot be written.
    fn save(&mut self, state: CheckpointState, model: &dyn Train) -> Result<(), Self::Error>;
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// The budget is spent.
    Finished {
        /// Seconds of training over all sessions.
        seconds: f64,
    },
    /// The observer asked to stop; a checkpoint was saved.
    Stopped {
        /// Steps taken.
        step: u64,
    },
    /// A scalar stopped being a number.
    Diverged {
        /// The step in which it did.
        step: u64,
        /// Its name.
        scalar: String,
    },
}

/// Trains `model` from `start` to the end of the budget.
///
/// Scalars of each step stay on the device and are read once per logged line; a line holds their
/// means. A scalar that is not finite ends the run: gradients are never masked.
///
/// # Errors
/// Those of the observer.
pub fn train<O: Observer>(
    model: &mut dyn Train,
    batches: &dyn Fn(u64) -> Batch,
    plan: &Plan,
    start: CheckpointState,
    observer: &mut O,
) -> Result<Outcome, O::Error> {
    let total = plan.total_steps();
    let mut clock = Clock { before: start.seconds, since: Instant::now() };
    let mut pending = Pending { read: start.pending, unread: Vec::new(), first_step: start.step };
    for step in start.step..total {
        let batch = batches(step);
        let scalars = with_precision(plan.precision, || model.step(&batch, plan.progress(step)));
        pending.unread.push(scalars);
        let done = step + 1;
        let at = plan.progress(done);
        let flow = observer.stepped(at, clock.seconds());
        if done.is_multiple_of(plan.log_every) || done == total {
            let scalars = match pending.means() {
                Ok(scalars) => scalars,
                Err((step, scalar)) => return Ok(Outcome::Diverged { step, scalar }),
            };
            pending.first_step = done;
            let seconds = clock.stop();
            observer.logged(&Line { at, seconds, scalars: &scalars }, model)?;
            clock.start();
        }
        if flow != Flow::Continue || done == total {
            pending.read_all();
            let state = CheckpointState {
                step: done,
                images: at.images,
                seconds: clock.stop(),
                pending: pending.read.clone(),
                ..CheckpointState::default()
            };
            observer.save(state, model)?;
            clock.start();
        }
        if flow == Flow::Stop && done < total {
            return Ok(Outcome::Stopped { step: done });
        }
    }
    Ok(Outcome::Finished { seconds: clock.seconds() })
}

/// Counts training seconds only.
struct Clock {
    before: f64,
    since: Instant,
}

impl Clock {
    fn seconds(&self) -> f64 {
        self.before + self.since.elapsed().as_secs_f64()
    }

    fn stop(&mut self) -> f64 {
        self.before = self.seconds();
        self.since = Instant::now();
        self.before
    }

    fn start(&mut self) {
        self.since = Instant::now();
    }
}

/// Scalars of the steps since the last line: some already read, the rest still on the device.
struct Pending {
    read: Vec<Vec<(String, f32)>>,
    unread: Vec<Scalars>,
    first_step: u64,
}

impl Pending {
    fn read_all(&mut self) {
        for step in Scalars::read_all(std::mem::take(&mut self.unread)) {
            self.read.push(step.into_iter().map(|(n, v)| (n.to_owned(), v as f32)).collect());
        }
    }

    /// Means in order of first appearance, or the step and name of the first scalar that is not
    /// finite. Steps need not all have the same scalars: a model may move some part in only a few.
    fn means(&mut self) -> Result<Vec<(String, f64)>, (u64, String)> {
        self.read_all();
        let mut sums: Vec<(String, f64, u32)> = Vec::new();
        let first = self.first_step;
        for (offset, step) in std::mem::take(&mut self.read).into_iter().enumerate() {
            for (name, value) in step {
                if !value.is_finite() {
                    return Err((first + offset as u64 + 1, name));
                }
                match sums.iter_mut().find(|(n, ..)| *n == name) {
                    Some((_, sum, count)) => {
                        *sum += f64::from(value);
                        *count += 1;
                    }
                    None => sums.push((name, f64::from(value), 1)),
                }
            }
        }
        Ok(sums.into_iter().map(|(name, sum, count)| (name, sum / f64::from(count))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, Tensor};

    fn scalars(loss: f32) -> Scalars {
        Scalars::new().with("loss", Tensor::from_floats([loss], &Device::flex()))
    }

    fn pending(read: &[f32], unread: &[f32]) -> Pending {
        Pending {
            read: read.iter().map(|&v| vec![("loss".to_owned(), v)]).collect(),
            unread: unread.iter().map(|&v| scalars(v)).collect(),
            first_step: 10,
        }
    }

    #[test]
    fn a_line_is_the_mean_over_its_steps_read_or_not() {
        let means = pending(&[1.0, 2.0], &[6.0]).means().expect("finite");
        assert_eq!(means, [("loss".to_owned(), 3.0)]);
    }

    #[test]
    fn the_first_step_that_is_no_number_is_named() {
        let error = pending(&[1.0], &[f32::NAN, 2.0]).means().expect_err("a NaN");
        assert_eq!(error, (12, "loss".to_owned()));
    }

    #[test]
    fn a_budget_that_is_no_multiple_of_the_batch_is_rounded_up() {
        let plan = Plan {
            seed: Seed(0),
            batch_size: 32,
            total_images: 100,
            log_every: 1,
            precision: Precision::F32,
        };
        assert_eq!(plan.total_steps(), 4);
        assert_eq!(plan.progress(4).fraction(), 1.0);
    }
}
