//! The forward process and what is learned of it: everything of a diffusion model but its network.

use crate::{
    schedule::{Moment, Schedule},
    target::Target,
    times::Times,
    weighting::Weighting,
};
use burn::tensor::{Device, Tensor, TensorData};
use genlab_core::{Condition, LowResolution, Noise, Space, loss::squared_error};
use std::ops::Range;

/// How values become noise, and which error of a network is minimised.
#[derive(Clone, Debug)]
pub struct Process {
    /// Signal and noise over time.
    pub schedule: Schedule,
    /// What the network gives.
    pub target: Target,
    /// How much the error at each time counts.
    pub weighting: Weighting,
    /// How training draws times.
    pub times: Times,
    /// The space of the values.
    pub space: Space,
}

/// Values on the way to noise, with what a network should make of them.
pub(crate) struct Noised {
    /// x_t as the network reads it.
    pub(crate) input: Tensor<4>,
    /// What a network is told of each row's t, `[B]`.
    pub(crate) times: Tensor<1>,
    /// The target.
    pub(crate) y: Tensor<4>,
    /// Where each row is.
    pub(crate) moments: Vec<Moment>,
    /// The weight of each row's error; None where all are 1.
    weights: Option<Tensor<1>>,
}

impl Process {
    /// x_t = α x_0 + σ ε of values `[B, C, H, W]` of the space: row i draws its time and its noise from
    /// row `rows.start + i`.
    pub(crate) fn noised(&self, values: Tensor<4>, noise: Noise, rows: Range<u64>) -> Noised {
        let (shape, device) = (values.dims(), values.device());
        let times = self.times.draw(&self.schedule, noise, rows.clone());
        let moments: Vec<Moment> = times.into_iter().map(|t| self.schedule.at(t)).collect();
        let x_0 = self.space.standard(values);
        let noise = noise.normal("ddpm/noise", 0, rows, shape, &device);
        let blend = |on_start: &dyn Fn(Moment) -> f64, on_noise: &dyn Fn(Moment) -> f64| {
            blend(&x_0, &of(&moments, on_start), &noise, &of(&moments, on_noise))
        };
        let mix = |at| self.target.mix(at);
        let input = blend(&|at| at.alpha / at.spread(), &|at| at.sigma / at.spread());
        let y = blend(&|at| mix(at).start, &|at| mix(at).noise);
        self.aimed(input, y, &moments)
    }

    /// x_t = α x_0 + σ ε of values of the space, every row at a moment of its own.
    pub(crate) fn at_rows(
        &self,
        values: Tensor<4>,
        moments: &[Moment],
        noise: Noise,
        rows: Range<u64>,
    ) -> Tensor<4> {
        let noise = noise.normal("ddpm/noise", 0, rows, values.dims(), &values.device());
        let x_0 = self.space.standard(values);
        blend(&x_0, &of(moments, |at| at.alpha), &noise, &of(moments, |at| at.sigma))
    }

    /// `x_t` of every row at its moment, when the network should find this `start` in it.
    pub(crate) fn taught(&self, x_t: Tensor<4>, start: &Tensor<4>, moments: &[Moment]) -> Noised {
        // y = a x_0 + b ε with ε = (x_t − α x_0) / σ.
        let mix = |at| self.target.mix(at);
        let on_start = of(moments, |at| mix(at).start - mix(at).noise * at.alpha / at.sigma);
        let on_x_t = of(moments, |at| mix(at).noise / at.sigma);
        let y = blend(start, &on_start, &x_t, &on_x_t);
        self.aimed(input_of_rows(x_t, moments), y, moments)
    }

    /// What the network is told of the time of every row.
    pub(crate) fn network_times(&self, moments: &[Moment], device: &Device) -> Tensor<1> {
        vector(of(moments, |at| self.schedule.network_time(at.t)), device)
    }

    fn aimed(&self, input: Tensor<4>, y: Tensor<4>, moments: &[Moment]) -> Noised {
        let device = input.device();
        let weights = of(moments, |at| self.weighting.weight(self.target, &self.schedule, at));
        Noised {
            input,
            y,
            moments: moments.to_vec(),
            times: self.network_times(moments, &device),
            weights: weights.iter().any(|w| *w != 1.0).then(|| vector(weights, &device)),
        }
    }

