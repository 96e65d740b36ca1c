"""What a proof gives: C7."""

from itertools import pairwise, permutations

import numpy as np

from refimpl.core.random import stream
from refimpl.landscape import weight_matching as wm
from refimpl.models.mlp import Layer
from refimpl.specs.base import Claim, Outcome, at_most, within


def _net(rng, *sizes):
    return [Layer(rng.standard_normal(pair), rng.standard_normal(pair[1])) for pair in pairwise(sizes)]


def optimum(seed):
    """With one hidden layer: one assignment against all permutations. With three: visits and their starts."""
    rng = stream(seed, "weight_matching.C7")
    worst = 0.0
    for _ in range(5):
        a, b = _net(rng, 4, 5, 3), _net(rng, 4, 5, 3)
        best = max(float(wm.inner(a, wm.permute(b, [np.array(p)]))) for p in permutations(range(5)))
        worst = max(worst, abs(best - float(wm.match(a, b, [[0]] * 2).objective[-1])) / best)
    a, b = _net(rng, 8, 12, 12, 12, 6), _net(rng, 8, 12, 12, 12, 6)
    paths = [wm.match(a, b, wm.orders(rng, 40, 3)).objective for _ in range(12)]
    fall = max(-np.diff(path).min() for path in paths)
    ends = [float(path[-1]) for path in paths]
    R = []
    for _ in range(200):
        one, other = ([Layer(rng.standard_normal((30, 12)), np.zeros(12))] for _ in range(2))
        R.append(float(wm.alignment(one, other, [])))

    def plot(figure):
        left, right = figure.subplots(1, 2)
        for path in paths:
            left.plot(range(1, len(path) + 1), path, ".-", color="#D55E00", alpha=0.6)
        left.set(xlabel="visit", ylabel="inner product", title="Never down, many ends")
        right.hist(R, bins=20, color="#0072B2")
        for bound in (0.8, 1.2):  # of the standard deviation
            right.axvline(bound / 360**0.5, color="black", linestyle="--", linewidth=0.8)
        right.axvspan(-np.std(R), np.std(R), color="0.45", alpha=0.2, linewidth=0)
        right.set(xlabel=r"$R$", title="R of independent matrices, 30 x 12")

    return Outcome(
        [
            at_most(
                "one hidden layer: relative distance of one assignment from the best of all permutations", worst, 1e-12
            ),
            at_most("three hidden layers: largest fall of the inner product in a visit", fall, 1e-9),
            within(
                "standard deviation of R of independent matrices, times the root of 360", np.std(R) * 360**0.5, 0.8, 1.2
            ),
            within("least inner product reached from twelve orders / largest", min(ends) / max(ends), 0.5, 0.9999),
        ],
        plot,
        "Random normal networks.",
    )


CLAIMS = (
    Claim(
        "weight_matching.C7",
        "Coordinate ascent never goes down; with one hidden layer one assignment is the global optimum; R of "
        "independent m x n matrices scatters by 1 / sqrt(m n) around 0",
        "Git Re-Basin, Section 3.2; derivation",
        optimum,
        kind="identity",
    ),
)
