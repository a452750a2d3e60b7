//! A classifier of noisy values, whose gradient leads samples towards a class.

use crate::{
    process::{Process, input, vector},
    schedule::Moment,
};
use burn::{
    module::Module,
    tensor::{Device, Int, Tensor, activation::log_softmax},
};
use genlab_core::{
    Batch, CheckpointError, Condition, EmaConfig, InitContext, Kind, LearningRateSchedule, Noise,
    Optimized, OptimizerConfig, Progress, Space, StateReader, StateWriter,
    loss::cross_entropy,
    nn::{BackboneConfig, Encoder, Linear, init_module, silu, sinusoidal_embedding},
};

/// What the mean of −ln p(y | x_t) is logged as.
pub(crate) const CROSS_ENTROPY: &str = "classifier_cross_entropy";

/// Width of the layer that is told the time.
const WIDTH: usize = 128;
/// Numbers of the embedded time.
const TIME_SIZE: usize = 64;

/// p(y | x_t, t): features of x_t, scaled and shifted by the time, to logits.
#[derive(Module, Debug)]
pub(crate) struct NoisyClassifier {
    encoder: Encoder,
    hidden: Linear,
    time_in: Linear,
    time_out: Linear,
    head: Linear,
}

impl NoisyClassifier {
    fn new(classes: usize, space: Space, device: &Device) -> Self {
        let backbone = match space.kind {
            Kind::Images => BackboneConfig::conv([32, 64]),
            Kind::Points | Kind::Series => BackboneConfig::mlp([WIDTH, WIDTH]),
        };
        let encoder = backbone.encoder(space.shape, device);
        Self {
            hidden: Linear::new(encoder.features(), WIDTH, device),
            encoder,
            time_in: Linear::new(TIME_SIZE, WIDTH, device),
            time_out: Linear::new(WIDTH, 2 * WIDTH, device),
            head: Linear::new(WIDTH, classes, device),
        }
    }

    /// x_t as networks read it `[B, C, H, W]` and what they are told of t `[B]`, to logits `[B, classes]`.
    fn forward(&self, x_t: Tensor<4>, times: Tensor<1>) -> Tensor<2> {
        let hidden = self.hidden.forward(self.encoder.forward(x_t));
        let time = self.time_in.forward(sinusoidal_embedding(times, TIME_SIZE));
        let told = self.time_out.forward(silu(time));
        let (scale, shift) = (told.clone().narrow(1, 0, WIDTH), told.narrow(1, WIDTH, WIDTH));
        self.head.forward(silu(hidden * (scale + 1.0) + shift))
    }

    /// The pull of the told classes on x̂_0 of `x_t` `[B, C, H, W]`. Rows that are told no class stay where they are.
    pub(crate) fn pull(
        &self,
        process: &Process,
        x_t: Tensor<4>,
        at: Moment,
        condition: &Condition,
    ) -> Tensor<4> {
        let classes = condition.classes.clone().expect("asked for where a class is told");
        let time = process.schedule.network_time(at.t);
        let logits = |x_t: Tensor<4>| {
            let times = vector(vec![time; x_t.dims()[0]], &x_t.device());
            self.forward(input(x_t, at), times)
        };
        pull(x_t, at, classes, logits)
    }
}

/// By how much x̂_0 changes when x_t is known to be of its class: (σ² / α) ∇ ln p(y | x_t). The score of p(x_t | y) is
/// that of p(x_t) and ∇ ln p(y | x_t) (Dhariwal & Nichol 2021, arXiv:2105.05233, Eq. 13), and x̂_0 = (x_t + σ² score) / α.
fn pull(
    x_t: Tensor<4>,
    at: Moment,
    classes: Tensor<1, Int>,
    logits: impl Fn(Tensor<4>) -> Tensor<2>,
) -> Tensor<4> {
    gradient(x_t, classes, logits) * (at.sigma.powi(2) / at.alpha)
}

/// ∇ ln p(y | x) of every row by its own x, with p = softmax(logits); 0 for rows without a class.
fn gradient(
    x: Tensor<4>,
    classes: Tensor<1, Int>,
    logits: impl Fn(Tensor<4>) -> Tensor<2>,
) -> Tensor<4> {
    let tracked = x.autodiff().require_grad();
    let log_probabilities = log_softmax(logits(tracked.clone()), 1);
    let told = classes.clone().greater_equal_elem(0).float();
    let of_class = log_probabilities.gather(1, classes.clamp_min(0).unsqueeze_dim(1));
    let gradients = (of_class.squeeze_dim::<1>(1) * told).sum().backward();
    tracked.grad(&gradients).expect("x is a tracked leaf of its own logits")
}

/// The classifier in training, beside the denoiser and on the same noisy values.
pub(crate) struct Guide {
    net: Optimized<NoisyClassifier>,
}

impl Guide {
    pub(crate) fn new(classes: usize, learning_rate: f64, context: &InitContext) -> Self {
        let net = init_module(context.seed, "ddpm/classifier", &context.device, |device| {
            NoisyClassifier::new(classes, context.space, device)
        });
        let optimizer = OptimizerConfig {
            learning_rate,
            schedule: LearningRateSchedule::Cosine,
            ..OptimizerConfig::default()
        };
        Self { net: Optimized::new(net, optimizer, EmaConfig::Off) }
    }

    /// One step on a batch with labels; returns the mean cross-entropy in nats, `[1]`.
    pub(crate) fn step(&mut self, process: &Process, batch: &Batch, at: Progress) -> Tensor<1> {
        let loss = loss(self.net.net(), process, batch, at.noise());
        self.net.descend(loss.clone(), at);
        loss
    }

