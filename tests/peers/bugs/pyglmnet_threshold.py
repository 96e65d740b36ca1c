"""pyglmnet 1.1, GLM of a normal law with an L1 penalty: the threshold is not multiplied by the step size.

pyglmnet/pyglmnet.py, `fit`: after a gradient step of length `learning_rate` (0.2 by default) coefficients are shrunk
by `reg_lambda * alpha`; the proximal step of the documented objective shrinks by `learning_rate * reg_lambda * alpha`.
As it is, the penalty weighs 1 / learning_rate = 5 times as much as asked for. With solver="cdfast" the Newton step of
a coordinate has the length 1 / hk, and the threshold should be divided by hk; and a coefficient that has once been 0
is never tried again (`ActiveSet`).
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/pyglmnet-1.1"))
import numpy as np
from pyglmnet import GLM

vars(np)["float"] = float  # the release is older than NumPy 1.24
X = np.array([[2.0, 0.0], [0.0, 1.0]])  # orthogonal: each coefficient is shrunk by itself
y, lam = np.array([4.0, 3.0]), 0.5
h = (X**2).mean(axis=0)
right = np.maximum((X * y[:, None]).mean(axis=0) - lam, 0) / h
wrong = []
print("formula                ", right)
for solver in ("batch-gradient", "cdfast"):
    model = GLM(
        distr="gaussian", alpha=1.0, reg_lambda=lam, fit_intercept=False, solver=solver, tol=1e-12, max_iter=5000
    )
    got = model.fit(X, y).beta_
    print(f"release, {solver:14}", got)
    wrong.append(bool(np.abs(got - right).max() > 0.01))
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
