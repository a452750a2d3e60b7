"""The networks of crates/core/src/nn in PyTorch.

Attributes carry the names of genlab's fields, so that a parameter has one path on both sides. The
one difference in layout: genlab's affine weights are [in, out].
"""

import math

import torch
import torch.nn.functional as F
from torch import nn


def load(net, weights):
    """Fills `net` with genlab's `weights` by path; every parameter must be there, and no other."""
    affine = {f"{path}.weight" for path, m in net.named_modules() if isinstance(m, nn.Linear)}
    net.load_state_dict({k: v.T if k in affine else v for k, v in weights.items()}, strict=True)


class Mlp(nn.Module):
    def __init__(self, inputs, widths):
        super().__init__()
        sizes = [inputs, *widths]
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return x


def coarse(config, shape):
    """Height and width after all halvings, which must divide them."""
    scale = 2 ** len(config["channels"])
    assert shape[1] % scale == 0 and shape[2] % scale == 0, "the twin neither pads nor crops"
    return shape[1] // scale, shape[2] // scale


class Encoder(nn.Module):
    """[B, C, H, W] to [B, features]."""

    def __init__(self, config, shape):
        super().__init__()
        if config["kind"] == "mlp":
            self.mlp = Mlp(math.prod(shape), config["hidden"])
            self.features = [math.prod(shape), *config["hidden"]][-1]
            return
        self.mlp, self.negative_slope = None, config["negative_slope"]
        sizes = [shape[0], *config["channels"]]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in zip(sizes, sizes[1:]))
        self.features = sizes[-1] * math.prod(coarse(config, shape))

    def forward(self, images):
        if self.mlp is not None:
            return self.mlp(images.flatten(1))
        x = images
        for conv in self.convs:
            x = conv(x)
            x = F.leaky_relu(x, self.negative_slope) if self.negative_slope > 0 else F.relu(x)
        return x.flatten(1)


class Decoder(nn.Module):
    """[B, L] to logits [B, C, H, W]."""

    def __init__(self, config, latent, shape):
        super().__init__()
        if config["kind"] == "mlp":
            widths = config["hidden"][::-1]
            self.start = shape
            self.mlp = Mlp(latent, widths)
            self.project = nn.Linear([latent, *widths][-1], math.prod(shape))
            return
        self.mlp = None
        sizes = [*config["channels"][::-1], shape[0]]
        self.start = (sizes[0], *coarse(config, shape))
        self.project = nn.Linear(latent, math.prod(self.start))
        pairs = list(zip(sizes, sizes[1:]))
        groups = config["norm_groups"]
        if groups:
            self.norms = nn.ModuleList(nn.GroupNorm(groups, i) for i, _ in pairs)
        else:
            self.norms = [nn.Identity()] * len(pairs)
        self.convs = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, 2, 1) for i, o in pairs)

    def forward(self, codes):
        if self.mlp is not None:
            return self.project(self.mlp(codes)).unflatten(1, self.start)
        x = self.project(codes).unflatten(1, self.start)
        for norm, conv in zip(self.norms, self.convs):
            x = conv(F.relu(norm(x)))
        return x


class SelfAttention(nn.Module):
    """[B, T, width] to the same."""

    def __init__(self, width, heads):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(width, width) for _ in range(4))
        self.heads = heads

    def forward(self, x):
        split = lambda layer: layer(x).unflatten(2, (self.heads, -1)).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(self.q), split(self.k), split(self.v))
        return self.out(y.transpose(1, 2).flatten(2))


class AttentionBlock(nn.Module):
    """[B, C, H, W] to the same."""

    def __init__(self, channels, groups):
        super().__init__()
        self.norm = nn.GroupNorm(groups, channels)
        self.attention = SelfAttention(channels, 1)

    def forward(self, x):
        y = self.attention(self.norm(x).flatten(2).transpose(1, 2))
        return x + y.transpose(1, 2).unflatten(2, x.shape[2:])


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, time, groups, attends=False):
        super().__init__()
        self.norm_in = nn.GroupNorm(groups, inputs)
        self.conv_in = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs)
        self.norm_out = nn.GroupNorm(groups, outputs)
        self.conv_out = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None
        self.attention = AttentionBlock(outputs, groups) if attends else None

    def forward(self, x, time):
        h = self.conv_in(F.silu(self.norm_in(x)))
        h = h + self.time(time)[:, :, None, None]
        h = self.conv_out(F.silu(self.norm_out(h)))
        y = h + (x if self.skip is None else self.skip(x))
        return y if self.attention is None else self.attention(y)


class TimeEmbedding(nn.Module):
    """[B] to sines and cosines [B, size]."""

    def __init__(self, size):
        super().__init__()
        half = size // 2
        frequencies = torch.exp(-math.log(10_000) * torch.arange(half).double() / (half - 1))
        self.register_buffer("frequencies", frequencies.float(), persistent=False)

    def forward(self, times):
        angles = times[:, None] * self.frequencies
        return torch.cat([angles.sin(), angles.cos()], 1)


