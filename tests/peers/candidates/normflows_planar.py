"""pip normflows: `Planar`, one flow after another."""

import numpy as np
import torch
from normflows.flows import Planar


def planar_flow(z, u, a, c):
    """Its parameters are rows."""
    z, u, a, c = (torch.from_numpy(np.array(x)) for x in (z, u, a, c))
    log_det = torch.zeros(len(z), dtype=z.dtype)
    with torch.no_grad():
        for k in range(len(u)):
            z, change = Planar(z.shape[1:], u=u[k : k + 1], w=a[k : k + 1], b=c[k : k + 1])(z)
            log_det = log_det + change
    return z.numpy(), log_det.numpy()
