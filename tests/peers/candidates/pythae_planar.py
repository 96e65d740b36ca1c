"""pip pythae: `PlanarFlow`, one flow after another."""

import numpy as np
import torch
from pythae.models.normalizing_flows import PlanarFlow, PlanarFlowConfig


def planar_flow(z, u, a, c):
    """With tanh, which is not its default."""
    z, u, a, c = (torch.from_numpy(np.array(x)) for x in (z, u, a, c))
    log_det = torch.zeros(len(z), dtype=z.dtype)
    with torch.no_grad():
        for k in range(len(u)):
            flow = PlanarFlow(PlanarFlowConfig(input_dim=z.shape[1:], activation="tanh"))
            flow.u.data, flow.w.data, flow.b.data = u[k : k + 1], a[k : k + 1], c[k : k + 1]
            told = flow(z)
            z, log_det = told.out, log_det + told.log_abs_det_jac
    return z.numpy(), log_det.numpy()
