"""pip Platypus-Opt: `Hypervolume`, in a box between the reference and the best values."""

import numpy as np
from platypus import Hypervolume, Problem, Solution


def hypervolume(values, reference):
    """It minimises, and divides by the sides of the box."""
    best = values.max(axis=0)
    best = np.where(best > reference, best, reference + 1)
    problem, solutions = Problem(0, len(reference)), []
    for row in -values:
        solution = Solution(problem)
        solution.objectives[:] = row.tolist()
        solution.evaluated, solution.feasible = True, True
        solutions.append(solution)
    indicator = Hypervolume(minimum=(-best).tolist(), maximum=(-reference).tolist())
    return indicator.calculate(solutions) * np.prod(best - reference)
