"""Fixture for the vision transformer of crates/classifier, from PyTorch.

    python -m venv networks-venv && networks-venv/bin/pip install -r tests/oracles/requirements-networks.txt
    networks-venv/bin/python tests/oracles/vit.py

A small network is trained for a few steps of torch.optim.Adam in double precision, from weights and on images that
are in the fixture. Everything in it is called, and lies, as in genlab: a linear layer's weight is [in, out] there and
[out, in] in PyTorch.
"""

import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "vit.json"
SIDE, PATCH, WIDTH, DEPTH, HEADS, MLP_RATIO, FEATURES, CLASSES = 8, 4, 8, 2, 2, 4, 6, 3
BATCH, STEPS = 4, 20
ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8}
EPSILON = 1e-6


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))

    def forward(self, x):
        batch, tokens, _ = x.shape
        q, k, v = (
            layer(x).reshape(batch, tokens, HEADS, WIDTH // HEADS).transpose(1, 2)
            for layer in (self.q, self.k, self.v)
        )
        y = F.scaled_dot_product_attention(q, k, v)
        return self.out(y.transpose(1, 2).reshape(batch, tokens, WIDTH))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.attention = Attention()
        self.mlp_norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.mlp_in = nn.Linear(WIDTH, MLP_RATIO * WIDTH)
        self.mlp_out = nn.Linear(MLP_RATIO * WIDTH, WIDTH)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(x)), approximate="tanh"))


def positions(rows, columns):
    """Half of the numbers for the row and half for the column, each as sines then cosines: [rows * columns, WIDTH]."""
    count = WIDTH // 4
    frequencies = 10_000.0 ** (-torch.arange(count, dtype=torch.float64) / count)

    def told(places):
        angles = places[:, None] * frequencies
        return torch.cat([angles.sin(), angles.cos()], 1)

    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    return torch.cat([told(row.flatten().double()), told(column.flatten().double())], 1)


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(PATCH * PATCH, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, images):
        patches = F.unfold(images, PATCH, stride=PATCH).transpose(1, 2)
        x = self.stem(patches) + positions(SIDE // PATCH, SIDE // PATCH).to(images.dtype)
        for block in self.blocks:
            x = block(x)
        return self.norm(x).mean(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = Transformer()
        self.hidden = nn.Linear(WIDTH, FEATURES)
        self.classes = nn.Linear(FEATURES, CLASSES)

    def forward(self, images):
        return self.classes(F.relu(self.hidden(self.transformer(images))))


def parameters(net):
    """By genlab's names and in its order: flattened, with a linear layer's weight as [in, out]."""
    lying = lambda value: value.T if value.dim() == 2 else value
    return {
        name: [float(f"{x:.9g}") for x in lying(value.detach()).flatten().tolist()]
        for name, value in net.named_parameters()
    }


def batches():
    """Images of two digits after the point, with a brighter patch that depends on the class."""
    random = np.random.default_rng(0)
    made = []
    for _ in range(STEPS):
        labels = random.integers(0, CLASSES, BATCH)
        images = random.uniform(0, 0.7, (BATCH, 1, SIDE, SIDE))
        for image, label in zip(images, labels):
            row, column = divmod(int(label), 2)
            image[0, PATCH * row :][:PATCH, PATCH * column :][:, :PATCH] += 0.3
        made.append({"images": np.round(images, 2).flatten().tolist(), "labels": labels.tolist()})
    return made


def trained(net, data, dtype):
    """The loss of each step, before the step."""
    optimizer = torch.optim.Adam(net.parameters(), **ADAM)
    losses = []
    for batch in data:
        images = torch.tensor(batch["images"], dtype=dtype).reshape(BATCH, 1, SIDE, SIDE)
        loss = F.cross_entropy(net(images), torch.tensor(batch["labels"]))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def fresh(dtype):
    torch.manual_seed(0)
    net = Net()
    # Norms that do something, from the start.
    for name, value in net.named_parameters():
        if "norm" in name:
            nn.init.normal_(value, mean=1.0 if name.endswith("weight") else 0.0, std=0.1)
    return net.to(dtype)


def main():
    torch.set_num_threads(1)
    data = batches()
    net = fresh(torch.float64)
    initial = parameters(net)
    losses = trained(net, data, torch.float64)
    final = parameters(net)
    single = fresh(torch.float32)
    rounded, weights = trained(single, data, torch.float32), parameters(single)
    apart = {name: max(abs(a - b) for a, b in zip(final[name], weights[name])) for name in final}
    print("losses", losses[0], losses[-1], "in f32 within", max(map(lambda a, b: abs(a - b), losses, rounded)))
    for name, most in sorted(apart.items(), key=lambda item: -item[1])[:6]:
        print(f"{name}: in f32 within {most:.1e}")
    moved = {name: max(abs(a - b) for a, b in zip(final[name], initial[name])) for name in final}
    print("least moved", min(moved.items(), key=lambda item: item[1]))
    fixture = {
        "versions": {"torch": torch.__version__.split("+")[0], "numpy": np.__version__},
        "shape": [1, SIDE, SIDE],
        "transformer": {
            "patch_size": PATCH, "width": WIDTH, "depth": DEPTH, "heads": HEADS, "mlp_ratio": MLP_RATIO,
            "positions": "sin-cos",
        },
        "features": FEATURES,
        "classes": CLASSES,
        "batches": data,
        "losses": losses,
        "initial": initial,
        "final": final,
    }
    FIXTURE.write_text(json.dumps(fixture, separators=(",", ":")) + "\n")
    print(fixture["versions"], FIXTURE.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
