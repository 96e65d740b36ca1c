"""pytorch_optimizer 3.11.0, AdaHessian with update_period > 1: the first steps divide by eps alone."""

import sys
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/pytorch_optimizer-3.11.0"))
from pytorch_optimizer import AdaHessian

lr, beta1, beta2, eps, curvature = 0.1, 0.9, 0.999, 1e-4, 4.0

right = 1.0 - lr * curvature * 1.0 / (np.sqrt(curvature**2) + eps)  # both averages are exact in the first step

parameter = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
optimizer = AdaHessian([parameter], lr=lr, betas=(beta1, beta2), eps=eps, update_period=2)
(curvature * parameter**2 / 2).sum().backward(create_graph=True)
optimizer.step()

print(f"first step on 4 theta^2 / 2 from theta = 1: formula {right:.6f}, release {parameter.item():.6f}")
sys.exit(int(abs(parameter.item() - right) < 1e-6))
