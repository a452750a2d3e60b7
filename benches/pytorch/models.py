"""The models of genlab in PyTorch: their networks, one training step, and sampling.

Settings come from genlab's own export, so that a changed default changes both sides. A step takes
its random numbers as an argument: genlab's in the comparison of losses, `draw`'s when timed. With
them comes what the model is told of the images: labels, or the numbers of captions' words.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from nets import (
    Autoencoder, Classifier, Decoder, Dit, Encoder, Magnitude, ReadingUNet, Towers, UNet, load,
)  # fmt: skip
from trained import ENDS_OF_TOWERS, Trained

class Model:
    """A model in training. `total` is the budget in images, for schedules.

    `compile` turns a function of tensors into a faster one: the identity, or torch.compile. `precision` is
    "f32", or "bf16": losses under autocast, as genlab's steps with `--precision bf16`; sampling stays f32.
    """

    samples = False
    # Of the images: "labels" [B], "captions" [B, T].
    told = ()

    def __init__(self, config, total, compile, precision="f32"):
        self.config, self.total, self.images = config, total, 0
        size = config["space"]["shape"]
        self.shape = (size["channels"], size["height"], size["width"])
        self.mixed = torch.autocast("cpu", torch.bfloat16) if precision == "bf16" else lambda f: f
        self.build(self.shape)
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

    def step(self, images, given):
        """One training step on `images` with what is `told` of them and what was drawn; returns its scalars, not yet
        read."""
        scalars = self.compiled_losses(images, **given)
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
        assert self.config["revival"]["kind"] == "off", "the twin makes no unit anew"
        assert self.config["sparsity"]["kind"] == "gated", "the twin has the default sparsity only"
        assert self.config["sparsity"]["warmup"] == 0 and not self.config["prefixes"]
        net = AutoencoderNet(self.config, shape)
        net.magnitude = Magnitude(self.config["latent_dim"])
        self.net = Trained(net, self.config["optimizer"])

    def step(self, images, given):
        if self.images == 0:
            self.start_at_mean(images)
        return super().step(images, given)

    @torch.no_grad()
    def start_at_mean(self, images):
        net, mean = self.net.net, images.mean(0, keepdim=True)
        features = net.encoder(images).mean(0)
        net.code.bias.copy_(-features @ net.code.weight.T)
        net.decoder.project.bias.copy_(torch.logit(mean.clamp(0.01, 0.99)).flatten())

    def losses(self, images):
        net = self.net.net
        gates = net.code(net.encoder(images))
        codes = (gates.detach() > 0) * net.magnitude(gates)
        reconstruction = squared_error(torch.sigmoid(net.decoder(codes)), images)
        frozen = {name: p.detach() for name, p in net.decoder.named_parameters()}
        logits = torch.func.functional_call(net.decoder, frozen, F.relu(gates))
        gate = squared_error(torch.sigmoid(logits), images)
        l1 = F.relu(gates).sum(1).mean()
        loss = reconstruction + self.config["sparsity"]["lambda"] * l1 + gate
        return {
            "total": loss,
            "loss": loss,
            "reconstruction": reconstruction,
            "gate_l1": l1,
            "gate_reconstruction": gate,
            "active_fraction": (codes.detach() > 0).float().mean(),
        }


class AutoencoderNet(Autoencoder):
    def __init__(self, config, shape):
        assert config["loss"] == "mse", "the twin has the default loss only"
        super().__init__(config, shape)

    def forward(self, images):
        codes = self.code(self.encoder(images))
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
        self.group = (config["minibatch_sd"] or {}).get("group")
        self.score = nn.Linear(self.encoder.features + bool(self.group), 1)

    def forward(self, images):
        features = self.encoder(images * 2 - 1)
        if self.group:
            group = self.group if len(features) % self.group == 0 else len(features)
            grouped = features.view(-1, group, features.shape[1])
            sd = (grouped.var(1, unbiased=False) + 1e-8).sqrt().mean(1)
            features = torch.cat([features, sd.repeat_interleave(group)[:, None]], 1)
        return self.score(features).squeeze(1)


class Gan(Model):
    samples = True

    def build(self, shape):
        config = self.config
        plain = {"kind": "non-saturating", "label_smoothing": 0}
        assert config["objective"] == plain and config["critic_steps"] == 1
        assert not any(config["regularisers"].values()) and plain_condition(config)
        assert config["pack"] == 1 and not any(config["augmentation"].values())
        assert not config["generator"].get("blocks") and not config["critic"].get("blocks")
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
            "critic/real": torch.sigmoid(real.detach()).mean(),
            "critic/fake": torch.sigmoid(fake.detach()).mean(),
            "critic/equilibrium": torch.tensor(0.5),
        }

    def generator_loss(self, latent):
        return F.softplus(-self.critic.net(self.generator.net(latent))).mean()

    def step(self, images, given):
        scalars = self.compiled_losses(images, given["critic_latent"])
        self.critic.descend(scalars.pop("total"), self.images, self.total)
        # The generator's step needs no gradient of the critic's weights.
        self.critic.net.requires_grad_(False)
        loss = self.compiled_generator_loss(given["latent"])
        self.generator.descend(loss, self.images, self.total)
        self.critic.net.requires_grad_(True)
        self.images += len(images)
        scalars["generator_loss"] = loss
        return {name: value.detach() for name, value in scalars.items()}

    def noise_of_samples(self, count):
        return torch.randn(count, self.config["latent_dim"])

    def sampler(self):
        return self.compile(self.generator.frozen())


class Diffusion(Model):
    """What both ways of guidance share: `network` builds the network, and `asked` gives what samples ask for."""

    samples = True

    def build(self, shape):
        config = self.config
        assert config["target"] == "v" and config["weighting"]["kind"] == "simple"
        assert config["schedule"]["kind"] == "edm" and config["times"]["kind"] == "log-normal"
        assert config["sampler"]["solver"] == {"kind": "dpmpp-2m", "eta": 1.0}
        assert config["sampler"]["spacing"]["kind"] == "karras"
        assert config["objective"]["kind"] == "denoising"
        self.net = Trained(self.network(shape), config["optimizer"], config["ema"])
        self.mean, self.sd = config["space"]["mean"], config["space"]["sd"]

    def draw(self, batch):
        times = self.config["times"]
        return {
            "sigma": (times["mean"] + times["sd"] * torch.randn(batch)).exp(),
            "noise": torch.randn(batch, *self.shape),
        }

    def losses(self, images, sigma, noise, *told):
        x_0 = (images - self.mean) / self.sd
        times = 100 * (sigma.log() + 5)
        sigma = sigma[:, None, None, None]
        spread = (1 + sigma**2).sqrt()
        predicted = self.net.net((x_0 + sigma * noise) / spread, times, *told)
        loss = squared_error(predicted, (noise - sigma * x_0) / spread)
        return {"total": loss, "loss": loss}

    def noise_of_samples(self, count):
        """What a sample starts from, and what each step but the last adds."""
        return torch.randn(self.config["sampler"]["steps"], count, *self.shape)

    def sampler(self):
        net, low = self.asked()
        spacing, steps = self.config["sampler"]["spacing"], self.config["sampler"]["steps"]
        guidance = self.config["sampler"]["guidance"]
        scale, guided = guidance["scale"], guidance["interval"] or [0.0, math.inf]
        root = 1 / spacing["rho"]
        ends = spacing["sigma_max"] ** root, spacing["sigma_min"] ** root
        levels = (np.linspace(*ends, steps) ** spacing["rho"]).tolist()
        least, most = -self.mean / self.sd, (1 - self.mean) / self.sd

        def start(x, sigma, told):
            spread = math.sqrt(1 + sigma**2)
            times = torch.full((len(x),), 100 * (math.log(sigma) + 5))
            v = net(x / spread, times, *told)
            if guided[0] <= sigma <= guided[1]:
                away = low(x / spread, times, *told)
                v = away + (v - away) * scale
            return ((x - v * (sigma * spread)) / spread**2).clamp(least, most)

        def sample(noise, *told):
            x = noise[0] * math.sqrt(1 + levels[0] ** 2)
            before, step_before = None, None
            for i, (t, s) in enumerate(zip(levels, levels[1:])):
                x_0, h = start(x, t, told), math.log(t / s)
                continued = x_0
                if before is not None:
                    continued = x_0 + (x_0 - before) * (0.5 * h / step_before)
                before, step_before = x_0, h
                fresh = noise[i + 1] * (s * math.sqrt(-math.expm1(-2 * h)))
                x = x * (s / t * math.exp(-h)) + continued * -math.expm1(-2 * h) + fresh
            return (start(x, levels[-1], told) * self.sd + self.mean).clamp(0, 1)

        return sample


class Ddpm(Diffusion):
    def network(self, shape):
        assert plain_condition(self.config)
        network = self.config["network"]
        return Dit(network, shape) if network["kind"] == "dit" else UNet(network, shape)

    def build(self, shape):
        super().build(shape)
        assert self.config["sampler"]["guidance"]["kind"] == "auto"
        self.early, self.early_kept = self.net.frozen(), False

    def load(self, weights):
        super().load(weights)
        self.early = self.net.frozen()

    def step(self, images, given):
        """Keeps the weights of now for guidance, once their time has come (crates/ddpm/src/early.rs)."""
        share = self.config["sampler"]["guidance"]["share"]
        if not self.early_kept and self.images / self.total >= share:
            self.early, self.early_kept = self.net.frozen(), True
        return super().step(images, given)

    def asked(self):
        return self.compile(self.net.frozen()), self.compile(self.early)


class DdpmCaptions(Diffusion):
    """Told captions; an empty one, of padding alone, is none."""

    told = ("captions",)
    PADDING = 0

    def network(self, shape):
        condition, network = self.config["condition"], self.config["network"]
        assert condition["kind"] == "caption" and network["kind"] == "u-net"
        assert self.config["sampler"]["guidance"]["kind"] == "classifier-free"
        return ReadingUNet(network, shape, self.config["words"], condition)

    def draw(self, batch):
        return super().draw(batch) | {"dropout": torch.rand(batch, 1)}

    def losses(self, images, sigma, noise, captions, dropout):
        dropped = dropout < self.config["condition_dropout"]
        return super().losses(images, sigma, noise, captions.masked_fill(dropped, self.PADDING))

    def asked(self):
        net = self.compile(self.net.frozen())
        untold = lambda captions: torch.full_like(captions, self.PADDING)
        return net, lambda x, times, captions: net(x, times, untold(captions))


class Vit(Model):
    told = ("labels",)

    def build(self, shape):
        config = self.config
        assert config["augmentation"]["mirror"] == "never", "the twin mirrors nothing"
        net = Classifier(config["network"], shape, config["classes"])
        self.net = Trained(net, config["optimizer"], config["ema"])

    def draw(self, batch):
        """A third number per image decides whether it is mirrored."""
        return {"moves": torch.rand(batch, 3)}

    def losses(self, images, labels, moves):
        logits = self.net.net(moved(images, moves, self.config["augmentation"]["shift"]))
        smoothing = self.config["label_smoothing"]
        loss = F.cross_entropy(logits, labels, label_smoothing=smoothing)
        accuracy = (logits.detach().argmax(1) == labels).float().mean()
        return {"total": loss, "loss": loss, "accuracy": accuracy}


def moved(images, moves, reach):
    """Images moved down and right by whole pixels from -reach to reach, into zeros (crates/classifier/src/augmentation.rs).
    `moves` [B, 3] are uniform in [0, 1)."""
    count, _, height, width = images.shape
    pixels = (moves * (2 * reach + 1)).floor().clamp_max(2 * reach).long() - reach
    rows = torch.arange(height) + reach - pixels[:, :1]
    columns = torch.arange(width) + reach - pixels[:, 1:2]
    each = torch.arange(count)[:, None, None]
    padded = F.pad(images, (reach,) * 4)
    return padded[each, :, rows[:, :, None], columns[:, None]].permute(0, 3, 1, 2)


class Clip(Model):
    told = ("captions",)

    def build(self, shape):
        assert self.config["augmentation"]["mirror"] == "never", "the twin mirrors nothing"
        net = Towers(self.config, shape, self.config["words"])
        self.net = Trained(net, self.config["optimizer"], self.config["ema"], ENDS_OF_TOWERS)

    def draw(self, batch):
        """A third number per image decides whether it is mirrored."""
        return {"moves": torch.rand(batch, 3)}

    def losses(self, images, captions, moves):
        images = moved(images, moves, self.config["augmentation"]["shift"])
        pictures, texts = self.net.net(images, captions)
        scale, own = self.net.net.scale(), torch.arange(len(images))
        logits = pictures @ texts.T * scale
        loss = (F.cross_entropy(logits, own) + F.cross_entropy(logits.T, own)) / 2
        found = (logits.detach().argmax(1) == own).float().mean()
        return {"total": loss, "loss": loss, "found": found, "inverse_temperature": scale[0]}


def plain_condition(config):
    return config["condition"]["kind"] == "none"


def squared_error(a, b):
    """Summed over pixels, averaged over the batch."""
    return F.mse_loss(a, b, reduction="sum") / len(a)


MODELS = {
    "ae": Ae,
    "sparse-ae": SparseAe,
    "vae": Vae,
    "gan": Gan,
    "ddpm": Ddpm,
    "ddpm-attention": Ddpm,
    "ddpm-dit": Ddpm,
    "ddpm-captions": DdpmCaptions,
    "vit": Vit,
    "clip": Clip,
}
