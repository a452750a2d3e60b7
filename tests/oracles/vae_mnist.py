"""The VAE of pytorch/examples on MNIST, for docs/results/mnist.md.

    python -m venv torch-venv && torch-venv/bin/pip install torch==2.9.0 numpy==2.4.6
    torch-venv/bin/python tests/oracles/vae_mnist.py DIR [--epochs 10] [--seed 0]

DIR holds MNIST's four .gz files. Network, loss and optimizer are those of
https://github.com/pytorch/examples/blob/main/vae/main.py: 784-400-20-400-784, ReLU, Bernoulli
cross-entropy of grey pixels, Adam at 1e-3, batches of 128. As genlab does, it trains on 55,000 of the
60,000 training images and keeps 5,000 aside (others than genlab's, whose generator NumPy lacks).
It shares no code with genlab. Reported on the 10,000 test images, in nats per image:

grey       cross-entropy of grey pixels + KL, one draw of the posterior: genlab's negative_elbo_grey
binarised  the same on pixels that are on with probability their grey level: genlab's negative_elbo
nll        -log p(x) of the first 1,000 of those with 100 importance weights: genlab's nll/binarised
"""

import argparse
import gzip
import pathlib

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Vae(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(784, 400)
        self.fc21 = nn.Linear(400, 20)
        self.fc22 = nn.Linear(400, 20)
        self.fc3 = nn.Linear(20, 400)
        self.fc4 = nn.Linear(400, 784)

    def encode(self, x):
        hidden = F.relu(self.fc1(x))
        return self.fc21(hidden), self.fc22(hidden)

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def terms(self, x):
        """Reconstruction and KL of each image, [B] each."""
        mean, log_var = self.encode(x)
        z = mean + torch.exp(0.5 * log_var) * torch.randn_like(mean)
        kl = -0.5 * (1 + log_var - mean**2 - log_var.exp()).sum(1)
        return cross_entropy(self.decode(z), x), kl

    def log_weight(self, x):
        """ln p(x, z) - ln q(z | x) of one draw, [B]."""
        mean, log_var = self.encode(x)
        posterior = torch.distributions.Normal(mean, torch.exp(0.5 * log_var))
        prior = torch.distributions.Normal(0.0, 1.0)
        z = posterior.sample()
        ratio = (prior.log_prob(z) - posterior.log_prob(z)).sum(1)
        return ratio - cross_entropy(self.decode(z), x)


def cross_entropy(logits, x):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)


def images(directory, name):
    raw = gzip.decompress((pathlib.Path(directory) / f"{name}-images-idx3-ubyte.gz").read_bytes())
    pixels = np.frombuffer(raw, np.uint8, offset=16).reshape(-1, 784)
    return torch.from_numpy(pixels.astype(np.float32) / 255.0)


@torch.no_grad()
def negative_elbo(model, x):
    terms = [torch.stack(model.terms(batch)) for batch in x.split(1000)]
    reconstruction, kl = torch.cat(terms, 1).double().mean(1).tolist()
    return reconstruction + kl, reconstruction, kl


@torch.no_grad()
def importance_nll(model, x, draws):
    logs = torch.stack([model.log_weight(x) for _ in range(draws)]).double()
    return float((np.log(draws) - torch.logsumexp(logs, 0)).mean())


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train = images(args.directory, "train")
    train = train[torch.randperm(len(train))[5000:]]
    test = images(args.directory, "t10k")
    model = Vae()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(1, args.epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(train)).split(128):
            optimizer.zero_grad()
            reconstruction, kl = model.terms(train[rows])
            # pytorch/examples sums over the batch; Adam does not see the constant factor.
            loss = (reconstruction + kl).mean()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        print(f"epoch {epoch}: train {total / len(train):.3f}", flush=True)
    print("grey       %.3f = %.3f + %.3f" % negative_elbo(model, test))
    binary = torch.bernoulli(test)
    print("binarised  %.3f = %.3f + %.3f" % negative_elbo(model, binary))
    print("nll        %.3f" % importance_nll(model, binary[:1000], 100))


if __name__ == "__main__":
    main()
