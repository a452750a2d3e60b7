//! Which machine does the arithmetic.

use anyhow::{Result, bail};
use burn::tensor::{Device, FloatDType};
use genlab_kernels::Precision;

/// A device, and the name under which it is found again.
#[derive(Clone, Debug)]
pub(crate) struct Chosen {
    /// Where tensors live.
    pub device: Device,
    /// As after `--device`, but never `auto`.
    pub name: String,
}

impl Chosen {
    /// # Errors
    /// When the device cannot train in these numbers.
    pub(crate) fn require(&self, precision: Precision) -> Result<()> {
        if precision == Precision::Bf16 && !self.device.supports_dtype(FloatDType::BF16) {
            bail!("{} has no bf16; train with --precision f32, or on another --device", self.name);
        }
        Ok(())
    }
}

/// The device of that name.
///
/// # Errors
/// When the name means nothing, this build lacks the backend, or the machine the device.
pub(crate) fn parse(name: &str) -> Result<Device> {
    Ok(choose(name)?.device)
}

/// The device of that name; `auto` becomes the fastest backend that this build and machine have.
///
/// # Errors
/// As [`parse`].
pub(crate) fn choose(name: &str) -> Result<Chosen> {
    let name = if name == "auto" { fastest() } else { name };
    let (kind, index) = match name.split_once(':') {
        Some((kind, index)) => (kind, Some(index)),
        None => (name, None),
    };
    let device = match (kind, index) {
        ("flex", None) => Device::flex(),
        #[cfg(feature = "wgpu")]
        ("wgpu", index) => nth(name, &wgpu::adapters(), index, wgpu::NONE)?,
        #[cfg(feature = "cuda")]
        ("cuda", index) => nth(name, &cuda::cards(), index, cuda::NONE)?,
        #[cfg(feature = "tch")]
        ("tch", None) => libtorch::cpu(),
        #[cfg(feature = "tch")]
        ("tch", Some("cuda")) => nth(name, &libtorch::cards(), None, libtorch::NONE)?,
        #[cfg(feature = "tch")]
        ("tch", Some(index)) if index.starts_with("cuda:") => {
            nth(name, &libtorch::cards(), index.strip_prefix("cuda:"), libtorch::NONE)?
        }
        _ if !compiled(kind) => bail!(
            "this build has no {kind} backend; build with `--features {kind}`, or use --device flex"
        ),
        _ => bail!(
            "there is no device {name:?}; use auto, flex, wgpu[:i], cuda[:i] or tch[:cuda[:i]]"
        ),
    };
    Ok(Chosen { device, name: name.to_owned() })
}

/// The first of CUDA, wgpu on a real GPU, and flex that is there. A software Vulkan device counts
/// as absent: flex is faster.
fn fastest() -> &'static str {
    #[cfg(feature = "cuda")]
    if !cuda::cards().is_empty() {
        return "cuda";
    }
    #[cfg(feature = "wgpu")]
    if wgpu::adapters().first().is_some_and(|first| !wgpu::is_software(first)) {
        return "wgpu";
    }
    "flex"
}

fn compiled(kind: &str) -> bool {
    let left_out: &[&str] = &[
        #[cfg(not(feature = "wgpu"))]
        "wgpu",
        #[cfg(not(feature = "cuda"))]
        "cuda",
        #[cfg(not(feature = "tch"))]
        "tch",
    ];
    !left_out.contains(&kind)
}

/// Element `index` (the first, if there is none) of `found`, or a sentence.
#[cfg(any(feature = "cuda", feature = "wgpu", feature = "tch"))]
fn nth(name: &str, found: &[Device], index: Option<&str>, none: &str) -> Result<Device> {
    let Ok(index) = index.unwrap_or("0").parse::<usize>() else {
        bail!("--device {name} does not end in a number, as cuda:0 does");
    };
    match (found.get(index), found.len()) {
        (Some(device), _) => Ok(device.clone()),
        (None, 0) => bail!("--device {name}: {none}"),
        (None, count) => bail!("--device {name}: this machine has only 0 to {}", count - 1),
    }
}

#[cfg(feature = "wgpu")]
mod wgpu {
    use burn::tensor::{Device, DeviceKind, DeviceType};

    pub(super) const NONE: &str = "no Vulkan, Metal or DirectX adapter was found; is the GPU's \
        driver installed?";

    /// Real GPUs first.
    pub(super) fn adapters() -> Vec<Device> {
        let mut found: Vec<Device> = Device::enumerate(DeviceType::Wgpu).into_iter().collect();
        found.sort_by_key(is_software);
        found
    }

