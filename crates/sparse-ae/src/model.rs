//! One step of training, and what the frozen model can do.

use crate::{
    DecoderNorm, Revival, SparseAeConfig,
    decoder_norm::{unit_rows, without_parallel},
    loss::Loss,
    net::SparseNet,
    revival::{Reborn, dead, idle, reborn},
    sparsity::{Sparsity, Stage},
};
use burn::{
    module::Module,
    tensor::{Bool, Device, Tensor},
};
use genlab_core::{
    Batch, CheckpointError, Codes, Condition, Decode, Encode, Generative, Noise, Optimized,
    Progress, Reconstruct, Scalars, StateReader, StateWriter, Train, nn::BackboneConfig,
    params::write_params, state::Section,
};

/// Largest weight of the past in the running mean of thresholds.
const THRESHOLD_DECAY: f64 = 0.99;

pub(crate) struct SparseAe {
    net: Optimized<SparseNet>,
    config: SparseAeConfig,
    /// The name of the decoder's columns among the parameters.
    columns: String,
    /// Running mean of the smallest code that was kept, `[1]`.
    threshold: Tensor<1>,
    /// Values in a row that each unit was off for, `[L]`.
    idle: Tensor<1>,
}

impl SparseAe {
    pub(crate) fn new(net: Optimized<SparseNet>, config: SparseAeConfig, device: &Device) -> Self {
        let columns = net.net().columns_name();
        let (threshold, idle) =
            (Tensor::zeros([1], device), Tensor::zeros([config.latent_dim], device));
        let mut model = Self { net, config, columns, threshold, idle };
        model.normalise_columns();
        model
    }

    /// Biases at which the mean of the first batch gives pre-activations of 0, and codes of 0 give that mean: the b_dec of
    /// Bricken et al. 2023 and of Gao et al. 2024 (arXiv:2406.04093, appendix A.1), which start at the data's centre. Without it
    /// the first steps are spent on the mean, and units that it turns off stay off. Decoders of convolutions have no bias
    /// of each number of a value, and keep theirs.
    fn start_at_mean(&mut self, batch: &Batch) {
        let net = self.net.raw();
        let features = net.features(batch.values.clone()).mean_dim(0);
        let reads = -features.matmul(net.code.weight.val()).squeeze_dim::<1>(0);
        let mean = net.space().logits(batch.values.clone().mean_dim(0)).flatten::<1>(0, 3);
        let has_output_bias = matches!(self.config.backbone, BackboneConfig::Mlp(_));
        self.net.change(&mut |name, value| match name {
            "code.bias" => reads.clone(),
            "decoder.project.bias" if has_output_bias => mean.clone(),
            _ => value,
        });
    }

    fn dead(&self) -> Option<Tensor<1, Bool>> {
        self.config.revival.after().map(|after| dead(&self.idle, after))
    }

    fn descend(&mut self, total: Tensor<1>, at: Progress) {
        match self.config.decoder_norm {
            DecoderNorm::Free | DecoderNorm::Renormalise => {
                self.net.descend(total, at);
            }
            DecoderNorm::Project => {
                let name = &self.columns;
                self.net.descend_with(total, at, |net, gradients| {
                    let columns = net.decoder.first().weight.val().inner();
                    if let Some(gradient) = gradients.remove(name) {
                        let dims = columns.dims();
                        let left = without_parallel(gradient.reshape(dims), columns);
                        gradients.insert(name.clone(), left.reshape([dims[0] * dims[1]]));
                    }
                });
            }
        }
        self.normalise_columns();
    }

    fn normalise_columns(&mut self) {
        if self.config.decoder_norm == DecoderNorm::Free {
            return;
        }
        let (columns, units) = (&self.columns, self.config.latent_dim);
        self.net.change(&mut |name, value| {
            if name != columns {
                return value;
            }
            let size = value.dims()[0];
            unit_rows(value.reshape([units, size / units])).reshape([size])
        });
    }

    /// θ ← a θ + (1 − a) least, a = n / (n + 1) of step n at first, so that the zero it starts from has no weight.
    fn follow_threshold(&mut self, least: Tensor<1>, step: u64) {
        let past = (step as f64 / (step as f64 + 1.0)).min(THRESHOLD_DECAY);
        self.threshold = self.threshold.clone() * past + least * (1.0 - past);
    }

