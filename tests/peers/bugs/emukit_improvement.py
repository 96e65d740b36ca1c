"""emukit 0.5.1, `ExpectedImprovement`: no number at a point whose value is known, where the improvement is plain.

emukit/bayesian_optimization/acquisitions/expected_improvement.py, `evaluate`: `standard_deviation * (u * cdf + pdf)`
is 0 times infinity where the variance is 0. Written as `(y_minimum - mean) * cdf + standard_deviation * pdf`, and 0
where both are 0, it is max(y_minimum - mean, 0). `python tests/peers/bugs/emukit_improvement.py [FOLDER]`
"""

import sys

import numpy as np

sys.path[:0] = sys.argv[1:] or [".peers/emukit-0.5.1"]
from emukit.bayesian_optimization.acquisitions import ExpectedImprovement  # noqa: E402 - the folder comes first


class Model:
    Y = np.array([[2.0]])

    def predict(self, X):
        return X, np.zeros_like(X)


with np.errstate(all="ignore"):
    release = ExpectedImprovement(Model()).evaluate(np.array([[1.0], [3.0]]))[:, 0]
print(f"minimised: means 1 and 3, variance 0, best value 2: formula [1. 0.], release {release}")
sys.exit(int(bool(np.allclose(release, [1, 0]))))