    pub(super) fn is_software(device: &Device) -> bool {
        *device == Device::wgpu(DeviceKind::Cpu)
    }
}

#[cfg(feature = "cuda")]
mod cuda {
    use burn::tensor::{Device, DeviceType};

    pub(super) const NONE: &str = "no NVIDIA GPU was found; is the driver (libcuda) installed?";

    pub(super) fn cards() -> Vec<Device> {
        Device::enumerate(DeviceType::Cuda).into_iter().collect()
    }
}

#[cfg(feature = "tch")]
mod libtorch {
    use burn::tensor::{Device, DeviceType};

    pub(super) const NONE: &str = "libtorch sees no GPU; is it the build for CUDA, and the driver \
        installed?";

    #[expect(deprecated, reason = "burn-tch is deprecated upstream but still in 0.22")]
    pub(super) fn cpu() -> Device {
        Device::libtorch()
    }

    pub(super) fn cards() -> Vec<Device> {
        Device::enumerate(DeviceType::LibTorch).into_iter().collect()
    }
}

/// One line of `bench-runner devices`.
#[derive(Debug)]
pub(crate) struct Row {
    /// As after `--device`.
    pub name: String,
    /// Whether it can be used.
    pub there: bool,
    /// What it is, or why it is absent.
    pub what: String,
}

/// Each backend's devices, or why it has none here.
pub(crate) fn list() -> Vec<Row> {
    let mut rows = vec![there("flex", "CPU, with genlab's own kernels")];
    #[cfg(feature = "wgpu")]
    rows.extend(found("wgpu", &wgpu::adapters(), wgpu::NONE));
    #[cfg(feature = "cuda")]
    rows.extend(found("cuda", &cuda::cards(), cuda::NONE));
    #[cfg(feature = "tch")]
    {
        rows.push(there("tch", "libtorch on the CPU"));
        rows.extend(found("tch:cuda", &libtorch::cards(), libtorch::NONE));
    }
    for (name, what) in [
        ("wgpu", "any GPU through Vulkan, Metal or DirectX"),
        ("cuda", "NVIDIA GPUs"),
        ("tch", "libtorch, on the CPU or CUDA"),
    ] {
        if !compiled(name) {
            let what = format!("not in this build ({what}); build with --features {name}");
            rows.push(Row { name: name.into(), there: false, what });
        }
    }
    rows
}

fn there(name: &str, what: &str) -> Row {
    Row { name: name.into(), there: true, what: what.into() }
}

#[cfg(any(feature = "cuda", feature = "wgpu", feature = "tch"))]
fn found(kind: &str, devices: &[Device], none: &str) -> Vec<Row> {
    if devices.is_empty() {
        return vec![Row { name: kind.into(), there: false, what: none.into() }];
    }
    let row = |(index, device)| there(&format!("{kind}:{index}"), &describe(device));
    devices.iter().enumerate().map(row).collect()
}

/// The part's own name where the backend knows it.
#[cfg(any(feature = "cuda", feature = "wgpu", feature = "tch"))]
fn describe(device: &Device) -> String {
    #[cfg(any(feature = "cuda", feature = "wgpu"))]
    if let Some(identity) = device.identity() {
        return identity.name;
    }
    format!("{device:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(name: &str) -> String {
        choose(name).expect_err("no such device").to_string()
    }

    #[test]
    fn what_is_listed_can_be_chosen_and_keeps_its_name() {
        for row in list().into_iter().filter(|row| row.there) {
            assert_eq!(choose(&row.name).unwrap().name, row.name);
        }
    }

    #[test]
    fn auto_becomes_a_device_with_a_name() {
        let chosen = choose("auto").unwrap();
        assert_ne!(chosen.name, "auto");
        assert_eq!(choose(&chosen.name).unwrap().device, chosen.device);
    }

    #[test]
    fn a_backend_that_was_not_compiled_in_is_listed_with_its_feature() {
        for kind in ["wgpu", "cuda", "tch"].into_iter().filter(|kind| !compiled(kind)) {
            let row = list().into_iter().find(|row| row.name == kind).unwrap();
            assert!(!row.there && row.what.contains(&format!("--features {kind}")), "{row:?}");
            assert!(refusal(kind).contains(&format!("--features {kind}")));
        }
    }

    #[test]
    fn a_name_that_means_nothing_is_refused() {
        for name in ["abacus", "flex:0", "auto:1", "cuda:x:y:z", ""] {
            assert!(!refusal(name).is_empty());
        }
    }
}
