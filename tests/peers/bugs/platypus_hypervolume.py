"""Platypus 1.4.1, `Hypervolume`: with one objective the length is squared.

platypus/indicators.py, `calc_internal`: for fewer than three objectives an area is made, the first objective times
the last one, and with one objective both are the same. `if nobjs < 2: return max(s.normalized_objectives[0] for s in
solutions[:nsols])` at its head mends it. `python tests/peers/bugs/platypus_hypervolume.py [FOLDER]`
"""

import sys

sys.path[:0] = sys.argv[1:] or [".peers/platypus-opt-1.4.1"]
from platypus import Hypervolume, Problem, Solution  # noqa: E402 - the folder comes first

solution = Solution(Problem(0, 1))
solution.objectives[:], solution.evaluated, solution.feasible = [0.5], True, True
release = Hypervolume(minimum=[0.0], maximum=[1.0]).calculate([solution])
print(f"one objective of 0.5 between 0 and 1, minimised: length 0.5, release {release}")
sys.exit(int(abs(release - 0.5) < 1e-12))
