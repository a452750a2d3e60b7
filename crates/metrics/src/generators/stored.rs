//! A prior as it was stored: what is read passes the checks that what is fitted cannot fail.

use super::{
    latent::{Coordinates, Prior},
    prior::{Density, KernelDensity},
};
use crate::numerics::{matrix::Rows, mixture::Mixture, pca::Pca};
use genlab_core::{Check, Fault, settings::within};

/// Dimension of codes at most: a density of more has a factor of a gigabyte.
const MOST_DIMENSIONS: usize = 8192;

impl Prior {
    /// From JSON.
    ///
    /// # Errors
    /// What is wrong with it: it is no JSON of a prior, or of one that nobody can draw from.
    pub fn from_json(bytes: &[u8]) -> Result<Self, String> {
        let prior: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        prior.check().map_err(|fault| fault.to_string())?;
        Ok(prior)
    }

    /// Size of the codes that it draws.
    pub fn latent_dim(&self) -> usize {
        self.coordinates.pca.as_ref().map_or_else(|| self.density.dim(), |pca| pca.mean.len())
    }
}

impl Check for Prior {
    fn check(&self) -> Result<(), Fault> {
        within("config", &self.config)?;
        within("density", &self.density)?;
        within("coordinates", &self.coordinates)?;
        if let Some(pca) = &self.coordinates.pca
            && pca.directions.len() != self.density.dim()
        {
            let (kept, dim) = (pca.directions.len(), self.density.dim());
            let problem = format!("has {kept} directions for a density of {dim} dimensions");
            return Err(Fault::new("coordinates.pca", problem));
        }
        if self.coordinates.kept.is_some_and(|kept| kept == 0 || kept > self.latent_dim()) {
            return Err(Fault::new("coordinates.kept", "is no number of units of a code"));
        }
        if !(self.sharpness.is_finite() && self.sharpness > 0.0) {
            return Err(Fault::new("sharpness", "is not above 0"));
        }
        Ok(())
    }
}

impl Check for Density {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Gaussians(mixture) => within("gaussians", mixture),
            Self::Kernels(kernels) => within("kernels", kernels),
        }
    }
}

impl Check for Mixture {
    fn check(&self) -> Result<(), Fault> {
        within("means", &self.means)?;
        let (components, dim) = (self.weights.len(), self.means.dim);
        if components == 0 || self.means.len() != components || self.factors.len() != components {
            let problem = format!(
                "are {components}, of {} means and {} factors",
                self.means.len(),
                self.factors.len()
            );
            return Err(Fault::new("weights", problem));
        }
        if self.weights.iter().any(|weight| !weight.is_finite() || *weight < 0.0) {
            return Err(Fault::new("weights", "hold what is no weight"));
        }
        self.factors.iter().try_for_each(|factor| square("factors", factor, dim))
    }
}

impl Check for KernelDensity {
    fn check(&self) -> Result<(), Fault> {
        within("centres", &self.centres)?;
        square("factor", &self.factor, self.centres.dim)?;
        if self.bandwidth.is_finite() && self.bandwidth > 0.0 {
            return Ok(());
        }
        Err(Fault::new("bandwidth", "is not above 0"))
    }
}

impl Check for Coordinates {
    fn check(&self) -> Result<(), Fault> {
        if self.least.is_some_and(|least| !least.is_finite()) {
            return Err(Fault::new("least", "is not finite"));
        }
        self.pca.as_ref().map_or(Ok(()), |pca| within("pca", pca))
    }
}

impl Check for Pca {
    fn check(&self) -> Result<(), Fault> {
        within("directions", &self.directions)?;
        finite("mean", &self.mean)?;
        finite("variances", &self.variances)?;
        let kept = self.directions.len();
        if (self.mean.len(), self.variances.len()) == (self.directions.dim, kept) {
            return Ok(());
        }
        let (mean, dim) = (self.mean.len(), self.directions.dim);
        Err(Fault::new("mean", format!("has {mean} numbers for {kept} directions of {dim}")))
    }
}

