"""SciPy 1.17, burr12: the log density is minus infinity where s^c overflows, though it is an ordinary number."""

import math
import sys
import warnings

import numpy as np
from scipy import stats

s, c, d = 1e20, 20.0, 1.0
right = math.log(c * d) + (c - 1) * math.log(s) - (d + 1) * np.logaddexp(0.0, c * math.log(s))
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    release = stats.burr12(c, d).logpdf(s)
print(f"formula {right}\nrelease {release}")
sys.exit(int(bool(np.isclose(release, right))))
