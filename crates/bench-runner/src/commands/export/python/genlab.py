#!/usr/bin/env python3
"""The models of genlab in PyTorch, from a folder that `bench-runner export` wrote.

    python genlab.py [FOLDER]         compare with genlab's own numbers (check.safetensors)

    import genlab
    model = genlab.load("FOLDER")
    model.reconstruct(x), model.encode(x), model.decode(codes)    ae, sparse-ae, vae
    model.sample(model.noise(16))                                 vae, gan, ddpm

Values x are [B, C, H, W] in the data's units (pixels in [0, 1]), codes [B, L]. A model that is told classes takes
`classes=` [B] as well, -1 for none. Needs torch and safetensors.
"""

import json
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from safetensors import safe_open
from safetensors.torch import load_file
from torch import nn
from diffusion import Schedule, guided, mix, moments, solve
from networks import ClassEmbedding, Decoder, Dit, Encoder, Space, TimeMlp, UNet, unknown


class Autoencoder(nn.Module):
    """Encoder, code, decoder."""

    def __init__(self, config, shape):
        super().__init__()
        self.encoder = Encoder(config["backbone"], shape)
        self.code = nn.Linear(self.encoder.features, config["latent_dim"])
        self.decoder = Decoder(config["backbone"], config["latent_dim"], shape)


class Ae(nn.Module):
    """An autoencoder (docs/models/ae.md)."""

    def __init__(self, config):
        super().__init__()
        self.config, self.space = config["settings"]["model"]["ae"], Space(config["data"])
        self.net = Autoencoder(self.config, self.space.shape)

    def encode(self, x):
        codes = self.net.code(self.net.encoder(self.space.input(x)))
        return codes.sigmoid() if self.config["code"] == "sigmoid" else codes

    def decode(self, codes):
        return self.space.output(self.net.decoder(codes))

    def reconstruct(self, x):
        return self.decode(self.encode(x))


class Magnitude(nn.Module):
    """How large the units of a gated code are (arXiv:2404.16014, Eq. 6)."""

    def __init__(self, units):
        super().__init__()
        self.log_scale = nn.Parameter(torch.zeros(units))
        self.shift = nn.Parameter(torch.zeros(units))

    def forward(self, gates):
        return F.relu(gates * self.log_scale.exp() + self.shift)


class SparseAe(Ae):
    """A sparse autoencoder (docs/models/sparse-ae.md)."""

    def __init__(self, config):
        nn.Module.__init__(self)
        self.config, self.space = config["settings"]["model"]["sparse-ae"], Space(config["data"])
        self.net = Autoencoder(self.config, self.space.shape)
        self.sparsity, units = self.config["sparsity"], self.config["latent_dim"]
        if self.sparsity["kind"] == "gated":
            self.net.magnitude = Magnitude(units)
        if self.sparsity["kind"] == "jump-relu":
            self.net.log_threshold = nn.Parameter(torch.zeros(units))
        if self.sparsity["kind"] == "batch-top-k":
            self.threshold = nn.Parameter(torch.zeros(1))

    def encode(self, x):
        gates = self.net.code(self.net.encoder(self.space.input(x)))
        codes, kind = F.relu(gates), self.sparsity["kind"]
        if kind == "gated":
            return (gates > 0) * self.net.magnitude(gates)
        if kind == "kl":
            return gates.sigmoid()
        if kind == "top-k":
            return codes * (codes >= codes.topk(self.sparsity["k"], 1).values[:, -1:])
        if kind == "batch-top-k":
            return codes * (codes >= self.threshold)
        if kind == "jump-relu":
            return codes * (gates > self.net.log_threshold.exp())
        if kind != "l1":
            raise unknown("model.sparse-ae.sparsity.kind", kind)
        return codes