impl Check for Rows {
    fn check(&self) -> Result<(), Fault> {
        let Self { dim, values } = self;
        if !(1..=MOST_DIMENSIONS).contains(dim) {
            let problem = format!("is {dim}; it must be from 1 to {MOST_DIMENSIONS}");
            return Err(Fault::new("dim", problem));
        }
        if values.is_empty() || !values.len().is_multiple_of(*dim) {
            let problem = format!("are {} numbers, no rows of {dim}", values.len());
            return Err(Fault::new("values", problem));
        }
        finite("values", values)
    }
}

fn square(key: &str, factor: &[f64], dim: usize) -> Result<(), Fault> {
    if factor.len() != dim * dim {
        let problem = format!("has {} numbers and not {dim} times {dim}", factor.len());
        return Err(Fault::new(key, problem));
    }
    finite(key, factor)
}

fn finite(key: &str, values: &[f64]) -> Result<(), Fault> {
    if values.iter().all(|value| value.is_finite()) {
        return Ok(());
    }
    Err(Fault::new(key, "holds what is not finite"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generators::prior::PriorConfig;
    use genlab_core::Seed;
    use serde_json::{Value, json};

    fn stored(config: PriorConfig, dim: usize) -> Value {
        let value = |i: usize| ((i * i) as f64 * 0.37).sin().max(0.0);
        let codes = Rows::new(dim, (0..400 * dim).map(value).collect());
        let prior = Prior::fit(config, codes, None, Seed(0)).unwrap();
        serde_json::to_value(prior).unwrap()
    }

    #[test]
    fn what_was_fitted_passes_and_what_was_changed_is_named() {
        let gaussians = stored(PriorConfig::Mixture { components: 4 }, 3);
        let kernels = stored(PriorConfig::KernelDensity, 80);
        let read = |json: &Value| Prior::from_json(json.to_string().as_bytes());
        assert_eq!(read(&gaussians).unwrap().latent_dim(), 3);
        assert_eq!(read(&kernels).unwrap().latent_dim(), 80);
        for (stored, place, value, expected) in [
            (
                &gaussians,
                "/density/gaussians/weights",
                json!([]),
                "density.gaussians.weights are 0",
            ),
            (&gaussians, "/density/gaussians/weights/1", json!(-1.0), "no weight"),
            (&gaussians, "/density/gaussians/means/dim", json!(0), "means.dim is 0"),
            (&gaussians, "/density/gaussians/means/dim", json!(7), "no rows of 7"),
            (&gaussians, "/density/gaussians/factors/0", json!([1.0]), "not 3 times 3"),
            (&gaussians, "/coordinates/kept", json!(0), "coordinates.kept is no number"),
            (&gaussians, "/coordinates/kept", json!(9), "coordinates.kept is no number"),
            (&gaussians, "/sharpness", json!(0.0), "sharpness is not above 0"),
            (&kernels, "/density/kernels/bandwidth", json!(-1), "bandwidth is not above 0"),
            (&kernels, "/density/kernels/centres/values", json!([]), "centres.values are 0"),
            (&kernels, "/coordinates/pca/mean", json!([1.0]), "pca.mean has 1 numbers"),
            (&kernels, "/coordinates/pca/variances", json!([1.0]), "directions of 80"),
            (&kernels, "/coordinates/pca", json!(null), ""),
            (&kernels, "/coordinates", json!(3), "invalid type"),
        ] {
            let mut changed = stored.clone();
            *changed.pointer_mut(place).unwrap() = value;
            match read(&changed) {
                Err(fault) => assert!(fault.contains(expected), "{place}: {fault}"),
                // It draws codes of another size, which whoever decodes them sees.
                Ok(prior) => assert_ne!(prior.latent_dim(), 80, "{place}"),
            }
        }
    }
}
