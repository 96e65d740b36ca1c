"""The tournament is held among the fittest members, where it has to be held among members drawn at random."""

import math
from collections import deque

import numpy as np

from tests.wild import Bug

BUG = Bug(
    project="ga-series-forecasting",
    link="https://github.com/walbermr/ga-series-forecasting/issues/21",
    date="2018-05-01",
    operation="lion.ageing",
    kind="missing_step",
)


class Individual:
    def __init__(self, number, error):
        self.number = number
        self.error = error


class Population:
    def __init__(self, size, error):
        self.individuals = deque(Individual(0, error) for _ in range(size))

    def fittest(self, k):
        return sorted(self.individuals, key=lambda i: i.error)[:k]

    def tournament(self, k, draws):
        size = len(self.individuals)
        chosen = [self.individuals[min(math.floor(u * size), size - 1)] for u in draws]
        # was: chosen = self.fittest(k)
        best = chosen[0]
        for other in chosen[1:k]:
            if other.error < best.error:
                best = other
        return best

    def replace_oldest(self, child):
        self.individuals.popleft()
        self.individuals.append(child)


def answer(start_fitness, child_fitness, draws, population):
    members = Population(int(population), start_fitness)
    parents = []
    for number, (error, row) in enumerate(zip(child_fitness, draws, strict=True), start=1):
        parents.append(members.tournament(len(row), row).number)
        members.replace_oldest(Individual(number, error))
    return np.array(parents, dtype=float)
