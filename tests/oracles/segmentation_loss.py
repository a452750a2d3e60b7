"""Fixture for the losses of the segmenter in crates/vision: focal, dice and intersection over union, in PyTorch.

    python -m venv networks-venv && networks-venv/bin/pip install -r tests/oracles/requirements-networks.txt
    networks-venv/bin/python tests/oracles/segmentation_loss.py

The focal loss is torchvision's sigmoid_focal_loss (ops/focal_loss.py), the dice loss that of DETR and MaskFormer, which SAM
takes over; both are written out, so that torch alone is needed.
"""

import json
import pathlib

import torch
import torch.nn.functional as F

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "segmentation_loss.json"


def focal(logits, truth, alpha=0.25, gamma=2.0):
    p = torch.sigmoid(logits)
    surprise = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    p_t = p * truth + (1 - p) * (1 - truth)
    alpha_t = alpha * truth + (1 - alpha) * (1 - truth)
    return (alpha_t * surprise * (1 - p_t) ** gamma).mean(1)


def dice(logits, truth):
    p = torch.sigmoid(logits)
    return 1 - (2 * (p * truth).sum(1) + 1) / (p.sum(1) + truth.sum(1) + 1)


def iou(logits, truth):
    mask, truth = logits > 0, truth > 0
    return (mask & truth).sum(1).double() / (mask | truth).sum(1).clamp(min=1)


def case(candidates, pixels, scale, share):
    # What is written is what is read: 32-bit numbers.
    logits = (scale * torch.randn(candidates, pixels)).double()
    truth = (torch.rand(1, pixels) < share).double().expand(candidates, pixels)
    losses = {"focal": focal(logits, truth), "dice": dice(logits, truth), "iou": iou(logits, truth)}
    return {
        "truth": truth[0].tolist(),
        "logits": logits.flatten().tolist(),
        **{name: values.tolist() for name, values in losses.items()},
    }


def main():
    torch.manual_seed(0)
    # Ordinary logits, certain ones, an object of nearly all pixels, and none at all.
    sizes = [(3, 40, 1.0, 0.3), (3, 40, 12.0, 0.3), (2, 25, 3.0, 0.95), (2, 9, 1.0, 0.0)]
    cases = [case(*size) for size in sizes]
    FIXTURE.write_text(json.dumps({"versions": {"torch": torch.__version__}, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
