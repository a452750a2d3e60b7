"""Diffusion, as crates/ddpm has it: the second part of genlab.py."""

import math

import torch
from networks import unknown


class Moment:
    """x_t = alpha x_0 + sigma noise at time t, from 0 for data to 1 for noise."""

    def __init__(self, t, alpha, sigma):
        self.t, self.alpha, self.sigma = t, alpha, sigma

    def spread(self):
        return math.hypot(self.alpha, self.sigma)

    def ratio(self):
        return self.sigma / self.alpha if self.alpha else math.inf

    def log_ratio(self):
        return -math.log(self.ratio())


LEAST_TIME = 1e-3


class Schedule:
    """How signal fades and noise grows (crates/ddpm/src/schedule)."""

    def __init__(self, config):
        self.config, self.kind = config, config["kind"]
        if self.kind not in ("edm", "vp", "flow"):
            self.table = alpha_bar(config)

    def at(self, t):
        if self.kind == "edm":
            return Moment(t, 1.0, self.config["sigma_max"] * t)
        if self.kind == "flow":
            return Moment(t, 1.0 - t, t)
        if self.kind == "vp":
            low, high = self.config["beta_min"], self.config["beta_max"]
            log_signal = -0.5 * t * t * (high - low) - t * low
            return Moment(t, math.exp(0.5 * log_signal), math.sqrt(-math.expm1(log_signal)))
        place, steps = t * (len(self.table) - 1), self.table
        if abs(place - round(place)) < 1e-9:
            signal = steps[round(place)]
        else:
            low, high = (math.log(steps[int(place) + i]) for i in (0, 1))
            signal = math.exp(low + (high - low) * (place - int(place)))
        return Moment(t, math.sqrt(signal), math.sqrt(1.0 - signal))

    def steps(self):
        return None if self.kind in ("edm", "vp", "flow") else len(self.table) - 1

    def first_time(self):
        if self.kind == "edm":
            return self.config["sigma_min"] / self.config["sigma_max"]
        return 1.0 / self.steps() if self.steps() else LEAST_TIME

    def last_time(self):
        return 1.0 - LEAST_TIME if self.kind == "flow" else 1.0

    def network_time(self, t):
        """What networks are told of t."""
        if self.kind == "edm":
            return 100.0 * (math.log(self.config["sigma_max"] * t) + 5.0)
        scale = self.config["time_scale"] if self.kind == "flow" else self.steps() or 1000.0
        return t * scale

    def time_of_ratio(self, ratio):
        low, high = 0.0, 1.0
        for _ in range(60):
            middle = (low + high) / 2
            at = self.at(middle)
            low, high = (middle, high) if at.sigma < ratio * at.alpha else (low, middle)
        return (low + high) / 2


def alpha_bar(config):
    """The signal that is left after each of T steps (crates/ddpm/src/schedule/discrete.rs)."""
    total, kind = config["steps"], config["kind"]
    of = {
        "cosine": lambda t: math.cos((t + 0.008) / 1.008 * math.pi / 2) ** 2,
        "sigmoid": lambda t: 1 / (1 + math.exp(-3.0)) - 1 / (1 + math.exp(3.0 - 6.0 * t)),
    }.get(kind)
    along = lambda n: (n - 1) / max(total - 1.0, 1.0)
    root = lambda n: math.sqrt(0.00085) + (math.sqrt(0.012) - math.sqrt(0.00085)) * along(n)
    if of:
        beta = lambda n: 1.0 - of(n / total) / of((n - 1) / total)
    elif kind in ("linear", "scaled-linear"):
        linear = kind == "linear"
        beta = lambda n: 1000.0 / total * (1e-4 + (0.02 - 1e-4) * along(n) if linear else root(n) ** 2)
    else:
        raise unknown("model.ddpm.schedule.kind", kind)
    table = [1.0]
    for n in range(1, total + 1):
        table.append(table[-1] * (1.0 - min(beta(n), 0.999)))
    if config["zero_terminal_snr"]:
        first, last = math.sqrt(table[1]), math.sqrt(table[-1])
        stretched = lambda a: ((math.sqrt(a) - last) * first / (first - last)) ** 2
        table = [1.0, *map(stretched, table[1:])]
    return table


