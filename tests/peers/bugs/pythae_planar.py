"""pythae 0.1.2, `PlanarFlow`: a map that cannot be undone counts as a flow, and 1e-4 is added to its determinant.

pythae/models/normalizing_flows/planar_flow/planar_flow_model.py, `forward`: u is taken as it is, and where w.u < -1
the map folds, so that what it calls a density has a mass of more than 1. Rezende and Mohamed (2015, Appendix A.1)
correct it: `u_hat = u + (softplus(w.u) - 1 - w.u) * w / |w|^2`. And `torch.log(torch.abs(1 + phi @ u.T) + 1e-4)` is
another number than the logarithm of the determinant. u and w are drawn from normal laws at first, so that w.u < -1 is
no rare case.

`python tests/peers/bugs/pythae_planar.py [FOLDER]`
"""

import sys

import torch

sys.path[:0] = sys.argv[1:] or [".peers/pythae-0.1.2"]
from pythae.models.normalizing_flows import PlanarFlow, PlanarFlowConfig  # noqa: E402 - the folder comes first

flow, wrong = PlanarFlow(PlanarFlowConfig(input_dim=(1,), activation="tanh")).double(), 0
x = torch.linspace(-12, 12, 100_001, dtype=torch.float64)[:, None]
for product in (1.0, -4.0):
    flow.w.data[:], flow.u.data[:], flow.b.data[:] = 1.0, product, 0.0
    with torch.no_grad():
        told = flow(x)
    density = torch.exp(torch.distributions.Normal(0.0, 1.0).log_prob(told.out[:, 0]) + told.log_abs_det_jac)
    mass = torch.trapezoid(density, x[:, 0]).item()
    print(f"w = 1, u = {product:4}: mass of its density {mass:.4f}, of any density 1")
    wrong += abs(mass - 1) > 0.1
sys.exit(int(wrong == 0))
