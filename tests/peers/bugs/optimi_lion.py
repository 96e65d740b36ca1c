"""torch-optimi, Lion: where the factor of the decay is 0 the parameters do not decay at all."""

import sys

import torch
from optimi import Lion


def step(decay, **settings):
    """One step from 3 along a gradient of 1, with a step size of 1/2."""
    parameter = torch.nn.Parameter(torch.full((1,), 3.0, dtype=torch.float64))
    parameter.grad = torch.ones(1, dtype=torch.float64)
    Lion([parameter], lr=0.5, weight_decay=decay, **settings).step()
    return parameter.item()


wrong = False
for name, decay, settings in (("default", 2.0, {}), ("decouple_lr=True", 1.0, {"decouple_lr": True})):
    for wd in (0.999 * decay, decay):
        factor = 1 - (wd if settings else 0.5 * wd)
        right, got = 3 * factor - 0.5, step(wd, **settings)
        wrong = wrong or abs(got - right) > 1
        print(f"{name}, weight_decay={wd:g}: formula {right:.4f}, release {got:.4f}")
sys.exit(int(bool(not wrong)))
