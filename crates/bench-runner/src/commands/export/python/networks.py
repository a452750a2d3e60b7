"""The networks of crates/core/src/nn, the first part of genlab.py.

Attributes are called as genlab's fields, so that a parameter has one name on both sides.
"""

import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F
from torch import nn


def unknown(setting, value):
    return ValueError(f"{setting} is {value!r}, which genlab.py does not know")


class Space:
    """What values are: their shape [C, H, W], whether they end at 0 and 1, and their mean and standard deviation."""

    def __init__(self, data):
        self.shape, self.unit = tuple(data["shape"]), data["range"] == "unit"
        self.mean, self.sd = data["mean"], data["sd"]

    def input(self, values):
        """As encoders read them."""
        return values if self.unit else (values - self.mean) / self.sd

    def output(self, logits):
        """From what decoders give."""
        return logits.sigmoid() if self.unit else self.from_standard(logits)

    def from_standard(self, x):
        x = x * self.sd + self.mean
        return x.clamp(0, 1) if self.unit else x

    def limits(self):
        """The least and the greatest number in standard units."""
        return [(end - self.mean) / self.sd for end in (0, 1)] if self.unit else None


def group_norm(groups, channels):
    """At most `groups` groups: the largest number that divides the channels."""
    return nn.GroupNorm(max(g for g in range(1, groups + 1) if channels % g == 0), channels)


def padded(x, scale):
    """Zeros at the right and bottom up to the next multiple of `scale`."""
    right, bottom = -x.shape[3] % scale, -x.shape[2] % scale
    return F.pad(x, (0, right, 0, bottom)) if right or bottom else x


class Mlp(nn.Module):
    def __init__(self, inputs, widths, activation):
        super().__init__()
        sizes = [inputs, *widths]
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(sizes, sizes[1:]))
        self.activation = activation

    def forward(self, x):
        for layer in self.layers:
            x = self.activation(layer(x))
        return x


def activation_of(config, leaks=False):
    """After a layer of a backbone; only encoders leak."""
    if config.get("activation") == "tanh":
        return torch.tanh
    slope = config["negative_slope"]
    return (lambda x: F.leaky_relu(x, slope)) if leaks and slope > 0 else F.relu


class ConvBlock(nn.Module):
    """He et al. 2016 (arXiv:1603.05027), figure 1b, without normalisation."""

    def __init__(self, channels, activation):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        self.activation = activation

    def forward(self, x):
        return x + self.second(self.activation(self.first(self.activation(x))))


def conv_blocks(config, channels, activation):
    """As many at each level, one level after the other."""
    count = config.get("blocks", 0)
    return nn.ModuleList(ConvBlock(c, activation) for c in channels for _ in range(count)), count


