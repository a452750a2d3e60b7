//! Initial weights: the one place where a device's own generator is used.

use crate::{
    noise::{Phase, Seed},
    params::named_params,
};
use burn::{
    module::{Module, Param},
    nn::Initializer,
    tensor::{Device, Tensor, TensorData},
};
use rand::RngExt;
use std::sync::{Mutex, PoisonError};

/// Builds a module with parameters that follow from `seed` and `name` (`"model/net"`) alone,
/// tracked, on `device`.
///
/// Burn draws initial values lazily from one generator per process, different on every backend. So
/// the module is built on the CPU under a lock, forced in field order, and then moved: every
/// backend starts from the same weights. The lock binds nobody who draws from burn's generator
/// without it, so the module is built until two in a row agree: a draw in between moves all that follow.
/// `build` must do the same each time.
///
/// # Panics
/// When other threads of the process never leave the generator alone.
pub fn init_module<M: Module>(
    seed: Seed,
    name: &str,
    device: &Device,
    build: impl Fn(&Device) -> M,
) -> M {
    static GENERATOR: Mutex<()> = Mutex::new(());
    let _held = GENERATOR.lock().unwrap_or_else(PoisonError::into_inner);
    let cpu = Device::flex();
    let fresh = || {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that seeds the device"
        )]
        cpu.seed(seed.during(Phase::Initialise).row(name, 0, 0).random());
        let net = build(&cpu.clone().autodiff());
        drop(net.valid());
        net
    };
    let mut net = fresh();
    let settled = (0..MOST_DISTURBED).any(|_| {
        let again = fresh();
        let agree = values(&net) == values(&again);
        net = again;
        agree
    });
    assert!(
        settled,
        "{name} cannot be initialised: other threads draw from burn's generator all the time"
    );
    if *device == cpu { net } else { net.fork(&device.clone().autodiff()) }
}

/// Builds that are disturbed, at most.
const MOST_DISTURBED: usize = 10_000;

fn values<M: Module>(net: &M) -> Vec<TensorData> {
    named_params(net).into_iter().map(|param| param.value.into_data()).collect()
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

#[cfg(test)]
mod tests {
    use super::*;
    use burn::{nn::LinearConfig, tensor::Distribution};
    use std::{
        sync::atomic::{AtomicBool, Ordering},
        thread,
        time::Duration,
    };

    #[test]
    fn whoever_else_draws_changes_no_initial_weight() {
        let cpu = Device::flex();
        let weights = || {
            let net = init_module(Seed(3), "net", &cpu, |device| {
                [(); 8].map(|()| LinearConfig::new(32, 32).init(device))
            });
            values(&net)
        };
        let expected = weights();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let count = (1..97).cycle().take_while(|_| !done.load(Ordering::Relaxed));
                for count in count {
                    drop(Tensor::<1>::random([count], Distribution::Default, &Device::flex()));
                    thread::sleep(Duration::from_micros(20));
                }
            });
            let found: Vec<_> = (0..50).map(|_| weights()).collect();
            done.store(true, Ordering::Relaxed);
            assert!(found.iter().all(|found| *found == expected));
        });
    }
}
