"""Fixture for the contrastive loss of crates/clip, from open_clip.

    python -m venv networks-venv && networks-venv/bin/pip install -r tests/oracles/requirements-networks.txt
    networks-venv/bin/pip install open_clip_torch==2.32.0
    networks-venv/bin/python tests/oracles/clip_loss.py
"""

import json
import pathlib

import open_clip
import torch
from open_clip.loss import ClipLoss

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "clip_loss.json"


def main():
    torch.manual_seed(0)
    cases = []
    for count, size, scale in [(2, 3, 1.0), (5, 4, 14.285714), (8, 6, 100.0)]:
        pictures, captions = (
            torch.nn.functional.normalize(torch.randn(count, size, dtype=torch.float64), dim=1) for _ in range(2)
        )
        loss = ClipLoss()(pictures, captions, torch.tensor(scale, dtype=torch.float64))
        case = {"scale": scale, "loss": loss.item(), "pictures": pictures.tolist(), "captions": captions.tolist()}
        cases.append(case)
    versions = {"open_clip_torch": open_clip.__version__, "torch": torch.__version__}
    FIXTURE.write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
