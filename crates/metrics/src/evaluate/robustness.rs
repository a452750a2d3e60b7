//! Reconstruction of what is disturbed, and by search where there is no encoder.

use super::{
    Evaluation, Evaluator,
    pixels::{FIXED_SEED, numbers},
};
use crate::{features::host, measures::pairs, numerics::matrix::mean_and_sd};
use genlab_core::{Corruption, Invert, Phase, Reconstruct};

/// Each disturbance with its metric and its draws.
const CORRUPTIONS: [(&str, Corruption, &str); 5] = [
    ("reconstruction/mse_noise_0.1", Corruption::Noise(0.1), "evaluate/noise"),
    ("reconstruction/mse_noise_0.3", Corruption::Noise(0.3), "evaluate/noise"),
    ("reconstruction/mse_noise_0.5", Corruption::Noise(0.5), "evaluate/noise"),
    ("reconstruction/mse_masked_0.25", Corruption::Masked(0.25), "evaluate/mask"),
    ("reconstruction/mse_masked_0.5", Corruption::Masked(0.5), "evaluate/mask"),
];

impl Evaluator<'_> {
    /// How near to the clean image a model comes from a disturbed one.
    pub(super) fn robustness(&self, model: &dyn Reconstruct, out: &mut Evaluation) {
        let shape = self.dataset.shape;
        let noise = FIXED_SEED.during(Phase::Evaluate);
        let mut untouched = Vec::new();
        for (name, corruption, draws) in CORRUPTIONS {
            let (mut errors, mut before) = (Vec::new(), Vec::new());
            for (rows, clean) in self.batches(self.split()) {
                let disturbed = corruption.apply(clean.clone(), noise, draws, numbers(&rows));
                let found = host::floats(model.reconstruct(disturbed.clone()));
                let clean = host::floats(clean);
                errors.extend(pairs::mse(&clean, &found, shape));
                before.extend(pairs::mse(&clean, &host::floats(disturbed), shape));
            }
            out.push(self.mean(name, &errors));
            let name = name.trim_start_matches("reconstruction/");
            untouched.push(format!("{name} {:.4}", mean_and_sd(&before).0));
        }
        out.note(format!(
            "Left as they are, the disturbed images themselves would score {}.",
            untouched.join(", ")
        ));
    }

    /// Reconstruction by searching the noise that an image comes from, of the first images.
    pub(super) fn inversion(&self, model: &dyn Invert, out: &mut Evaluation) {
        let shape = self.dataset.shape;
        let images = self.split().take(self.settings.inverted_images);
        let (mut mse, mut ssim) = (Vec::new(), Some(Vec::new()));
        for (_, images) in self.batches(&images) {
            let found = host::floats(model.invert(images.clone()));
            let images = host::floats(images);
            mse.extend(pairs::mse(&images, &found, shape));
            let batch = pairs::ssim(&images, &found, shape);
            ssim = ssim.zip(batch).map(|(all, batch)| [all, batch].concat());
        }
        let method = model.method();
        let psnr: Vec<f64> = mse.iter().map(|&error| pairs::psnr(error)).collect();
        let mut push = |name: &str, values: &[f64]| {
            out.push(self.mean(name, values).map(|metric| metric.qualified(&method)));
        };
        push("reconstruction/mse_inverted", &mse);
        push("reconstruction/psnr_inverted", &psnr);
        if let Some(ssim) = ssim {
            push("reconstruction/ssim_inverted", &ssim);
        }
        out.note(format!(
            "The model has no encoder: reconstruction/..._inverted is by {method}, on {} images.",
            images.len(),
        ));
    }
}
