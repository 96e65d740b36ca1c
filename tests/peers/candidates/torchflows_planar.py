"""pip torchflows: `Planar`, one flow after another."""

import numpy as np
import torch
from torchflows.bijections.finite.residual.planar import Planar


def planar_flow(z, u, a, c):
    """Its sigmoid is tanh with all parameters doubled and u taken off; the direction towards the data."""
    z, u, a, c = (torch.from_numpy(np.array(x)) for x in (z, u, a, c))
    log_det = torch.zeros(len(z), dtype=z.dtype)
    with torch.no_grad():
        for k in range(len(u)):
            flow = Planar(z.shape[1:])
            flow.u.data, flow.w.data, flow.b.data = 2 * u[k], 2 * a[k], 2 * c[k]
            z, change = flow.inverse(z)
            z, log_det = z - u[k], log_det + change
    return z.numpy(), log_det.numpy()
