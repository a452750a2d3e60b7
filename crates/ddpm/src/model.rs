//! One step of training, and what the frozen model can do.

use crate::{
    SamplerConfig,
    loss::{diffuse, simple_loss},
    sampler::{Inversion, Transition, respaced_times},
    schedule::NoiseSchedule,
};
use burn::{
    module::Module,
    tensor::{Device, Tensor, TensorData},
};
use genlab_core::{
    Batch, CheckpointError, Generative, ImageShape, Invert, Noise, Optimized, Progress, Sample,
    SampleRequest, Scalars, StateReader, StateWriter, Train, nn::UNet,
};
use rand::RngExt;

pub(crate) struct Ddpm {
    pub(crate) net: Optimized<UNet>,
    pub(crate) schedule: NoiseSchedule,
    pub(crate) sampler: SamplerConfig,
    pub(crate) shape: ImageShape,
}

/// L_simple on a batch, `[B]`: image i draws its time and its noise from row `batch.first + i`.
fn loss(net: &UNet, schedule: &NoiseSchedule, batch: &Batch, noise: Noise) -> Tensor<1> {
    let device = batch.images.device();
    let times: Vec<usize> = batch
        .rows()
        .map(|row| {
            noise.row("ddpm/time", 0, row).random_range(1..=schedule.steps() as u64) as usize
        })
        .collect();
    let alpha_bar = times.iter().map(|&t| schedule.alpha_bar(t) as f32).collect();
    let times = vector(times.iter().map(|&t| t as f32).collect(), &device);
    let noise = noise.normal("ddpm/noise", 0, batch.rows(), batch.images.dims(), &device);
    let x_0 = batch.images.clone() * 2.0 - 1.0;
    let x_t = diffuse(x_0, noise.clone(), vector(alpha_bar, &device));
    simple_loss(noise, net.forward(x_t, times))
}

fn vector(values: Vec<f32>, device: &Device) -> Tensor<1> {
    let n = values.len();
    Tensor::from_data(TensorData::new(values, [n]), device)
}

impl Train for Ddpm {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let loss = loss(self.net.net(), &self.schedule, batch, at.noise()).mean();
        let scalars = Scalars::new().with("loss", loss.clone());
        match self.net.descend(loss, at) {
            Some(norm) => scalars.with("gradient_norm", norm),
            None => scalars,
        }
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenDdpm {
            net: self.net.frozen(),
            schedule: self.schedule.clone(),
            sampler: self.sampler,
            shape: self.shape,
        })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct FrozenDdpm {
    net: UNet,
    schedule: NoiseSchedule,
    sampler: SamplerConfig,
    shape: ImageShape,
}

impl FrozenDdpm {
    fn times(&self, request: &SampleRequest) -> Vec<usize> {
        respaced_times(self.schedule.steps(), request.steps.unwrap_or(self.sampler.steps()))
    }

    /// The times an inversion visits: those of the sampler's default number of steps, whichever
    /// sampler that is, since only DDIM can be inverted.
    fn inversion_times(&self) -> Vec<usize> {
        respaced_times(self.schedule.steps(), self.sampler.steps())
    }

    /// Runs the reverse process and hands x_s of every step to `see`.
    fn reverse(
        &self,
        request: &SampleRequest,
        mut see: impl FnMut(usize, &Tensor<4>),
    ) -> Tensor<4> {
        let device = self.net.devices().remove(0);
        let shape = self.shape.batch(request.count);
        let fresh = |step: usize| {
            request.noise().normal("ddpm/step", step as u64, request.rows(), shape, &device)
        };
        let (times, eta) = (self.times(request), self.sampler.eta());
        let mut x = request.starting_noise(shape, &device);
        see(0, &x);
        for (index, pair) in times.windows(2).enumerate() {
            let (t, s) = (pair[0], pair[1]);
            let predicted =
                self.net.forward(x.clone(), vector(vec![t as f32; request.count], &device));
            let step = Transition::new(&self.schedule, eta, t, s);
            x = step.apply(x, predicted, (eta > 0.0 && s > 0).then(|| fresh(t)));
            see(index + 1, &x);
        }
        x
    }
}

/// From the network's [-1, 1] to an image's [0, 1].
fn to_image(x: Tensor<4>) -> Tensor<4> {
    (x * 0.5 + 0.5).clamp(0.0, 1.0)
}

impl Generative for FrozenDdpm {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        Scalars::new().with("loss", loss(&self.net, &self.schedule, batch, noise).mean())
    }

    fn sampler(&self) -> Option<&dyn Sample> {
        Some(self)
    }

    fn inverter(&self) -> Option<&dyn Invert> {
        Some(self)
    }
}

impl Invert for FrozenDdpm {
    fn method(&self) -> String {
        format!("DDIM inversion, {} steps each way", self.inversion_times().len() - 1)
    }

    /// From the image up to x_T by inverted DDIM steps, and down again by DDIM.
    fn invert(&self, images: Tensor<4>) -> Tensor<4> {
        let (batch, device) = (images.dims()[0], images.device());
        let times = self.inversion_times();
        let predict = |x: &Tensor<4>, t: usize| {
            // The network was never shown time 0.
            self.net.forward(x.clone(), vector(vec![t.max(1) as f32; batch], &device))
        };
        let mut x = images * 2.0 - 1.0;
        for pair in times.windows(2).rev() {
            let (t, s) = (pair[0], pair[1]);
            let predicted = predict(&x, s);
            x = Inversion::new(&self.schedule, s, t).apply(x, predicted);
        }
        for pair in times.windows(2) {
            let (t, s) = (pair[0], pair[1]);
            let predicted = predict(&x, t);
            x = Transition::new(&self.schedule, 0.0, t, s).apply(x, predicted, None);
        }
        to_image(x)
    }
}

impl Sample for FrozenDdpm {
    fn sample(&self, request: &SampleRequest) -> Tensor<4> {
        to_image(self.reverse(request, |_, _| ()))
    }

    fn network_calls(&self, request: &SampleRequest) -> usize {
        self.times(request).len() - 1
    }

    fn trajectory(&self, request: &SampleRequest, frames: usize) -> Option<Vec<Tensor<4>>> {
        let last = self.network_calls(request);
        let wanted: Vec<usize> =
            (0..frames).map(|i| i * last / frames.saturating_sub(1).max(1)).collect();
        let mut kept = Vec::new();
        self.reverse(request, |index, x| {
            if wanted.contains(&index) {
                kept.push(to_image(x.clone()));
            }
        });
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use crate::{DdpmConfig, SamplerConfig};
    use genlab_core::{nn::UNetConfig, testing::contract};

    fn small() -> DdpmConfig {
        let unet =
            UNetConfig { channels: vec![8, 16], time_embedding_dim: 16, ..UNetConfig::default() };
        DdpmConfig { steps: 50, unet, ..DdpmConfig::default() }
    }

    #[test]
    fn the_ddim_sampled_model_keeps_the_contract() {
        contract(&|context| small().init(context), Some(("loss", 80, 0.8)));
    }

    #[test]
    fn the_ancestrally_sampled_model_keeps_the_contract() {
        let sampler = SamplerConfig::Ancestral { steps: 50 };
        let config = DdpmConfig { sampler, ..small() };
        contract(&|context| config.init(context), None);
    }
}
