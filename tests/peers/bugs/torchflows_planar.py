"""torchflows 1.2.1, `Planar`: a map that cannot be undone counts as a bijection.

torchflows/bijections/finite/residual/planar.py, `inverse`: u is taken as it is. Its slope is a sigmoid's, at most
1/4, so that the map folds where w.u < -4, and the same point has several sources; u and w are drawn from normal laws
at first. Rezende and Mohamed (2015, Appendix A.1) correct u for tanh; here `u_hat = u + (4 * softplus(w.u / 4 + 1) -
4 - w.u) * w / |w|^2`, say, keeps w.u above -4. `python tests/peers/bugs/torchflows_planar.py [FOLDER]`
"""

import sys

import torch

sys.path[:0] = sys.argv[1:] or [".peers/torchflows-1.2.1"]
from torchflows.bijections.finite.residual.planar import Planar  # noqa: E402 - the folder comes first

flow, wrong = Planar((1,)).double(), 0
z = torch.linspace(-12, 12, 100_001, dtype=torch.float64)[:, None]
for product in (1.0, -16.0):
    flow.w.data[:], flow.u.data[:], flow.b.data = torch.ones(1), torch.full((1,), product), torch.tensor(0.0).double()
    with torch.no_grad():
        x, _ = flow.inverse(z)
    falls = int((x[1:] < x[:-1]).sum())
    print(f"w = 1, u = {product:5}: of 100,000 steps to the right a bijection turns none, release {falls} to the left")
    wrong += 0 < falls < 100_000
sys.exit(int(wrong == 0))
