//! Which machine does the arithmetic.

use anyhow::{Result, bail};
use burn::tensor::Device;

/// The device of that name.
///
/// # Errors
/// When the name means nothing, or this build lacks the backend.
pub(crate) fn parse(name: &str) -> Result<Device> {
    let (kind, index) = match name.split_once(':') {
        Some((kind, index)) => (kind, Some(index)),
        None => (name, None),
    };
    match (kind, index) {
        ("auto", None) => Ok(auto()),
        ("flex", None) => Ok(Device::flex()),
        #[cfg(feature = "cuda")]
        ("cuda", index) => Ok(Device::cuda(number(name, index)?)),
        #[cfg(feature = "wgpu")]
        ("wgpu", index) => Ok(wgpu(index.map(|_| number(name, index)).transpose()?)),
        #[cfg(feature = "tch")]
        ("tch", index) => libtorch(name, index),
        ("cuda" | "wgpu" | "tch", _) => bail!(
            "this build has no {kind} backend; build with `--features {kind}`, or use --device flex"
        ),
        _ => bail!(
            "there is no device {name:?}; use auto, flex, wgpu[:i], cuda[:i] or tch[:cuda[:i]]"
        ),
    }
}

/// The fastest backend that was compiled in.
fn auto() -> Device {
    #[cfg(feature = "cuda")]
    return Device::cuda(0);
    #[cfg(all(feature = "wgpu", not(feature = "cuda")))]
    return wgpu(None);
    #[cfg(not(any(feature = "cuda", feature = "wgpu")))]
    Device::flex()
}

#[cfg(any(feature = "cuda", feature = "wgpu", feature = "tch"))]
fn number(name: &str, index: Option<&str>) -> Result<usize> {
    match index.unwrap_or("0").parse() {
        Ok(index) => Ok(index),
        Err(_) => bail!("--device {name} does not end in a number, as cuda:0 does"),
    }
}

#[cfg(feature = "wgpu")]
fn wgpu(index: Option<usize>) -> Device {
    use burn::tensor::DeviceKind;
    Device::wgpu(index.map_or(DeviceKind::DefaultDevice, DeviceKind::DiscreteGpu))
}

#[cfg(feature = "tch")]
#[expect(deprecated, reason = "burn-tch is deprecated upstream but still in 0.22")]
fn libtorch(name: &str, index: Option<&str>) -> Result<Device> {
    match index {
        None => Ok(Device::libtorch()),
        Some("cuda") => Ok(Device::libtorch_cuda(0)),
        Some(rest) => match rest.strip_prefix("cuda:") {
            Some(index) => Ok(Device::libtorch_cuda(number(name, Some(index))?)),
            None => bail!("there is no device {name:?}; use tch, tch:cuda or tch:cuda:0"),
        },
    }
}

/// Each backend with whether this build has it.
pub(crate) fn backends() -> [(&'static str, bool, &'static str); 4] {
    [
        ("flex", true, "CPU, always there"),
        ("wgpu", cfg!(feature = "wgpu"), "Vulkan, Metal, DirectX"),
        ("cuda", cfg!(feature = "cuda"), "NVIDIA GPUs"),
        ("tch", cfg!(feature = "tch"), "libtorch, CPU or CUDA"),
    ]
}
