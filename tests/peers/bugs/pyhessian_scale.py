"""PyHessian 0.1, density: of a flat landscape the eigenvalues are wrong.

pyhessian/utils.py, `normalization`: a vector is divided by its length plus 1e-6. New Lanczos vectors have the length of
what the curvature leaves of them, so that they are not of length 1 where the curvature is no more than 1e-6, and
elsewhere the values have six digits. `v / s` mends it, with a test that the length is not 0. Beside it, `density` calls
`torch.eig`, which PyTorch 1.13 and later do not have; `torch.linalg.eigh(T)` has taken its place.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/pyhessian-0.1"))
import torch
from pyhessian import hessian

torch.manual_seed(0)
torch.eig = lambda T, eigenvectors: (lambda found: (found[0][:, None], found[1]))(torch.linalg.eigh(T))
apart = []
for scale in (1.0, 1e-6):
    H = scale * torch.tensor([[1.0, 0.5, 0.0], [0.5, 2.0, 0.7], [0.0, 0.7, 4.0]])
    model = torch.nn.Module()
    model.weights = torch.nn.Parameter(torch.zeros(3))
    model.forward = lambda inputs, model=model: model.weights
    asked = hessian(model, lambda w, H: w @ H @ w / 2, data=(None, H), cuda=False)
    values = torch.tensor(asked.density(iter=3)[0][0])
    right = torch.linalg.eigvalsh(H)
    print("three steps in three dimensions: formula", right.tolist())
    print("                                 release", values.tolist())
    apart.append(float((values / right - 1).abs().max()))
sys.exit(int(max(apart) < 1e-4))
