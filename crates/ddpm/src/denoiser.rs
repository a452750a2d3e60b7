//! The denoiser: from x_t, t and what is told about it to x̂_0; and the loss by which it learns that.

use crate::{
    chain::learned,
    classifier::NoisyClassifier,
    guidance::{Asked, Guidance},
    network::Network,
    objective::Stretch,
    process::{Noised, Process, input, input_of_rows, vector},
    schedule::Moment,
};
use burn::tensor::Tensor;
use genlab_core::{
    Batch, Condition, Noise,
    nn::{Interval, Predicted},
};
use std::cell::{Cell, RefCell};

/// A network with the process that it belongs to.
pub(crate) struct Denoiser<'a> {
    net: &'a Network,
    early: Option<&'a Network>,
    classifier: Option<&'a NoisyClassifier>,
    process: &'a Process,
    calls: Cell<usize>,
    /// What the network last said of its variance.
    said: RefCell<Option<Tensor<4>>>,
}

impl<'a> Denoiser<'a> {
    pub(crate) fn new(net: &'a Network, process: &'a Process) -> Self {
        let said = RefCell::default();
        Self { net, early: None, classifier: None, process, calls: Cell::new(0), said }
    }

    /// The same with early weights to lead away from.
    pub(crate) fn with_early(self, early: Option<&'a Network>) -> Self {
        Self { early, ..self }
    }

    /// The same with a classifier to be led by.
    pub(crate) fn with_classifier(self, classifier: Option<&'a NoisyClassifier>) -> Self {
        Self { classifier, ..self }
    }

    /// The weighted error of the network's target on a batch, `[B]`: row i draws its time and its noise
    /// from row `batch.first + i`.
    pub(crate) fn loss(&self, batch: &Batch, condition: &Condition, noise: Noise) -> Tensor<1> {
        let noised = self.process.noised(batch.values.clone(), noise, batch.rows());
        let predicted = self.net.forward(noised.input.clone(), noised.times.clone(), condition);
        noised.loss(predicted)
    }

    /// What the network makes of noisy values.
    pub(crate) fn said(&self, noised: &Noised, condition: &Condition) -> Predicted<4> {
        self.net.predict(noised.input.clone(), noised.times.clone(), condition)
    }

    /// v of the x_t that x̂_0 was last asked of.
    pub(crate) fn variance(&self) -> Tensor<4> {
        let said = self.said.borrow().clone();
        learned(said.expect("asked of networks that say it, after x̂_0"))
    }

    /// x̂_0 of `x_t` and what is said of its variance, every row at its moment.
    pub(crate) fn predict_rows(
        &self,
        x_t: &Tensor<4>,
        at: &[Moment],
        condition: &Condition,
    ) -> Predicted<4> {
        let times = self.process.network_times(at, &x_t.device());
        let said = self.net.predict(input_of_rows(x_t.clone(), at), times, condition);
        Predicted { target: self.process.start_of_rows(x_t, &said.target, at), ..said }
    }

    /// The weighted error of the network's target where it should find `start` in `x_t`, every row at its moment:
    /// `[B]`.
    pub(crate) fn error_of_rows(
        &self,
        x_t: Tensor<4>,
        start: &Tensor<4>,
        at: &[Moment],
        condition: &Condition,
    ) -> Tensor<1> {
        let noised = self.process.taught(x_t, start, at);
        let predicted = self.net.forward(noised.input.clone(), noised.times.clone(), condition);
        noised.loss(predicted)
    }

    /// x̂_0 of `x_t`, every row at its moment.
    pub(crate) fn start_of_rows(
        &self,
        x_t: &Tensor<4>,
        at: &[Moment],
        condition: &Condition,
    ) -> Tensor<4> {
        self.predict_rows(x_t, at, condition).target
    }

