"""hyperopt 0.3.0, `EI_gaussian`: no number at a point whose value is known, where the improvement is plain.

hyperopt/criteria.py, `EI_gaussian`: `sigma * (score * n.cdf(score) + n.pdf(score))` is 0 times infinity where the
variance is 0. Written as `(mean - thresh) * n.cdf(score) + sigma * n.pdf(score)`, and 0 where mean and threshold are
equal as well, it is max(mean - thresh, 0). `python tests/peers/bugs/hyperopt_improvement.py [FOLDER]`
"""

import sys

import numpy as np

sys.path[:0] = sys.argv[1:] or [".peers/hyperopt-0.3.0"]
from hyperopt.criteria import EI_gaussian  # noqa: E402 - the folder comes first

with np.errstate(all="ignore"):
    release = EI_gaussian(np.array([3.0, 1.0]), np.zeros(2), 2.0)
print(f"means 3 and 1, variance 0, threshold 2: formula [1. 0.], release {release}")
sys.exit(int(bool(np.allclose(release, [1, 0]))))