    pub(crate) fn frozen(&self) -> NoisyClassifier {
        self.net.frozen()
    }

    pub(crate) fn state(&self, out: &mut StateWriter) {
        self.net.state("classifier", out);
    }

    pub(crate) fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("classifier", from)
    }
}

/// −ln p(y | x_t) of a batch, its mean in nats `[1]`: row i has the time and the noise that the denoiser's has.
pub(crate) fn loss(
    net: &NoisyClassifier,
    process: &Process,
    batch: &Batch,
    noise: Noise,
) -> Tensor<1> {
    let labels = batch.labels.as_ref().expect("a dataset with classes has a label for every value");
    let noised = process.noised(batch.values.clone(), noise, batch.rows());
    cross_entropy(net.forward(noised.input, noised.times), labels, 0.0).mean()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Schedule, ScheduleConfig, Target, Times, Weighting,
        guidance::{Asked, Guidance},
    };
    use genlab_data::{GaussianMixture, Mode};

    fn mode(x: f64, sd: f64) -> Mode {
        Mode { weight: 0.5, centre: vec![x], sd }
    }

    /// With the exact denoiser of two Gaussians and the exact classifier of their noisy values, guidance of 1 is the
    /// denoiser of one of them: x̂_0(x_t | y) = x̂_0(x_t) + (σ² / α) ∇ ln p(y | x_t).
    #[test]
    fn an_exact_classifier_makes_the_exact_conditional_denoiser_of_the_unconditional_one() {
        let device = Device::flex();
        let modes = [mode(-1.0, 0.4), mode(1.5, 0.7)];
        let both = GaussianMixture::new(modes.to_vec());
        let places: Vec<f32> = (-8..=8).map(|i| i as f32 / 2.0).collect();
        let tensor =
            |x: &[f32]| Tensor::<1>::from_floats(x, &device).reshape([x.len() as i32, 1, 1, 1]);
        for schedule in [ScheduleConfig::default(), ScheduleConfig::FLOW] {
            let schedule = Schedule::new(schedule);
            for ratio in [0.2, 1.0, 4.0] {
                let at = schedule.at(schedule.time_of_ratio(ratio));
                for (class, mode) in modes.iter().enumerate() {
                    let alone = GaussianMixture::new(vec![Mode { weight: 1.0, ..mode.clone() }]);
                    let starts = |of: &GaussianMixture| -> Vec<f32> {
                        let start = |&x: &f32| of.denoise(&[f64::from(x)], at.alpha, at.sigma)[0];
                        places.iter().map(|x| start(x) as f32).collect()
                    };
                    // ln p(y) p(x_t | y) up to what both share.
                    let logits = |x: Tensor<4>| {
                        let x = x.flatten::<2>(1, 3);
                        let log = |mode: &Mode| {
                            let sd = (at.alpha * mode.sd).hypot(at.sigma);
                            let z = (x.clone() - at.alpha * mode.centre[0]) / sd;
                            z.square() * -0.5 - sd.ln()
                        };
                        Tensor::cat(modes.iter().map(log).collect(), 1)
                    };
                    let classes = vec![class as i32; places.len()];
                    let told = Condition::of_classes(&classes, &device);
                    let guidance =
                        Guidance::Classifier { scale: 1.0, learning_rate: 1e-3, interval: None };
                    let guided = guidance.start(&told, at, |asked| match asked {
                        Asked::Classifier => {
                            let classes = told.classes.clone().expect("classes");
                            pull(tensor(&places), at, classes, logits)
                        }
                        _ => tensor(&starts(&both)),
                    });
                    let found = guided.into_data().try_into_vec::<f32>().expect("f32");
                    for (found, exact) in found.iter().zip(starts(&alone)) {
                        assert!((found - exact).abs() < 2e-4, "{ratio} {class}: {found} {exact}");
                    }
                }
            }
        }
    }

    /// The network reads x_t / s with s = √(α² + σ²), so its slope by x_t is that by what it reads, by s.
    #[test]
    fn the_network_pulls_by_its_slope_in_x_t_and_not_at_all_without_a_class() {
        let device = Device::flex();
        let space = Space::points(2, 0.0, 1.0);
        let net = NoisyClassifier::new(3, space, &device);
        let process = Process {
            schedule: Schedule::new(ScheduleConfig::Edm { sigma_min: 0.004, sigma_max: 160.0 }),
            target: Target::default(),
            weighting: Weighting::default(),
            times: Times::default(),
            space,
        };
        let at = process.schedule.at(process.schedule.time_of_ratio(3.0));
        let x = Tensor::<2>::from_floats([[0.4, -0.2], [1.0, 0.3], [0.1, 0.6]], &device);
        let x = x.reshape([3, 2, 1, 1]);
        let told = Condition::of_classes(&[2, -1, 0], &device);
        let floats = |x: Tensor<4>| x.into_data().try_into_vec::<f32>().expect("f32");
        let pulled = floats(net.pull(&process, x.clone(), at, &told));
        assert_eq!(pulled[2..4], [0.0, 0.0], "a row without a class");

        let time = vector(vec![process.schedule.network_time(at.t); 3], &device);
        let logits = |read| net.forward(read, time.clone());
        let slope = gradient(x / 10_f64.sqrt(), told.classes.expect("classes"), logits);
        for (found, slope) in pulled.iter().zip(floats(slope)) {
            let exact = 9.0 / 10_f32.sqrt() * slope;
            assert!((found - exact).abs() <= 1e-4 * exact.abs() + 1e-6, "{found}, {exact}");
        }
        assert!(pulled.iter().any(|pull| pull.abs() > 1e-3), "something pulls: {pulled:?}");
    }
}