class UNet(nn.Module):
    """Images [B, C, H, W] and times [B] to [B, C, H, W]."""

    def __init__(self, config, image_channels):
        super().__init__()
        channels, groups = config["channels"], config["norm_groups"]
        features, self.patch_size = config["time_embedding_dim"], config["patch_size"]
        folded, first = image_channels * self.patch_size**2, channels[0]
        self.time_in = nn.Linear(features, features)
        self.time_out = nn.Linear(features, features)
        self.stem = nn.Conv2d(folded, first, 3, padding=1)
        pairs = list(zip(channels, channels[1:]))
        downs = [(first, first), *pairs]
        levels, attends = range(len(channels)), lambda level: level in config["attention"]
        block = lambda i, o, level: ResidualBlock(i, o, features, groups, attends(level))
        self.down = nn.ModuleList(block(i, o, level) for level, (i, o) in enumerate(downs))
        self.downsample = nn.ModuleList(
            nn.Conv2d(i, i, 3, stride=2, padding=1) for i, _ in pairs
        )
        self.middle = block(channels[-1], channels[-1], levels[-1])
        self.up = nn.ModuleList(
            block(2 * channels[level], channels[level], level) for level in levels[::-1]
        )
        self.upsample = nn.ModuleList(nn.Conv2d(o, i, 3, padding=1) for i, o in pairs[::-1])
        self.norm = nn.GroupNorm(groups, first)
        self.head = nn.Conv2d(first, folded, 3, padding=1)
        self.embedding = TimeEmbedding(features)

    def forward(self, images, times):
        time = F.silu(self.time_out(F.silu(self.time_in(self.embedding(times)))))

        x = self.stem(F.pixel_unshuffle(images, self.patch_size))
        skips = []
        for level, block in enumerate(self.down):
            if level > 0:
                x = self.downsample[level - 1](x)
            x = block(x, time)
            skips.append(x)
        x = self.middle(x, time)
        for level, block in enumerate(self.up):
            x = block(torch.cat([x, skips.pop()], 1), time)
            if level < len(self.upsample):
                x = self.upsample[level](F.interpolate(x, scale_factor=2, mode="nearest"))
        return F.pixel_shuffle(self.head(F.silu(self.norm(x))), self.patch_size)


class DitBlock(nn.Module):
    """Figure 3 of arXiv:2212.09748, with adaLN-Zero."""

    def __init__(self, width, heads, mlp_ratio, told):
        super().__init__()
        self.modulation = nn.Linear(told, 6 * width)
        self.attention = SelfAttention(width, heads)
        self.mlp_in = nn.Linear(width, mlp_ratio * width)
        self.mlp_out = nn.Linear(mlp_ratio * width, width)

    def forward(self, x, told):
        modulation = self.modulation(told)[:, None].chunk(6, 2)
        shift, scale, gate, mlp_shift, mlp_scale, mlp_gate = modulation
        x = x + gate * self.attention(normalised(x) * (1 + scale) + shift)
        h = self.mlp_in(normalised(x) * (1 + mlp_scale) + mlp_shift)
        return x + mlp_gate * self.mlp_out(F.gelu(h, approximate="tanh"))


def normalised(x):
    return F.layer_norm(x, x.shape[-1:], eps=1e-6)


class Dit(nn.Module):
    """Images [B, C, H, W] and times [B] to [B, C, H, W]."""

    def __init__(self, config, shape):
        super().__init__()
        width, features, p = config["width"], config["time_embedding_dim"], config["patch_size"]
        assert shape[1] % p == 0 and shape[2] % p == 0, "the twin neither pads nor crops"
        self.patch_size, self.rows, self.columns = p, shape[1] // p, shape[2] // p
        folded = shape[0] * p**2
        self.time_in = nn.Linear(features, features)
        self.time_out = nn.Linear(features, features)
        self.stem = nn.Linear(folded, width)
        block = lambda: DitBlock(width, config["heads"], config["mlp_ratio"], features)
        self.blocks = nn.ModuleList(block() for _ in range(config["depth"]))
        self.modulation = nn.Linear(features, 2 * width)
        self.head = nn.Linear(width, folded)
        self.embedding = TimeEmbedding(features)
        positions = grid_positions(self.rows, self.columns, width)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, images, times):
        told = F.silu(self.time_out(F.silu(self.time_in(self.embedding(times)))))
        x = F.pixel_unshuffle(images, self.patch_size).flatten(2).transpose(1, 2)
        x = self.stem(x) + self.positions
        for block in self.blocks:
            x = block(x, told)
        shift, scale = self.modulation(told)[:, None].chunk(2, 2)
        x = self.head(normalised(x) * (1 + scale) + shift)
        x = x.transpose(1, 2).unflatten(2, (self.rows, self.columns))
        return F.pixel_shuffle(x, self.patch_size)


def grid_positions(rows, columns, size):
    """[rows * columns, size]: sines and cosines of the row, then of the column."""
    frequencies = 10_000.0 ** (-torch.arange(size // 4).double() / (size // 4))
    embedded = lambda n: torch.arange(n).double()[:, None] * frequencies
    axis = lambda n: torch.cat([embedded(n).sin(), embedded(n).cos()], 1)
    row = axis(rows).repeat_interleave(columns, 0)
    return torch.cat([row, axis(columns).repeat(rows, 1)], 1).float()
