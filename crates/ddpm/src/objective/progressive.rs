//! Progressive distillation.
//!
//! A student learns to take in one step of DDIM what its teacher takes in two (Algorithm 2 of Salimans & Ho 2022,
//! arXiv:2202.00512): from z_t the teacher goes to z_m and on to z_s, and the x̃ for which one step from z_t leads to
//! z_s is what the student is to give at t. Then the student is the next teacher.

use crate::{
    denoiser::Denoiser,
    network::Network,
    process::{Process, blend},
    sampler::SamplerConfig,
    schedule::Moment,
    times::shares,
};
use burn::tensor::Tensor;
use genlab_core::{
    Batch, CheckpointError, Condition, Fault, Noise, Progress, StateReader, StateWriter,
    params::{restore_params, write_params},
    settings::size,
    state::Section,
};

pub(super) fn default_from() -> usize {
    32
}

pub(super) fn default_to() -> usize {
    4
}

/// # Errors
/// When `from` cannot be halved down to `to`.
pub(super) fn check(from: usize, to: usize) -> Result<(), Fault> {
    size("from", from)?;
    size("to", to)?;
    if from.is_multiple_of(to) && (from / to).is_power_of_two() && from > to {
        return Ok(());
    }
    let problem = format!("is {from}; set it to {to} times 2, 4, 8 or another power of two");
    Err(Fault::new("from", problem))
}

/// Few steps are those that were trained.
///
/// # Errors
/// When there is no teacher, or the sampler goes through other times.
pub(super) fn fits(to: usize, has_base: bool, sampler: SamplerConfig) -> Result<(), Fault> {
    if !has_base {
        let problem = "is progressive, which needs a teacher; name a finished run in base.run";
        return Err(Fault::new("objective", problem));
    }
    if sampler.steps != to {
        let steps = sampler.steps;
        let problem = format!("is {steps}, but the student learns {to} steps; set it to {to}");
        return Err(Fault::new("sampler.steps", problem));
    }
    if sampler.spacing.halves() {
        return Ok(());
    }
    let problem = "is one whose times are no others' with every second left out, which halving needs; set \
                   it to roots or trailing";
    Err(Fault::new("sampler.spacing", problem))
}

/// The network that a student learns from.
pub(crate) struct Teacher {
    net: Network,
    halvings: u32,
}

/// Which halving is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Halving {
    /// Halvings that are behind.
    pub(crate) done: u32,
    /// Steps of the teacher.
    pub(crate) steps: usize,
}

impl Halving {
    /// All halvings take the same share of the budget.
    pub(crate) fn at(from: usize, to: usize, at: Progress) -> Self {
        let all = (from / to).ilog2();
        let done = ((at.fraction() * f64::from(all)) as u32).min(all - 1);
        Self { done, steps: from >> done }
    }
}

/// What is taught.
#[derive(Clone, Copy)]
pub(crate) struct Lesson<'a> {
    /// Where values become noise.
    pub(crate) process: &'a Process,
    /// What the teacher steps through, from noise to data.
    pub(crate) moments: &'a [Moment],
}

impl Teacher {
    /// The base, before any halving.
    pub(crate) fn new(net: Network) -> Self {
        Self { net, halvings: 0 }
    }

    /// Makes the `student` the teacher when a halving is done.
    pub(crate) fn follow(&mut self, halving: Halving, student: impl FnOnce() -> Network) {
        if self.halvings < halving.done {
            *self = Self { net: student(), halvings: halving.done };
        }
    }

    /// The weighted error of the `student`'s target on a batch, `[B]`.
    pub(crate) fn loss(
        &self,
        student: &Denoiser<'_>,
        Lesson { process, moments }: Lesson<'_>,
        batch: &Batch,
        condition: &Condition,
        noise: Noise,
    ) -> Tensor<1> {
        let steps = moments.len() / 2;
        let first = |share: f64| 2 * ((share * steps as f64) as usize).min(steps - 1);
        let firsts: Vec<usize> = shares(noise, batch.rows()).into_iter().map(first).collect();
        let after = |later: usize| firsts.iter().map(|i| moments[i + later]).collect::<Vec<_>>();
        let [from, middle, to] = [0, 1, 2].map(after);
        let z_t = process.at_rows(batch.values.clone(), &from, noise, batch.rows());
        let teacher = Denoiser::new(&self.net, process);
        let z_m = step(&teacher, z_t.clone(), &from, &middle, condition);
        let z_s = step(&teacher, z_m, &middle, &to, condition);
        let start = collapsed(&z_t, &z_s, &from, &to);
        student.error_of_rows(z_t, &start, &from, condition)
    }

