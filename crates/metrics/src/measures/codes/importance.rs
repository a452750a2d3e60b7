//! Likelihood bounds from importance weights, and the units of likelihoods.

use genlab_core::ImageShape;

/// −ln (1/k) Σ wₖ of each image from streamed log-weights: Eq. 8 of Burda et al. 2016
/// (arXiv:1509.00519). An upper bound on −log p(x) in expectation that falls towards it as k grows;
/// k = 1 is a one-draw −ELBO. Sums are in f64 and keep one maximum and one sum per image, whatever k.
#[derive(Clone, Debug)]
pub struct ImportanceBound {
    largest: Vec<f64>,
    /// Σ exp(log w − largest).
    sums: Vec<f64>,
    draws: usize,
}

impl ImportanceBound {
    /// The bound of `images` images, without any draw yet.
    pub fn new(images: usize) -> Self {
        Self { largest: vec![f64::NEG_INFINITY; images], sums: vec![0.0; images], draws: 0 }
    }

    /// Takes `log_weights` in nats: `draws` for each image, image after image.
    pub fn add(&mut self, log_weights: &[f32], draws: usize) {
        assert_eq!(log_weights.len(), self.sums.len() * draws, "{draws} weights per image");
        let images = self.largest.iter_mut().zip(&mut self.sums);
        for ((largest, sum), weights) in images.zip(log_weights.chunks(draws.max(1))) {
            for weight in weights.iter().map(|&w| f64::from(w)) {
                if weight > *largest {
                    *sum *= (*largest - weight).exp();
                    *largest = weight;
                }
                // −∞ − −∞ is no number; a weight of zero adds nothing.
                if weight > f64::NEG_INFINITY {
                    *sum += (weight - *largest).exp();
                } else if weight.is_nan() {
                    *sum = f64::NAN;
                }
            }
        }
        self.draws += draws;
    }

    /// The draws taken so far: k.
    pub fn draws(&self) -> usize {
        self.draws
    }

    /// The bound of each image in nats.
    pub fn nats_per_image(&self) -> Vec<f64> {
        let k = self.draws as f64;
        self.largest
            .iter()
            .zip(&self.sums)
            .map(|(largest, sum)| k.ln() - largest - sum.ln())
            .collect()
    }
}

/// Nats per image as bits per dimension: over ln 2 and the number of pixel values.
pub fn bits_per_dim(nats_per_image: f64, shape: ImageShape) -> f64 {
    nats_per_image / (std::f64::consts::LN_2 * shape.pixels() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_averaged_before_the_logarithm_in_whatever_portions_they_come() {
        // Image 0 has weights 1, 2, 3, 6; image 1 has e⁻¹⁰⁰⁰ four times, which no f64 can hold.
        let logs: Vec<f32> = [1.0_f32, 2.0, 3.0, 6.0].map(f32::ln).to_vec();
        let far = vec![-1000.0_f32; 4];
        let mut whole = ImportanceBound::new(2);
        whole.add(&[logs.clone(), far].concat(), 4);
        let mut parts = ImportanceBound::new(2);
        for pair in logs.chunks(2) {
            parts.add(&[pair, &[-1000.0, -1000.0]].concat(), 2);
        }
        assert_eq!((whole.draws(), parts.draws()), (4, 4));
        for bound in [whole, parts] {
            let found = bound.nats_per_image();
            assert!((found[0] + 3.0_f64.ln()).abs() < 1e-6, "{found:?}");
            assert!((found[1] - 1000.0).abs() < 1e-9, "{found:?}");
        }
    }

    #[test]
    fn a_weight_that_is_no_number_is_not_hidden() {
        let mut bound = ImportanceBound::new(1);
        bound.add(&[0.0, f32::NAN], 2);
        assert!(bound.nats_per_image()[0].is_nan());
    }

    #[test]
    fn a_fair_coin_per_pixel_takes_one_bit_per_dimension() {
        let shape = ImageShape::new(1, 8, 8);
        assert!((bits_per_dim(64.0 * 2.0_f64.ln(), shape) - 1.0).abs() < 1e-12);
    }
}
