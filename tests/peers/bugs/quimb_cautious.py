"""quimb 1.16.0, CADAM: from its second step on, epsilon is another number.

quimb/tensor/optimize.py, `ADAM.__call__` with `cautious=True`: the rescaled step size is stored in `eps`, the name of
the argument that stands beside the root. `scale = learning_rate * phi.size / (phi.sum() + 1)` and `x - scale * phi * u`
mend it. The method (arXiv:2411.16085) changes which coordinates move, and how far, but not Adam's epsilon.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/quimb-1.16.0"))
import numpy as np
from quimb.tensor.optimize import CADAM

lr, grad = 0.1, np.array([1e-3])
points = []
CADAM()(
    lambda x: 0.0, np.zeros(1), jac=lambda x: grad, learning_rate=lr, maxiter=3, callback=lambda x: points.append(x[0])
)
step = lr / 2 * grad[0] / (grad[0] + 1e-8)  # d / (nnz + 1) = 1 / 2; a constant gradient is its own average
print(f"constant gradient of 0.001, formula after 1 and 2 steps: {-step:.6f} {-2 * step:.6f}")
print(f"release:                                                 {points[1]:.6f} {points[2]:.6f}")
sys.exit(int(np.isclose(points[2], -2 * step)))
