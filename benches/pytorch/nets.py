"""The networks of genlab in PyTorch: those that `bench-runner export` writes beside weights."""

import sys
from pathlib import Path

from torch import nn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "crates/bench-runner/src/commands/export/python"))

from genlab import Autoencoder, Magnitude, transposed  # noqa: E402, F401
from networks import Decoder, Dit, Encoder, UNet  # noqa: E402, F401


def load(net, weights):
    """Fills `net` with genlab's `weights` by path; every parameter must be there, and no other."""
    net.load_state_dict(transposed(net, weights), strict=True)
