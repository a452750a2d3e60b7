"""The networks of genlab in PyTorch: those that `bench-runner export` writes beside weights, and those that read
pictures and captions (crates/core/src/nn, crates/classifier/src/net.rs, crates/clip/src/net.rs).

Attributes are called as genlab's fields, so that a parameter has one name on both sides.
"""

import math
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "crates/bench-runner/src/commands/export/python"))

from genlab import Autoencoder, Magnitude, transposed  # noqa: E402, F401
from networks import (  # noqa: E402, F401
    Decoder, Dit, Encoder, ResidualBlock, SelfAttention, UNet, grid_positions, group_norm, padded,
)  # fmt: skip


def load(net, weights):
    """Fills `net` with genlab's `weights` by path; every parameter must be there, and no other."""
    net.load_state_dict(transposed(net, weights), strict=True)


class LayerNorm(nn.LayerNorm):
    def __init__(self, width):
        super().__init__(width, eps=1e-6)


class TransformerBlock(nn.Module):
    """Figure 1 of arXiv:2010.11929: [B, T, width] to the same."""

    def __init__(self, width, heads, mlp_ratio):
        super().__init__()
        self.attention_norm, self.mlp_norm = LayerNorm(width), LayerNorm(width)
        self.attention = SelfAttention(width, heads)
        self.mlp_in = nn.Linear(width, mlp_ratio * width)
        self.mlp_out = nn.Linear(mlp_ratio * width, width)

    def forward(self, x):
        x = x + self.attention(self.attention_norm(x))
        return x + self.mlp_out(F.gelu(self.mlp_in(self.mlp_norm(x)), approximate="tanh"))


def transformer_blocks(config):
    block = lambda: TransformerBlock(config["width"], config["heads"], config["mlp_ratio"])
    return nn.ModuleList(block() for _ in range(config["depth"]))


