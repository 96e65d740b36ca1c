"""nevergrad 1.0.12, `HypervolumeIndicator`: points beyond the reference change the volume.

Its documentation: the region that a set of points dominates and that the reference point bounds. Points that do not
dominate the reference bound no such region. nevergrad/optimization/multiobjective/hypervolume.py, `compute`: the code
that it follows leaves them out first, as `points = points[np.all(points < 0, axis=1)]` after the subtraction would.
Its own optimizers keep such points away beforehand. `python tests/peers/bugs/nevergrad_hypervolume.py [FOLDER]`
"""

import sys

import numpy as np

sys.path[:0] = sys.argv[1:] or [".peers/nevergrad-1.0.12"]
from nevergrad.optimization.multiobjective import HypervolumeIndicator  # noqa: E402 - the folder comes first

points = np.array([[-1.0, -1.0], [-2.0, 3.0]])
release = HypervolumeIndicator(np.zeros(2)).compute(points)
beyond = HypervolumeIndicator(np.zeros(2)).compute(np.array([[1.0, 1.0]]))
print(f"minimised, reference (0, 0): (-1, -1) and (-2, 3): formula 1, release {release}")
print(f"(1, 1) alone: formula 0, release {beyond}")
sys.exit(int(bool(np.isclose(release, 1) and np.isclose(beyond, 0))))
