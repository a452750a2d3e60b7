#!/usr/bin/env python3
"""genlab's models against the same networks in PyTorch, on this machine's CPU.

Setup, once:    benches/pytorch/setup
Run:            benches/pytorch/.venv/bin/python benches/pytorch/twin.py [--batch 32,256] [--json FILE]

It loads genlab's initial weights into PyTorch and
1. checks that the losses of the first 20 training steps agree when both sides see the same batches, with the
   same labels or captions, and random numbers, and the samples drawn after them; it fails if they do not;
2. times both sides alternately in one run: training steps and sampling;
3. measures the peak memory of a training run in a fresh process of each side.

A ratio is PyTorch's time over genlab's: above 1, genlab is faster.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from safetensors.torch import load_file

from models import MODELS
from sides import ROOT, SAMPLES, Exported, Genlab, PyTorch, environment, peak_memory, time_limit

SEED = 0
CHECKED_STEPS = 20
# Muon makes all directions of a step alike, those that are rounding included: differences double with every
# step, from 1e-7 at the fourth to 2e-3 at the twentieth. Those of clip begin larger.
CHECKED_STEPS_OF = {"ddpm": 12, "ddpm-attention": 12, "ddpm-captions": 12, "clip": 8}
CHECKED_SAMPLES = 8
MEMORY_STEPS = 200
COMPILE_SECONDS = 300
# What is compared, and the largest relative difference. A GAN's two players amplify rounding.
LOSSES = {"gan": ["critic_loss", "generator_loss"]}
TOLERANCE = {"gan": 1e-3}
# In bf16 the two sides round in different places. At large batches the same holds as for samples below: there
# PyTorch's own losses in bf16 are up to 3e-2 from its losses in f32.
TOLERANCE_BF16 = 2e-2
TOLERANCE_BF16_LARGE = 5e-2
# Samples are pixels in [0, 1] from weights that many steps later, through 32 network calls for DDPM. At large
# batches those steps leave the warm-up behind, and Adam's first steps, which divide small gradients by
# themselves, make of rounding what chance would: pixels then say nothing and are printed alone. A GAN's
# steps multiply what differs by two or three each.
SAMPLE_TOLERANCE = {"gan": 1e-2}
SAMPLES_CHECKED_AT_BATCH = 32


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = lambda text: text.split(",")
    numbers = lambda text: [int(part) for part in text.split(",")]
    parser.add_argument("--models", type=names, default=list(MODELS), metavar="NAME,...")
    parser.add_argument("--batch", type=numbers, default=[32], metavar="N,...")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of alternation (7)")
    parser.add_argument("--seconds", type=float, default=1.0, help="per side and round (1)")
    parser.add_argument("--no-compile", action="store_true", help="leave torch.compile out")
    parser.add_argument("--check-only", action="store_true", help="compare losses, time nothing")
    parser.add_argument(
        "--device", choices=["flex", "tch"], default="flex",
        help="genlab's backend: its own kernels, or this PyTorch's libtorch (flex)",
    )  # fmt: skip
    parser.add_argument(
        "--precision", choices=["f32", "bf16"], default="f32",
        help="of training on both sides: genlab's --precision, PyTorch's autocast (f32)",
    )  # fmt: skip
    parser.add_argument("--genlab", metavar="BINARY", help="a built `twin`, else cargo builds it")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the results there")
    parser.add_argument("--memory-of", nargs=4, help=argparse.SUPPRESS)
    args = parser.parse_args()
    unknown = [name for name in args.models if name not in MODELS]
    if unknown:
        parser.error(f"there is no model {unknown[0]!r}; use {', '.join(MODELS)}")
    if min(args.batch) < 1 or args.rounds < 1 or args.seconds <= 0:
        parser.error("--batch, --rounds and --seconds are at least 1, 1 and above 0")
    return args


def build_genlab(device):
    """Builds genlab's side in the build that `cargo run -p bench-runner` uses (a selection by -p
    would compile burn again with other features), and returns the binary's path."""
    command = ["cargo", "build", "--locked", "--workspace", "--bin", "twin"]
    if device == "tch":
        command += ["--features", "tch"]
    out = subprocess.run(
        [*command, "--message-format=json-render-diagnostics"],
        cwd=ROOT, env=environment(device), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if out.returncode != 0:
        raise SystemExit(f"error: `{' '.join(command)}` failed; its message is above")
    built = [json.loads(line).get("executable") for line in out.stdout.splitlines()]
    return [path for path in built if path][-1]


def export(genlab, model, folder, precision):
    about = genlab.ask("export", folder=folder, steps=CHECKED_STEPS, samples=CHECKED_SAMPLES)
    return Exported(folder, model, about, precision)


def checked_steps(model):
    return CHECKED_STEPS_OF.get(model, CHECKED_STEPS)


def check(genlab, exported, folder):
    """The largest relative difference of losses over the first steps, and of sampled pixels."""
    model, twin = exported.model, exported.build()
    steps = checked_steps(model)
    theirs = genlab.ask("train", steps=steps)
    loss = 0.0
    for step in range(steps):
        scalars = twin.step(*exported.step_inputs(step, twin.told))
        for name in LOSSES.get(model, ["loss"]):
            a, b = scalars[name].item(), theirs[step][name]
            loss = max(loss, abs(a - b) / abs(b))
    if not twin.samples:
        return loss, None
    file = Path(folder) / "drawn.safetensors"
    genlab.ask("draw", count=CHECKED_SAMPLES, file=str(file))
    with torch.inference_mode():
        images = twin.sampler()(*exported.sample_inputs(twin.told))
    return loss, (images - load_file(file)["images"]).abs().max().item()


def compiled(exported, batch, note):
    """The torch.compile side after its first step and sample, or None with a note why not."""
    try:
        with time_limit(COMPILE_SECONDS):
            side = PyTorch(exported, batch, torch.compile)
            side.train(3)
            if side.twin.samples:
                side.sample(1)
            return side
    except Exception as error:  # whatever the compiler raises: the other two sides still count
        lines = str(error).strip().splitlines() or [type(error).__name__]
        note(f"{exported.model}: torch.compile left out: {lines[0]}")
        return None


def alternate(sides, phase, rounds, seconds):
    """Milliseconds of each side in each round; within a round they run one after the other."""
    counts = {}
    for name, side in sides.items():
        run = getattr(side, phase)
        run(1)
        counts[name] = max(1, round(seconds * 1e3 / run(2)))
    times = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            times[name].append(getattr(side, phase)(counts[name]))
    return times


def row(model, batch, phase, times, difference):
    """Medians over rounds. `ratio_of_best` compares the fastest rounds, which other programs on the
    machine disturbed least."""
    median = {name: statistics.median(values) for name, values in times.items()}
    ratios = {
        name: [theirs / ours for theirs, ours in zip(values, times["genlab"])]
        for name, values in times.items()
    }
    return {
        "model": model,
        "phase": phase,
        "batch": batch if phase == "train" else SAMPLES,
        "genlab_ms": median["genlab"],
        "genlab_quartiles_ms": quartiles(times["genlab"]),
        "eager_ms": median["eager"],
        "eager_quartiles_ms": quartiles(times["eager"]),
        "compile_ms": median.get("compile"),
        "ratio": statistics.median(ratios["eager"]),
        "ratio_quartiles": quartiles(ratios["eager"]),
        "ratio_of_best": min(times["eager"]) / min(times["genlab"]),
        "compile_ratio": statistics.median(ratios["compile"]) if "compile" in times else None,
        "max_relative_loss_difference": difference,
    }


def quartiles(values):
    if len(values) < 2:
        return [values[0], values[0]]
    low, _, high = statistics.quantiles(values, n=4, method="inclusive")
    return [low, high]


def memory(binary, device, precision, exported_folder, model, batch):
    """Peak bytes of each side after MEMORY_STEPS steps in a process that does nothing else."""
    with Genlab(binary, model, batch, SEED, device, precision) as genlab:
        genlab.train(MEMORY_STEPS)
        ours = genlab.peak_memory()
    me = [sys.executable, __file__, "--memory-of", model, exported_folder, str(batch), precision]
    theirs = int(subprocess.run(me, stdout=subprocess.PIPE, check=True).stdout)
    return {"model": model, "batch": batch, "genlab_bytes": ours, "pytorch_bytes": theirs}


def memory_child(model, folder, batch, precision):
    """The PyTorch side of `memory`."""
    about = json.loads((Path(folder) / "about.json").read_text())
    PyTorch(Exported(folder, model, about, precision), int(batch)).train(MEMORY_STEPS)
    print(peak_memory())


def import_cost():
    """Peak bytes of a process that imports torch and ends."""
    code = "import torch; print(open('/proc/self/status').read().split('VmHWM:')[1].split()[0])"
    out = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    return int(out.stdout) * 1024


def versions():
    commit = ["git", "-C", str(ROOT), "describe", "--always", "--dirty"]
    git = subprocess.run(commit, capture_output=True, text=True).stdout.strip()
    return {"genlab": git, "torch": torch.__version__, "python": platform.python_version()}


def cpu():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


HEADER = (
    f"{'model':15}{'phase':7}{'batch':>5}{'genlab ms':>11}{'eager ms':>11}{'compile ms':>12}"
    f"{'ratio':>8}  {'[quartiles]':15}{'of best':>8}{'compile/genlab':>16}"
)


def printed(r):
    number = lambda value, format: f"{value:{format}}" if value is not None else "-"
    between = "[{:.2f}, {:.2f}]".format(*r["ratio_quartiles"])
    return (
        f"{r['model']:15}{r['phase']:7}{r['batch']:5}{r['genlab_ms']:11.3f}{r['eager_ms']:11.3f}"
        f"{number(r['compile_ms'], '.3f'):>12}{r['ratio']:8.2f}  {between:15}"
        f"{r['ratio_of_best']:8.2f}{number(r['compile_ratio'], '.2f'):>16}"
    )


def run(model, batch, args, binary, compiles, note):
    """One model at one batch size: the comparison of losses, timings by phase, peak memory."""
    with tempfile.TemporaryDirectory() as folder, Genlab(
        binary, model, batch, SEED, args.device, args.precision
    ) as genlab:
        exported = export(genlab, model, folder, args.precision)
        loss, pixels = check(genlab, exported, folder)
        small = batch <= SAMPLES_CHECKED_AT_BATCH
        if args.precision == "bf16":
            allowed, bound = TOLERANCE_BF16 if small else TOLERANCE_BF16_LARGE, float("inf")
        else:
            allowed = TOLERANCE.get(model, 1e-4)
            bound = SAMPLE_TOLERANCE.get(model, 1e-3) if small else float("inf")
        agree = loss <= allowed and (pixels or 0) <= bound
        drawn = "" if pixels is None else f", sampled pixels by {pixels:.1e}"
        note(
            f"{model} at batch {batch}: the losses of {checked_steps(model)} steps differ by at most "
            f"{loss:.1e} (allowed {allowed:.0e}){drawn}: {'agree' if agree else 'DISAGREE'}"
        )
        checked = {
            "model": model,
            "batch": batch,
            "max_relative_loss_difference": loss,
            "max_sample_difference": pixels,
            "agree": agree,
        }
        if args.check_only:
            return checked, [], None
        sides = {"genlab": genlab, "eager": PyTorch(exported, batch)}
        if compiles and (side := compiled(exported, batch, note)):
            sides["compile"] = side
        phases = ["train"]
        # The number of samples does not depend on the batch: time them once.
        if sides["eager"].twin.samples and batch == args.batch[0]:
            phases.append("sample")
        rows = []
        for phase in phases:
            times = alternate(sides, phase, args.rounds, args.seconds)
            rows.append(row(model, batch, phase, times, loss))
            note(printed(rows[-1]))
        (Path(folder) / "about.json").write_text(json.dumps(exported.about))
        return checked, rows, memory(binary, args.device, args.precision, folder, model, batch)


def main():
    args = arguments()
    threads = len(os.sched_getaffinity(0))
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    if args.memory_of:
        return memory_child(*args.memory_of)
    note = lambda text: print(text, file=sys.stderr, flush=True)
    binary = args.genlab or build_genlab(args.device)
    load = os.getloadavg()[0]
    if load > 0.5 and not args.check_only:
        note(f"other programs keep {load:.1f} threads busy: timings will scatter")
    compiles = not (args.no_compile or args.check_only)
    if compiles and not shutil.which(os.environ.get("CXX", "g++")):
        note("torch.compile left out: it needs a C++ compiler (g++, or the one that CXX names)")
        compiles = False

    pairs = [(model, batch) for batch in args.batch for model in args.models]
    runs = [run(model, batch, args, binary, compiles, note) for model, batch in pairs]
    checks, rows = [r[0] for r in runs], [row for r in runs for row in r[1]]
    results = {
        "versions": versions(),
        "cpu": cpu(),
        "device": args.device,
        "precision": args.precision,
        "threads": threads,
        "load_average_at_start": load,
        "rounds": args.rounds,
        "seconds_per_side_and_round": args.seconds,
        "checks": checks,
        "results": rows,
    }
    if rows:
        peaks = [r[2] for r in runs]
        results["memory"] = {"import_torch_bytes": import_cost(), "training": peaks}
    report(results)
    if args.json:
        args.json.write_text(json.dumps(results, indent=2) + "\n")
    return 0 if all(checked["agree"] for checked in checks) else 1


def report(results):
    versions = results["versions"]
    print(
        f"genlab {versions['genlab']}, PyTorch {versions['torch']}, Python {versions['python']}\n"
        f"{results['cpu']}, {results['threads']} threads on either side; genlab on "
        f"{results['device']} in {results['precision']}"
    )
    if not results["results"]:
        return
    print(f"medians of {results['rounds']} alternating rounds; ratio = PyTorch eager / genlab\n")
    print(HEADER)
    for r in results["results"]:
        print(printed(r))
    memory = results["memory"]
    mib = lambda value: f"{value / 2**20:5.0f} MiB"
    alone = mib(memory["import_torch_bytes"])
    print(f"\npeak memory of {MEMORY_STEPS} training steps; `import torch` alone: {alone}")
    for peak in memory["training"]:
        ours, theirs = mib(peak["genlab_bytes"]), mib(peak["pytorch_bytes"])
        print(f"{peak['model']:15}batch {peak['batch']:4}  genlab {ours}  PyTorch {theirs}")


if __name__ == "__main__":
    sys.exit(main())
