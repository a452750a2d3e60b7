"""What a step back costs with a learned variance: the formulas of improved-diffusion's gaussian_diffusion.py
(Nichol & Dhariwal 2021, arXiv:2102.09672), written anew in float64 with the normal distribution's own CDF.

    python hybrid.py > fixtures/hybrid.json        (numpy, scipy)
"""

import json

import numpy as np
from scipy.stats import norm

T = 50
MEAN, SD = 0.1307, 0.3081

betas = np.minimum(np.linspace(1e-4, 0.02, T) * 1000 / T, 0.999)
alphas_cumprod = np.cumprod(1 - betas)
previous = np.append(1.0, alphas_cumprod[:-1])
posterior_variance = betas * (1 - previous) / (1 - alphas_cumprod)
posterior_log_variance_clipped = np.log(np.append(posterior_variance[1], posterior_variance[1:]))
on_start = betas * np.sqrt(previous) / (1 - alphas_cumprod)
on_x_t = (1 - previous) * np.sqrt(1 - betas) / (1 - alphas_cumprod)


def normal_kl(mean, log_variance, other_mean, other_log_variance):
    ratio = np.exp(log_variance - other_log_variance)
    apart = (mean - other_mean) ** 2 * np.exp(-other_log_variance)
    return 0.5 * (other_log_variance - log_variance + ratio + apart - 1)


def discretized_log_likelihood(pixels, mean, log_scale):
    half, sd = 0.5 / 255 / SD, np.exp(log_scale)
    x = (pixels / 255 - MEAN) / SD
    upper = np.where(pixels == 255, 1.0, norm.cdf((x + half - mean) / sd))
    lower = np.where(pixels == 0, 0.0, norm.cdf((x - half - mean) / sd))
    return np.log(np.maximum(upper - lower, 1e-12))


def case(rng, n):
    """Step n, counted from 1, of two numbers."""
    t = n - 1
    pixels = rng.choice([0, 255, 3, 90, 160], size=2)
    x_0 = (pixels / 255 - MEAN) / SD
    x_t = np.sqrt(alphas_cumprod[t]) * x_0 + np.sqrt(1 - alphas_cumprod[t]) * rng.normal(size=2)
    start = x_0 + rng.normal(size=2) * (0.01 if n == 1 else 0.3)
    said = rng.uniform(-1.2, 1.2, size=2)
    share = (said + 1) / 2
    log_variance = share * np.log(betas[t]) + (1 - share) * posterior_log_variance_clipped[t]
    if n == 1:
        nats = -discretized_log_likelihood(pixels, start, 0.5 * log_variance)
    else:
        true = on_start[t] * x_0 + on_x_t[t] * x_t
        model = on_start[t] * start + on_x_t[t] * x_t
        nats = normal_kl(true, posterior_log_variance_clipped[t], model, log_variance)
    return {
        "n": n,
        "x_0": x_0.tolist(),
        "start": start.tolist(),
        "v": share.tolist(),
        "nats": float(nats.sum()),
    }


rng = np.random.default_rng(0)
cases = [case(rng, n) for n in (1, 1, 1, 2, 2, 3, 7, 20, 35, 49, 50)]
print(json.dumps({"steps": T, "mean": MEAN, "sd": SD, "cases": cases}, indent=1))
