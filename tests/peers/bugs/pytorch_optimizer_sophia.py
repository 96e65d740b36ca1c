"""pytorch_optimizer 3.11.0, SophiaH: its first 2 k - 1 steps have no curvature, and with update_period=1 it raises.

Printed is which curvature the optimizer has after each call. The loss of call t has the Hessian t. With beta2 = 0 the
average is the newest estimate that was taken in.
"""

import sys
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/pytorch_optimizer-3.11.0"))
from pytorch_optimizer import SophiaH


def curvatures(k, calls):
    parameter, seen = torch.nn.Parameter(torch.ones(1, dtype=torch.float64)), []
    optimizer = SophiaH([parameter], betas=(0.9, 0.0), update_period=k, hessian_distribution="rademacher")
    for t in range(1, calls + 1):
        parameter.grad = None
        (t * parameter**2 / 2).sum().backward(create_graph=True)
        optimizer.step()
        seen.append(optimizer.state[parameter]["hessian_moment"].item())
    return seen


k, calls = 3, 12
right = [float(t - (t - 1) % k) for t in range(1, calls + 1)]
got = curvatures(k, calls)
print(f"the paper {right}\nrelease   {got}")
try:
    curvatures(1, 2)
    raised = "nothing"
except KeyError as error:
    raised = f"KeyError {error}"
print(f"with update_period=1 it raises {raised}")
wrong = [got != right, raised != "nothing"]
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
