"""laplace-torch 0.3, full curvature: of a network in double precision it is computed in single, or fails."""

import sys

import torch
from laplace import Laplace
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
double = {"dtype": torch.float64}
x = torch.tensor([[0.3, -0.7], [1.1, 0.4], [-0.2, 0.9]], **double)
model = torch.nn.Sequential(torch.nn.Linear(2, 3, **double), torch.nn.Tanh(), torch.nn.Linear(3, 1, **double))
posterior = Laplace(model, "regression", subset_of_weights="all", hessian_structure="full")
posterior.fit(DataLoader(TensorDataset(x, x[:, :1]), batch_size=3))
jacobian = torch.cat([posterior.backend.jacobians(row[None])[0][0] for row in x])
apart = float((posterior.H - jacobian.T @ jacobian).abs().max())
print(f"formula: the sum of J^T J\nrelease: {posterior.H.dtype}, and {apart:.1e} away from it")
try:
    line = Laplace(torch.nn.Linear(1, 1, **double), "regression", subset_of_weights="all", hessian_structure="full")
    line.fit(DataLoader(TensorDataset(x[:, :1], x[:, 1:])))
    became = "fitted"
except RuntimeError as error:
    became = f"RuntimeError: {error}"
print(f"release, of one weight and one bias: {became}")
sys.exit(int(apart < 1e-12 and became == "fitted"))