class Vit(nn.Module):
    """Images [B, C, H, W] to [B, width]."""

    def __init__(self, config, shape):
        super().__init__()
        assert config["positions"] == "sin-cos", "the twin has the default positions only"
        width, self.patch_size = config["width"], config["patch_size"]
        self.stem = nn.Linear(shape[0] * self.patch_size**2, width)
        self.blocks = transformer_blocks(config)
        self.norm = LayerNorm(width)
        positions = grid_positions(*(-(-side // self.patch_size) for side in shape[1:]), width)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, images):
        x = F.pixel_unshuffle(padded(images, self.patch_size), self.patch_size)
        x = self.stem(x.flatten(2).transpose(1, 2)) + self.positions
        for block in self.blocks:
            x = block(x)
        return self.norm(x).mean(1)


class Classifier(nn.Module):
    """Images [B, C, H, W] to logits [B, classes]: a transformer or 3x3 convolutions, then one hidden layer."""

    def __init__(self, network, shape, classes):
        super().__init__()
        if network["kind"] == "vit":
            self.convolutions = None
            self.transformer, features = Vit(network["transformer"], shape), network["features"]
            width = network["transformer"]["width"]
        else:
            assert network["kind"] == "conv", "the twin has classifiers of images only"
            layers, features = network["convolutions"], network["features"]
            inputs = [shape[0], *(outputs for outputs, _ in layers)]
            self.convolutions = nn.ModuleList(
                nn.Conv2d(i, o, 3, stride, 1) for i, (o, stride) in zip(inputs, layers)
            )
            sides = shape[1:]
            for _, stride in layers:
                sides = [-(-side // stride) for side in sides]
            width = inputs[-1] * math.prod(sides)
        self.hidden, self.classes = nn.Linear(width, features), nn.Linear(features, classes)

    def forward(self, images):
        if self.convolutions is None:
            x = self.transformer(images)
        else:
            x = images
            for convolution in self.convolutions:
                x = F.relu(convolution(x))
            x = x.flatten(1)
        return self.classes(F.relu(self.hidden(x)))


class TextEncoder(nn.Module):
    """Numbers of words [B, T] to [B, T, width]."""

    def __init__(self, words, config):
        super().__init__()
        self.embedding = nn.Parameter(torch.zeros(words["numbers"], config["width"]))
        self.places = nn.Parameter(torch.zeros(words["length"], config["width"]))
        self.blocks = transformer_blocks(config)
        self.norm = LayerNorm(config["width"])

    def forward(self, captions):
        x = F.embedding(captions, self.embedding) + self.places
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class CaptionEmbedding(nn.Module):
    """What `encoder` makes of each word, and `summary` of their sum."""

    def __init__(self, words, config, size):
        super().__init__()
        self.encoder = TextEncoder(words, config)
        self.summary = nn.Linear(config["width"], size)

    def forward(self, captions):
        """[B, T] to [B, T, width] and [B, size]."""
        words = self.encoder(captions)
        return words, self.summary(words.sum(1) / math.sqrt(words.shape[1]))


class Towers(nn.Module):
    """CLIP (arXiv:2103.00020): pictures and captions to unit vectors [B, E] each."""

    MOST_SCALE = 100.0

    def __init__(self, config, shape, words):
        super().__init__()
        size = config["embedding_dim"]
        self.image = Classifier(config["image"], shape, size)
        self.text = CaptionEmbedding(words, config["text"], size)
        self.log_scale = nn.Parameter(torch.zeros(1))

    def scale(self):
        """The inverse temperature, [1]."""
        return self.log_scale.clamp_max(math.log(self.MOST_SCALE)).exp()

    def forward(self, images, captions):
        return unit(self.image(images)), unit(self.text(captions)[1])


def unit(x):
    """Each row divided by its length."""
    return x / (x.square().sum(1, keepdim=True) + 1e-12).sqrt()


class CrossAttention(SelfAttention):
    """Tokens [B, T, width] look at others [B, S, seen], to [B, T, width]."""

    def __init__(self, width, seen, heads):
        super().__init__(width, heads)
        self.k, self.v = nn.Linear(seen, width), nn.Linear(seen, width)

    def forward(self, x, seen):
        split = lambda y: y.unflatten(2, (self.heads, -1)).transpose(1, 2)
        y = F.scaled_dot_product_attention(split(self.q(x)), split(self.k(seen)), split(self.v(seen)))
        return self.out(y.transpose(1, 2).flatten(2))


class WordsBlock(nn.Module):
    """Maps [B, C, H, W] look at words [B, T, seen], to the former (arXiv:2112.10752, section 3.3)."""

    def __init__(self, channels, groups, text):
        super().__init__()
        self.norm = group_norm(groups, channels)
        self.attention = CrossAttention(channels, text["width"], text["heads"])

    def forward(self, x, words):
        positions = grid_positions(*x.shape[2:], x.shape[1])
        y = self.attention(self.norm(x).flatten(2).transpose(1, 2) + positions, words)
        return x + y.transpose(1, 2).unflatten(2, x.shape[2:])


class ReadingBlock(ResidualBlock):
    """A residual block that is told the time and words, and looks at the words where it has `words` to do it."""

    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.words = None

    def forward(self, x, told):
        time, words = told
        y = super().forward(x, time)
        return y if self.words is None else self.words(y, words)


class ReadingUNet(UNet):
    """A U-Net whose blocks at the innermost level look at a caption's words, and whose blocks are all told their sum."""

    block = ReadingBlock

    def __init__(self, config, shape, words, text):
        super().__init__(config, shape)
        self.caption = CaptionEmbedding(words, text, config["time_embedding_dim"])
        for block in (self.down[-1], self.middle, self.up[0]):
            block.words = WordsBlock(config["channels"][-1], config["norm_groups"], text)

    def forward(self, images, times, captions):
        return super().forward(images, times, captions)

    def beside(self, time, captions, span):
        words, summary = self.caption(captions)
        return F.silu(time + summary), words
