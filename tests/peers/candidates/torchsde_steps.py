"""pip torchsde: a step of its Euler-Maruyama method."""

import math

import numpy as np
import torch
import torchsde

from refimpl.oracle.candidates import NotApplicable


class _Given(torchsde.BaseBrownian):
    """Its increment is given."""

    dtype, device, levy_area_approximation = torch.float64, torch.device("cpu"), "none"
    shape = property(lambda self: self.increment.shape)

    def __init__(self, increment):
        super().__init__()
        self.increment = increment

    def __call__(self, ta, tb=None, return_U=False, return_A=False):
        return self.increment

    def __repr__(self):
        return "given"

    def size(self):
        return self.shape


def sampler_step(kind, x, slopes, rates, offsets, t, t_next, epsilon, xi):
    """Of dx = (b + epsilon s) dt + sqrt(2 epsilon) dW."""
    if kind != "em":
        raise NotApplicable("asked for its Euler-Maruyama method")
    if not t < t_next:
        raise NotApplicable("its times rise")
    A, r, o = (torch.from_numpy(np.array(a[0] + epsilon * a[1])) for a in (slopes, rates, offsets))

    class Equation(torch.nn.Module):
        noise_type, sde_type = "diagonal", "ito"

        def f(self, t, x):
            return x @ A.T + t * r + o

        def g(self, t, x):
            return torch.full_like(x, math.sqrt(2 * epsilon))

    start = torch.from_numpy(np.array(x))
    times = torch.tensor([t, t_next], dtype=start.dtype)
    drawn = _Given(torch.from_numpy(np.array(xi)) * math.sqrt(t_next - t))
    return torchsde.sdeint(Equation(), start, times, bm=drawn, method="euler", dt=t_next - t)[-1].numpy()