class Vae(nn.Module):
    """A variational autoencoder (docs/models/vae.md). Codes are means of q(z | x), decoded values means of p(x | z)."""

    CLASS_SIZE = 64

    def __init__(self, config):
        super().__init__()
        self.config, self.space = config["settings"]["model"]["vae"], Space(config["data"])
        classes, shape = config["classes_told"], self.space.shape
        latent, told = self.config["latent_dim"], self.CLASS_SIZE if classes else 0
        likelihood, prior = self.config["likelihood"]["kind"], self.config["prior"]
        numbers = 2 if likelihood == "gaussian-per-value" else 1
        self.net = net = nn.Module()
        net.encoder = Encoder(self.config["backbone"], shape)
        net.mean = nn.Linear(net.encoder.features + told, latent)
        net.log_var = nn.Linear(net.encoder.features + told, latent)
        net.decoder = Decoder(self.config["backbone"], latent + told, (numbers * shape[0], *shape[1:]))
        if classes:
            net.add_module("class", ClassEmbedding(classes, told))
        if likelihood in ("gaussian-shared", "logistic"):
            net.log_scale = nn.Parameter(torch.zeros(1))
        if prior["kind"] == "standard":
            return
        net.prior, count = nn.Module(), prior.get("components") or prior["pseudo_inputs"]
        if prior["kind"] == "mixture":
            net.prior.logits = nn.Parameter(torch.zeros(count))
            net.prior.mean = nn.Parameter(torch.zeros(count, latent))
            net.prior.log_var = nn.Parameter(torch.zeros(count, latent))
        elif prior["kind"] == "vamp":
            net.prior.pseudo_inputs = nn.Parameter(torch.zeros(count, *shape))
        else:
            raise unknown("model.vae.prior.kind", prior["kind"])

    def behind(self, x, classes):
        told = dict(self.net.named_children()).get("class")
        return x if told is None else told.behind(x, classes)

    def posterior(self, x, classes=None):
        """Mean and logarithm of the variance of q(z | x), [B, L] each."""
        features = self.behind(self.net.encoder(self.space.input(x)), classes)
        return self.net.mean(features), self.net.log_var(features)

    def encode(self, x, classes=None):
        return self.posterior(x, classes)[0]

    def decode(self, codes, classes=None):
        logits = self.net.decoder(self.behind(codes, classes))
        return self.space.output(logits[:, : self.space.shape[0]])

    def reconstruct(self, x, classes=None):
        return self.decode(self.encode(x, classes), classes)

    def noise(self, count):
        """Codes from the prior."""
        kind, noise = self.config["prior"]["kind"], torch.randn(count, self.config["latent_dim"])
        if kind == "standard":
            return noise
        prior = self.net.prior
        if kind == "mixture":
            mean, log_var, logits = prior.mean, prior.log_var, prior.logits
        else:
            mean, log_var = self.posterior(self.space.output(prior.pseudo_inputs))
            logits = torch.zeros(len(mean))
        chosen = torch.multinomial(logits.softmax(0), count, replacement=True)
        return mean[chosen] + (0.5 * log_var[chosen]).exp() * noise

    sample = decode


class Gan(nn.Module):
    """The generator of a generative adversarial network (docs/models/gan.md)."""

    CLASS_SIZE = 16

    def __init__(self, config):
        super().__init__()
        self.config, self.space = config["settings"]["model"]["gan"], Space(config["data"])
        classes = config["classes_told"]
        told = self.CLASS_SIZE if classes else 0
        self.generator = nn.Module()
        latent = self.config["latent_dim"] + told
        self.generator.decoder = Decoder(self.config["generator"], latent, self.space.shape)
        if classes:
            self.generator.add_module("class", ClassEmbedding(classes, told))

    def noise(self, count):
        return torch.randn(count, self.config["latent_dim"])

    def sample(self, noise, classes=None):
        told = dict(self.generator.named_children()).get("class")
        latent = noise if told is None else told.behind(noise, classes)
        return self.space.output(self.generator.decoder(latent))

    decode = sample


