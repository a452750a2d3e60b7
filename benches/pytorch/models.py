"""The five models of genlab in PyTorch: their networks, one training step, and sampling.

Settings come from genlab's own export, so that a changed default changes both sides. A step takes
its random numbers as an argument: genlab's in the comparison of losses, `draw`'s when timed.
"""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nets import Decoder, Encoder, UNet, load

SHAPE = (1, 28, 28)


class Trained:
    """A network with its Adam, learning rate and moving average (crates/core/src/optim/)."""

    def __init__(self, net, config, ema=None):
        self.net, self.config, self.ema, self.steps = net, config, ema, 0
        self.params = list(net.parameters())
        averaged = ema is not None and ema["kind"] == "exponential"
        self.average = [p.detach().clone() for p in self.params] if averaged else None
        method = config["method"]
        assert method["kind"] == "adam", "the twin has the default method only"
        betas = (method["beta1"], method["beta2"])
        self.adam = torch.optim.Adam(
            self.params, config["learning_rate"], betas=betas, eps=method["epsilon"]
        )

    def learning_rate(self, fraction, images, total):
        rate, warmup = self.config["learning_rate"], self.config["warmup"]
        if fraction < warmup:
            return rate * min(max(images + 0.5, 1.0) / total / warmup, 1.0)
        if self.config["schedule"]["kind"] == "cosine":
            return rate * 0.5 * (1 + math.cos(math.pi * (fraction - warmup) / (1 - warmup)))
        return rate

    def descend(self, loss, images, total):
        """One step; `images` of the budget's `total` came before it."""
        self.adam.zero_grad()
        loss.backward()
        if self.config["clip_norm"] is not None:
            nn.utils.clip_grad_norm_(self.params, self.config["clip_norm"])
        rate = self.learning_rate(min(images / total, 1.0), images, total)
        self.adam.param_groups[0]["lr"] = rate
        self.adam.step()
        self.steps += 1
        if self.average is not None:
            decay = min(self.ema["decay"], (1 + self.steps) / (10 + self.steps))
            with torch.no_grad():
                torch._foreach_lerp_(self.average, self.params, 1 - decay)

    def frozen(self):
        """A copy for evaluation, with averaged weights where there are any."""
        net = copy.deepcopy(self.net).eval().requires_grad_(False)
        if self.average is not None:
            for param, value in zip(net.parameters(), self.average):
                param.copy_(value)
        return net


class Model:
    """A model in training. `total` is the budget in images, for schedules.

    `compile` turns a function of tensors into a faster one: the identity, or torch.compile. `precision` is
    "f32", or "bf16": losses under autocast, as genlab's steps with `--precision bf16`; sampling stays f32.
    """

    samples = False

    def __init__(self, config, total, compile, precision="f32"):
        self.config, self.total, self.images = config, total, 0
        self.mixed = torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else lambda f: f
        self.build(SHAPE)
        self.compile = compile
        self.compiled_losses = self.mixed(compile(self.losses))

    def parts(self):
        return {"net": self.net}

    def load(self, weights):
        """genlab's weights, named `<part>.<path>`."""
        for name, part in self.parts().items():
            own = {k.partition(".")[2]: v for k, v in weights.items() if k.startswith(f"{name}.")}
            load(part.net, own)
            if part.average is not None:
                part.average = [p.detach().clone() for p in part.params]

    def draw(self, batch):
        """The random numbers of one step."""
        return {}

    def step(self, images, noise):
        """One training step; returns its scalars, not yet read."""
        scalars = self.compiled_losses(images, **noise)
        self.net.descend(scalars.pop("total"), self.images, self.total)
        self.images += len(images)
        return {name: value.detach() for name, value in scalars.items()}


class Ae(Model):
    def build(self, shape):
        self.net = Trained(AutoencoderNet(self.config, shape), self.config["optimizer"])

    def losses(self, images):
        _, logits = self.net.net(images)
        loss = squared_error(torch.sigmoid(logits), images)
        return {"total": loss, "loss": loss}


