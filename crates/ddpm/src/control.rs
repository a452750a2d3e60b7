//! Control of a finished run by pictures (Zhang et al. 2023, arXiv:2302.05543): its network stays as it is, and a branch
//! that reads a picture learns beside it.

use crate::network::{Network, NetworkConfig};
use genlab_core::{
    Alike, Base, Check, Conditions, ControlKind, Fault, InitContext, OpenedRun, Start,
    nn::{UNet, init_module},
    opened::deserialize_path,
    params::adopt_params,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What the branch is called among the parameters of its network: all that is trained.
pub(crate) const BRANCH: &str = "control";

/// What samples are controlled by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ControlConfig {
    /// Nothing.
    #[default]
    Off,
    /// Where the ink of a picture is.
    Mask {
        /// Run directory of the finished run that is controlled.
        #[serde(default, deserialize_with = "deserialize_path")]
        base: PathBuf,
    },
    /// Where the edges of its ink are.
    Edges {
        /// Run directory of the finished run that is controlled.
        #[serde(default, deserialize_with = "deserialize_path")]
        base: PathBuf,
    },
}

impl Check for ControlConfig {
    fn check(&self) -> Result<(), Fault> {
        if self.parts().is_some_and(|(_, base)| base.as_os_str().is_empty()) {
            let problem = "is empty; give the run directory of a finished run of ddpm";
            return Err(Fault::new("base", problem));
        }
        Ok(())
    }
}

impl ControlConfig {
    /// What of a picture; None where nothing is controlled.
    pub fn kind(&self) -> Option<ControlKind> {
        self.parts().map(|(kind, _)| kind)
    }

    fn parts(&self) -> Option<(ControlKind, &Path)> {
        match self {
            Self::Off => None,
            Self::Mask { base } => Some((ControlKind::Mask, base.as_path())),
            Self::Edges { base } => Some((ControlKind::Edges, base.as_path())),
        }
    }

    /// `net`, built as `network` says and told what `conditions` say, with the weights of the base and a branch beside
    /// them that begins as a copy; `net` itself where nothing is controlled. The base must be `alike` to a run with the
    /// settings `own`.
    ///
    /// # Errors
    /// When it is no U-Net, or the base cannot be opened, has other such settings, keeps another network or is controlled
    /// itself.
    pub(crate) fn build_on(
        &self,
        net: Network,
        (network, conditions): (&NetworkConfig, Conditions),
        own: &impl Serialize,
        alike: Alike<'_>,
        context: &InitContext,
    ) -> Result<Network, Fault> {
        let Some((kind, run)) = self.parts() else { return Ok(net) };
        let (Network::UNet(mut net), NetworkConfig::UNet(unet)) = (net, network) else {
            let kind = kind.name();
            let problem = format!(
                "is {kind}, but only a u-net has a way down to copy; set network to u-net, or control to off"
            );
            return Err(Fault::new("kind", problem));
        };
        if context.start == Start::Fresh {
            net = adopted(net, run, own, alike, context)?;
        }
        let branch = init_module(context.seed, "ddpm/control", &context.device, |device| {
            unet.control(conditions, context.space, device)
        });
        Ok(Network::UNet(net.with_control(branch)))
    }
}

/// `net` with the weights that the run is judged by.
fn adopted(
    net: UNet,
    run: &Path,
    own: &impl Serialize,
    alike: Alike<'_>,
    context: &InitContext,
) -> Result<UNet, Fault> {
    let base = Base { key: "base", run };
    let mut opened = base.open(own, alike, context)?;
    require_uncontrolled(base, &opened)?;
    adopt_params(net, "net", &mut opened.state).map_err(|_| base.keeps_another(&opened))
}

/// # Errors
/// When the run is controlled itself: its branch would be left behind.
pub(crate) fn require_uncontrolled(base: Base<'_>, opened: &OpenedRun) -> Result<(), Fault> {
    let control = &opened.settings["control"];
    let Some(run) = control["base"].as_str() else { return Ok(()) };
    let problem = format!(
        "is controlled itself; give the run that it controls, which its settings call {run}"
    );
    Err(base.fault(opened, problem))
}

#[cfg(test)]
#[path = "control_tests.rs"]
mod tests;
