"""How honest the intervals of crates/metrics/src/measures/sets/intervals.rs are, by the same method in NumPy.

    python tests/oracles/bootstrap.py            (NumPy 2; prints, writes nothing)

Draws 60 fresh pairs of Gaussian sets, and for each metric prints how many of the 60 intervals hold the mean
over draws (57 are expected), and the mean of the bootstrap's standard deviations over the true one.
"""

import numpy as np

NAMES = ["frechet", "precision", "recall", "density", "coverage", "classifier_score", "class_kl"]
NEAREST, TRIALS, RESAMPLES = 5, 60, 100
RNG = np.random.default_rng(1)


def frechet(a, b):
    left, right = np.cov(a.T), np.cov(b.T)
    values, vectors = np.linalg.eigh(left)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ right @ root), 0)).sum()
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(left) + np.trace(right) - 2 * cross


def squared_distances(a, b):
    return ((a[:, None] - b[None]) ** 2).sum(-1)


def squared_radii(a):
    distances = squared_distances(a, a)
    np.fill_diagonal(distances, -1)
    return np.sort(distances, 1)[:, NEAREST]


def neighbourhoods(holds, held_by, of_sample, of_real):
    """`holds[j, i]`: real image j's ball holds sample i; counts are those of a resample."""
    present = of_sample > 0
    return [
        of_sample[holds[of_real > 0].any(0)].sum() / of_sample.sum(),
        of_real[held_by[:, present].any(1)].sum() / of_real.sum(),
        of_real @ (holds @ of_sample) / (NEAREST * of_sample.sum()),
        of_real[holds[:, present].any(1)].sum() / of_real.sum(),
    ]


def probabilities(features):
    first = 1 / (1 + np.exp(-4 * features[:, 0]))
    return np.stack([first, 1 - first], 1)


def histogram(p):
    counts = np.bincount(p.argmax(1), minlength=2)
    return counts / counts.sum()


def class_kl(p, q):
    return sum(a * np.log(a / b) for a, b in zip(p, q) if a > 0)


def classifier_score(p):
    return np.exp((p * np.log(np.maximum(p, 1e-300) / p.mean(0))).sum(1).mean())


def check(n, dim, shift):
    values, spreads = [], []
    for _ in range(TRIALS):
        samples, real = RNG.normal(size=(n, dim)) + shift, RNG.normal(size=(n, dim))
        distances = squared_distances(real, samples)
        holds = distances < squared_radii(real)[:, None]
        held_by = distances < squared_radii(samples)[None]
        p, q = probabilities(samples), probabilities(real)

        def score(i, j):
            counts = [np.bincount(rows, minlength=n) for rows in (i, j)]
            return [
                frechet(samples[i], real[j]),
                *neighbourhoods(holds, held_by, *counts),
                classifier_score(p[i]),
                class_kl(histogram(p[i]), histogram(q[j])),
            ]

        values.append(score(np.arange(n), np.arange(n)))
        draws = [score(*RNG.integers(n, size=(2, n))) for _ in range(RESAMPLES)]
        spreads.append(np.std(draws, axis=0, ddof=1))
    values, spreads = np.array(values), np.array(spreads)
    held = (abs(values - values.mean(0)) <= 1.96 * spreads).sum(0)
    ratio = spreads.mean(0) / values.std(0, ddof=1)
    print(f"n = {n}, {dim} dimensions, shift {shift}")
    for name, count, width in zip(NAMES, held, ratio):
        print(f"  {name:18} {count} of {TRIALS} hold the mean, width {width:.2f}")


for case in [(300, 4, 0.6), (300, 4, 1.0), (300, 16, 0.3)]:
    check(*case)
