"""inspyred 1.0.3, `hypervolume`: points that do not dominate the reference add to the volume.

inspyred/ec/analysis.py, `hypervolume`: sides are `math.fabs(p[k] - ref[k])`, so that what is below the reference
counts like what is above it. `ps = [p for p in pareto_set if all(p[k] > ref[k] for k in range(n))]` before the sort,
and 0 where none is left, mends it. The default reference is the best of each objective, which no point dominates: of
one point it makes 0, and of worse points more. `python tests/peers/bugs/inspyred_hypervolume.py [FOLDER]`
"""

import sys

sys.path[:0] = sys.argv[1:] or [".peers/inspyred-1.0.3"]
from inspyred.ec.analysis import hypervolume  # noqa: E402 - the folder comes first

release = hypervolume([[-1.0, -2.0]], [0.0, 0.0])
print(f"maximised, reference (0, 0), the point (-1, -2): formula 0, release {release}")
print(
    "without a reference: (0, 3), (3, 0):",
    hypervolume([[0, 3], [3, 0]]),
    " (2, 3), (3, 2):",
    hypervolume([[2, 3], [3, 2]]),
)
sys.exit(int(release == 0))
