"""Experiments with tours and triangulations: better than chance, and not as good as rules of thumb."""

import itertools

import numpy as np

from refimpl.attention import _pointer_net_tasks as tasks
from refimpl.attention import pointer_net as pn
from refimpl.core.random import stream
from refimpl.specs.attention.pointer_net.claims import runs
from refimpl.specs.attention.pointer_net.claims.runs import BLUE, GREEN, GREY, ORANGE
from refimpl.specs.base import Claim, Outcome, at_least, at_most, reported


def tours(seed):
    """Tours through five cities, against rules of thumb."""
    w, _ = runs.trained("tour", seed, lengths=(5,))
    rows = {}
    for n in (5, 6):
        P, C = runs.tested("tour", seed, n)
        best = tasks.tour_length(P, C)
        ratio = lambda tour, P=P, best=best: float(np.mean(tasks.tour_length(P, tour) / best))
        rows[n] = {
            "pointer network": ratio(pn.decode(w, P, rule="tour").indices[:, : n + 1]),
            "random": ratio(runs.random_tours(stream(seed, "pointer_net", "random-tours"), P)),
            **{
                kind: ratio(tasks.tour_heuristics(P, kind).C)
                for kind in ("nearest", "two_opt", "christofides", "angular")
            },
        }
        if n == 5:
            rows[n]["known input"] = ratio(runs.neighbours(P, runs.data("tour", seed, "train", n, 8000)))
    five = rows[5]

    def plot(figure):
        axes = figure.subplots()
        names = sorted(five, key=five.__getitem__)
        color = {"pointer network": BLUE, "random": GREY}
        axes.barh([n.replace("_", "-") for n in names], [five[n] - 1 for n in names],
                  color=[color.get(n, ORANGE) for n in names])  # fmt: skip
        axes.set(xlabel="longer than the best tour of 5 cities by")

    return Outcome(
        [
            at_most("mean length over that of the best tour, 5 cities", five["pointer network"], 1.15),
            at_most("the same, less that of the nearest city", five["pointer network"] - five["nearest"], 0.0),
            at_least("the same of random tours", five["random"], 1.18),
            *(reported(f"the same, {name.replace('_', '-')}", five[name])
              for name in ("nearest", "two_opt", "christofides", "angular", "known input")),
            reported("6 cities, none seen in training", rows[6]["pointer network"]),
            reported("6 cities, random", rows[6]["random"]),
        ],
        plot,
        "48 units, 2000 steps of Adam on batches of 64 from 8000 inputs of 5 cities; greedy, valid tours alone.",
    )  # fmt: skip


def triangulations(seed):
    """Triangulations of five points, against rules of thumb."""
    w, _ = runs.trained("delaunay", seed, lengths=(5,), count=12000)
    P, C = runs.tested("delaunay", seed, 5)
    accuracy, coverage = runs.shares(tasks.triangle_score(P, pn.decode(w, P, steps=C.shape[1]).indices))
    triples = np.array([*itertools.combinations(range(1, 6), 3)])
    counts = np.sum(C > 0, axis=1) // 3
    corners = np.take_along_axis(P[:, None, :, :], triples[None, :, :, None] - 1, axis=2)
    perimeters = np.sum(np.linalg.norm(corners - np.roll(corners, 1, axis=2), axis=-1), axis=-1)
    rng = stream(seed, "pointer_net", "random-triangles")
    keys = {"random": rng.uniform(size=perimeters.shape), "smallest perimeter": perimeters}
    scores = {"pointer network": coverage}
    for name, key in keys.items():
        order = triples[np.argsort(key, axis=1)]
        taken = np.where((np.arange(10) < counts[:, None])[..., None], order, -1).reshape(len(P), -1)
        scores[name] = runs.shares(tasks.triangle_score(P, taken))[1]
    near = runs.neighbours(P, runs.data("delaunay", seed, "train", 5, 12000))
    exact, scores["known input"] = runs.shares(tasks.triangle_score(P, near))

    def plot(figure):
        axes = figure.subplots()
        colors = {"pointer network": BLUE, "random": GREY, "smallest perimeter": ORANGE, "known input": GREEN}
        names = sorted(scores, key=scores.__getitem__)
        axes.barh(names, [scores[n] for n in names], color=[colors[n] for n in names])
        axes.set(xlabel="share of the true triangles of 5 points", xlim=(0, 1))

    return Outcome(
        [
            at_least("share of the true triangles, above random triangles", coverage - scores["random"], 0.05),
            at_least("the same, above those of smallest perimeter", coverage - scores["smallest perimeter"], 0.0),
            reported("share of the true triangles", coverage),
            reported("exact triangulations", accuracy),
            *(reported(f"share of the true triangles, {name}", scores[name])
              for name in ("random", "smallest perimeter", "known input")),
            reported("exact triangulations, known input", exact),
        ],
        plot,
        "48 units, 2000 steps of Adam on batches of 64 from 12,000 inputs of 5 points; greedy answers.",
    )  # fmt: skip


_PROXY = "48 units and 128,000 draws stand for 256 to 512 units and a million inputs"
_TUNED = "scale of the weights and step size, on hulls"
CLAIMS = (
    Claim("pointer_net.C4", "a pointer network learns short tours from examples", "abstract; table of tours", tours,
          tier="full", kind="superiority", showed="as good", proxy=_PROXY, tuned=_TUNED,
          control="rules of thumb that learn nothing: all are better, the order of the angles by 0.1"),
    Claim("pointer_net.C5", "a pointer network learns Delaunay triangulations from examples", "abstract; Sec. 4.3",
          triangulations, tier="full", kind="superiority", showed="as good", proxy=_PROXY, tuned=_TUNED,
          control="triangles of smallest perimeter, and the answer of the nearest known input: both are better"),
)  # fmt: skip
