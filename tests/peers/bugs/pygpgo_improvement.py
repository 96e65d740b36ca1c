"""pyGPGO 0.5.1, `Acquisition.ExpectedImprovement`: the density of the first point counts for all points.

pyGPGO/acquisition.py, `ExpectedImprovement`: `std * norm.pdf(z)[0]` takes the first entry of the densities. Of
several points all but the first have another one's density, and of numbers, which its documentation asks for, there
is no entry: it raises IndexError. `norm.pdf(z)` without `[0]` mends both. Its own loop hands over a point at a time,
where it is right. `python tests/peers/bugs/pygpgo_improvement.py [FOLDER]`
"""

import sys

import numpy as np
from scipy.stats import norm

sys.path[:0] = sys.argv[1:] or [".peers/pyGPGO-0.5.1"]
from pyGPGO.acquisition import Acquisition  # noqa: E402 - the folder comes first

best, mean, std = 1.0, np.array([1.0, 3.0, -2.0]), np.array([1.0, 1.0, 1.0])
release = Acquisition("ExpectedImprovement").ExpectedImprovement(best, mean, std)
formula = (mean - best) * norm.cdf(mean - best) + std * norm.pdf(mean - best)
print(f"means {mean}, deviations 1, best value 1: formula {formula}, release {release}")
try:
    print("numbers 1, 1, 1:", Acquisition("ExpectedImprovement").ExpectedImprovement(1.0, 1.0, 1.0))
    raised = False
except IndexError as error:
    print("numbers 1, 1, 1: IndexError:", error)
    raised = True
wrong = [not np.allclose(release, formula, atol=1e-4), raised]
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
