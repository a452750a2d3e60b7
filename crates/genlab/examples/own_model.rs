//! A model of one's own: every pixel a normal distribution by itself, its mean and deviation learned. It implements the
//! two traits, so that it is trained, sampled and scored as any other.

#![expect(clippy::print_stdout, reason = "an example shows what it finds")]

use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::Tensor,
};
use genlab::{
    Lab, LabError,
    core::{
        Batch, CheckpointError, EmaConfig, Generative, InitContext, Noise, Optimized,
        OptimizerConfig, Progress, Sample, SampleRequest, Scalars, Space, StateReader, StateWriter,
        Train, nn::init_module, params::write_params, state::Section,
    },
    metrics::measures::sets::QUICK_MEASURES,
};

/// Means and logarithms of standard deviations, `[1, N]` each.
#[derive(Module, Debug)]
struct Pixels {
    mean: Param<Tensor<2>>,
    log_sd: Param<Tensor<2>>,
}

/// −ln p(x) up to a constant, in nats: Σ ½ ((x − μ) / σ)² + ln σ, mean over the batch `[1]`.
fn loss(net: &Pixels, batch: &Batch) -> Tensor<1> {
    let (mean, log_sd) = (net.mean.val(), net.log_sd.val());
    let apart = (batch.values.clone().flatten::<2>(1, 3) - mean) / log_sd.clone().exp();
    (apart.square() / 2.0 + log_sd).sum_dim(1).mean()
}

struct InTraining {
    net: Optimized<Pixels>,
    space: Space,
}

impl Train for InTraining {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let loss = loss(self.net.net(), batch);
        let scalars = Scalars::new().with("loss", loss.clone());
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(Frozen { net: self.net.frozen(), space: self.space })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct Frozen {
    net: Pixels,
    space: Space,
}

impl Generative for Frozen {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn weights(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Weights, "net", out);
    }

    fn objective(&self, batch: &Batch, _noise: Noise) -> Scalars {
        Scalars::new().with("loss", loss(&self.net, batch))
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }
}

impl Sample for Frozen {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        let (mean, log_sd) = (self.net.mean.val(), self.net.log_sd.val());
        let shape = [request.count, self.space.shape.pixels()];
        let noise = request.starting_noise(shape, &mean.device());
        let values = mean + log_sd.exp() * noise;
        self.space.within(values.reshape(self.space.shape.batch(request.count)))
    }

    fn network_calls(&self, _request: &SampleRequest) -> usize {
        1
    }
}

fn build(context: &InitContext) -> Box<dyn Train> {
    let (space, shape) = (context.space, [1, context.space.shape.pixels()]);
    let net = init_module(context.seed, "pixels/net", &context.device, |device| Pixels {
        mean: Initializer::Zeros.init(shape, device),
        log_sd: Initializer::Zeros.init(shape, device),
    });
    let optimizer = OptimizerConfig { learning_rate: 1e-2, ..OptimizerConfig::default() };
    Box::new(InTraining { net: Optimized::new(net, optimizer, EmaConfig::Off), space })
}

fn main() -> Result<(), LabError> {
    let lab = Lab::open("digits8x8")?;
    let model = lab.train(
        40_000,
        |context| Ok(build(context)),
        |line, _| {
            println!("{:>6} images: {:?}", line.at.images, line.scalars);
        },
    )?;
    let samples = lab.samples(model.as_ref(), 360)?;
    for metric in lab.score(&samples, QUICK_MEASURES).metrics {
        println!("{} = {:.4}", metric.name, metric.value);
    }
    Ok(())
}
