"""The two programs that the twin compares: genlab in a process of its own, and PyTorch here.

Both offer `train(n)` and `sample(n)`: milliseconds per step over n steps, and per batch of samples
over n batches.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

from models import MODELS

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = 64
# What genlab writes of images besides their pixels.
KNOWN = ("labels", "captions")


def peak_memory(pid="self"):
    """The largest resident set that a process ever had, in bytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1]) * 1024


def environment(device):
    """What building and running genlab needs: for `tch`, the libtorch of this Python's PyTorch."""
    if device != "tch":
        return None
    site = Path(torch.__file__).parents[1]
    libraries = [site / "torch" / "lib", *sorted(site.glob("nvidia/*/lib"))]
    ahead = lambda name, paths: os.pathsep.join([*map(str, paths), os.environ.get(name, "")])
    return {
        **os.environ,
        "LIBTORCH_USE_PYTORCH": "1",
        "LD_LIBRARY_PATH": ahead("LD_LIBRARY_PATH", libraries),
        # The build script of torch-sys asks the first python3 in the path.
        "PATH": ahead("PATH", [Path(sys.executable).parent]),
    }


class Genlab:
    """One model in genlab's process, driven by lines of JSON (benches/src/bin/twin.rs)."""

    def __init__(self, binary, model, batch, seed, device="flex", precision="f32"):
        self.process = subprocess.Popen(
            [binary, model, str(batch), str(seed), device, precision],
            env=environment(device),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, command, **fields):
        self.process.stdin.write(json.dumps({command: fields}) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise SystemExit(f"error: genlab's side ended at {command!r}; its message is above")
        return json.loads(answer)

    def train(self, steps):
        return self.ask("time", steps=steps)

    def sample(self, repeats):
        return self.ask("sample", count=SAMPLES, repeats=repeats)

    def peak_memory(self):
        return peak_memory(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()


class Exported:
    """What genlab wrote about one run: settings, initial weights, inputs of the first steps, the training split."""

    def __init__(self, folder, model, about, precision="f32"):
        self.folder, self.model, self.about, self.precision = Path(folder), model, about, precision

    @cached_property
    def inputs(self):
        return load_file(self.folder / "inputs.safetensors")

    def build(self, compile=lambda f: f):
        """The same model in PyTorch, at step 0."""
        config = self.about["config"] | {k: self.about[k] for k in ("space", "classes", "words")}
        total = self.about["total_images"]
        twin = MODELS[self.model](config, total, compile, self.precision)
        twin.load(load_file(self.folder / "weights.safetensors"))
        ours = sum(p.numel() for part in twin.parts().values() for p in part.params)
        assert ours == self.about["parameters"], "as many parameters on both sides"
        return twin

    def step_inputs(self, step, told):
        """Images of genlab's step, and what is told of them with the random numbers."""
        inputs = {
            name.partition(".")[2]: value
            for name, value in self.inputs.items()
            if name.startswith(f"{step}.")
        }
        images = inputs.pop("images")
        known = {name: inputs.pop(name).long() for name in KNOWN if name in inputs}
        return images, inputs | {name: known[name] for name in told}

    def sample_inputs(self, told):
        """The noise of genlab's first samples, and what is told of them."""
        return self.inputs["sample"], *(self.inputs[f"sample_{name}"].long() for name in told)

    def split(self, shape, told):
        """Pixels [n, C, H, W] of the training split as bytes, and what is told of it."""
        pixels = np.fromfile(self.folder / "train.bytes", np.uint8).reshape(-1, *shape)
        known = load_file(self.folder / "train.safetensors")
        return torch.from_numpy(pixels), {name: known[name].long() for name in told}


class Batches:
    """Shuffled batches of a resident dataset, as bytes on both sides."""

    def __init__(self, pixels, told, batch):
        self.pixels, self.told, self.batch, self.at = pixels, told, batch, len(pixels)

    def next(self):
        """Images and what is told of them."""
        if self.at + self.batch > len(self.pixels):
            self.order, self.at = torch.randperm(len(self.pixels)), 0
        rows = self.order[self.at : self.at + self.batch]
        self.at += self.batch
        images = self.pixels.index_select(0, rows).float().div_(255)
        return images, {name: of.index_select(0, rows) for name, of in self.told.items()}


class PyTorch:
    """One model in this process."""

    def __init__(self, exported, batch, compile=lambda f: f):
        self.twin, self.batch = exported.build(compile), batch
        self.batches = Batches(*exported.split(self.twin.shape, self.twin.told), batch)
        self.sampler = None

    def step(self):
        images, told = self.batches.next()
        return self.twin.step(images, told | self.twin.draw(self.batch))

    def train(self, steps):
        start = time.perf_counter()
        pending = [self.step() for _ in range(steps)]
        # Read once, after the last step, as genlab's trainer does.
        torch.stack([value for scalars in pending for value in scalars.values()]).tolist()
        return (time.perf_counter() - start) * 1e3 / steps

    @torch.inference_mode()
    def sample(self, repeats):
        if self.sampler is None:
            self.sampler = self.twin.sampler()
        told = [of[:SAMPLES] for of in self.batches.told.values()]
        start = time.perf_counter()
        for _ in range(repeats):
            self.sampler(self.twin.noise_of_samples(SAMPLES), *told)
        return (time.perf_counter() - start) * 1e3 / repeats


class time_limit:
    """Raises TimeoutError in the block that takes longer than `seconds`."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __enter__(self):
        def stop(*_):
            raise TimeoutError(f"took more than {self.seconds} s")

        self.before = signal.signal(signal.SIGALRM, stop)
        signal.alarm(self.seconds)

    def __exit__(self, *_):
        signal.alarm(0)
        signal.signal(signal.SIGALRM, self.before)