def coarse(config, shape):
    """Height and width after all halvings, rounded up."""
    scale = 2 ** len(config["channels"])
    return -(-shape[1] // scale), -(-shape[2] // scale)


class Encoder(nn.Module):
    """[B, C, H, W] to [B, features]."""

    def __init__(self, config, shape):
        super().__init__()
        self.activation = activation_of(config, leaks=True)
        if config["kind"] == "mlp":
            self.mlp = Mlp(math.prod(shape), config["hidden"], self.activation)
            self.features = [math.prod(shape), *config["hidden"]][-1]
            return
        self.mlp = None
        sizes = [shape[0], *config["channels"]]
        self.convs = nn.ModuleList(nn.Conv2d(i, o, 4, 2, 1) for i, o in zip(sizes, sizes[1:]))
        self.blocks, self.each = conv_blocks(config, sizes[1:], self.activation)
        self.features = sizes[-1] * math.prod(coarse(config, shape))

    def forward(self, images):
        if self.mlp is not None:
            return self.mlp(images.flatten(1))
        x = padded(images, 2 ** len(self.convs))
        for level, conv in enumerate(self.convs):
            x = self.activation(conv(x))
            for block in self.blocks[level * self.each : (level + 1) * self.each]:
                x = block(x)
        return x.flatten(1)


class Decoder(nn.Module):
    """[B, L] to logits [B, C, H, W]."""

    def __init__(self, config, latent, shape):
        super().__init__()
        self.shape, activation = tuple(shape), activation_of(config)
        if config["kind"] == "mlp":
            widths = config["hidden"][::-1]
            self.mlp = Mlp(latent, widths, activation)
            self.project = nn.Linear([latent, *widths][-1], math.prod(shape))
            return
        self.mlp = None
        sizes = [*config["channels"][::-1], shape[0]]
        self.start = (sizes[0], *coarse(config, shape))
        self.project = nn.Linear(latent, math.prod(self.start))
        groups = config["norm_groups"]
        norm = lambda channels: group_norm(groups, channels) if groups else nn.Identity()
        self.norms = nn.ModuleList(norm(channels) for channels in sizes[:-1])
        self.convs = nn.ModuleList(nn.ConvTranspose2d(i, o, 4, 2, 1) for i, o in zip(sizes, sizes[1:]))
        self.blocks, self.each = conv_blocks(config, sizes[:-1], activation)

    def forward(self, codes):
        if self.mlp is not None:
            return self.project(self.mlp(codes)).unflatten(1, self.shape)
        x = self.project(codes).unflatten(1, self.start)
        for level, (norm, conv) in enumerate(zip(self.norms, self.convs)):
            for block in self.blocks[level * self.each : (level + 1) * self.each]:
                x = block(x)
            x = conv(F.relu(norm(x)))
        return x[..., : self.shape[1], : self.shape[2]]


class ClassEmbedding(nn.Module):
    """A vector for each class; the first is that of values that are not told theirs."""

    def __init__(self, classes, size):
        super().__init__()
        self.table = nn.Parameter(torch.zeros(1 + classes, size))

    def forward(self, classes, batch):
        if classes is None:
            classes = torch.full([batch], -1, device=self.table.device)
        return self.table[classes.long() + 1]

    def behind(self, x, classes):
        """[B, N] with the vector of its class behind each row."""
        return torch.cat([x, self(classes, len(x))], 1)


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


UNTOLD = SimpleNamespace(classes=None, spans=False, variance=False)


class Told(nn.Module):
    """What a network of noisy values is told: the time, and the class and the stretch of time where it reads them."""

    def __init__(self, told, embedding, size):
        super().__init__()
        self.told, self.embedding = told, TimeEmbedding(embedding)
        if told.classes:
            self.add_module("class", ClassEmbedding(told.classes, size))
        if told.spans:
            self.span = nn.Module()
            self.span.span_in, self.span.span_out = nn.Linear(embedding, size), nn.Linear(size, size)

    def beside(self, time, classes, span):
        if self.told.classes:
            time = time + getattr(self, "class")(classes, len(time))
        if self.told.spans and span is not None:
            embedded = lambda s: self.span.span_out(F.silu(self.span.span_in(self.embedding(s))))
            time = time + embedded(span) - embedded(torch.zeros_like(span[:1]))
        return F.silu(time)


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
        self.norm = group_norm(groups, channels)
        self.attention = SelfAttention(channels, 1)

    def forward(self, x):
        y = self.attention(self.norm(x).flatten(2).transpose(1, 2))
        return x + y.transpose(1, 2).unflatten(2, x.shape[2:])


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, time, groups, attends=False):
        super().__init__()
        self.norm_in = group_norm(groups, inputs)
        self.conv_in = nn.Conv2d(inputs, outputs, 3, padding=1)
        self.time = nn.Linear(time, outputs)
        self.norm_out = group_norm(groups, outputs)
        self.conv_out = nn.Conv2d(outputs, outputs, 3, padding=1)
        self.skip = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else None
        self.attention = AttentionBlock(outputs, groups) if attends else None

    def forward(self, x, time):
        h = self.conv_in(F.silu(self.norm_in(x)))
        h = h + self.time(time)[:, :, None, None]
        h = self.conv_out(F.silu(self.norm_out(h)))
        y = h + (x if self.skip is None else self.skip(x))
        return y if self.attention is None else self.attention(y)


