"""normflows 1.7.3, `Planar`: no number where w.u is large, and no digits where it is far below 0.

normflows/flows/planar.py, `forward`: `torch.log(1 + torch.exp(inner)) - 1 - inner`. In single precision exp overflows
from 89 on, and the flow is infinite or NaN; below -17, log(1 + exp) is 0, and the determinant, which is
softplus(w.u), is lost. `torch.nn.functional.softplus(inner)` in place of the logarithm mends the first; the
determinant is better made of softplus(w.u) itself than of 1 + w.u. `python tests/peers/bugs/normflows_planar.py
[FOLDER]`
"""

import sys

import torch

sys.path[:0] = sys.argv[1:] or [".peers/normflows-1.7.3"]
from normflows.flows import Planar  # noqa: E402 - the folder comes first

wrong = 0
for product in (1.0, 100.0, -30.0):
    flow = Planar((1,), u=torch.tensor([[product]]), w=torch.ones(1, 1), b=torch.zeros(1))
    with torch.no_grad():
        moved, log_det = flow(torch.zeros(1, 1))
    # at z = 0 the determinant is 1 + (softplus(w.u) - 1) = softplus(w.u), and the point stays
    formula = torch.nn.functional.softplus(torch.tensor(product)).log().item()
    print(
        f"w = 1, u = {product:6}, z = 0: formula 0 and {formula:.4f}, release {moved.item()} and {log_det.item():.4f}"
    )
    wrong += not (moved.item() == 0 and abs(log_det.item() - formula) < 1e-2 * abs(formula))
sys.exit(int(wrong == 0))
