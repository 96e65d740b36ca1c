"""matfree 0.6.3, decomp.tridiag_sym: where the Krylov space closes it goes on with NaN, or with noise.

matfree/decomp.py, `hessenberg` and its steps: a new vector is divided by its length, with no test whether anything is
left. The starts below are spanned by one, and by two, eigenvectors, so that the quadrature has one value, and two. To
stop there, or to go on with vectors of 0 and lengths of 0, mends it.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3] / ".peers/matfree-0.6.3"))
import jax
import numpy as np
from matfree.decomp import tridiag_sym

jax.config.update("jax_enable_x64", True)
wrong = []
for start, right in (([1.0, 0.0, 0.0, 0.0], [1.0]), ([1.0, 1.0, 0.0, 0.0], [1.0, 2.0])):
    A = np.diag([1.0, 2.0, 3.0, 4.0])
    T = np.asarray(tridiag_sym(3)(lambda v, A=A: A @ v, np.array(start)).J_small)
    print(f"start {start}: formula, values {right}; release, diagonal {np.diag(T)}, beside it {np.diag(T, 1)}")
    wrong.append(not abs(T[len(right) - 1, len(right)]) < 1e-6)
sys.exit(int(not any(wrong)))