    /// Makes dead units anew where a round is due.
    fn resample(&mut self, batch: &Batch, losses: Tensor<1>, at: Progress) {
        let (Revival::Resample(resample), Some(dead)) = (self.config.revival, self.dead()) else {
            return;
        };
        let count = batch.len() as u64;
        if !resample.is_due(at.images, count, at.fraction()) {
            return;
        }
        let (net, device) = (self.net.raw(), batch.values.device());
        let noise = at.noise().uniform(
            "sparse-ae/resample",
            at.step,
            batch.rows(),
            [batch.len(), 1],
            &device,
        );
        let (reads, bias) = (net.code.weight.val(), net.code.bias.val());
        let writes = net.decoder.first().weight.val();
        let [inputs, units] = reads.dims();
        let now = Reborn { reads, bias, writes, kept: Tensor::ones([units], &device) };
        let values = net.features(batch.values.clone());
        let noise = noise.squeeze_dim::<1>(1);
        let Reborn { reads, bias, writes, kept } =
            reborn(now, dead, values, losses, noise, resample.scale);

        let outputs = writes.dims()[1];
        let columns = &self.columns;
        let of_reads = kept.clone().unsqueeze::<2>().expand([inputs, units]);
        let of_writes = kept.clone().unsqueeze_dim::<2>(1).expand([units, outputs]);
        self.net.fade_memory("code.weight", &of_reads.reshape([inputs * units]));
        self.net.fade_memory("code.bias", &kept);
        self.net.fade_memory(columns, &of_writes.reshape([units * outputs]));
        self.net.change(&mut |name, value| match name {
            "code.weight" => reads.clone().reshape([inputs * units]),
            "code.bias" => bias.clone(),
            name if name == columns => writes.clone().reshape([units * outputs]),
            _ => value,
        });
        self.idle = self.idle.clone() * kept;
    }
}

impl Train for SparseAe {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        if at.step == 0 {
            self.start_at_mean(batch);
        }
        let stage = Stage::Training { spent: at.fraction() };
        let dead = self.dead();
        let loss = Loss::of(self.net.net(), &self.config, &batch.values, stage, dead.clone());
        let scalars = loss.scalars();
        self.descend(loss.total, at);
        if let Some(least) = loss.threshold {
            self.follow_threshold(least, at.step);
        }
        let Some(dead) = dead else { return scalars };
        self.idle = idle(self.idle.clone(), &loss.codes, self.config.sparsity.on_above());
        self.resample(batch, loss.reconstruction, at);
        scalars.with("dead_fraction", dead.float().mean())
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenSparseAe {
            net: self.net.frozen(),
            config: self.config.clone(),
            threshold: self.threshold.clone(),
        })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
        for (name, value) in self.memory() {
            out.tensor(Section::Weights, name.into(), value.dims().to_vec(), value.clone());
        }
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)?;
        if self.keeps_threshold() {
            self.threshold = from.tensor(Section::Weights, THRESHOLD, &self.threshold)?;
        }
        if self.config.revival.after().is_some() {
            self.idle = from.tensor(Section::Weights, IDLE, &self.idle)?;
        }
        Ok(())
    }
}

const THRESHOLD: &str = "threshold";
const IDLE: &str = "idle";

impl SparseAe {
    fn keeps_threshold(&self) -> bool {
        matches!(self.config.sparsity, Sparsity::BatchTopK(_))
    }

    /// What a later step depends on besides the network.
    fn memory(&self) -> Vec<(&'static str, &Tensor<1>)> {
        let threshold = self.keeps_threshold().then_some((THRESHOLD, &self.threshold));
        let idle = self.config.revival.after().map(|_| (IDLE, &self.idle));
        threshold.into_iter().chain(idle).collect()
    }
}

struct FrozenSparseAe {
    net: SparseNet,
    config: SparseAeConfig,
    threshold: Tensor<1>,
}

impl FrozenSparseAe {
    fn stage(&self) -> Stage<'_> {
        Stage::Frozen { threshold: &self.threshold }
    }

    /// `[B, C, H, W]` to codes `[B, L]`, none negative and most zero.
    fn codes(&self, values: Tensor<4>) -> Tensor<2> {
        let pre = self.net.pre_activations(values);
        self.config.sparsity.activate(&self.net, pre, self.stage()).codes
    }
}

impl Generative for FrozenSparseAe {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn weights(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Weights, "net", out);
        if let Sparsity::BatchTopK(_) = self.config.sparsity {
            out.tensor(Section::Weights, THRESHOLD.into(), vec![1], self.threshold.clone());
        }
    }

    fn objective(&self, batch: &Batch, _noise: Noise) -> Scalars {
        Loss::of(&self.net, &self.config, &batch.values, self.stage(), None).scalars()
    }

    fn reconstructor(&self) -> Option<&dyn Reconstruct> {
        Some(self)
    }

    fn encoder(&self) -> Option<&dyn Encode> {
        Some(self)
    }

    fn decoder(&self) -> Option<&dyn Decode> {
        Some(self)
    }
}

impl Reconstruct for FrozenSparseAe {
    fn reconstruct(&self, values: Tensor<4>, _condition: &Condition) -> Tensor<4> {
        self.net.values(self.codes(values))
    }
}

impl Encode for FrozenSparseAe {
    fn encode(&self, values: Tensor<4>, _condition: &Condition) -> Codes {
        Codes { mean: self.codes(values), log_var: None }
    }

    fn is_sparse(&self) -> bool {
        true
    }
}

impl Decode for FrozenSparseAe {
    fn latent_dim(&self) -> usize {
        self.config.latent_dim
    }

    fn decode(&self, codes: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        self.net.values(codes)
    }
}

#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
