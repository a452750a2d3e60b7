"""Fixture for Kendall's tau-b of crates/metrics, from SciPy.

    python -m venv venv && venv/bin/pip install -r tests/oracles/requirements.txt
    venv/bin/python tests/oracles/kendall.py
"""

import json
import pathlib

import numpy
import scipy
from scipy.stats import kendalltau

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "kendall.json"


def main():
    draws = numpy.random.default_rng(0)
    cases = []
    # Few levels make ties on one side or both; a single one is a side without an order.
    for count, levels in [(3, 50), (5, 50), (5, 3), (12, 4), (40, 10), (4, 1)]:
        a, b = draws.normal(size=count).round(3), draws.integers(levels, size=count).astype(float)
        for left, right in [(a, b), (draws.integers(3, size=count).astype(float), b)]:
            tau = kendalltau(left, right, variant="b").statistic
            tau = None if numpy.isnan(tau) else float(tau)
            cases.append({"a": left.tolist(), "b": right.tolist(), "tau": tau})
    versions = {"scipy": scipy.__version__, "numpy": numpy.__version__}
    FIXTURE.write_text(json.dumps({"versions": versions, "cases": cases}, indent=1) + "\n")


if __name__ == "__main__":
    main()
