//! The variational bound of the chain that ancestral samples take (Eq. 5 of Ho et al. 2020, arXiv:2006.11239):
//!
//! ```text
//! −ln p(x_0) ≤ L_T + Σ_(t > 1) L_(t−1) + L_0        prior, diffusion, reconstruction
//! ```

use crate::{
    chain::{Levels, Step, chain, costs, learned, ln_variances},
    process::{Process, blend, of},
    schedule::Moment,
    solver::Variance,
    times::GOLDEN,
};
use burn::tensor::Tensor;
use genlab_core::{Noise, Term, nn::Predicted};
use rand::RngExt;
use std::ops::Range;

/// Steps of every value that stand for all, at most: each is drawn from a share of them, and shares are the smaller the nearer
/// they are to the data, where steps cost most.
const SHARES: usize = 64;

/// The places of a share among `count` steps, from the data's end on; all shares have each place once.
fn places(share: usize, count: usize) -> Range<usize> {
    let end =
        |share: usize| (count as f64 * (share as f64 / SHARES as f64).powi(2)).round() as usize;
    end(share)..end(share + 1)
}

/// Whose bound it is.
pub(crate) struct ChainBound<'a> {
    pub(crate) process: &'a Process,
    /// From noise to data.
    pub(crate) moments: &'a [Moment],
    pub(crate) variance: Variance,
    pub(crate) noise: Noise,
    /// The row of noise of the first value.
    pub(crate) first: u64,
}

