//! One model in training, on the data and under the plan of `bench-runner --model NAME`.

use anyhow::{Result, bail};
use burn::tensor::{Device, Int, Tensor};
use genlab_ae::AeConfig;
use genlab_classifier::ClassifierConfig;
use genlab_clip::ClipConfig;
use genlab_core::{
    Batch, CaptionConfig, Condition, ConditionConfig, Generative, InitContext, NoRuns, Phase,
    SampleRequest, Scalars, Seed, Start, Train,
    checkpoint::NamedTensor,
    nn::{DitConfig, UNetConfig},
    trainer::Plan,
};
use genlab_data::{BatchStream, Dataset, LoadOptions};
use genlab_ddpm::{DdpmConfig, Guidance, NetworkConfig, SamplerConfig, Schedule};
use genlab_gan::GanConfig;
use genlab_kernels::{Precision, with_precision};
use genlab_sparse_ae::{Revival, SparseAeConfig};
use genlab_vae::VaeConfig;
use serde_json::{Value, json};
use std::{sync::Arc, time::Instant};

/// Every model by its name on the command line but for the convolutions of `classifier`, and diffusion by its other networks
/// for images, told captions or not.
pub const MODELS: [&str; 10] = [
    "ae",
    "sparse-ae",
    "vae",
    "gan",
    "ddpm",
    "ddpm-attention",
    "ddpm-dit",
    "ddpm-captions",
    "vit",
    "clip",
];

/// Training images of a default run: what schedules count their shares of.
const BUDGET: u64 = 100_000;

/// A model with its defaults, its batches and its place in the run.
pub struct Subject {
    /// The model's settings, as they are written to files.
    pub config: Value,
    /// One of [`MODELS`].
    pub name: String,
    model: Box<dyn Train>,
    stream: BatchStream,
    /// The captions of the validation split, where it has any, `[n, T]`: what samples are told.
    captions: Option<Tensor<2, Int>>,
    plan: Plan,
    step: u64,
}

