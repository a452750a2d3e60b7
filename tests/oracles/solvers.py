"""Fixtures for the solvers and spacings of crates/ddpm, from diffusers and k-diffusion.

    python -m venv solvers-venv && solvers-venv/bin/pip install -r tests/oracles/requirements-solvers.txt
    solvers-venv/bin/python tests/oracles/solvers.py

Every case follows one made-up denoiser from made-up noise to a sample, in double precision, and keeps x after
every step. Settings are written as genlab writes them. Left out is what these libraries do otherwise: DDIM's
linspace, whose steps do not end where the next begins, and fixed-large noise after a last step.
"""

import importlib.metadata as metadata
import json
import pathlib

import k_diffusion.sampling as k_sampling
import numpy as np
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from diffusers.schedulers import scheduling_ddpm

FIXTURE = pathlib.Path(__file__).parent / "fixtures" / "solvers.json"
VALUES = 6
TABLES = {
    "linear": {"beta_schedule": "linear", "beta_start": 1e-4, "beta_end": 0.02},
    "scaled-linear": {"beta_schedule": "scaled_linear", "beta_start": 0.00085, "beta_end": 0.012},
    "cosine": {"beta_schedule": "squaredcos_cap_v2"},
}
SPACINGS = {"uniform": "linspace", "leading": "leading", "trailing": "trailing"}


def denoiser(x, ratio):
    """x_0 from x / alpha at sigma / alpha: nothing that anybody trained, but smooth in both."""
    return 0.8 * torch.tanh(1.5 * x / np.sqrt(1 + ratio**2)) - 0.1


def made_up(steps, seed):
    """Starting noise [VALUES] and fresh noise [steps, VALUES]."""
    noise = np.random.default_rng(seed).standard_normal((steps + 1, VALUES))
    return torch.from_numpy(noise[0]), torch.from_numpy(noise[1:])


def of_diffusers(scheduler, kind, spacing, solver, steps, seed, **step_settings):
    scheduler.set_timesteps(steps)
    # Only the products are kept in single precision.
    scheduler.alphas_cumprod = torch.cumprod(1 - scheduler.betas.double(), 0)
    scheduler.one = torch.tensor(1.0, dtype=torch.float64)
    scheduler.final_alpha_cumprod = scheduler.one
    x, fresh = made_up(steps, seed)
    path = [x]
    for index, t in enumerate(scheduler.timesteps):
        alpha_bar = scheduler.alphas_cumprod[t]
        alpha, sigma = alpha_bar.sqrt(), (1 - alpha_bar).sqrt()
        noise = (x - alpha * denoiser(x / alpha, (sigma / alpha).item())) / sigma
        if isinstance(scheduler, DDPMScheduler):
            scheduling_ddpm.randn_tensor = lambda *_, **__: fresh[index, :, None]
        else:
            step_settings["variance_noise"] = fresh[index, :, None]
        x = scheduler.step(noise[:, None], t, x[:, None], **step_settings).prev_sample[:, 0]
        path.append(x)
    schedule = {"kind": kind, "steps": 1000}
    return case(schedule, {"kind": spacing}, solver, steps, seed, path)


def of_k_diffusion(sample, solver, steps, seed, **settings):
    sigma_min, sigma_max, rho = 0.02, 40.0, 7.0
    sigmas = k_sampling.get_sigmas_karras(steps, sigma_min, sigma_max, rho).double()
    start, fresh = made_up(steps, seed)
    path = []
    drawn = iter(fresh)
    if "eta" in settings:
        settings["noise_sampler"] = lambda *_: next(drawn)
    x = sample(
        lambda x, sigma: denoiser(x, sigma[0].item()),
        start * sigma_max,
        sigmas,
        callback=lambda at: path.append(at["x"].clone()),
        disable=True,
        **settings,
    )
    schedule = {"kind": "edm", "sigma_min": 0.004, "sigma_max": 160.0}
    spacing = {"kind": "karras", "rho": rho, "sigma_min": sigma_min, "sigma_max": sigma_max}
    return case(schedule, spacing, solver, steps, seed, [*path, x])


def case(schedule, spacing, solver, steps, seed, path):
    start, fresh = made_up(steps, seed)
    return {
        "schedule": schedule,
        "spacing": spacing,
        "solver": solver,
        "steps": steps,
        "start": start.tolist(),
        "fresh": fresh.tolist(),
        "path": torch.stack(path).tolist(),
    }


def main():
    cases = []
    for kind, table in TABLES.items():
        for variance, spacing in [
            ("fixed-small", "uniform"),
            ("fixed-small", "leading"),
            ("fixed-small", "trailing"),
            ("fixed-large", "uniform"),
        ]:
            scheduler = DDPMScheduler(
                **table,
                variance_type=variance.replace("-", "_"),
                timestep_spacing=SPACINGS[spacing],
                clip_sample=False,
            )
            solver = {"kind": "ancestral", "variance": variance}
            cases.append(of_diffusers(scheduler, kind, spacing, solver, 8, len(cases)))
        for eta, spacing in [(0.0, "leading"), (0.0, "trailing"), (0.5, "trailing")]:
            scheduler = DDIMScheduler(
                **table, timestep_spacing=SPACINGS[spacing], clip_sample=False
            )
            solver = {"kind": "ddim", "eta": eta}
            cases.append(of_diffusers(scheduler, kind, spacing, solver, 8, len(cases), eta=eta))
    for name, solver, settings in [
        ("sample_euler", {"kind": "euler"}, {}),
        ("sample_heun", {"kind": "heun"}, {}),
        ("sample_euler_ancestral", {"kind": "euler-ancestral", "eta": 1.0}, {"eta": 1.0}),
        ("sample_euler_ancestral", {"kind": "euler-ancestral", "eta": 0.6}, {"eta": 0.6}),
        ("sample_dpmpp_2m", {"kind": "dpmpp-2m", "eta": 0.0}, {}),
        ("sample_dpmpp_2m_sde", {"kind": "dpmpp-2m", "eta": 1.0}, {"eta": 1.0}),
        ("sample_dpmpp_2m_sde", {"kind": "dpmpp-2m", "eta": 0.4}, {"eta": 0.4}),
    ]:
        sample = getattr(k_sampling, name)
        cases.append(of_k_diffusion(sample, solver, 8, len(cases), **settings))
    versions = {name: metadata.version(name) for name in ["diffusers", "k-diffusion", "torch"]}
    FIXTURE.write_text(json.dumps({"versions": versions, "cases": cases}) + "\n")
    print(f"{len(cases)} cases by {versions} in {FIXTURE.name}")


if __name__ == "__main__":
    main()
