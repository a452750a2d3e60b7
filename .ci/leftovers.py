"""What `.ci/crash` and `.ci/disk` share: running the program, and what a folder must look like afterwards."""

import hashlib
import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRAIN = ["--experiment", str(ROOT / "experiments/digits8x8/quick.toml"), "--budget-images", "640"]


def binary() -> Path:
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = target / "debug/bench-runner"
    if not path.exists():
        sys.exit(f"error: {path} is not there; run `cargo test --workspace --no-run` first")
    return path


def call(arguments, folder, under=()):
    """The exit status of the program in that folder."""
    command = [*under, str(binary()), *arguments]
    env = {**os.environ, "RAYON_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True)
    return done.returncode, done.stderr


def content(path: Path) -> str:
    """What must be equal of a file; empty for those that hold times."""
    if path.suffix in (".safetensors", ".npz", ".tsv") or path.name in ("config.toml", "prior.json", "plan.jsonl"):
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if path.suffix == ".png" and path.parent.name != "figures":
        return hashlib.sha256(path.read_bytes()).hexdigest()
    if path.name == "metrics.jsonl":
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        timeless = [{k: v for k, v in line.items() if "second" not in k} for line in lines]
        return json.dumps(timeless)
    if path.name == "results.json":
        results = json.loads(path.read_text())
        return json.dumps([m for m in results["metrics"] if not m["name"].startswith("cost/")])
    return ""


def tree(folder: Path) -> dict:
    """All files by names without times; of an event file only that there is one, of checkpoints the newest.

    A run whose parent was killed saves, and that checkpoint may still be there as the second newest.
    """
    files = {}
    older = {step for run in folder.rglob("checkpoints") for step in sorted(run.iterdir())[:-1]}
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.name != ".lock" and path.parent not in older:
            name = re.sub(r"tfevents\.\d+", "tfevents.TIME", str(path.relative_to(folder)))
            files[name] = content(path)
    return files