    /// The network's average velocity at z_t over the stretch of every row.
    pub(crate) fn mean_velocities(
        &self,
        z_t: Tensor<4>,
        over: &[Stretch],
        condition: &Condition,
    ) -> Tensor<4> {
        let (device, schedule) = (z_t.device(), &self.process.schedule);
        let ends: Vec<Moment> = over.iter().map(|s| schedule.at(s.t)).collect();
        let time = self.process.network_times(&ends, &device);
        let spans = over.iter().map(|s| schedule.network_time(s.length())).collect();
        let interval = Interval { time, span: Some(vector(spans, &device)) };
        self.net.forward(input_of_rows(z_t, &ends), interval, condition)
    }

    /// The network's average velocity at x_t from `from` to `to`, all rows alike.
    pub(crate) fn mean_velocity(
        &self,
        x_t: Tensor<4>,
        from: Moment,
        to: Moment,
        condition: &Condition,
    ) -> Tensor<4> {
        self.calls.set(self.calls.get() + 1);
        let stretch = Stretch { r: to.t, t: from.t };
        let stretches = vec![stretch; x_t.dims()[0]];
        self.mean_velocities(x_t, &stretches, condition)
    }

    /// x̂_0 of `x_t` `[B, C, H, W]`, all at one time.
    pub(crate) fn start(
        &self,
        x_t: Tensor<4>,
        at: Moment,
        condition: &Condition,
        guidance: Guidance,
    ) -> Tensor<4> {
        let untold = Condition::default();
        let start = guidance.start(condition, at, |asked| {
            let (net, condition) = match asked {
                Asked::Model => (self.net, condition),
                Asked::Untold => (self.net, &untold),
                Asked::Early => (self.early.expect("kept where guidance needs it"), condition),
                Asked::Classifier => {
                    self.calls.set(self.calls.get() + 1);
                    let classifier = self.classifier.expect("trained where guidance needs it");
                    return classifier.pull(self.process, x_t.clone(), at, condition);
                }
            };
            self.process.target.start(x_t.clone(), self.ask(net, x_t.clone(), at, condition), at)
        });
        self.process.consistent(self.process.within(start), condition)
    }

    /// Plain x̂_0 of `x_t`, with gradients where `x_t` has some: not cut to what values can be.
    pub(crate) fn differentiable(
        &self,
        x_t: Tensor<4>,
        at: Moment,
        condition: &Condition,
    ) -> Tensor<4> {
        self.process.target.start(x_t.clone(), self.target(x_t, at, condition), at)
    }

    /// ε̂ of `x_t`, read at the first time that the network knows where `at` is earlier.
    pub(crate) fn noise(&self, x_t: Tensor<4>, at: Moment, condition: &Condition) -> Tensor<4> {
        let schedule = &self.process.schedule;
        let at = schedule.at(at.t.max(schedule.first_time()));
        self.process.target.noise(x_t.clone(), self.target(x_t, at, condition), at)
    }

    /// Where the network looks for the words that it is told in `x_t`, all at one time, `[B, T, H, W]`; None where it looks at none.
    pub(crate) fn attended(
        &self,
        x_t: Tensor<4>,
        at: Moment,
        condition: &Condition,
    ) -> Option<Tensor<4>> {
        let moments = vec![at; x_t.dims()[0]];
        let times = self.process.network_times(&moments, &x_t.device());
        self.net.attended(input(x_t, at), times, condition)
    }

    /// How often the network was called for x̂_0 or ε̂.
    pub(crate) fn calls(&self) -> usize {
        self.calls.get()
    }

    fn target(&self, x_t: Tensor<4>, at: Moment, condition: &Condition) -> Tensor<4> {
        self.ask(self.net, x_t, at, condition)
    }

    fn ask(&self, net: &Network, x_t: Tensor<4>, at: Moment, condition: &Condition) -> Tensor<4> {
        self.calls.set(self.calls.get() + 1);
        let time = self.process.schedule.network_time(at.t);
        let times = vector(vec![time; x_t.dims()[0]], &x_t.device());
        let Predicted { target, variance } = net.predict(input(x_t, at), times, condition);
        *self.said.borrow_mut() = variance;
        target
    }
}
