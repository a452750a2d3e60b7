//! What wakes units that are always off: a unit that no value turns on gets no gradient and stays off.

mod aux_k;
mod resample;

pub use aux_k::AuxK;
pub use resample::Resample;

pub(crate) use aux_k::dead_codes;
pub(crate) use resample::{Reborn, reborn};

use crate::sparsity::Sparsity;
use burn::tensor::{Bool, Tensor};
use genlab_core::{Check, Fault, nn::BackboneConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The setting, one file each.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Revival {
    /// Nothing does.
    Off,
    /// Dead units reconstruct what the others leave.
    AuxK(AuxK),
    /// Dead units are made anew from values that are badly reconstructed.
    Resample(Resample),
}

impl Revival {
    /// Values in a row that leave a unit off before it counts as dead; None where nobody asks.
    pub(crate) fn after(&self) -> Option<u64> {
        match self {
            Self::Off => None,
            Self::AuxK(aux) => Some(aux.after),
            Self::Resample(resample) => Some(resample.after),
        }
    }

    /// # Errors
    /// When the other settings leave it nothing to do, or no way to do it.
    pub(crate) fn fits(
        &self,
        key: &str,
        sparsity: &Sparsity,
        backbone: &BackboneConfig,
        latent_dim: usize,
    ) -> Result<(), Fault> {
        let name = match self {
            Self::Off => return Ok(()),
            Self::AuxK(_) => "aux-k",
            Self::Resample(_) => "resample",
        };
        if matches!(sparsity, Sparsity::Kl(_)) {
            let problem = format!(
                "is {name}, but sigmoids of sparsity kl are never quite off; set it to off"
            );
            return Err(Fault::new(key, problem));
        }
        match self {
            Self::AuxK(aux) if aux.units > latent_dim => {
                let problem = format!(
                    "is {}, but the code has latent_dim = {latent_dim} units; set it to at most {latent_dim}",
                    aux.units
                );
                Err(Fault::new(&format!("{key}.units"), problem))
            }
            Self::Resample(_) if *backbone != BackboneConfig::mlp([]) => {
                let problem = "is resample, which makes what a unit reads and writes out of values, but the backbone has \
                               layers between them; set it to aux-k, or the backbone to an mlp without hidden layers";
                Err(Fault::new(key, problem))
            }
            _ => Ok(()),
        }
    }
}

impl Check for Revival {
    fn check(&self) -> Result<(), Fault> {
        match self {
            Self::Off => Ok(()),
            Self::AuxK(aux) => aux.check(),
            Self::Resample(resample) => resample.check(),
        }
    }
}

/// Values in a row, up to and with those of `codes` `[B, L]`, that each unit was off for, `[L]`, from those before; a
/// batch counts as a whole. Beyond 2²⁴ values f32 counts no further, which is as dead as any.
pub(crate) fn idle(before: Tensor<1>, codes: &Tensor<2>, on_above: f64) -> Tensor<1> {
    let batch = codes.dims()[0];
    let off = codes.clone().max_dim(0).squeeze_dim::<1>(0).lower_equal_elem(on_above).float();
    (before + batch as f64) * off
}

/// Which units `[L]` have been off for `after` values.
pub(crate) fn dead(idle: &Tensor<1>, after: u64) -> Tensor<1, Bool> {
    idle.clone().greater_equal_elem(after as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::Device;

    #[test]
    fn a_unit_is_dead_once_enough_values_leave_it_off() {
        let device = Device::flex();
        let step = |before, codes| idle(before, &Tensor::<2>::from_floats(codes, &device), 0.0);
        let first = step(Tensor::zeros([3], &device), [[1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]);
        let second = step(first, [[0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]);
        assert_eq!(second.clone().into_data().as_slice::<f32>().expect("f32"), [2.0, 4.0, 0.0]);
        let dead: Vec<bool> = dead(&second, 4).into_data().iter::<bool>().collect();
        assert_eq!(dead, [false, true, false]);
    }
}
