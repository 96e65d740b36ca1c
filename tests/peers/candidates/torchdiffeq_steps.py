"""pip torchdiffeq: a step of its Runge-Kutta method."""

import numpy as np
import torch
from torchdiffeq import odeint

from refimpl.oracle.candidates import NotApplicable


def sampler_step(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    """Of dx = b dt, with the method "rk4"."""
    if kind != "rk4":
        raise NotApplicable("it solves ordinary equations")
    if t == t_next:
        raise NotApplicable("its times must move")
    slope, rate, offset = (torch.from_numpy(np.array(a[0])) for a in (slopes, rates, offsets))
    times = torch.tensor([t, t_next], dtype=slope.dtype)
    return odeint(lambda t, x: x @ slope.T + t * rate + offset, torch.from_numpy(np.array(x)), times, method="rk4")[
        -1
    ].numpy()