def moments(spacing, schedule, steps):
    """The moments that so many steps go through, down to time 0 (crates/ddpm/src/spacing)."""
    total, kind = schedule.steps(), spacing["kind"]
    steps = max(1, min(steps, total or steps))
    first, last = schedule.first_time(), schedule.last_time()
    shares = lambda n: [1.0] if n == 1 else [i / (n - 1) for i in reversed(range(n))]
    if kind in ("uniform", "quadratic"):
        power = 2 if kind == "quadratic" else 1
        times = [first + share**power * (last - first) for share in shares(steps)]
        free = 1
        for i in reversed(range(steps)) if total else []:
            place = max(math.floor(times[i] * total + 0.5), free)
            free, times[i] = place + 1, place / total
    elif kind == "trailing" and total:
        times = [(i * total + steps // 2) // steps / total for i in range(steps, 0, -1)]
    elif kind == "trailing":
        times = [last * i / steps for i in range(steps, 0, -1)]
    elif kind == "leading":
        apart = total // steps / total if total else (last - first) / steps
        times = [first + i * apart for i in reversed(range(steps))]
    elif kind in ("karras", "roots"):
        root = 1 / spacing["rho"]
        most = min(schedule.at(last).ratio(), spacing["sigma_max"]) ** root
        least = max(schedule.at(first).ratio(), spacing["sigma_min"]) ** root
        levels = shares(steps + (kind == "roots"))[:steps]
        ratios = [(least + share * (most - least)) ** spacing["rho"] for share in levels]
        times = [schedule.time_of_ratio(ratio) for ratio in ratios]
    else:
        raise unknown("model.ddpm.sampler.spacing.kind", kind)
    return [schedule.at(t) for t in [*times, 0.0]]


def mix(target, at):
    """a and b of the network's target a x_0 + b noise (crates/ddpm/src/target)."""
    if target == "v":
        return -at.sigma / at.spread(), at.alpha / at.spread()
    mixes = {"noise": (0.0, 1.0), "start": (1.0, 0.0), "velocity": (-1.0, 1.0)}
    if target == "score":
        return 0.0, -1.0 / at.sigma
    if target not in mixes:
        raise unknown("model.ddpm.target", target)
    return mixes[target]


def solve(solver, x, moments, start, fresh, mean_velocity):
    """From x at the first moment to values (crates/ddpm/src/solver). `start(x, at)` is the denoiser's x_0, `fresh(i)` the
    noise of step i."""
    before = None
    for i, (at, to) in enumerate(zip(moments, moments[1:])):
        if solver["kind"] == "mean-flow":
            x = x - mean_velocity(x, at, to) * (at.t - to.t)
            continue
        x_0 = start(x, at)
        x = step(solver, x, x_0, before, at, to, start, lambda: fresh(i))
        before = at, x_0
    return x


def step(solver, x, x_0, before, at, to, start, fresh):
    """One step from `at` to `to`; `before` is the moment of the step before with its x_0."""
    kind, eta = solver["kind"], solver.get("eta", 0.0)
    noise = lambda x, x_0, at: (x - x_0 * at.alpha) / at.sigma
    line = lambda sigma: x_0 * to.alpha + noise(x, x_0, at) * sigma
    if kind == "euler" or kind == "heun" and (to.sigma == 0 or at.alpha == 0):
        return line(to.sigma)
    if kind == "heun":
        x_s = line(to.sigma)
        slopes = noise(x, x_0, at) + noise(x_s, start(x_s, to), to)
        keep = to.alpha / at.alpha
        return x * keep + slopes * (0.5 * (to.sigma - at.sigma * keep))
    if kind == "euler-ancestral":
        ratio = to.ratio() / at.ratio()
        up = min(eta * to.ratio() * math.sqrt(1 - ratio**2), to.ratio())
        x_s = line(to.alpha * math.sqrt(to.ratio() ** 2 - up**2))
        return x_s + fresh() * (to.alpha * up) if up > 0 else x_s
    if kind == "dpmpp-2m":
        if to.sigma == 0:
            return x_0 * to.alpha
        h, continued = to.log_ratio() - at.log_ratio(), x_0
        if before:
            earlier, x_0_before = before
            r = (at.log_ratio() - earlier.log_ratio()) / h
            continued = x_0 + (x_0 - x_0_before) * (0.5 / r)
        keep = to.sigma / at.sigma * math.exp(-eta * h)
        x_s = x * keep + continued * (to.alpha * -math.expm1(-(1 + eta) * h))
        return x_s + fresh() * (to.sigma * math.sqrt(-math.expm1(-2 * eta * h))) if eta > 0 else x_s
    if kind not in ("ddim", "ancestral"):
        raise unknown("model.ddpm.sampler.solver.kind", kind)
    eta = 1.0 if kind == "ancestral" else eta
    missing = at.sigma**2 - (at.alpha / to.alpha * to.sigma) ** 2
    variance = (eta * to.sigma / at.sigma) ** 2 * missing
    x_s = line(math.sqrt(max(to.sigma**2 - variance, 0.0)))
    if kind == "ancestral" and solver.get("variance") == "fixed-large" and to.sigma > 0:
        variance = missing
    elif kind == "ancestral" and solver.get("variance") == "learned":
        raise unknown("model.ddpm.sampler.solver.variance", "learned")
    return x_s + fresh() * math.sqrt(variance) if variance > 0 else x_s


def guided(guidance, at, told, model, away):
    """The denoiser's x_0 led away from another (crates/ddpm/src/guidance.rs); `told` says whether classes are."""
    scale, interval = guidance["scale"], guidance["interval"]
    nothing_told = guidance["kind"] == "classifier-free" and not told
    if nothing_told or interval and not interval[0] <= at.ratio() <= interval[1]:
        scale = 1.0
    if scale == 1.0:
        return model()
    low = away()
    return low if scale == 0.0 else low + (model() - low) * scale
