"""Fixtures for the published networks of crates/metrics, from pytorch-fid and lpips.

    python -m venv networks-venv && networks-venv/bin/pip install -r tests/oracles/requirements-networks.txt
    networks-venv/bin/python tests/oracles/networks.py

The published weights are too large to commit and need a download. Weights and pictures are therefore
functions of a tensor's name and an index, written here and again in
crates/metrics/src/features/weights/testing.rs; a fixture holds only what PyTorch makes of them.
"""

import hashlib
import json
import pathlib

import lpips
import numpy as np
import pytorch_fid.inception
import torch
import torch.nn.functional as F

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
# Every 8th of the 2048 features: some from each branch of the last block.
STRIDE = 8


def uniform(name, count):
    """`count` numbers in [0, 1): SplitMix64, seeded with the first 8 bytes of the name's SHA-256."""
    seed = np.uint64(int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big"))
    with np.errstate(over="ignore"):
        z = seed + np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) * 2.0**-53


def weights(name, shape):
    """A tensor that keeps activations near 1, by its name and shape."""
    u = uniform(name, int(np.prod(shape)))
    if name.startswith("lin"):  # LPIPS weighs channels by numbers that are not negative
        values = u
    elif len(shape) > 1:
        values = (2 * u - 1) * np.sqrt(6 / np.prod(shape[1:]))
    elif name.endswith(("running_var", "bn.weight")):
        values = u + 0.5
    else:
        values = u - 0.5
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def fill(module):
    """Gives every floating tensor of `module` but LPIPS's constants its made-up weights."""
    state = module.state_dict()
    for name, tensor in state.items():
        if tensor.is_floating_point() and not name.startswith("scaling_layer"):
            state[name] = weights(name.replace("lins.", "lin"), tuple(tensor.shape))
    module.load_state_dict(state)


def picture(name, channels, height, width):
    """One picture of 8-bit levels, as [1, C, H, W] in [0, 1]."""
    levels = np.floor(uniform(name, channels * height * width) * 256).astype(np.float32)
    return torch.from_numpy(levels / np.float32(255)).reshape(1, channels, height, width)


def digits(tensor):
    return [float(f"{value:.7g}") for value in tensor.flatten().tolist()]


def write(name, value):
    (FIXTURES / f"{name}.json").write_text(json.dumps(value, separators=(",", ":")) + "\n")


def inception():
    build = pytorch_fid.inception._inception_v3
    pytorch_fid.inception.load_state_dict_from_url = lambda *_, **__: build(
        num_classes=1008, aux_logits=False, weights=None
    ).state_dict()
    # The names of the published file are those of the network before its cut into blocks.
    network = pytorch_fid.inception.fid_inception_v3()
    fill(network)
    pytorch_fid.inception.fid_inception_v3 = lambda: network
    model = pytorch_fid.inception.InceptionV3().eval()
    cases = []
    for name, shape in [("grey", (1, 28, 28)), ("colour", (3, 32, 40)), ("large", (3, 299, 299))]:
        image = picture(name, *shape)
        features = model(image.expand(1, 3, -1, -1))[0].flatten()
        cases.append(
            {
                "name": name, "shape": shape, "features": digits(features[::STRIDE]),
                "mean": features.double().mean().item(), "sd": features.double().std().item(),
            }
        )
        print(name, cases[-1]["mean"], cases[-1]["sd"], features.min().item(), features.max().item())
    write("inception", {"stride": STRIDE, "cases": cases})


def resize():
    cases = []
    for name, shape in [("grey", (1, 28, 28)), ("colour", (3, 32, 40)), ("larger", (1, 320, 310))]:
        # In f64: with f32 coordinates PyTorch itself is 1e-5 off at the far end of 320 pixels.
        image = picture(name, *shape).double()
        resized = F.interpolate(image, size=(299, 299), mode="bilinear", align_corners=False)
        values = (2 * resized - 1).flatten()
        # The stride is prime to 299, so that all rows and columns are hit.
        cases.append({"name": name, "shape": shape, "stride": 1009, "values": digits(values[::1009])})
    write("resize", {"cases": cases})


def perceptual():
    model = lpips.LPIPS(pretrained=False, pnet_rand=True, net="alex", verbose=False).eval()
    fill(model)
    cases = []
    for shape in [(1, 31, 31), (3, 32, 32), (3, 64, 48)]:
        a, b = picture("left", *shape), picture("right", *shape)
        for blend in (1.0, 0.1):
            other = a + blend * (b - a)
            pair = [image.expand(1, 3, -1, -1) for image in (a, other)]
            distance = model(*pair, normalize=True).item()
            cases.append({"shape": shape, "blend": blend, "distance": distance})
    write("lpips", {"cases": cases})


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    inception()
    resize()
    perceptual()