class Ddpm(nn.Module):
    """A diffusion model (docs/models/ddpm.md). `net(x, times)` is its network, `start(x, at)` its denoiser."""

    def __init__(self, config):
        super().__init__()
        self.config, self.space = config["settings"]["model"]["ddpm"], Space(config["data"])
        self.schedule, self.sampler = Schedule(self.config["schedule"]), self.config["sampler"]
        objective, network = self.config["objective"]["kind"], self.config["network"]
        spans, variance = objective in ("mean-flow", "shortcut"), objective == "hybrid"
        told = SimpleNamespace(classes=config["classes_told"], spans=spans, variance=variance)
        networks = {"u-net": UNet, "dit": Dit, "mlp": TimeMlp}
        if network["kind"] not in networks:
            raise unknown("model.ddpm.network.kind", network["kind"])
        guidance = self.sampler["guidance"]["kind"]
        if guidance not in ("auto", "classifier-free"):
            raise unknown("model.ddpm.sampler.guidance.kind", guidance)
        build = lambda: networks[network["kind"]](network, self.space.shape, told)
        self.net = build()
        self.early = build() if guidance == "auto" else None
        self.guidable = self.early is not None or config["told_is_optional"]

    def ask(self, net, x, at, classes, span=None):
        """What a network gives at one moment."""
        whole = lambda time: torch.full([len(x)], time, dtype=x.dtype, device=x.device)
        span = None if span is None else whole(self.schedule.network_time(span))
        return net(x / at.spread(), whole(self.schedule.network_time(at.t)), classes, span)

    def start(self, x, at, classes=None, guidance=None):
        """The clean value that x [B, C, H, W] at a moment is taken for, in standard units."""
        a, b = mix(self.config["target"], at)

        def of(net, classes):
            y = self.ask(net, x, at, classes)
            return (x * b - y * at.sigma) / (at.alpha * b - at.sigma * a)

        guidance = guidance or {"kind": "classifier-free", "scale": 1.0, "interval": None}
        auto = guidance["kind"] == "auto"
        away = lambda: of(self.early, classes) if auto else of(self.net, None)
        x_0 = guided(guidance, at, classes is not None, lambda: of(self.net, classes), away)
        limits = self.space.limits()
        return x_0.clamp(*limits) if limits else x_0

    def noise(self, count, steps=None):
        """[1 + steps, count, C, H, W]: what samples grow from, and what a step may add."""
        return torch.randn(1 + (steps or self.sampler["steps"]), count, *self.space.shape)

    def sample(self, noise, classes=None, steps=None, solver=None, scale=None):
        """Samples by the run's own sampler; `noise` of the starting point alone is enough for solvers that add none, such
        as {"kind": "ddim", "eta": 0.0}. `scale` is that of guidance."""
        solver = solver or self.sampler["solver"]
        guidance = self.sampler["guidance"] | ({} if scale is None else {"scale": scale})
        if not self.guidable or solver["kind"] == "mean-flow":
            guidance = None
        visited = moments(self.sampler["spacing"], self.schedule, steps or self.sampler["steps"])
        start = lambda x, at: self.start(x, at, classes, guidance)
        velocity = lambda x, at, to: self.ask(self.net, x, at, classes, at.t - to.t)
        x = noise[0] * visited[0].spread()
        x = solve(solver, x, visited, start, lambda i: noise[1 + i], velocity)
        return self.space.from_standard(x)


MODELS = {"ae": Ae, "sparse-ae": SparseAe, "vae": Vae, "gan": Gan, "ddpm": Ddpm}


def load(folder="."):
    """The model of an export, in evaluation mode."""
    folder = Path(folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    model = MODELS[config["model"]](config).eval().requires_grad_(False)
    model.classes = config["classes_told"]
    with safe_open(folder / "model.safetensors", "pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}
        if file.metadata()["order"] == "burn":
            weights = transposed(model, weights)
    model.load_state_dict(weights)
    return model


def transposed(model, weights):
    """Affine weights [in, out], as burn has them, to PyTorch's [out, in]; all others lie alike."""
    affine = {f"{path}.weight" for path, m in model.named_modules() if isinstance(m, nn.Linear)}
    return {name: w.T if name in affine else w for name, w in weights.items()}


@torch.inference_mode()
def differences(folder="."):
    """The largest difference from each of genlab's own results in check.safetensors."""
    model, check = load(folder), load_file(Path(folder) / "check.safetensors")
    told = lambda name: {"classes": check[name]} if name in check else {}
    made = {}
    if "values" in check:
        made["codes"] = model.encode(check["values"], **told("classes"))
        made["reconstructions"] = model.reconstruct(check["values"], **told("classes"))
    if "samples" in check:
        made["samples"] = model.sample(check["noise"], **told("sample_classes"))
    return {name: (value - check[name]).abs().max().item() for name, value in made.items()}


# Of what float32 rounds differently in another order; codes have units of their own.
TOLERANCE = 1e-4


def main():
    folder = sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent
    found = differences(folder)
    for name, difference in found.items():
        agree = "agree to" if difference <= TOLERANCE else "DIFFER by"
        print(f"{name} {agree} {difference:.0e}")
    sys.exit(any(not difference <= TOLERANCE for difference in found.values()))


if __name__ == "__main__":
    main()
