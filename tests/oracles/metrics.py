"""Fixtures for crates/metrics, from SciPy, scikit-learn and scikit-image.

    python -m venv oracles-venv && oracles-venv/bin/pip install -r tests/oracles/requirements.txt
    oracles-venv/bin/python tests/oracles/metrics.py

Each fixture holds its own inputs, so the Rust tests draw nothing. Inputs are rounded before use:
what is written is exactly what was measured.
"""

import json
import pathlib

import numpy as np
from scipy import linalg
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import polynomial_kernel
from sklearn.mixture import GaussianMixture

FIXTURES = pathlib.Path(__file__).parent / "fixtures"


def write(name, **values):
    plain = {
        key: value.ravel().tolist() if isinstance(value, np.ndarray) else value
        for key, value in values.items()
    }
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / f"{name}.json").write_text(json.dumps(plain, separators=(",", ":")) + "\n")


def images(rng, count, channels, size):
    """Smooth blobs and a noisy copy, [count, channels, size, size] in [0, 1], as 8-bit levels."""
    grid = np.stack(np.meshgrid(np.arange(size), np.arange(size), indexing="ij"))
    clean = np.zeros((count, channels, size, size))
    for image in clean:
        for plane in image:
            for centre in rng.uniform(0, size, (3, 2)):
                square = ((grid - centre[:, None, None]) ** 2).sum(0)
                plane += np.exp(-square / rng.uniform(4, 40))
    clean = np.round(np.clip(clean, 0, 1) * 255)
    noisy = clean + 255 * 0.1 * rng.standard_normal(clean.shape)
    return clean.astype(int), np.round(np.clip(noisy, 0, 255)).astype(int)


def image_metrics(rng):
    for name, channels, size in [("image_28x28x1", 1, 28), ("image_32x32x3", 3, 32)]:
        a, b = images(rng, 3, channels, size)
        ssim, psnr = [], []
        for x, y in zip(a / 255.0, b / 255.0):
            ssim.append(
                structural_similarity(
                    x, y, channel_axis=0, gaussian_weights=True, sigma=1.5,
                    use_sample_covariance=False, data_range=1.0,
                )
            )
            psnr.append(peak_signal_noise_ratio(x, y, data_range=1.0))
        mse = ((a - b) ** 2 / 255.0**2).mean((1, 2, 3))
        write(name, channels=channels, size=size, levels=a, others=b, ssim=ssim, psnr=psnr, mse=mse)


def features(rng, n, dim, shift):
    mix = rng.standard_normal((dim, dim)) / np.sqrt(dim)
    skewed = rng.standard_normal((n, dim)) @ mix + shift + 0.3 * rng.exponential(size=(n, dim))
    return np.round(skewed, 4)


def neighbourhoods(samples, real, k):
    """The formulas of clovaai/generative-evaluation-prdc (MIT)."""

    def radii(x):
        return np.sort(pairwise_distances(x), axis=1)[:, k]

    between = pairwise_distances(real, samples)
    of_real, of_sample = radii(real), radii(samples)
    inside = between < of_real[:, None]
    return dict(
        precision=float(inside.any(0).mean()),
        recall=float((between < of_sample[None, :]).any(1).mean()),
        density=float(inside.sum(0).mean() / k),
        coverage=float((between.min(1) < of_real).mean()),
    )


def feature_metrics(rng):
    dim, n = 12, 200
    x, y = features(rng, n, dim, 0.0), features(rng, n, dim, 0.4)
    s1, s2 = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    root = linalg.sqrtm(s1 @ s2)
    frechet = ((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(s1 + s2 - 2 * root.real)

    def kernel(a, b):
        return polynomial_kernel(a, b, degree=3, gamma=1 / dim, coef0=1)

    pairs = n * (n - 1)
    within = [(kernel(a, a).sum() - np.trace(kernel(a, a))) / pairs for a in (x, y)]
    mmd2 = sum(within) - 2 * kernel(x, y).mean()
    write(
        "features", dim=dim, n=n, x=x, y=y, frechet=float(frechet), mmd2=float(mmd2),
        k=5, **neighbourhoods(x, y, 5),
    )


def pca(rng):
    n, dim, kept = 120, 30, 8
    x = features(rng, n, dim, 0.5)
    model = PCA(kept, svd_solver="full").fit(x)
    back = model.inverse_transform(model.transform(x))
    write(
        "pca", dim=dim, kept=kept, x=x, variances=model.explained_variance_,
        mse=float(((x - back) ** 2).mean()),
    )


def mixture(rng):
    n, dim, components = 600, 4, 3
    centres = rng.uniform(-3, 3, (components, dim))
    x = np.round(centres[rng.integers(components, size=n)] + features(rng, n, dim, 0.0), 4)
    nearest = KMeans(components, n_init=1, random_state=0).fit(x).labels_
    # The first M step by hand, so that both sides start from the same clusters.
    weights, means, precisions = [], [], []
    for k in range(components):
        own = x[nearest == k]
        weights.append(len(own) / n)
        means.append(own.mean(0))
        precisions.append(np.linalg.inv(np.cov(own, rowvar=False, bias=True) + 1e-6 * np.eye(dim)))
    model = GaussianMixture(
        components, weights_init=weights, means_init=means, precisions_init=precisions
    ).fit(x)
    factors = np.stack([np.linalg.cholesky(c).T for c in model.covariances_])
    write(
        "mixture", dim=dim, components=components, x=x, nearest=nearest, weights=model.weights_,
        means=model.means_, factors=factors, log_likelihood=float(model.score(x)),
        iterations=int(model.n_iter_), log_density=model.score_samples(x[:20]),
    )


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    image_metrics(generator)
    feature_metrics(generator)
    pca(generator)
    mixture(generator)
