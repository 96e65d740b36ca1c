"""group-lasso 1.5.0, GroupLasso: the penalty weighs twice as much as asked for.

group_lasso/_fista.py, `_update_step`: the step is `0.5 * self.smooth_grad(momentum_x) / lipschitz`, but the proximal
map that follows takes the penalty over `lipschitz`, without the half. Leaving out `0.5 *` mends it (the gradient is
that of the loss, which has its half already; with a constant of the largest eigenvalue the step is then 1 / L).
"""

import sys
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/group-lasso-1.5.0"))
import numpy as np
from group_lasso import GroupLasso

warnings.simplefilter("ignore")
X, y, reg = np.eye(2), np.array([[4.0], [3.0]]), 0.5
model = GroupLasso([0, 1], group_reg=reg, l1_reg=0, scale_reg="none", fit_intercept=False, supress_warning=True)
model.set_params(n_iter=5000, tol=1e-12).fit(X, y)
loss = lambda w: 0.5 * np.mean((X @ w - y[:, 0]) ** 2) + reg * np.abs(w).sum()  # as its `loss` has it
right, got = y[:, 0] - 2 * reg, model.coef_[:, 0]  # each coefficient shrinks by reg n / (x^T x), n = 2
print(f"formula {right}, loss {loss(right):.4f}\nrelease {got}, loss {loss(got):.4f}, by itself {model.loss(X, y):.4f}")
sys.exit(int(np.abs(got - right).max() < 1e-3))
