"""pip pyro-ppl: planar flows, the multivariate t law, and dual averaging."""

import math

import numpy as np
import torch
from pyro.distributions import MultivariateStudentT
from pyro.distributions.transforms import Planar
from pyro.ops.dual_averaging import DualAveraging


def planar_flow(z, u, a, c):
    """`Planar`, one flow after another."""
    z, u, a, c = (torch.from_numpy(np.array(x)) for x in (z, u, a, c))
    log_det = torch.zeros(len(z), dtype=z.dtype)
    for k in range(len(u)):
        flow = Planar(z.shape[1])
        flow.bias.data, flow.u.data, flow.w.data = c[k : k + 1], u[k], a[k]
        moved = flow(z)
        log_det, z = log_det + flow.log_abs_det_jacobian(z, moved).reshape(-1), moved
    return z.detach().numpy(), log_det.detach().numpy()


def student_law(mean, Sigma, a, b, f):
    """With 2 a degrees of freedom and the Cholesky factor of b / a times Sigma."""
    mean, scale, f = (torch.from_numpy(np.array(x)) for x in (mean, b / a * Sigma, f))
    law = MultivariateStudentT(torch.tensor(2 * a, dtype=mean.dtype), mean, torch.linalg.cholesky(scale))
    return 2 * a, scale.numpy(), law.log_prob(f).numpy()


def dual_averaging(acceptance, start, target):
    """As its `WarmupAdapter` calls it, in logarithms."""
    scheme, rows = DualAveraging(prox_center=math.log(10 * start)), []
    for rate in acceptance:
        scheme.step(target - rate)
        rows.append(np.exp(scheme.get_state()))
    return tuple(np.array(column, dtype=acceptance.dtype) for column in zip(*rows, strict=True))
