"""Fixtures for the optimizers of crates/core, from torch.optim.

    python -m venv networks-venv && networks-venv/bin/pip install -r tests/oracles/requirements-networks.txt
    networks-venv/bin/python tests/oracles/optimizers.py

Every case trains the same made-up parameters down the same made-up gradients, in double precision, and has
its settings as genlab writes them. A linear layer's weight is [in, out] in genlab and [out, in] in PyTorch;
PyTorch's Muon takes a convolution's weight as the matrix [out, in * k_h * k_w].
"""

import json
import pathlib

import numpy as np
import torch

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "optimizers.json"
STEPS = 3
SHAPES = {
    "wide": (3, 4),  # linear, more outputs than inputs
    "narrow": (4, 3),
    "conv": (2, 2, 2, 2),  # fewer rows than columns
    "tall": (6, 1, 2, 2),  # more rows than columns
    "head": (3, 2),  # linear, kept from Muon
    "bias": (3,),
}
ENDS = ["head"]

ADAM = {"beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8}
CASES = {
    "adam": (0.1, None, {"kind": "adam", **ADAM}),
    "adam, other decays and floor, clipped": (
        0.1,
        1.5,
        {"kind": "adam", "beta1": 0.5, "beta2": 0.9, "epsilon": 1e-2},
    ),
    "adam, clipping out of reach": (0.1, 1e3, {"kind": "adam", **ADAM}),
    "adamw": (0.1, None, {"kind": "adamw", **ADAM, "weight_decay": 0.01}),
    "adamw, strong decay, clipped": (0.1, 1.5, {"kind": "adamw", **ADAM, "weight_decay": 0.5}),
    "rmsprop": (0.01, None, {"kind": "rmsprop", "alpha": 0.99, "epsilon": 1e-8, "momentum": 0.0}),
    "rmsprop with momentum, clipped": (
        0.01,
        1.5,
        {"kind": "rmsprop", "alpha": 0.9, "epsilon": 1e-3, "momentum": 0.9},
    ),
    "gradient descent": (0.1, None, {"kind": "sgd", "momentum": 0.0, "nesterov": False}),
    "heavy ball, clipped": (0.1, 1.5, {"kind": "sgd", "momentum": 0.9, "nesterov": False}),
    "nesterov": (0.1, None, {"kind": "sgd", "momentum": 0.9, "nesterov": True}),
    "muon": (
        0.02,
        None,
        {
            "kind": "muon",
            "momentum": 0.95,
            "newton_schulz_steps": 5,
            "adam": {"learning_rate": 1e-3, **ADAM},
        },
    ),
    "muon, other settings, clipped": (
        0.1,
        1.5,
        {
            "kind": "muon",
            "momentum": 0.5,
            "newton_schulz_steps": 3,
            "adam": {"learning_rate": 0.05, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-4},
        },
    ),
}


def adam(params, rate, method, cls=torch.optim.Adam, **more):
    betas = (method["beta1"], method["beta2"])
    return cls(params, rate, betas=betas, eps=method["epsilon"], **more)


def optimizers(params, rate, method):
    """What trains `params` by name: one optimizer, or Muon's two."""
    everything = list(params.values())
    match method["kind"]:
        case "adam":
            return [adam(everything, rate, method)]
        case "adamw":
            decay = method["weight_decay"]
            return [adam(everything, rate, method, torch.optim.AdamW, weight_decay=decay)]
        case "rmsprop":
            alpha, eps, momentum = method["alpha"], method["epsilon"], method["momentum"]
            return [torch.optim.RMSprop(everything, rate, alpha, eps, momentum=momentum)]
        case "sgd":
            momentum, nesterov = method["momentum"], method["nesterov"]
            return [torch.optim.SGD(everything, rate, momentum, nesterov=nesterov)]
        case "muon":
            hidden = [p for name, p in params.items() if name not in ENDS and p.ndim == 2]
            rest = [p for name, p in params.items() if name in ENDS or p.ndim != 2]
            muon = torch.optim.Muon(
                hidden,
                rate,
                weight_decay=0.0,
                momentum=method["momentum"],
                nesterov=True,
                ns_steps=method["newton_schulz_steps"],
                adjust_lr_fn="original",
            )
            return [muon, adam(rest, method["adam"]["learning_rate"], method["adam"])]


def to_torch(array):
    """genlab's layout to PyTorch's: [in, out] to [out, in], convolutions to matrices."""
    tensor = torch.from_numpy(array)
    return (tensor.T if tensor.ndim == 2 else tensor.reshape(len(tensor), -1).squeeze(1)).clone()


def from_torch(name, tensor):
    """The values in genlab's order."""
    return numbers(tensor.detach().T if len(SHAPES[name]) == 2 else tensor.detach())


def numbers(array):
    return [float(f"{value:.9g}") for value in array.flatten().tolist()]


def made_up(rng, size):
    """Numbers that f32 holds exactly and that are short to write."""
    return {name: np.round(rng.normal(size=s) * size * 64) / 64 + 0.0 for name, s in SHAPES.items()}


def train(initial, gradients, rate, clip_norm, method):
    params = {name: to_torch(value).requires_grad_() for name, value in initial.items()}
    trained = optimizers(params, rate, method)
    after = []
    for gradient in gradients:
        for name, param in params.items():
            param.grad = to_torch(gradient[name])
        if clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(params.values(), clip_norm)
        for optimizer in trained:
            optimizer.step()
        after.append({name: from_torch(name, param) for name, param in params.items()})
    return after


def main():
    # PyTorch's Muon rounds to bf16 before it iterates; genlab iterates in f32.
    torch.Tensor.bfloat16 = lambda tensor: tensor
    rng = np.random.default_rng(1)
    initial = made_up(rng, 0.1)
    gradients = [made_up(rng, 1) for _ in range(STEPS)]
    cases = [
        {
            "name": name,
            "settings": {"learning_rate": rate, "clip_norm": clip_norm, "method": method},
            "after": train(initial, gradients, rate, clip_norm, method),
        }
        for name, (rate, clip_norm, method) in CASES.items()
    ]
    flat = lambda values: {name: numbers(value) for name, value in values.items()}
    fixture = {
        "shapes": SHAPES,
        "ends": ENDS,
        "initial": flat(initial),
        "gradients": [flat(gradient) for gradient in gradients],
        "cases": cases,
    }
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
