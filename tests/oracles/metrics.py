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
from scipy.spatial.distance import cdist, pdist
from scipy.stats import entropy, wasserstein_distance
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import pairwise_distances
from sklearn.metrics.pairwise import polynomial_kernel, rbf_kernel
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


def pixel_metrics(rng):
    """Images of 2 channels, 5 x 4; 31 real ones make an odd number of pairs, so one is the median."""
    channels, height, width = 2, 5, 4
    dim = channels * height * width
    training, real, samples, more = (
        np.round(np.clip(rng.normal(110, 60, (n, dim)), 0, 255)).astype(int)
        for n in (120, 31, 31, 50)
    )
    samples[:4] = training[7:11]
    x, y, z = samples / 255.0, real / 255.0, more / 255.0
    directions = np.round(rng.standard_normal((6, dim)), 4)

    def sliced(a, b):
        return float(np.mean([wasserstein_distance(a @ d, b @ d) for d in directions]))

    def mean_difference(images):
        images = images.reshape(-1, channels, height, width) / 255.0
        both = [np.abs(np.diff(images, axis=axis)).ravel() for axis in (2, 3)]
        return float(np.concatenate(both).mean())

    bandwidth = float(np.median(pdist(y)))
    gamma = 1 / (2 * bandwidth**2)
    n = len(x)
    within = [(rbf_kernel(a, gamma=gamma).sum() - n) / (n * (n - 1)) for a in (x, y)]
    between = cdist(x, training / 255.0)
    write(
        "pixels", channels=channels, height=height, width=width, dim=dim, training=training,
        real=real, samples=samples, more=more, directions=directions, sliced=sliced(x, y),
        sliced_uneven=sliced(x, z), roughness=[mean_difference(samples), mean_difference(real)],
        bandwidth=bandwidth, mmd2=float(sum(within) - 2 * rbf_kernel(x, y, gamma=gamma).mean()),
        nearest=between.argmin(1), distances=np.sort(between, 1)[:, :2],
    )


def class_metrics(rng):
    classes = 5
    probabilities = np.round(rng.dirichlet(np.full(classes, 0.3), 40) + 1e-6, 6)
    probabilities /= probabilities.sum(1, keepdims=True)
    expected = np.array([0.3, 0.1, 0.25, 0.15, 0.2])
    found = np.bincount(probabilities.argmax(1), minlength=classes)
    smoothed = (found + 0.5) / (found + 0.5).sum()
    score = np.exp(entropy(probabilities.T, probabilities.mean(0)[:, None]).mean())
    write(
        "classes", dim=classes, n=len(probabilities), probabilities=probabilities,
        expected=expected, found=found / found.sum(), kl=float(entropy(found, expected)),
        kl_forward=float(entropy(expected, smoothed)), score=float(score),
    )


if __name__ == "__main__":
    generator = np.random.default_rng(0)
    image_metrics(generator)
    feature_metrics(generator)
    pca(generator)
    mixture(generator)
    pixel_metrics(generator)
    class_metrics(generator)
