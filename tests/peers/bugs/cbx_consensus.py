"""cbx, consensus point: weights that are not divided by their sum, beside a large alpha E."""

import sys

import numpy as np
from cbx.dynamics import CBO

positions = np.ones((1, 200, 2))
dynamic = CBO(
    lambda x: np.full(x.shape[:2], 1000.0), f_dim="3D", check_f_dims=False, x=positions, alpha=1e15, verbosity=0
)
dynamic.compute_consensus()
got = dynamic.consensus[0, 0]
print(f"200 particles at (1, 1), all with E = 1000, alpha = 1e15: formula [1. 1.], release {got}")
sys.exit(int(bool(np.allclose(got, 1))))