class SparseAe(Model):
    def build(self, shape):
        net = AutoencoderNet(self.config, shape, rectified=True)
        self.net = Trained(net, self.config["optimizer"])

    def losses(self, images):
        codes, logits = self.net.net(images)
        reconstruction = squared_error(torch.sigmoid(logits), images)
        l1 = codes.abs().sum(1).mean()
        loss = reconstruction + self.config["l1"] * l1
        active = (codes.detach() > 0).float().mean()
        return {
            "total": loss,
            "loss": loss,
            "reconstruction": reconstruction,
            "l1": l1,
            "active_fraction": active,
        }


class AutoencoderNet(nn.Module):
    def __init__(self, config, shape, rectified=False):
        super().__init__()
        assert config["loss"] == "mse", "the twin has the default loss only"
        self.encoder = Encoder(config["backbone"], shape)
        self.code = nn.Linear(self.encoder.features, config["latent_dim"])
        self.decoder = Decoder(config["backbone"], config["latent_dim"], shape)
        self.rectified = rectified

    def forward(self, images):
        codes = self.code(self.encoder(images))
        codes = F.relu(codes) if self.rectified else codes
        return codes, self.decoder(codes)


class VaeNet(nn.Module):
    def __init__(self, config, shape):
        super().__init__()
        self.encoder = Encoder(config["backbone"], shape)
        self.mean = nn.Linear(self.encoder.features, config["latent_dim"])
        self.log_var = nn.Linear(self.encoder.features, config["latent_dim"])
        self.decoder = Decoder(config["backbone"], config["latent_dim"], shape)


class Vae(Model):
    samples = True

    def build(self, shape):
        likelihood, warmup = self.config["likelihood"]["kind"], self.config["kl_warmup"]
        assert likelihood == "bernoulli" and warmup == 0, "the twin has the defaults only"
        self.net = Trained(VaeNet(self.config, shape), self.config["optimizer"])

    def draw(self, batch):
        return {"posterior": torch.randn(batch, self.config["latent_dim"])}

    def losses(self, images, posterior):
        net = self.net.net
        features = net.encoder(images)
        mean, log_var = net.mean(features), net.log_var(features)
        kl = 0.5 * (mean.square() + log_var.exp() - 1 - log_var).sum(1).mean()
        logits = net.decoder(mean + (0.5 * log_var).exp() * posterior)
        nll = F.binary_cross_entropy_with_logits(logits, images, reduction="sum") / len(images)
        total = nll + self.config["beta"] * kl
        return {
            "total": total,
            "loss": total,
            "negative_elbo": nll + kl,
            "reconstruction": nll,
            "kl": kl,
        }

    def noise_of_samples(self, count):
        return torch.randn(count, self.config["latent_dim"])

    def sampler(self):
        net = self.net.frozen()
        return self.compile(lambda noise: torch.sigmoid(net.decoder(noise)))


class Generator(nn.Module):
    def __init__(self, config, shape):
        super().__init__()
        self.decoder = Decoder(config["generator"], config["latent_dim"], shape)

    def forward(self, latent):
        return torch.sigmoid(self.decoder(latent))


class Critic(nn.Module):
    def __init__(self, config, shape):
        super().__init__()
        self.encoder = Encoder(config["critic"], shape)
        self.score = nn.Linear(self.encoder.features, 1)

    def forward(self, images):
        return self.score(self.encoder(images * 2 - 1)).squeeze(1)


