"""hypergrad 0.0.1, `conjugate_gradient`: new directions are made of the old residual, and lr alters the residual.

hypergrad/approx_hypergrad.py, `conjugate_gradient`: the next direction is made of the residual of the step before,
`_ps = foreach(rs, ps, ...)`; conjugate gradients take the new one, `_ps = foreach(_rs, ps, torch.add, alpha=beta)`.
Beside it, the residual loses `alpha` times the product with the Hessian, where `alpha` was divided by `lr`: for any
lr but 1 it should lose `alpha * lr` times it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/hypergrad-0.0.1"))
import torch
from hypergrad.approx_hypergrad import conjugate_gradient

H = torch.tensor([[2.0, 1.0], [1.0, 3.0]], dtype=torch.float64)
b = torch.tensor([1.0, 2.0], dtype=torch.float64)
zeros = (torch.zeros(2, dtype=torch.float64),)
inner = lambda y, x: y[0] @ H @ y[0] / 2 - x[0] @ y[0]  # so that the hyper-gradient is H^-1 b
outer = lambda y, x: b @ y[0] + 0 * x[0].sum()
right, wrong = torch.linalg.solve(H, b), []
print("formula, after two steps exactly ", right.tolist())
for lr in (1.0, 0.5):
    got = conjugate_gradient(inner, outer, zeros, zeros, num_iters=2, lr=lr)[0]
    print(f"release, two steps with lr = {lr:g}   ", got.tolist())
    wrong.append(bool((got - right).abs().max() > 0.01))
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
