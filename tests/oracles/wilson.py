"""Fixture for the intervals of shares in crates/metrics, from SciPy.

    python -m venv venv && venv/bin/pip install -r tests/oracles/requirements.txt
    venv/bin/python tests/oracles/wilson.py
"""

import json
import pathlib

import scipy
from scipy.stats import binomtest

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "wilson.json"


def main():
    cases = []
    for successes, count in [(0, 1), (1, 1), (0, 512), (3, 512), (256, 512), (512, 512), (4019, 4096)]:
        low, high = binomtest(successes, count).proportion_ci(0.95, method="wilson")
        cases.append({"successes": successes, "count": count, "low": float(low), "high": float(high)})
    FIXTURE.write_text(json.dumps({"versions": {"scipy": scipy.__version__}, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