    /// Writes its weights.
    pub(crate) fn state(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Average, "teacher", out);
        out.count("teacher.halvings", self.halvings.into());
    }

    /// Puts back what [`Self::state`] wrote.
    ///
    /// # Errors
    /// Names the entry that is missing or has another size.
    pub(crate) fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.halvings = from.count("teacher.halvings")? as u32;
        self.net = restore_params(self.net.clone(), Section::Average, "teacher", from)?;
        Ok(())
    }
}

/// DDIM's step of every row: α_s x̂_0 + σ_s ε̂ with ε̂ = (z_t − α_t x̂_0) / σ_t.
fn step(
    teacher: &Denoiser<'_>,
    z_t: Tensor<4>,
    from: &[Moment],
    to: &[Moment],
    condition: &Condition,
) -> Tensor<4> {
    let start = teacher.start_of_rows(&z_t, from, condition);
    let kept = |(t, s): (&Moment, &Moment)| s.sigma / t.sigma;
    let fresh = |(t, s): (&Moment, &Moment)| s.alpha - s.sigma * t.alpha / t.sigma;
    let [kept, fresh] = [
        from.iter().zip(to).map(kept).collect::<Vec<f64>>(),
        from.iter().zip(to).map(fresh).collect(),
    ];
    blend(&z_t, &kept, &start, &fresh)
}

/// The x̃ from which one step of DDIM leads from z_t to z_s: (z_s − (σ_s/σ_t) z_t) / (α_s − (σ_s/σ_t) α_t).
fn collapsed(z_t: &Tensor<4>, z_s: &Tensor<4>, from: &[Moment], to: &[Moment]) -> Tensor<4> {
    let share = |t: &Moment, s: &Moment| 1.0 / (s.alpha - s.sigma / t.sigma * t.alpha);
    let pairs = || from.iter().zip(to);
    let on_z_s: Vec<f64> = pairs().map(|(t, s)| share(t, s)).collect();
    let on_z_t: Vec<f64> = pairs().map(|(t, s)| -s.sigma / t.sigma * share(t, s)).collect();
    blend(z_s, &on_z_s, z_t, &on_z_t)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{Schedule, ScheduleConfig};
    use burn::tensor::Device;
    use genlab_core::Seed;

    #[test]
    fn one_step_from_what_is_taught_leads_to_where_the_teacher_is() {
        let schedule = Schedule::new(ScheduleConfig::FLOW);
        let [from, to] =
            [[0.9, 0.5, 0.2].map(|t| schedule.at(t)), [0.6, 0.1, 0.0].map(|t| schedule.at(t))];
        let tensor = |values: [f32; 3]| {
            Tensor::<1>::from_floats(values, &Device::flex()).reshape([3, 1, 1, 1])
        };
        let (z_t, z_s) = (tensor([0.3, -1.2, 0.8]), tensor([0.1, 0.7, -0.4]));
        let start = collapsed(&z_t, &z_s, &from, &to);
        let numbers = |x: Tensor<4>| x.into_data().try_into_vec::<f32>().expect("f32");
        let (z_t, start) = (numbers(z_t), numbers(start));
        for (row, z_s) in numbers(z_s).into_iter().enumerate() {
            let (t, s) = (from[row], to[row]);
            let (z_t, start) = (f64::from(z_t[row]), f64::from(start[row]));
            let stepped = s.alpha * start + s.sigma * (z_t - t.alpha * start) / t.sigma;
            assert!((stepped - f64::from(z_s)).abs() < 1e-5, "{row}: {stepped} for {z_s}");
        }
    }

    #[test]
    fn every_halving_takes_its_share_of_the_budget() {
        let at = |images| Progress { step: 0, images, total_images: 900, seed: Seed(0) };
        let halvings = [0, 299, 300, 599, 600, 900].map(|images| Halving::at(32, 4, at(images)));
        assert_eq!(halvings.map(|halving| halving.steps), [32, 32, 16, 16, 8, 8]);
        assert_eq!(halvings.map(|halving| halving.done), [0, 0, 1, 1, 2, 2]);
    }
}
