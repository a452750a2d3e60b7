"""Fixture for the CRPS of crates/metrics, from scoringrules 0.10.0.

    python -m venv forecast-venv && forecast-venv/bin/pip install -r tests/oracles/requirements-forecast.txt
    forecast-venv/bin/python tests/oracles/forecast.py

The fixture holds its own inputs, so the Rust test draws nothing.
"""

import json
import pathlib

import numpy as np
import scoringrules

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def main():
    rng = np.random.default_rng(0)
    ensembles = []
    for members in (2, 3, 20, 99):
        for outcome in (-2.5, 0.0, 0.3, 4.0):
            x = np.round(rng.normal(rng.normal(), rng.uniform(0.2, 3.0), members), 6)
            score = scoringrules.crps_ensemble(outcome, x, estimator="fair")
            ensembles.append({"members": x.tolist(), "outcome": outcome, "crps": float(score)})
    normals = []
    for mean, sd, outcome in [(0, 1, 0), (0, 1, -3), (2.5, 0.3, 2.6), (-1, 7, 12), (4, 0.01, 3)]:
        score = scoringrules.crps_normal(outcome, mean, sd)
        normals.append({"mean": mean, "sd": sd, "outcome": outcome, "crps": float(score)})
    text = json.dumps({"ensembles": ensembles, "normals": normals}, separators=(",", ":"))
    (FIXTURES / "crps.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