class UNet(Told):
    """Images [B, C, H, W] and times [B] to [B, C, H, W]."""

    block = ResidualBlock

    def __init__(self, config, shape, told=UNTOLD):
        features = config["time_embedding_dim"]
        super().__init__(told, features, features)
        channels, groups = config["channels"], config["norm_groups"]
        self.patch_size = config["patch_size"]
        folded, first = shape[0] * self.patch_size**2, channels[0]
        self.time_in, self.time_out = nn.Linear(features, features), nn.Linear(features, features)
        self.stem = nn.Conv2d(folded, first, 3, padding=1)
        pairs, levels = list(zip(channels, channels[1:])), range(len(channels))
        block = lambda i, o, level: self.block(i, o, features, groups, level in config["attention"])
        self.down = nn.ModuleList(
            block(i, o, level) for level, (i, o) in enumerate([(first, first), *pairs])
        )
        self.downsample = nn.ModuleList(nn.Conv2d(i, i, 3, 2, 1) for i, _ in pairs)
        self.middle = block(channels[-1], channels[-1], levels[-1])
        self.up = nn.ModuleList(block(2 * channels[level], channels[level], level) for level in levels[::-1])
        self.upsample = nn.ModuleList(nn.Conv2d(o, i, 3, padding=1) for i, o in pairs[::-1])
        self.norm = group_norm(groups, first)
        self.head = nn.Conv2d(first, folded, 3, padding=1)
        if told.variance:
            self.variance = nn.Conv2d(first, folded, 3, padding=1)

    def forward(self, images, times, classes=None, span=None):
        time = self.time_out(F.silu(self.time_in(self.embedding(times))))
        time = self.beside(time, classes, span)
        x = padded(images, self.patch_size << len(self.downsample))
        x = self.stem(F.pixel_unshuffle(x, self.patch_size))
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
        x = F.pixel_shuffle(self.head(F.silu(self.norm(x))), self.patch_size)
        return x[..., : images.shape[2], : images.shape[3]]


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


class Dit(Told):
    """Images [B, C, H, W] and times [B] to [B, C, H, W]."""

    def __init__(self, config, shape, told=UNTOLD):
        width, features, p = config["width"], config["time_embedding_dim"], config["patch_size"]
        super().__init__(told, features, features)
        self.patch_size, self.rows, self.columns = p, -(-shape[1] // p), -(-shape[2] // p)
        folded = shape[0] * p**2
        self.time_in, self.time_out = nn.Linear(features, features), nn.Linear(features, features)
        self.stem = nn.Linear(folded, width)
        block = lambda: DitBlock(width, config["heads"], config["mlp_ratio"], features)
        self.blocks = nn.ModuleList(block() for _ in range(config["depth"]))
        self.modulation = nn.Linear(features, 2 * width)
        self.head = nn.Linear(width, folded)
        if told.variance:
            self.variance = nn.Linear(width, folded)
        positions = grid_positions(self.rows, self.columns, width)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, images, times, classes=None, span=None):
        time = self.time_out(F.silu(self.time_in(self.embedding(times))))
        told = self.beside(time, classes, span)
        x = F.pixel_unshuffle(padded(images, self.patch_size), self.patch_size)
        x = self.stem(x.flatten(2).transpose(1, 2)) + self.positions
        for block in self.blocks:
            x = block(x, told)
        shift, scale = self.modulation(told)[:, None].chunk(2, 2)
        x = self.head(normalised(x) * (1 + scale) + shift)
        x = x.transpose(1, 2).unflatten(2, (self.rows, self.columns))
        return F.pixel_shuffle(x, self.patch_size)[..., : images.shape[2], : images.shape[3]]


def grid_positions(rows, columns, size):
    """[rows * columns, size]: sines and cosines of the row, then of the column."""
    frequencies = 10_000.0 ** (-torch.arange(size // 4).double() / (size // 4))
    embedded = lambda n: torch.arange(n).double()[:, None] * frequencies
    axis = lambda n: torch.cat([embedded(n).sin(), embedded(n).cos()], 1)
    row = axis(rows).repeat_interleave(columns, 0)
    return torch.cat([row, axis(columns).repeat(rows, 1)], 1).float()


class TimeMlp(Told):
    """Values [B, C, H, W] and times [B] to [B, C, H, W]."""

    def __init__(self, config, shape, told=UNTOLD):
        width, features, size = config["width"], config["time_embedding_dim"], math.prod(shape)
        super().__init__(told, features, width)
        self.stem, self.time_in = nn.Linear(size, width), nn.Linear(features, width)
        self.blocks = nn.ModuleList(nn.Module() for _ in range(config["blocks"]))
        for block in self.blocks:
            block.first, block.told, block.second = (nn.Linear(width, width) for _ in range(3))
        self.head = nn.Linear(width, size)
        if told.variance:
            self.variance = nn.Linear(width, size)

    def forward(self, values, times, classes=None, span=None):
        told = self.beside(self.time_in(self.embedding(times)), classes, span)
        x = self.stem(values.flatten(1))
        for block in self.blocks:
            x = x + block.second(F.silu(block.first(F.silu(x)) + block.told(told)))
        return self.head(F.silu(x)).view(values.shape)