impl ChainBound<'_> {
    /// The terms in nats of each of `values`, by what `predict` makes of x_t: x̂_0 and, where it is learned, the variance. None
    /// for values without levels, and where the last step does not end at the data.
    pub(crate) fn terms(
        &self,
        values: &Tensor<4>,
        predict: &dyn Fn(&Tensor<4>, &[Moment]) -> Predicted<4>,
    ) -> Option<Vec<Term>> {
        Levels::of(self.process.space)?;
        let steps = chain(self.moments);
        let (last, others) = steps.split_last()?;
        if last.to.sigma > 0.0 {
            return None;
        }
        let x_0 = self.process.space.standard(values.clone());
        let rows = x_0.dims()[0];
        let zeros = Tensor::zeros([rows], &x_0.device());
        let diffusion = (0..SHARES).fold(zeros, |sum, share| {
            let places = places(share, others.len());
            if places.is_empty() {
                return sum;
            }
            // Counted from the data's end.
            let step = |row| others[others.len() - 1 - self.place(share, row, &places)];
            let chosen: Vec<Step> = (0..rows).map(step).collect();
            sum + self.costs(&x_0, &chosen, share as u64, predict) * places.len() as f64
        });
        let reconstruction = self.costs(&x_0, &vec![*last; rows], SHARES as u64, predict);
        let prior = Self::prior(&x_0, self.moments[0]);
        let terms =
            [("prior", prior), ("diffusion", diffusion), ("reconstruction", reconstruction)];
        Some(terms.map(|(name, nats)| Term { name, nats }).to_vec())
    }

    /// Which of the steps at `places` a row has: rows are spread over them by the golden ratio.
    fn place(&self, share: usize, row: usize, places: &Range<usize>) -> usize {
        let first: f64 = self.noise.row("ddpm/chain-step", share as u64, 0).random();
        let along = (first + (self.first + row as u64) as f64 * GOLDEN).fract();
        (places.start + (along * places.len() as f64) as usize).min(places.end - 1)
    }

    /// What every row costs at its step, by noise of its own.
    fn costs(
        &self,
        x_0: &Tensor<4>,
        steps: &[Step],
        draw: u64,
        predict: &dyn Fn(&Tensor<4>, &[Moment]) -> Predicted<4>,
    ) -> Tensor<1> {
        let from: Vec<Moment> = steps.iter().map(|step| step.from).collect();
        let rows = self.first..self.first + steps.len() as u64;
        let noise = self.noise.normal("ddpm/chain", draw, rows, x_0.dims(), &x_0.device());
        let x_t = blend(x_0, &of(&from, |at| at.alpha), &noise, &of(&from, |at| at.sigma));
        let Predicted { target: start, variance: said } = predict(&x_t, &from);
        let v = match self.variance {
            Variance::FixedSmall => start.zeros_like(),
            Variance::FixedLarge => start.ones_like(),
            Variance::Learned => learned(said.expect("a network of this variance learned it")),
        };
        let levels = Levels::of(self.process.space);
        costs(steps, x_0, start, ln_variances(steps, v), levels)
    }

    /// L_T: the KL of N(α x_0, σ²) from the noise that samples begin with, N(0, α² + σ²).
    fn prior(x_0: &Tensor<4>, at: Moment) -> Tensor<1> {
        let width = at.spread().powi(2);
        let [signal, noise] = [at.alpha, at.sigma].map(|part| part.powi(2) / width);
        let nats = (x_0.clone().square() * signal + (noise - 1.0 - noise.ln())) * 0.5;
        nats.flatten::<2>(1, 3).sum_dim(1).squeeze_dim::<1>(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Schedule, ScheduleConfig, Target, Times, Weighting};
    use burn::tensor::{Device, TensorData, activation::softmax};
    use genlab_core::{ImageShape, Phase, Seed, Space};

    /// Images of one pixel, all levels alike: 8 bits, whatever a model believes.
    const LEVELS: usize = 256;
    const TIMES: usize = 16;

    fn level(number: usize) -> f32 {
        number as f32 / 255.0
    }

    /// The bound in bits of a model that knows the best x̂_0 of every x_t.
    fn bits(variance: Variance, steps: usize) -> f64 {
        let device = Device::flex();
        let linear = ScheduleConfig::Linear { steps: 1000, zero_terminal_snr: false };
        let space = Space { mean: 0.5, sd: 0.289, ..Space::images(ImageShape::new(1, 1, 1)) };
        let process = Process {
            schedule: Schedule::new(linear),
            target: Target::Noise,
            weighting: Weighting::Simple,
            times: Times::Uniform,
            space,
        };
        // As the spacing "uniform" has them: step 1 is the last.
        let time = |i: usize| (1.0 + (i as f64 * 999.0 / (steps - 1) as f64).round()) / 1000.0;
        let times = (0..steps).rev().map(time).chain([0.0]);
        let moments: Vec<Moment> = times.map(|t| process.schedule.at(t)).collect();
        let values = |numbers: Vec<f32>, width: usize| {
            let count = numbers.len() / width;
            Tensor::<2>::from_data(TensorData::new(numbers, [count, width]), &device)
        };
        let all = space
            .standard(values((0..LEVELS).map(level).collect(), LEVELS).reshape([1, 1, 1, LEVELS]));
        let all = all.reshape([1, LEVELS]);
        let predict = |x_t: &Tensor<4>, at: &[Moment]| {
            let column =
                |f: &dyn Fn(Moment) -> f64| values(at.iter().map(|at| f(*at) as f32).collect(), 1);
            let x_t = x_t.clone().reshape([-1, 1]);
            let apart = (x_t - all.clone() * column(&|at| at.alpha)) / column(&|at| at.sigma);
            let shares = softmax(apart.square() * -0.5, 1);
            let start = (shares * all.clone()).sum_dim(1).reshape([-1, 1, 1, 1]);
            Predicted { target: start, variance: None }
        };
        let noise = Seed(4).during(Phase::Evaluate);
        let bound = ChainBound { process: &process, moments: &moments, variance, noise, first: 0 };
        let numbers: Vec<f32> = (0..LEVELS * TIMES).map(|i| level(i % LEVELS)).collect();
        let x_0 = values(numbers, 1).reshape([-1, 1, 1, 1]);
        let terms = bound.terms(&x_0, &predict).expect("images have levels");
        let nats = terms.into_iter().map(|term| term.nats.mean());
        let nats: f64 = nats
            .map(|nats| f64::from(nats.into_data().try_into_vec::<f32>().expect("f32")[0]))
            .sum();
        nats / std::f64::consts::LN_2
    }

    #[test]
    fn the_bound_is_that_of_numpy_and_no_less_than_the_entropy() {
        // The whole sums in NumPy and SciPy, every step of every value, from the definitions.
        for (variance, steps, expected) in [
            (Variance::FixedLarge, 1000, 8.061),
            (Variance::FixedLarge, 10, 8.138),
            (Variance::FixedSmall, 1000, 8.621),
        ] {
            let found = bits(variance, steps);
            assert!((found - expected).abs() < 0.1, "{variance:?}, {steps}: {found}, {expected}");
            assert!(found > 8.0 - 0.05, "{variance:?}, {steps}: {found}");
        }
        // Long steps with the variance of a known x_0 are a bad bet.
        assert!(bits(Variance::FixedSmall, 10) > 100.0);
    }
}
