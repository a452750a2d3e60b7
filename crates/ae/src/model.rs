//! One step of training, and what the frozen model can do.

use crate::{
    AeConfig,
    coder::Coder,
    variant::{Penalty, Variant},
};
use burn::{module::Module, tensor::Tensor};
use genlab_core::{
    Batch, CheckpointError, Codes, Condition, Decode, Encode, Generative, Noise, Optimized, Oracle,
    Progress, Reconstruct, Scalars, StateReader, StateWriter, Train, loss::PixelLoss,
    nn::Autoencoder, params::write_params, state::Section,
};

pub(crate) struct Ae {
    pub(crate) net: Optimized<Autoencoder>,
    pub(crate) config: AeConfig,
}

/// What is minimised on a batch `[1]`, and what is logged of it: L = L_rec + Σ_i w_i P_i with the penalties P_i of the
/// variant.
fn objective(
    net: &Autoencoder,
    config: &AeConfig,
    batch: &Batch,
    noise: Noise,
) -> (Tensor<1>, Scalars) {
    let (space, variant) = (net.space(), &config.variant);
    let coder = Coder { net, activation: config.code };
    let codes = coder.encode(variant.seen(batch, space, noise));
    let logits = net.decode(codes.clone());
    let reconstruction = config.loss.per_value(logits, batch.values.clone(), space).mean();
    let penalties = variant.penalties(coder, &codes, batch, noise);
    let loss = penalties.iter().fold(reconstruction.clone(), |loss, penalty| {
        loss + penalty.value.clone() * penalty.weight
    });
    let mut scalars = Scalars::new().with("loss", loss.clone());
    if !penalties.is_empty() {
        scalars = scalars.with("reconstruction", reconstruction);
    }
    for Penalty { name, value, .. } in penalties {
        scalars = scalars.with(name, value);
    }
    (loss, scalars)
}

impl Train for Ae {
    fn step(&mut self, batch: &Batch, at: Progress) -> Scalars {
        let (loss, scalars) = objective(self.net.net(), &self.config, batch, at.noise());
        self.net.descend(loss, at);
        scalars
    }

    fn freeze(&self) -> Box<dyn Generative> {
        Box::new(FrozenAe { net: self.net.frozen(), config: self.config.clone() })
    }

    fn state(&self, out: &mut StateWriter) {
        self.net.state("net", out);
    }

    fn restore(&mut self, from: &mut StateReader) -> Result<(), CheckpointError> {
        self.net.restore("net", from)
    }
}

struct FrozenAe {
    net: Autoencoder,
    config: AeConfig,
}

impl FrozenAe {
    fn codes(&self, values: Tensor<4>) -> Tensor<2> {
        Coder { net: &self.net, activation: self.config.code }.encode(values)
    }
}

impl Generative for FrozenAe {
    fn num_params(&self) -> usize {
        self.net.num_params()
    }

    fn weights(&self, out: &mut StateWriter) {
        write_params(&self.net, Section::Weights, "net", out);
    }

    fn objective(&self, batch: &Batch, noise: Noise) -> Scalars {
        objective(&self.net, &self.config, batch, noise).1
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

    /// A reconstruction from what is disturbed has another optimum.
    fn oracles(&self) -> Vec<(&'static str, Oracle)> {
        let AeConfig { loss, variant, latent_dim: dimensions, .. } = &self.config;
        let scalar = match variant {
            Variant::Plain => "loss",
            Variant::Contractive(_) | Variant::Regularised(_) => "reconstruction",
            Variant::Denoising(_) => return Vec::new(),
        };
        let best = Oracle::LinearCode { dimensions: *dimensions };
        if *loss == PixelLoss::Mse { vec![(scalar, best)] } else { Vec::new() }
    }
}

impl Reconstruct for FrozenAe {
    fn reconstruct(&self, values: Tensor<4>, _condition: &Condition) -> Tensor<4> {
        self.net.values(self.codes(values))
    }
}

impl Encode for FrozenAe {
    fn encode(&self, values: Tensor<4>, _condition: &Condition) -> Codes {
        Codes { mean: self.codes(values), log_var: None }
    }
}

impl Decode for FrozenAe {
    fn latent_dim(&self) -> usize {
        self.config.latent_dim
    }

