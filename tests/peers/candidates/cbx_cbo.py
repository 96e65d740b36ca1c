"""pip cbx (PdIPS/CBXpy) as a candidate: its own CBO class, fed with the given draws through its `sampler`."""

import numpy as np
from cbx.dynamics import CBO

OBJECTIVES = {
    "quadratic": lambda v: np.sum(v**2, axis=-1),
    "rastrigin": lambda v: np.sum(v**2 + 2.5 * (1 - np.cos(2 * np.pi * v)), axis=-1),
    "ackley": lambda v: (
        -20 * np.exp(-0.2 * np.sqrt(np.mean(v**2, axis=-1)))
        - np.exp(np.mean(np.cos(2 * np.pi * v), axis=-1))
        + np.e
        + 20
    ),
}


def _dynamic(positions, energy, draws=(), **settings):
    steps = iter(draws)
    return CBO(
        energy,
        f_dim="3D",  # its arrays are [runs, N, d]
        check_f_dims=False,
        x=positions[None],
        sampler=lambda size: next(steps)[None],
        max_it=len(draws),
        track_args={"names": []},
        verbosity=0,
        **settings,
    )


def consensus(positions, energies, alpha):
    """Its `compute_consensus`, with an objective that knows the energies."""
    dynamic = _dynamic(positions, lambda x: energies[None], alpha=alpha)
    dynamic.compute_consensus()
    return dynamic.consensus[0, 0]


def step(positions, energies, noise, alpha, drift, diffusion, dt, noise_type):
    """One `step`."""
    dynamic = _dynamic(
        positions, lambda x: energies[None], [noise], alpha=alpha, lamda=drift, sigma=diffusion, dt=dt, noise=noise_type
    )
    dynamic.step()
    return dynamic.x[0]


def trajectory(positions0, noise, objective, alpha, drift, diffusion, dt, noise_type):
    """K steps; its `consensus` is that of the positions before each step, so it is computed once more at the end."""
    settings = {"alpha": alpha, "lamda": drift, "sigma": diffusion, "dt": dt, "noise": noise_type}
    dynamic, points = _dynamic(positions0, OBJECTIVES[objective], noise, **settings), []
    for _ in noise:
        dynamic.step()
        points.append(dynamic.consensus[0, 0])
    dynamic.compute_consensus()
    return np.stack([*points, dynamic.consensus[0, 0]])
