#!/usr/bin/env python3
"""Whether two runs of the same settings, on two devices, had the same training losses.

    agree.py ONE_RUN OTHER_RUN --steps 20 --tolerance 1e-4

Compares every `train/` scalar of the first steps in the two `metrics.jsonl`. Both runs must have logged
every step (`--set evaluation.log_lines=1000000`). Relative differences are against the larger of the two
values, or against 1 % of the scalar's largest value where both are close to 0. Needs Python alone.
"""

import argparse
import json
import math
import pathlib
import sys


def read(run: pathlib.Path, steps: int) -> list[dict[str, float]]:
    """The training scalars of steps 1 to `steps`."""
    with open(run / "metrics.jsonl", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file][:steps]
    if [line["step"] for line in lines] != list(range(1, steps + 1)):
        sys.exit(f"error: {run} has no line for each of the steps 1 to {steps}")
    return [{k: v for k, v in line.items() if k.startswith("train/")} for line in lines]


def main() -> None:
    """Prints one line per scalar, and fails if one of them disagrees."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("one", type=pathlib.Path)
    parser.add_argument("other", type=pathlib.Path)
    parser.add_argument("--steps", type=int, required=True)
    parser.add_argument("--tolerance", type=float, required=True)
    args = parser.parse_args()
    one, other = (read(run, args.steps) for run in (args.one, args.other))
    names = list(one[0])
    if not names or any(list(line) != names for line in one + other):
        sys.exit(f"error: {args.one} and {args.other} do not log the same scalars")
    agreed = True
    for name in names:
        pairs = [(a[name], b[name]) for a, b in zip(one, other)]
        if not all(math.isfinite(value) for pair in pairs for value in pair):
            sys.exit(f"error: {name} is not a finite number in every step")
        floor = 0.01 * max(abs(value) for pair in pairs for value in pair)
        worst = max(abs(a - b) / (max(abs(a), abs(b), floor) or 1.0) for a, b in pairs)
        agreed &= worst <= args.tolerance
        verdict = "agrees" if worst <= args.tolerance else "DISAGREES"
        print(f"  {name:<24} {verdict}: {worst:.1e} (at most {args.tolerance:.0e})")
    sys.exit(0 if agreed else 1)


if __name__ == "__main__":
    main()