    /// x̂_0 of every row at its moment, kept within what values of the space can be.
    pub(crate) fn start_of_rows(&self, x_t: &Tensor<4>, y: &Tensor<4>, at: &[Moment]) -> Tensor<4> {
        let whole = |at: Moment| {
            let mix = self.target.mix(at);
            at.alpha * mix.noise - at.sigma * mix.start
        };
        let on_x_t = of(at, |at| self.target.mix(at).noise / whole(at));
        let on_y = of(at, |at| -at.sigma / whole(at));
        self.within(blend(x_t, &on_x_t, y, &on_y))
    }

    /// x̂_0 within what values of the space can be: without that, early steps amplify small errors a
    /// hundredfold.
    pub(crate) fn within(&self, start: Tensor<4>) -> Tensor<4> {
        match self.space.standard_limits() {
            Some([least, most]) => start.clamp(least, most),
            None => start,
        }
    }

    /// x̂_0 with the low resolution that is told, where one is: only a network's error is taken away, because the
    /// mean of all values that have it has it too.
    pub(crate) fn consistent(&self, start: Tensor<4>, condition: &Condition) -> Tensor<4> {
        match &condition.low_resolution {
            None => start,
            Some(low) => {
                let images = self.space.standard(low.images.clone());
                LowResolution { images, ..low.clone() }.imposed(start)
            }
        }
    }
}

/// x_t as a network reads it: with variance 1 where values have variance 1 (c_in of Karras et al. 2022,
/// arXiv:2206.00364, table 1).
pub(crate) fn input(x_t: Tensor<4>, at: Moment) -> Tensor<4> {
    let spread = at.spread();
    if (spread - 1.0).abs() < 1e-9 { x_t } else { x_t / spread }
}

/// The same with every row at its moment.
pub(crate) fn input_of_rows(x_t: Tensor<4>, at: &[Moment]) -> Tensor<4> {
    let scale = vector(of(at, |at| 1.0 / at.spread()), &x_t.device());
    x_t * scale.reshape([-1, 1, 1, 1])
}

impl Noised {
    /// x_t.
    pub(crate) fn x_t(&self) -> Tensor<4> {
        let spread = vector(of(&self.moments, Moment::spread), &self.input.device());
        self.input.clone() * spread.reshape([-1, 1, 1, 1])
    }

    /// w ‖y − ŷ‖², summed over all numbers of a value: `[B]` (Eq. 14 of arXiv:2006.11239, of any target).
    pub(crate) fn loss(self, predicted: Tensor<4>) -> Tensor<1> {
        let error = squared_error(self.y, predicted);
        match self.weights {
            Some(weights) => error * weights,
            None => error,
        }
    }
}

/// Of every moment.
pub(crate) fn of(moments: &[Moment], f: impl Fn(Moment) -> f64) -> Vec<f64> {
    moments.iter().copied().map(f).collect()
}

/// a x_0 + b ε with one a and one b per row. What is 0 or 1 in all rows costs nothing.
pub(crate) fn blend(x_0: &Tensor<4>, a: &[f64], noise: &Tensor<4>, b: &[f64]) -> Tensor<4> {
    let device = x_0.device();
    let all = |share: &[f64], value: f64| share.iter().all(|s| *s == value);
    let part = |x: &Tensor<4>, share: &[f64]| {
        if all(share, 1.0) {
            return x.clone();
        }
        x.clone() * vector(share.to_vec(), &device).reshape([-1, 1, 1, 1])
    };
    match (all(a, 0.0), all(b, 0.0)) {
        (true, _) => part(noise, b),
        (_, true) => part(x_0, a),
        _ => part(x_0, a) + part(noise, b),
    }
}

pub(crate) fn vector(values: Vec<f64>, device: &Device) -> Tensor<1> {
    let values: Vec<f32> = values.into_iter().map(|v| v as f32).collect();
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_blended_each_by_its_own_shares() {
        let device = Device::flex();
        let full = |value: f64| Tensor::<4>::full([2, 1, 1, 1], value, &device);
        let blended = |a: &[f64], b: &[f64]| {
            let x = blend(&full(2.0), a, &full(-1.0), b);
            x.into_data().try_into_vec::<f32>().expect("f32")
        };
        assert_eq!(blended(&[0.5, 3.0], &[4.0, 0.0]), [-3.0, 6.0]);
        assert_eq!(blended(&[0.0, 0.0], &[1.0, 1.0]), [-1.0, -1.0]);
        assert_eq!(blended(&[1.0, 1.0], &[0.0, 0.0]), [2.0, 2.0]);
        assert_eq!(blended(&[1.0, 1.0], &[0.0, 2.0]), [2.0, 0.0]);
    }
}
