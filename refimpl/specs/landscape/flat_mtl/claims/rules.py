"""What the aggregators promise, and what a step costs: C5, C6."""

from unittest import mock

import numpy as np

from refimpl.core.random import stream
from refimpl.landscape import _flat_mtl_models as models
from refimpl.landscape import flat_mtl
from refimpl.specs.base import Claim, Outcome, at_most, within

ORANGE, BLUE, GREEN, PINK, GREY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "0.45"
COLORS = {"mgda": ORANGE, "pcgrad": GREEN, "cagrad": BLUE, "imtl_g": PINK, "mean": "black"}
NAMES = {"mgda": "MGDA", "pcgrad": "PCGrad", "cagrad": "CAGrad", "imtl_g": "IMTL-G", "mean": "mean"}


def duality_gap(G, d, weights):
    """How far the worst descent of CAGrad's direction is from the value of the dual at its weights, which bounds it."""
    w = weights - 1 / len(G)
    g_w, mean = w / w.sum() @ G, G.mean(axis=0)
    return abs(np.min(G @ d) - g_w @ mean - 0.4 * np.linalg.norm(mean) * np.linalg.norm(g_w))


def properties(seed):
    """How far each rule is from what defines it, on 60 random sets of gradients."""
    rng, worst = stream(seed, "flat_mtl.C5"), dict.fromkeys(("mgda", "cagrad", "imtl_g", "pcgrad"), 0.0)
    dual = 0.0
    for k in range(60):
        m = 2 + k % 3
        G = rng.standard_normal((m, m + int(rng.integers(0, 5))))
        direction = {method: flat_mtl.aggregate(method, G, rescale=0).direction for method in worst}
        mean, unit = G.mean(axis=0), G / np.linalg.norm(G, axis=1, keepdims=True)
        found = {
            "mgda": np.max(direction["mgda"] @ direction["mgda"] - G @ direction["mgda"]),
            "cagrad": abs(np.linalg.norm(direction["cagrad"] - mean) / (0.4 * np.linalg.norm(mean)) - 1),
            "imtl_g": np.ptp(unit @ direction["imtl_g"]),
            "pcgrad": max(0.0, -np.min(G @ direction["pcgrad"])) if m == 2 else 0.0,
        }
        dual = max(dual, duality_gap(G, direction["cagrad"], flat_mtl.aggregate("cagrad", G, rescale=0).weights))
        worst = {method: max(worst[method], value) for method, value in found.items()}

    def plot(figure):
        axes = figure.subplots()
        pair = np.array([[2.0, 0.3], [-0.8, 0.9]])
        for i, g in enumerate(pair):
            axes.annotate("", g, (0, 0), arrowprops={"arrowstyle": "->", "color": GREY, "lw": 1.5})
            axes.text(*(1.05 * g), f"$g_{i + 1}$", color=GREY)
        for method, color in COLORS.items():
            d = flat_mtl.aggregate(method, pair, rescale=0).direction / (2 if method == "pcgrad" else 1)
            axes.annotate("", d, (0, 0), arrowprops={"arrowstyle": "->", "color": color, "lw": 2.5})
            axes.plot([], [], color=color, lw=2.5, label=NAMES[method] + ", halved" * (method == "pcgrad"))
        axes.set(
            xlim=(-1.2, 2.4), ylim=(-0.2, 1.9), aspect="equal", title="Five directions for two gradients in conflict"
        )
        axes.legend(frameon=False, loc="upper right")

    return Outcome(
        [
            at_most("MGDA: length of g squared, less its smallest product with a gradient", worst["mgda"], 1e-6),
            at_most("CAGrad: distance from the mean over c |g_0|, less 1", worst["cagrad"], 1e-6),
            at_most("CAGrad: worst descent against its dual", dual, 1e-6),
            at_most("IMTL-G: spread of the lengths along the gradients", worst["imtl_g"], 1e-8),
            at_most("PCGrad, two tasks: climb along a gradient", worst["pcgrad"], 1e-12),
        ],
        plot,
        "60 sets of 2 to 4 normal gradients in up to 8 dimensions.",
    )


def costs(seed):
    """Gradient calls and aggregations of a step."""
    rng, m = stream(seed, "flat_mtl.C6"), 3
    half = rng.standard_normal((m, 5, 5))
    slope = mock.Mock(side_effect=models.quadratics(half + np.swapaxes(half, 1, 2), rng.standard_normal((m, 5))))
    at, found = (rng.standard_normal(3), list(rng.standard_normal((m, 2)))), {}
    for variant in ("flat", "erm", "direct", "second", "each"):
        slope.reset_mock()
        with mock.patch.object(flat_mtl, "aggregate", wraps=flat_mtl.aggregate) as aggregate:
            flat_mtl.directions(slope, *at, method="mgda", variant=variant)
        found[variant] = slope.call_count, aggregate.call_count

    def plot(figure):
        for axes, i, title in zip(figure.subplots(1, 2), (0, 1), ("task gradients", "aggregations"), strict=True):
            axes.bar(list(found), [counts[i] for counts in found.values()], color=[ORANGE, BLUE, GREY, GREY, GREY])
            for k, count in ((0, (6, 2)[i]), (1, (3, 1)[i])):  # what is claimed
                axes.plot([k - 0.45, k + 0.45], [count, count], "k--", linewidth=1)
            axes.set(title=f"{title} of a step, 3 tasks")

    return Outcome(
        [
            within("gradient calls of a step, flat, over the number of tasks", found["flat"][0] / m, 2, 2),
            within("gradient calls of a step, erm, over the number of tasks", found["erm"][0] / m, 1, 1),
            within("aggregations of a step, flat", found["flat"][1], 2, 2),
            within("aggregations of a step, erm", found["erm"][1], 1, 1),
        ],
        plot,
        "So a fair rival may take twice as many steps, or one of twice the batch.",
    )


CLAIMS = (
    Claim(
        "flat_mtl.C5",
        "Each rule has the property that defines it: common descent (MGDA, PCGrad for two), the best worst descent "
        "in a ball around the mean (CAGrad), equal lengths along all gradients (IMTL-G)",
        "the papers of the four rules",
        properties,
        kind="identity",
    ),
    Claim(
        "flat_mtl.C6",
        "A step costs two gradients for each task and two aggregations, where the method without sharpness has one",
        "Algorithm 1",
        costs,
        kind="identity",
    ),
)
