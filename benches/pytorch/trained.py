"""A network in training, as crates/core/src/optim/ has it."""

import copy
import math

import torch
from torch import nn

# What Muon leaves to its Adam in networks of diffusion (crates/ddpm/src/network.rs).
ENDS = {
    "stem", "head", "variance", "time", "time_in", "time_out", "modulation", "class", "span",
    "summary", "embedding", "places",
}  # fmt: skip
# The same of pictures and captions (crates/clip/src/config.rs), whose "caption" is a layer; that of a U-Net is the whole
# encoder of captions, which Muon trains.
ENDS_OF_TOWERS = {
    "embedding", "places", "first", "classes", "summary", "picture", "caption", "matches", "next",
}  # fmt: skip


class Trained:
    """A network with its optimizer, learning rate and moving average. `ends` are parts that Muon leaves to its Adam."""

    def __init__(self, net, config, ema=None, ends=ENDS):
        self.net, self.config, self.ema, self.steps = net, config, ema, 0
        self.params = list(net.parameters())
        averaged = ema is not None and ema["kind"] == "exponential"
        self.average = [p.detach().clone() for p in self.params] if averaged else None
        method = config["method"]
        self.muon, self.momenta = [], []
        adam, rate, others = method, config["learning_rate"], list(self.params)
        if method["kind"] == "muon":
            hidden = lambda name, p: p.dim() > 1 and ends.isdisjoint(name.split("."))
            named = list(net.named_parameters())
            self.muon = [p for name, p in named if hidden(name, p)]
            self.momenta = [torch.zeros_like(p) for p in self.muon]
            others = [p for name, p in named if not hidden(name, p)]
            adam, rate = method["adam"], method["adam"]["learning_rate"]
        else:
            assert method["kind"] == "adam", "the twin has the default methods only"
        self.adam_rate = rate
        betas = (adam["beta1"], adam["beta2"])
        self.adam = torch.optim.Adam(others, rate, betas=betas, eps=adam["epsilon"])

    def share(self, fraction, images, total):
        """Of the peak rates."""
        warmup = self.config["warmup"]
        if fraction < warmup:
            return min(max(images + 0.5, 1.0) / total / warmup, 1.0)
        if self.config["schedule"]["kind"] == "cosine":
            return 0.5 * (1 + math.cos(math.pi * (fraction - warmup) / (1 - warmup)))
        return 1.0

    def descend(self, loss, images, total):
        """One step; `images` of the budget's `total` came before it."""
        self.adam.zero_grad()
        loss.backward()
        if self.config["clip_norm"] is not None:
            nn.utils.clip_grad_norm_(self.params, self.config["clip_norm"])
        share = self.share(min(images / total, 1.0), images, total)
        self.adam.param_groups[0]["lr"] = self.adam_rate * share
        self.adam.step()
        with torch.no_grad():
            for param, momentum in zip(self.muon, self.momenta):
                self.orthogonal_step(param, momentum, self.config["learning_rate"] * share)
        self.steps += 1
        if self.average is not None:
            decay = min(self.ema["decay"], (1 + self.steps) / (10 + self.steps))
            with torch.no_grad():
                torch._foreach_lerp_(self.average, self.params, 1 - decay)

    def orthogonal_step(self, param, momentum, rate):
        """Muon (crates/core/src/optim/muon.rs)."""
        decay = self.config["method"]["momentum"]
        momentum.lerp_(param.grad, 1 - decay)
        x = torch.lerp(param.grad, momentum, decay).flatten(1)
        rows, columns = x.shape
        x = x.T if rows > columns else x
        x = x / x.norm().clamp_min(1e-7)
        for _ in range(self.config["method"]["newton_schulz_steps"]):
            square = x @ x.T
            polynomial = torch.addmm(square, square, square, beta=-4.7750, alpha=2.0315)
            x = torch.addmm(x, polynomial, x, beta=3.4445)
        x = x.T if rows > columns else x
        rate = rate * max(1, rows / columns) ** 0.5
        param.sub_(x.reshape(param.shape), alpha=rate)

    def frozen(self):
        """A copy for evaluation, with averaged weights where there are any."""
        net = copy.deepcopy(self.net).eval().requires_grad_(False)
        if self.average is not None:
            for param, value in zip(net.parameters(), self.average):
                param.copy_(value)
        return net
