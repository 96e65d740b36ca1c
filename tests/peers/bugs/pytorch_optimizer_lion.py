"""pytorch_optimizer 2.7.0, Lion: the momentum is mixed twice per step and its new value decides the sign."""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/pytorch_optimizer-2.7.0"))
from pytorch_optimizer import Lion

grads, lr, beta1, beta2 = [1.0, -0.085, -0.81, 0.0], 1.0, 0.9, 0.99

theta, m, right = 0.0, 0.0, []
for g in grads:
    theta -= lr * np.sign(beta1 * m + (1 - beta1) * g)
    m = beta2 * m + (1 - beta2) * g
    right.append(float(theta))

parameter, got = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64)), []
optimizer = Lion([parameter], lr=lr, betas=(beta1, beta2), weight_decay=0.0)
for g in grads:
    parameter.grad = torch.tensor([g], dtype=torch.float64)
    optimizer.step()
    got.append(parameter.item())

print(f"formula {right}\nrelease {got}")
sys.exit(int(bool(got == right)))
