"""SciPy 1.17, burr12, halfcauchy: a log density is minus infinity where a power overflows; it is an ordinary number."""

import math
import sys
import warnings

import numpy as np
from scipy import stats

s, c, d = 1e20, 20.0, 1.0
burr = math.log(c * d) + (c - 1) * math.log(s) - (d + 1) * np.logaddexp(0.0, c * math.log(s))
cauchy = math.log(2 / math.pi) - 2 * math.log(1e200)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    release = stats.burr12(c, d).logpdf(s), stats.halfcauchy.logpdf(1e200)
print(f"formula {burr}, {cauchy}\nrelease {release[0]}, {release[1]}")
wrong = [not np.isclose(release[0], burr), not np.isclose(release[1], cauchy)]
sys.exit(0 if all(wrong) else 2 if any(wrong) else 1)