class Gan(Model):
    samples = True

    def build(self, shape):
        config = self.config
        plain = {"kind": "non-saturating", "label_smoothing": 0}
        assert config["objective"] == plain and config["critic_steps"] == 1
        assert not any(config["regularisers"].values()) and plain_condition(config)
        ema = config["ema"]
        self.generator = Trained(Generator(config, shape), config["generator_optimizer"], ema)
        self.critic = Trained(Critic(config, shape), config["critic_optimizer"])

    def __init__(self, config, total, compile, precision="f32"):
        super().__init__(config, total, compile, precision)
        self.compiled_generator_loss = self.mixed(compile(self.generator_loss))

    def parts(self):
        return {"generator": self.generator, "critic": self.critic}

    def draw(self, batch):
        latent = self.config["latent_dim"]
        return {"critic_latent": torch.randn(batch, latent), "latent": torch.randn(batch, latent)}

    def losses(self, images, critic_latent):
        with torch.no_grad():
            fake_images = self.generator.net(critic_latent)
        real, fake = self.critic.net(images), self.critic.net(fake_images)
        loss = F.softplus(-real).mean() + F.softplus(fake).mean()
        return {
            "total": loss,
            "critic_loss": loss,
            "critic_on_real": torch.sigmoid(real.detach()).mean(),
            "critic_on_fake": torch.sigmoid(fake.detach()).mean(),
        }

    def generator_loss(self, latent):
        return F.softplus(-self.critic.net(self.generator.net(latent))).mean()

    def step(self, images, noise):
        scalars = self.compiled_losses(images, noise["critic_latent"])
        self.critic.descend(scalars.pop("total"), self.images, self.total)
        # The generator's step needs no gradient of the critic's weights.
        self.critic.net.requires_grad_(False)
        loss = self.compiled_generator_loss(noise["latent"])
        self.generator.descend(loss, self.images, self.total)
        self.critic.net.requires_grad_(True)
        self.images += len(images)
        scalars["generator_loss"] = loss
        return {name: value.detach() for name, value in scalars.items()}

    def noise_of_samples(self, count):
        return torch.randn(count, self.config["latent_dim"])

    def sampler(self):
        return self.compile(self.generator.frozen())


class Ddpm(Model):
    samples = True

    def build(self, shape):
        config = self.config
        assert config["target"] == "noise" and config["weighting"]["kind"] == "simple"
        assert config["schedule"]["kind"] == "cosine" and plain_condition(config)
        assert config["sampler"]["solver"] == {"kind": "ddim", "eta": 0.0}
        net = UNet(config["network"], shape[0])
        self.net = Trained(net, config["optimizer"], config["ema"])
        self.exact_alpha_bar = cosine_alpha_bar(config["schedule"]["steps"])
        self.alpha_bar = torch.tensor(self.exact_alpha_bar, dtype=torch.float32)

    def draw(self, batch):
        return {
            "times": torch.randint(1, self.config["schedule"]["steps"] + 1, (batch,)),
            "noise": torch.randn(batch, *SHAPE),
        }

    def losses(self, images, times, noise):
        alpha_bar = self.alpha_bar[times][:, None, None, None]
        x_t = alpha_bar.sqrt() * (images * 2 - 1) + (1 - alpha_bar).sqrt() * noise
        loss = squared_error(self.net.net(x_t, times.float()), noise)
        return {"total": loss, "loss": loss}

    def noise_of_samples(self, count):
        return torch.randn(count, *SHAPE)

    def sampler(self):
        net = self.compile(self.net.frozen())
        total, count = self.config["schedule"]["steps"], self.config["sampler"]["steps"]
        times = [(i * total + count // 2) // count for i in range(count, -1, -1)]

        def sample(x):
            for t, s in zip(times, times[1:]):
                a_t, a_s = self.exact_alpha_bar[t], self.exact_alpha_bar[s]
                predicted = net(x, torch.full((len(x),), float(t)))
                x_0 = ((x - predicted * math.sqrt(1 - a_t)) / math.sqrt(a_t)).clamp(-1, 1)
                direction = (x - x_0 * math.sqrt(a_t)) / math.sqrt(1 - a_t)
                x = x_0 * math.sqrt(a_s) + direction * math.sqrt(1 - a_s)
            return (x * 0.5 + 0.5).clamp(0, 1)

        return sample


def plain_condition(config):
    return config["condition"]["kind"] == "none"


def squared_error(a, b):
    """Summed over pixels, averaged over the batch."""
    return F.mse_loss(a, b, reduction="sum") / len(a)


def cosine_alpha_bar(steps):
    """Eq. 17 of Nichol & Dhariwal 2021 with beta clipped at 0.999, for t = 0..steps."""
    f = np.cos((np.arange(steps + 1) / steps + 0.008) / 1.008 * np.pi / 2) ** 2
    beta = np.minimum(1 - f[1:] / f[:-1], 0.999)
    return [1.0, *np.cumprod(1 - beta).tolist()]


MODELS = {"ae": Ae, "sparse-ae": SparseAe, "vae": Vae, "gan": Gan, "ddpm": Ddpm}
