"""A step of Adaptive Guidance beside guider and solver of diffusers, and the fit of LinearAG beside LAPACK's."""

import functools

import numpy as np

from benchmarks import _measure
from refimpl.core.random import stream
from refimpl.generative import adaptive_guidance as ag

SAMPLES, COORDINATES = 64, 4 * 64 * 64  # latents of images of 512 x 512 pixels
LEVELS = {"ab": 0.25, "ab_next": 0.3}


@functools.cache
def predictions(samples, coordinates=COORDINATES):
    """Iterates, and two predictions that nearly agree."""
    x, eps, apart = stream(0, "adaptive_guidance-benchmark").standard_normal((3, samples, coordinates))
    return x, eps, eps + 0.1 * apart


def step(samples):
    """Checks included."""
    x, eps_c, eps_u = predictions(samples)
    state = ag.init(x)
    return lambda: ag.update(state, eps_c, eps_u, s=7.5, gamma_bar=0.991, **LEVELS)


def plain(samples):
    """Guidance and solver in NumPy, without cosine or checks."""
    x, eps_c, eps_u = predictions(samples)
    A, B = (0.3 / 0.25) ** 0.5, 0.7**0.5 - (0.3 * 0.75 / 0.25) ** 0.5
    return lambda: A * x + B * (eps_u + 7.5 * (eps_c - eps_u))


def theirs(samples):
    """The guider and the scheduler of diffusers and PyTorch's cosine, on tensors that share our memory."""
    import torch
    from diffusers import DDIMScheduler
    from diffusers.guiders import ClassifierFreeGuidance

    torch.set_num_threads(_measure.threads())
    scheduler = DDIMScheduler(num_train_timesteps=2, clip_sample=False)
    scheduler.set_timesteps(2)
    scheduler.alphas_cumprod = torch.tensor([LEVELS["ab_next"], LEVELS["ab"]], dtype=torch.float64)
    guider = ClassifierFreeGuidance(guidance_scale=7.5)
    x, eps_c, eps_u = (torch.from_numpy(a) for a in predictions(samples))

    def one():
        torch.nn.functional.cosine_similarity(eps_c, eps_u, dim=-1)
        return scheduler.step(guider.forward(eps_c, eps_u).pred, 1, x).prev_sample

    return one


@functools.cache
def recorded(paths):
    """Predictions of ten steps."""
    return stream(1, "adaptive_guidance-benchmark").standard_normal((2, 10, paths, 64))


def fit(paths):
    """Of the last of these steps: 19 regressors."""
    E_c, E_u = recorded(paths)
    return lambda: ag.fit_linear(E_c, E_u, 9)


def lapack(paths):
    """The same by NumPy's least squares."""
    E_c, E_u = recorded(paths)
    F = np.concatenate([E_c, E_u[:9]]).reshape(19, -1).T
    return lambda: F @ np.linalg.lstsq(F, E_u[9].ravel(), rcond=None)[0]


def run():
    peers, missing = _measure.peers({"diffusers, guider and DDIMScheduler": functools.partial(theirs, SAMPLES)})
    steps = {"refimpl": step(SAMPLES), "NumPy, without cosine": plain(SAMPLES), **peers}
    fits = {"refimpl, by the pseudoinverse": fit(200), "NumPy, lstsq": lapack(200)}
    found = [
        _measure.Workload(
            f"one step, {SAMPLES} samples of {COORDINATES:,} coordinates, float64",
            [
                *_measure.rows(steps, 7),
                *missing,
                _measure.limit(4 * 8 * SAMPLES * COORDINATES, "three arrays read, one written"),
            ],
            [_measure.growth("n", [8, 16, 32, 64], step, 1.0)],
            "Guidance, cosine, flags, count and solver, without the network, one of whose two evaluations it saves.",
        ),
        _measure.Workload(
            "LinearAG, fit of step 9 from 200 paths of 64 coordinates, float64",
            _measure.rows(fits, 5),
            [_measure.growth("paths", [100, 200, 400, 800], fit, 1.0)],
        ),
    ]
    predictions.cache_clear()
    recorded.cache_clear()
    return found
