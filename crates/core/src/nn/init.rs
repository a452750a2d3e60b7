//! Initial weights: the one place where a device's own generator is used.

use crate::noise::{Phase, Seed};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor},
};
use rand::RngExt;
use std::sync::{Mutex, PoisonError};

/// Builds a module with parameters that follow from `seed` and `name` (`"model/net"`) alone,
/// tracked, on `device`.
///
/// Burn draws initial values lazily from one generator per process, different on every backend. So
/// the module is built on the CPU under a lock, forced in field order, and then moved: every
/// backend starts from the same weights.
pub fn init_module<M: Module>(
    seed: Seed,
    name: &str,
    device: &Device,
    build: impl FnOnce(&Device) -> M,
) -> M {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let _held = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let cpu = Device::flex();
    #[expect(clippy::disallowed_methods, reason = "this is the one place that seeds the device")]
    cpu.seed(seed.during(Phase::Initialise).row(name, 0, 0).random());
    let net = build(&cpu.clone().autodiff());
    drop(net.valid());
    if *device == cpu { net } else { net.fork(&device.clone().autodiff()) }
}

/// Uniform in ±1/√fan_in for weights and biases: PyTorch's default, and burn's.
pub(super) fn fan_in_uniform<const D: usize>(
    shape: [usize; D],
    fan_in: usize,
    device: &Device,
) -> Param<Tensor<D>> {
    let bound = 1.0 / (fan_in as f64).sqrt();
    Initializer::Uniform { min: -bound, max: bound }.init(shape, device)
}
