"""pytorch_optimizer 3.11.0, DiffGrad: no friction, no correction of the second moment's bias, no weight decay."""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/pytorch_optimizer-3.11.0"))
from pytorch_optimizer import DiffGrad

grads, lr, beta1, beta2, eps, decay = [1.0, 0.5, -2.0, 0.25], 0.1, 0.9, 0.999, 1e-8, 0.01


def path(friction, corrected, decay):
    theta, m, v, before, thetas = 1.0, 0.0, 0.0, 0.0, []
    for t, g in enumerate(grads, start=1):
        g = g + decay * theta
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        root = np.sqrt(v / (1 - beta2**t)) if corrected else np.sqrt(v)
        xi = 1 / (1 + np.exp(-abs(before - g))) if friction else 1.0
        theta -= lr * xi * m / (1 - beta1**t) / (root + eps)
        before = g
        thetas.append(theta)
    return np.array(thetas)


parameter, got = torch.nn.Parameter(torch.ones(1, dtype=torch.float64)), []
optimizer = DiffGrad([parameter], lr=lr, betas=(beta1, beta2), eps=eps, weight_decay=decay, weight_decouple=False)
for g in grads:
    parameter.grad = torch.tensor([g], dtype=torch.float64)
    optimizer.step()
    got.append(parameter.item())

far = abs(got - path(friction=True, corrected=True, decay=decay)).max()
near = abs(got - path(friction=False, corrected=False, decay=0.0)).max()
print(f"release {got}\nfrom the formula {far:.3g}, from the formula without the three {near:.3g}")
sys.exit(1 if far < 1e-9 else 0 if near < 1e-9 else 2)
