"""The fixture for crates/metrics/src/measures/codes/probes/maths.rs, from scikit-learn.

    oracles-venv/bin/python tests/oracles/probe.py

in the environment of metrics.py. Real digits (scikit-learn's own 8x8 ones), because accuracies of
made-up clusters agree whatever the solver does.
"""

import json
import pathlib

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier

FIXTURES = pathlib.Path(__file__).parent / "fixtures"
TRAIN, TEST = 500, 500


def main():
    digits = load_digits()
    levels = digits.data.astype(int)[: TRAIN + TEST]
    x, y = levels / 16.0, digits.target[: TRAIN + TEST]
    train, test = (x[:TRAIN], y[:TRAIN]), (x[TRAIN:], y[TRAIN:])
    out = dict(dim=64, train=TRAIN, levels=levels.ravel().tolist(), labels=y.tolist(), probes=[])
    for c in (1.0, 0.01):
        model = LogisticRegression(C=c, tol=1e-10, max_iter=100_000).fit(*train)
        log_p = model.predict_log_proba(train[0])[np.arange(TRAIN), train[1]]
        objective = -log_p.mean() + 0.5 * (model.coef_**2).sum() / (c * TRAIN)
        out["probes"].append(
            dict(
                c=c,
                accuracy=model.score(*test),
                objective=float(objective),
                weights=np.round(model.coef_, 7).ravel().tolist(),
            )
        )
    neighbours = KNeighborsClassifier(5).fit(*train)
    out["knn_accuracy"] = neighbours.score(*test)
    (FIXTURES / "probe.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