/// A step's scalars by name.
pub type Read = Vec<(&'static str, f64)>;

impl Subject {
    /// The model `name` at step 0, on the training split of its [`dataset_of`].
    ///
    /// # Errors
    /// When there is no such model.
    pub fn new(name: &str, batch_size: usize, seed: Seed, device: &Device) -> Result<Self> {
        Self::on(&dataset_of(name)?, name, batch_size, seed, device)
    }

    /// The same on another dataset.
    ///
    /// # Errors
    /// When there is no such model.
    pub fn on(
        dataset: &Dataset,
        name: &str,
        batch_size: usize,
        seed: Seed,
        device: &Device,
    ) -> Result<Self> {
        let context = InitContext {
            space: dataset.space,
            classes: dataset.classes.as_ref().map(Vec::len),
            past: dataset.past(),
            words: dataset.words(),
            objects: dataset.objects(),
            total_images: BUDGET,
            device: device.clone(),
            seed,
            runs: Arc::new(NoRuns),
            start: Start::Fresh,
        };
        let (model, config) = build(name, &context)?;
        let precision = Precision::F32;
        let plan = Plan { seed, batch_size, total_images: BUDGET, log_every: 1, precision };
        let stream = BatchStream::new(&dataset.train, seed, batch_size, device);
        let stream =
            if model.needs_objects() { stream.with_objects(&dataset.train) } else { stream };
        let captions = dataset.validation.captions(0..dataset.validation.len(), device);
        Ok(Self { config, name: name.to_owned(), model, stream, captions, plan, step: 0 })
    }

    /// The model, for its state.
    pub fn model(&self) -> &dyn Train {
        self.model.as_ref()
    }

    /// Computes all further steps in `precision`; steps are in f32 until then.
    pub fn train_in(&mut self, precision: Precision) {
        self.plan.precision = precision;
    }

    /// The budget that shares of it refer to, in whole batches.
    pub fn total_images(&self) -> u64 {
        self.plan.progress(0).total_images
    }

    /// The next `steps` steps as the trainer runs them; scalars are read once, after the last.
    pub fn train(&mut self, steps: u64) -> Vec<Read> {
        let pending: Vec<Scalars> = (self.step..self.step + steps)
            .map(|step| {
                let (batch, progress) = (self.stream.batch(step), self.plan.progress(step));
                with_precision(self.plan.precision, || self.model.step(&batch, progress))
            })
            .collect();
        self.step += steps;
        Scalars::read_all(pending)
    }

    /// Milliseconds per step over the next `steps` steps.
    pub fn time(&mut self, steps: u64) -> f64 {
        let start = Instant::now();
        self.train(steps);
        milliseconds(start) / steps as f64
    }

    /// The model as it is evaluated.
    pub fn frozen(&self) -> Box<dyn Generative> {
        self.model.freeze()
    }

    /// The request for this run's first `count` samples, told the captions of as many scenes where there are any. Panics
    /// beyond the last scene of the validation split.
    pub fn request(&self, count: usize) -> SampleRequest {
        let captions = self.captions.clone().map(|captions| captions.narrow(0, 0, count));
        let condition = Condition { captions, ..Condition::default() };
        SampleRequest { condition, ..SampleRequest::new(self.plan.seed, count) }
    }

    /// The images of step `step` with their labels and captions where there are any, and every number that it draws, named
    /// `<step>.<what>`.
    pub fn inputs(&self, step: u64) -> Vec<NamedTensor> {
        let batch = self.stream.batch(step);
        let mut inputs = self.draws(&batch);
        inputs.extend(batch.labels.map(|labels| named("labels", labels.float())));
        inputs.extend(batch.captions.map(|captions| named("captions", captions.float())));
        inputs.push(named("images", batch.values));
        inputs.into_iter().map(|(name, d, v)| (format!("{step}.{name}"), d, v)).collect()
    }

    /// What a step draws, under the names and at the coordinates that the model crates use. The
    /// twin's comparison of losses fails if these ever part.
    fn draws(&self, batch: &Batch) -> Vec<NamedTensor> {
        let (noise, device) = (self.plan.seed.during(Phase::Train), batch.values.device());
        let codes =
            |name, latent| noise.normal(name, 0, batch.rows(), [batch.len(), latent], &device);
        let uniform =
            |name, numbers| noise.uniform(name, 0, batch.rows(), [batch.len(), numbers], &device);
        match self.name.as_str() {
            "vae" => {
                vec![named("posterior", codes("vae/posterior", VaeConfig::default().latent_dim))]
            }
            "gan" => {
                let latent = GanConfig::default().latent_dim;
                vec![
                    named("critic_latent", codes("gan/critic-latent", latent)),
                    named("latent", codes("gan/latent", latent)),
                ]
            }
            "ddpm" | "ddpm-attention" | "ddpm-dit" => self.noising(batch),
            "ddpm-captions" => {
                let mut draws = self.noising(batch);
                draws.push(named("dropout", uniform("condition/dropout", 1)));
                draws
            }
            "vit" | "clip" => vec![named("moves", uniform("classifier/augmentation", 3))],
            _ => Vec::new(),
        }
    }

    /// The level of noise of each image of a diffusion model's step, and the noise.
    fn noising(&self, batch: &Batch) -> Vec<NamedTensor> {
        let (noise, device) = (self.plan.seed.during(Phase::Train), batch.values.device());
        let DdpmConfig { schedule, times, .. } = DdpmConfig::default();
        let schedule = Schedule::new(schedule);
        let times = times.draw(&schedule, noise, batch.rows());
        let sigma = times.iter().map(|t| schedule.at(*t).ratio() as f32).collect();
        let shape = batch.values.dims();
        vec![
            ("sigma".into(), vec![batch.len()], sigma),
            named("noise", noise.normal("ddpm/noise", 0, batch.rows(), shape, &device)),
        ]
    }

    /// What the first `count` samples are made of: `sample`, the noise from which they grow, `[count, ...]`, with that of
    /// each step of the sampler after it for the diffusion model, `[1 + steps, count, ...]`; and `sample_captions`, where
    /// they are told any. Nothing where the model does not sample.
    pub fn sample_inputs(&self, count: usize) -> Vec<NamedTensor> {
        let (model, request) = (self.frozen(), self.request(count));
        let Some(sampler) = model.sampler() else { return Vec::new() };
        let noise = match (sampler.standard_noise(&request), model.decoder()) {
            (Some(noise), _) => Some(named("sample", Tensor::stack::<5>(noise, 0))),
            (None, decoder) => decoder.map(|decoder| {
                let shape = [count, decoder.latent_dim()];
                named("sample", request.starting_noise(shape, &Device::flex()))
            }),
        };
        let captions = request.condition.captions;
        let captions = captions.map(|captions| named("sample_captions", captions.float()));
        noise.into_iter().chain(captions).collect()
    }
}

/// Whether the model `name` reads captions, and so learns from scenes.
pub fn reads_captions(name: &str) -> bool {
    ["ddpm-captions", "clip"].contains(&name)
}

/// The CPU, by genlab's own kernels (`flex`) or by libtorch (`tch`).
///
/// # Errors
/// When this build has no such device.
pub fn device(name: &str) -> Result<Device> {
    match name {
        "flex" => Ok(Device::flex()),
        #[cfg(feature = "tch")]
        #[expect(deprecated, reason = "burn-tch is deprecated upstream but still in 0.22")]
        "tch" => Ok(Device::libtorch()),
        _ => {
            bail!("there is no device {name:?} in this build; use flex, or tch with --features tch")
        }
    }
}

/// The default dataset, which is compiled in.
///
/// # Errors
/// When it cannot be read.
pub fn mnist() -> Result<Dataset> {
    Ok(genlab_data::load("mnist-10k", &LoadOptions::default())?)
}

/// Pictures of one or two coloured digits with their captions, which are drawn.
///
/// # Errors
/// When the digits cannot be read.
pub fn scenes() -> Result<Dataset> {
    Ok(genlab_data::load("scenes-32", &LoadOptions::default())?)
}

/// What the model `name` learns from: scenes where it reads captions, else digits.
///
/// # Errors
/// When it cannot be read.
pub fn dataset_of(name: &str) -> Result<Dataset> {
    if reads_captions(name) { scenes() } else { mnist() }
}

/// Milliseconds since `start`.
pub fn milliseconds(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

/// A tensor's shape and values on the host.
pub fn named<const D: usize>(name: &str, tensor: Tensor<D>) -> NamedTensor {
    let shape = tensor.dims().to_vec();
    let values = tensor.into_data().convert::<f32>().try_into_vec().expect("converted to f32");
    (name.to_owned(), shape, values)
}

fn build(name: &str, context: &InitContext) -> Result<(Box<dyn Train>, Value)> {
    let (ae, vae) = (AeConfig::default(), VaeConfig::default());
    // The twin has no such thing, which is one step in ten.
    let sparse_ae = SparseAeConfig { revival: Revival::Off, ..SparseAeConfig::default() };
    let (gan, vit, clip) = (GanConfig::default(), ClassifierConfig::vit(), ClipConfig::default());
    let diffusion = |ddpm: DdpmConfig| -> Result<(Box<dyn Train>, Value)> {
        Ok((ddpm.init(context)?, json!(ddpm)))
    };
    let by = |network| DdpmConfig { network, ..DdpmConfig::default() };
    Ok(match name {
        "ae" => (ae.init(context)?, json!(ae)),
        "sparse-ae" => (sparse_ae.init(context)?, json!(sparse_ae)),
        "vae" => (vae.init(context)?, json!(vae)),
        "gan" => (gan.init(context)?, json!(gan)),
        "ddpm" => diffusion(DdpmConfig::default())?,
        "ddpm-attention" => diffusion(by(at_low_resolution()))?,
        "ddpm-dit" => diffusion(by(NetworkConfig::Dit(DitConfig::default())))?,
        "ddpm-captions" => diffusion(of_captions())?,
        "vit" => (vit.init(context)?, json!(vit)),
        "clip" => (clip.init(context)?, json!(clip)),
        _ => bail!("there is no model {name:?}; use one of {}", MODELS.join(", ")),
    })
}

/// The default U-Net with self-attention at its innermost level.
fn at_low_resolution() -> NetworkConfig {
    match NetworkConfig::default() {
        NetworkConfig::UNet(unet) => {
            let innermost = unet.channels.len() - 1;
            NetworkConfig::UNet(UNetConfig { attention: vec![innermost], ..unet })
        }
        other => other,
    }
}

/// That of experiments/scenes-32/captions.toml.
fn of_captions() -> DdpmConfig {
    let base = DdpmConfig::default();
    let guidance = Guidance::ClassifierFree { scale: 2.0, interval: None };
    DdpmConfig {
        network: at_low_resolution(),
        condition: ConditionConfig::Caption(CaptionConfig::default()),
        condition_dropout: 0.1,
        sampler: SamplerConfig { guidance, ..base.sampler },
        ..base
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_go_on_where_the_last_call_ended() {
        let mut whole = Subject::new("vae", 4, Seed(0), &Device::flex()).unwrap();
        let mut parts = Subject::new("vae", 4, Seed(0), &Device::flex()).unwrap();
        let mut read = parts.train(1);
        read.extend(parts.train(2));
        assert_eq!(whole.train(3), read);
    }

    #[test]
    fn a_model_that_does_not_exist_is_named() {
        let error = Subject::new("vea", 4, Seed(0), &Device::flex()).err().unwrap().to_string();
        assert!(error.contains("\"vea\"") && error.contains("sparse-ae"), "{error}");
    }

    #[test]
    fn the_inputs_of_a_step_are_its_images_what_is_known_of_them_and_what_it_draws() {
        let (digits, scenes) = (mnist().unwrap(), scenes().unwrap());
        let cases: [(_, _, &[&str]); 3] = [
            ("vit", &digits, &["7.moves", "7.labels", "7.images"]),
            ("clip", &scenes, &["7.moves", "7.captions", "7.images"]),
            (
                "ddpm-captions",
                &scenes,
                &["7.sigma", "7.noise", "7.dropout", "7.captions", "7.images"],
            ),
        ];
        for (name, dataset, expected) in cases {
            let subject = Subject::on(dataset, name, 4, Seed(0), &Device::flex()).unwrap();
            let inputs = subject.inputs(7);
            let names: Vec<&str> = inputs.iter().map(|(name, ..)| name.as_str()).collect();
            assert_eq!(names, expected, "{name}");
            assert!(inputs.iter().all(|(_, shape, _)| shape[0] == 4), "{name}");
        }
    }

    #[test]
    fn samples_are_told_captions_where_there_are_any() {
        let [told, untold] = ["ddpm-captions", "ddpm"].map(|name| {
            let subject = Subject::new(name, 4, Seed(0), &Device::flex()).unwrap();
            subject.sample_inputs(3).into_iter().map(|(name, ..)| name).collect::<Vec<_>>()
        });
        assert_eq!(told, ["sample", "sample_captions"]);
        assert_eq!(untold, ["sample"]);
    }
}