    fn decode(&self, codes: Tensor<2>, _condition: &Condition) -> Tensor<4> {
        self.net.values(codes)
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        AeConfig, CodeActivation,
        variant::{
            Contractive, DecoderPenalty, Denoising, Masking, Noising, Regularised, SaltAndPepper,
            Variant,
        },
    };
    use burn::tensor::{Tensor, TensorData};
    use genlab_core::{
        Batch, Condition, LearningRateSchedule, OptimizerConfig, Progress, Seed, Space,
        loss::PixelLoss,
        nn::BackboneConfig,
        testing::{context, contract, contract_on_points},
    };

    #[test]
    fn the_mlp_keeps_the_contract() {
        contract(&|context| AeConfig::default().init(context), Some(("loss", 60, 0.5)));
    }

    #[test]
    fn the_convolutional_one_keeps_the_contract() {
        let backbone = BackboneConfig::conv([8, 16]);
        let config = AeConfig { loss: PixelLoss::Bce, backbone, ..AeConfig::default() };
        contract(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }

    #[test]
    fn the_mlp_keeps_the_contract_on_points() {
        contract_on_points(&|context| AeConfig::default().init(context), Some(("loss", 60, 0.5)));
    }

    #[test]
    fn what_is_made_for_images_is_refused_on_points() {
        let points = context(Space::points(2, 0.0, 1.0));
        let refusal = |config: AeConfig| config.init(&points).err().expect("refused").to_string();
        let conv = AeConfig { backbone: BackboneConfig::conv([8]), ..AeConfig::default() };
        assert!(refusal(conv).starts_with("backbone is conv, but the values are points"));
        let bce = AeConfig { loss: PixelLoss::Bce, ..AeConfig::default() };
        assert!(refusal(bce).starts_with("loss is bce, but the values are not all from 0 to 1"));
    }

    fn of(variant: Variant) -> AeConfig {
        AeConfig { variant, ..AeConfig::default() }
    }

    #[test]
    fn the_denoising_ones_keep_the_contract() {
        for noising in [
            Noising::default(),
            Noising::Masking(Masking::default()),
            Noising::SaltAndPepper(SaltAndPepper::default()),
        ] {
            let config = of(Variant::Denoising(Denoising { noising }));
            contract(&|context| config.init(context), Some(("loss", 60, 0.6)));
        }
        let config = of(Variant::Denoising(Denoising::default()));
        contract_on_points(&|context| config.init(context), Some(("loss", 60, 0.8)));
    }

    #[test]
    fn the_contractive_ones_keep_the_contract() {
        let deep = of(Variant::Contractive(Contractive::default()));
        contract(&|context| deep.init(context), Some(("loss", 60, 0.6)));
        contract_on_points(&|context| deep.init(context), Some(("loss", 60, 0.8)));
        let backbone = BackboneConfig::mlp([]);
        let single = AeConfig { code: CodeActivation::Sigmoid, backbone, ..deep };
        contract(&|context| single.init(context), Some(("loss", 200, 0.8)));
    }

    #[test]
    fn the_regularised_ones_keep_the_contract() {
        for decoder in [DecoderPenalty::L2, DecoderPenalty::Spectral] {
            let config =
                of(Variant::Regularised(Regularised { decoder, ..Regularised::default() }));
            contract(&|context| config.init(context), Some(("reconstruction", 60, 0.6)));
        }
        let conv = BackboneConfig::conv([8, 16]);
        let config = AeConfig {
            backbone: conv,
            loss: PixelLoss::L1,
            ..of(Variant::Regularised(Regularised::default()))
        };
        contract(&|context| config.init(context), Some(("loss", 60, 0.9)));
    }

    #[test]
    fn black_and_white_are_refused_on_points() {
        let noising = Noising::Masking(Masking::default());
        let config = of(Variant::Denoising(Denoising { noising }));
        let refusal = config.init(&context(Space::points(2, 0.0, 1.0))).err().expect("refused");
        let expected = "variant.noising is masking, but the values are not all from 0 to 1; set it to gaussian";
        assert!(refusal.to_string().contains(expected), "{refusal}");
    }

    /// Baldi & Hornik 1989: the minimum of a linear autoencoder is the space of the first principal components. Points
    /// ± s_i u_i with the orthonormal u_i of a cosine transform have them in closed form: u_i with variance s_i² / D.
    #[test]
    fn a_linear_autoencoder_finds_the_principal_components() {
        const D: usize = 8;
        const KEPT: usize = 3;
        let sizes: [f64; D] = [4.0, 3.0, 2.0, 1.0, 0.7, 0.5, 0.3, 0.2];
        let direction = |i: usize| -> [f64; D] {
            let scale = (if i == 0 { 1.0 } else { 2.0 } / D as f64).sqrt();
            std::array::from_fn(|d| {
                scale * (std::f64::consts::PI * (d as f64 + 0.5) * i as f64 / D as f64).cos()
            })
        };
        let points: Vec<f32> = (0..D)
            .flat_map(|i| [1.0, -1.0].map(|sign| (i, sign)))
            .flat_map(|(i, sign)| direction(i).map(|u| (sign * sizes[i] * u) as f32))
            .collect();
        let count = 2 * D;
        let square: f64 = sizes.iter().map(|s| 2.0 * s * s).sum();
        let space = Space::points(D, 0.0, (square / (count * D) as f64).sqrt());
        let config = AeConfig {
            latent_dim: KEPT,
            backbone: BackboneConfig::mlp([]),
            optimizer: OptimizerConfig {
                schedule: LearningRateSchedule::Cosine,
                learning_rate: 0.02,
                ..OptimizerConfig::default()
            },
            ..AeConfig::default()
        };
        let context = context(space);
        let device = context.device.clone();
        let values = Tensor::from_data(TensorData::new(points, space.shape.batch(count)), &device);
        let batch = Batch {
            values,
            labels: None,
            past: None,
            captions: None,
            turned: None,
            reworded: None,
            objects: None,
            first: 0,
        };
        let mut model = config.init(&context).expect("it fits");
        let steps = 3000;
        let total_images = steps * count as u64;
        for step in 0..steps {
            let images = step * count as u64;
            model.step(&batch, Progress { step, images, total_images, seed: Seed(5) });
        }
        let frozen = model.freeze();
        let noise = Seed(0).during(genlab_core::Phase::Validate);
        let error = frozen.objective(&batch, noise).read()[0].1;
        let pca: f64 = sizes[KEPT..].iter().map(|s| 2.0 * s * s).sum::<f64>() / count as f64;
        assert!((0.9999..1.01).contains(&(error / pca)), "{error} {pca}");

        // Columns of the decoder: what unit codes give, less what 0 gives. Orthonormalised, their part outside of the
        // components' space is at least the sine of the largest principal angle.
        let decoder = frozen.decoder().expect("it decodes");
        let unit: Vec<f32> =
            (0..(KEPT + 1) * KEPT).map(|at| f32::from(u8::from(at / KEPT == at % KEPT))).collect();
        let codes = Tensor::from_data(TensorData::new(unit, [KEPT + 1, KEPT]), &device);
        let decoded = decoder.decode(codes, &Condition::default());
        let decoded = decoded.into_data().try_into_vec::<f32>().expect("f32");
        let rows: Vec<Vec<f64>> =
            decoded.chunks(D).map(|row| row.iter().map(|&v| f64::from(v)).collect()).collect();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let mut basis: Vec<Vec<f64>> = Vec::new();
        for row in &rows[..KEPT] {
            let mut own: Vec<f64> = row.iter().zip(&rows[KEPT]).map(|(a, b)| a - b).collect();
            for other in &basis {
                let along = dot(&own, other);
                own.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
            }
            let length = dot(&own, &own).sqrt();
            basis.push(own.iter().map(|v| v / length).collect());
        }
        let outside: f64 = basis
            .iter()
            .map(|own| 1.0 - (0..KEPT).map(|i| dot(own, &direction(i)).powi(2)).sum::<f64>())
            .sum();
        let degrees = outside.max(0.0).sqrt().min(1.0).asin().to_degrees();
        assert!(degrees < 1.0, "{degrees} degrees");
    }
}
