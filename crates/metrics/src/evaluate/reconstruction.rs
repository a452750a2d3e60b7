//! How well a model gives images back.

use super::{Evaluation, Evaluator};
use crate::{features::host, measures::pairs};
use genlab_core::Reconstruct;

impl Evaluator<'_> {
    pub(super) fn reconstructions(&self, model: &dyn Reconstruct, out: &mut Evaluation) {
        let shape = self.dataset.shape;
        let (mut mse, mut ssim, mut lpips) = (Vec::new(), Some(Vec::new()), Vec::new());
        for (_, images) in self.batches(self.split()) {
            let others = model.reconstruct(images.clone());
            lpips.extend(self.lpips.iter().flat_map(|net| net.distances(&images, &others)));
            let (images, others) = (host::floats(images), host::floats(others));
            mse.extend(pairs::mse(&images, &others, shape));
            let batch = pairs::ssim(&images, &others, shape);
            ssim = ssim.zip(batch).map(|(all, batch)| [all, batch].concat());
        }
        let psnr: Vec<f64> = mse.iter().map(|&error| pairs::psnr(error)).collect();
        out.push(self.mean("reconstruction/mse", &mse));
        out.push(self.mean("reconstruction/psnr", &psnr));
        match ssim {
            Some(ssim) => out.push(self.mean("reconstruction/ssim", &ssim)),
            None => out.note(format!(
                "reconstruction/ssim is absent: images of {shape} are smaller than its 11x11 window"
            )),
        }
        if let Some(net) = &self.lpips {
            out.push(self.mean("reconstruction/lpips", &lpips));
            out.note(format!("reconstruction/lpips is by weights of SHA-256 {}.", net.sha256));
        }
    }
}
